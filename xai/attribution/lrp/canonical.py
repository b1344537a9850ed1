"""A network brought into the form that relevance rules are made for.

Relevance rules know weighted sums and activations. Batch norms are folded into
the convolutions before them, zero padding into the convolutions after it, and
residual additions become sums that can be given a rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xai.hooks import swap
from xai.models.computation import Step, consumers
from xai.models.folding import fold_batch_norms
from xai.models.nets import Concat, Sum

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Layers of weighted sums.
LINEAR = (nn.Conv2d, nn.Linear)
#: Activations through which relevance passes unchanged.
ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.Tanh)
#: Averages and sums, which share relevance by contribution.
AVERAGES = (nn.AvgPool2d, nn.AdaptiveAvgPool2d)
#: Modules that get a rule.
HOOKED = (*LINEAR, *ACTIVATIONS, *AVERAGES, Sum, nn.BatchNorm2d)
#: Modules that only select, join or reshape: their plain gradient moves relevance rightly.
PASSING = (
    *(nn.MaxPool2d, nn.AdaptiveMaxPool2d, nn.Flatten, nn.Dropout, nn.Identity, nn.ZeroPad2d),
    Concat,
)
#: Bare functions that only reshape.
RESHAPING = ("flatten", "view", "reshape", "squeeze", "contiguous")


class StackedSum(nn.Module):
    """Add tensors through a module of one input, which is what a rule can hook.

    Parameters
    ----------
    total : nn.Module
        Sums over the last axis.
    """

    def __init__(self, total: nn.Module) -> None:
        super().__init__()
        self.total = total

    def forward(self, *parts: Tensor) -> Tensor:
        """Return the sum of tensors of equal shape."""
        return self.total(torch.stack(parts, -1))


class LastAxisSum(nn.Module):
    """Sum over the last axis."""

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` without its last axis."""
        return x.sum(-1)


class Affine(nn.Module):
    """Scale and shift each channel: a batch norm with its statistics written in.

    Parameters
    ----------
    norm : nn.BatchNorm2d
        In eval mode, with running statistics.
    """

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        mean, variance = norm.running_mean, norm.running_var
        if mean is None or variance is None:
            raise ValueError("batch norm: expected running statistics, got none")
        scale = (variance.double() + norm.eps).rsqrt()
        shift = torch.zeros_like(scale)
        if norm.affine:
            scale = scale * norm.weight.detach().double()
            shift = norm.bias.detach().double()
        self.weight = nn.Parameter(scale.to(mean.dtype), requires_grad=False)
        self.bias = nn.Parameter((shift - mean.double() * scale).to(mean.dtype), False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return x * self.weight[:, None, None] + self.bias[:, None, None]


class PaddedConv2d(nn.Conv2d):
    """A convolution that pads unevenly by itself: no relevance is given to the padding.

    With a padding module of its own, rules that do not look at the input's
    values (flat, box) would hand relevance to pixels that do not exist.
    """

    margins: tuple[int, ...]

    @classmethod
    def of(cls, conv: nn.Conv2d, pad: nn.ZeroPad2d) -> PaddedConv2d:
        """Join a padding and the convolution after it; takes over the parameters."""
        joined = cls.__new__(cls)
        joined.__dict__.update(conv.__dict__)
        joined.margins = tuple(int(side) for side in pad.padding)
        return joined

    def forward(self, x: Tensor) -> Tensor:
        """Pad with zeros, then convolve."""
        return super().forward(F.pad(x, self.margins))


def canonical(model: LoadedModel) -> nn.Module:
    """Return a private network with the same output in canonical form.

    Parameters
    ----------
    model : LoadedModel
        It is not touched.

    Returns
    -------
    nn.Module
        The caller's own. Names of modules are kept; a residual sum ``add`` has
        its hook at ``add.total``.

    Notes
    -----
    Batch norms that follow no convolution (DenseNet's, after a join) cannot be
    folded and become :class:`Affine`.
    """
    net = fold_batch_norms(model.private(), model.norm_pairs)
    folded = {norm for _, norm in model.norm_pairs}
    for step in model.steps:
        if not step.module or step.module in folded:
            continue
        module = net.get_submodule(step.module)
        if isinstance(module, Sum):
            swap(net, step.module, StackedSum(LastAxisSum()))
        elif isinstance(module, nn.BatchNorm2d):
            swap(net, step.module, Affine(module))
    for pad_name, conv_name in padded_pairs(model.steps):
        pad, conv = net.get_submodule(pad_name), net.get_submodule(conv_name)
        if isinstance(pad, nn.ZeroPad2d) and isinstance(conv, nn.Conv2d):
            swap(net, conv_name, PaddedConv2d.of(conv, pad))
            swap(net, pad_name, nn.Identity())
    for module in net.modules():
        if getattr(module, "inplace", False):
            # A rule looks at what the layer before gave out.
            module.inplace = False  # type: ignore[assignment]
    return net.eval()


def padded_pairs(found: tuple[Step, ...]) -> tuple[tuple[str, str], ...]:
    """Return the (zero padding, convolution) pairs that can be joined, by path."""
    by_name = {step.name: step for step in found}
    count = consumers(found)
    pairs = []
    for step in found:
        if step.kind != "Conv2d":
            continue
        source = by_name[step.inputs[0]]
        if source.kind == "ZeroPad2d" and count(source.name) == 1:
            pairs.append((source.module, step.module))
    return tuple(pairs)


def first_layers(found: tuple[Step, ...]) -> frozenset[str]:
    """Return the linear layers that read the image before any other linear layer does."""
    linear = {kind.__name__ for kind in LINEAR}
    behind: dict[str, bool] = {}
    first = set()
    for step in found:
        after = any(behind[name] for name in step.inputs)
        if step.kind in linear and not after:
            first.add(step.module)
        behind[step.name] = after or step.kind in linear
    return frozenset(first)
