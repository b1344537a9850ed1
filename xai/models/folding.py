"""Batch norms folded into the convolutions before them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from xai.hooks import swap
from xai.models.computation import Step, consumers


def batch_norm_pairs(found: tuple[Step, ...]) -> tuple[tuple[str, str], ...]:
    """Return the (convolution or dense layer, batch norm) pairs that can be folded.

    A batch norm can be folded if its only input is a linear layer whose output
    nobody else takes. Names are dotted module paths, in forward order.
    """
    by_name = {step.name: step for step in found}
    count = consumers(found)
    pairs = []
    for step in found:
        if step.kind != "BatchNorm2d" or len(step.inputs) != 1:
            continue
        source = by_name[step.inputs[0]]
        if source.kind in ("Conv2d", "Linear") and count(source.name) == 1:
            pairs.append((source.module, step.module))
    return tuple(pairs)


def fold_batch_norms(net: nn.Module, pairs: tuple[tuple[str, str], ...]) -> nn.Module:
    """Fold batch norms into the layers before them; the output stays the same.

    Parameters
    ----------
    net : nn.Module
        In eval mode: an alias, or a network of the caller's own. Its modules
        are changed; no tensor is written to.
    pairs : tuple of (str, str)
        From :func:`batch_norm_pairs`.

    Returns
    -------
    nn.Module
        ``net``, each batch norm replaced by an identity.

    Notes
    -----
    ``w' = w * gamma / sqrt(var + eps)`` and ``b' = (b - mean) * gamma /
    sqrt(var + eps) + beta``. The batch norm's own epsilon is kept, computed in
    float64, so that logits move by rounding alone.
    """
    for linear_name, norm_name in pairs:
        linear: Any = net.get_submodule(linear_name)
        norm: Any = net.get_submodule(norm_name)
        weight, mean, variance = linear.weight.detach(), norm.running_mean, norm.running_var
        scale = (variance.double() + norm.eps).rsqrt()
        shift = torch.zeros_like(scale)
        if norm.affine:
            scale = scale * norm.weight.detach().double()
            shift = norm.bias.detach().double()
        bias = linear.bias.detach().double() if linear.bias is not None else 0.0
        shape = (-1, *([1] * (weight.dim() - 1)))
        folded = (weight.double() * scale.reshape(shape)).to(weight.dtype)
        moved = ((bias - mean.double()) * scale + shift).to(weight.dtype)
        linear.weight = nn.Parameter(folded, requires_grad=False)
        linear.bias = nn.Parameter(moved, requires_grad=False)
        swap(net, norm_name, nn.Identity())
    return net
