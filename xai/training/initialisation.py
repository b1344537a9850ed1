"""First weights of a network, from a generator of its own."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from xai.models.spec import ModelSpec


def untrained(form: ModelSpec, seed: int) -> nn.Module:
    """Build the network of a spec with random weights.

    Parameters
    ----------
    form : ModelSpec
        Such as :meth:`xai.training.Architecture.form` gives.
    seed : int
        Equal seeds give equal weights, whatever else draws random numbers meanwhile.

    Notes
    -----
    Weights of convolutions and dense layers are normal with variance ``2 / fan_in``, biases
    are zero.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun: Delving deep into rectifiers: surpassing human-level
    performance on ImageNet classification, 2015, arXiv 1502.01852.
    """
    module, _, function = form.builder.partition(":")
    maker = getattr(importlib.import_module(module), function)
    # Without numbers first: torch would draw them from the process's generator.
    with torch.device("meta"):
        net: nn.Module = maker(**dict(form.options))
    net.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(seed)
    _skip(net, generator)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()
    return net


def _skip(net: nn.Module, generator: torch.Generator) -> None:
    """Draw what torch draws when it builds a network, and forget it.

    The shipped networks were built before their weights were drawn: only from here on does
    the same seed give theirs.
    """
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            for values in _parameters(layer):
                nn.init.uniform_(values, generator=generator)


def _parameters(layer: Any) -> list[Tensor]:
    return [layer.weight] if layer.bias is None else [layer.weight, layer.bias]
