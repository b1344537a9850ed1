"""Guided backpropagation and DeconvNet: gradients with other rules at the rectifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from xai.attribution.result import Finding
from xai.attribution.target import pick
from xai.hooks import swap_each

if TYPE_CHECKING:
    from xai.attribution.params import GuidedBackpropParams
    from xai.models import LoadedModel
    from xai.types import Progress

#: The activations that have a linear part and a flat part, and where it is flat.
RECTIFIERS = (nn.ReLU, nn.ReLU6)


class _GuidedGate(torch.autograd.Function):
    """Rectify; on the way back let through what is positive where the unit was active."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, ceiling: float) -> Tensor:
        ctx.save_for_backward((x > 0) & (x < ceiling))
        return x.clamp(0, ceiling)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (active,) = ctx.saved_tensors
        return gradients[0].clamp(min=0) * active, None


class _DeconvGate(torch.autograd.Function):
    """Rectify; on the way back let through what is positive, wherever it arrives."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, ceiling: float) -> Tensor:
        return x.clamp(0, ceiling)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0].clamp(min=0), None


class _Rectifier(nn.Module):
    """A ReLU or ReLU6 with a backward rule of its own.

    Parameters
    ----------
    ceiling : float
        6 for a ReLU6, infinity for a ReLU.
    """

    gate: type[torch.autograd.Function]

    def __init__(self, ceiling: float) -> None:
        super().__init__()
        self.ceiling = ceiling

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` clamped to [0, ceiling]."""
        return self.gate.apply(x, self.ceiling)


class GuidedRectifier(_Rectifier):
    """A ReLU or ReLU6 with the backward rule of guided backpropagation."""

    gate = _GuidedGate


class DeconvRectifier(_Rectifier):
    """A ReLU or ReLU6 with the backward rule of DeconvNet: whether it was active is ignored."""

    gate = _DeconvGate


def guided(net: nn.Module) -> nn.Module:
    """Give every rectifier of an alias the rule of guided backpropagation; returns ``net``."""
    return _replaced(net, GuidedRectifier)


def deconvnet(net: nn.Module) -> nn.Module:
    """Give every rectifier of an alias the rule of DeconvNet; returns ``net``."""
    return _replaced(net, DeconvRectifier)


def _replaced(net: nn.Module, rectifier: type[_Rectifier]) -> nn.Module:
    swap_each(
        net,
        RECTIFIERS,
        lambda module: rectifier(6.0 if isinstance(module, nn.ReLU6) else torch.inf),
    )
    return net


def unchanged(net: nn.Module) -> nn.Module:
    """Leave the rectifiers as they are, for the plain gradient; returns ``net``."""
    return net


def guided_backprop(
    model: LoadedModel,
    x: Tensor,
    target: int | None,
    params: GuidedBackpropParams,
    seed: int,
    progress: Progress,
) -> Finding:
    """Return the gradient that is cut at every rectifier where it is negative.

    Notes
    -----
    At each rectifier ``g' = [a > 0] [g > 0] g``. A ReLU6 is flat above 6 too,
    so there ``[0 < a < 6]`` takes the place of ``[a > 0]``. The result is
    signed: the first layer's weights are.

    References
    ----------
    J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller: Striving for
    simplicity: the all convolutional net, 2014, arXiv 1412.6806.
    """
    net = guided(model.private())
    leaf = x.detach().requires_grad_()
    logits = net(model.normalize(leaf))
    index = pick(logits, target)
    (slope,) = torch.autograd.grad(logits[:, index].sum(), leaf)
    return Finding(slope[0].cpu().numpy(), index, float(logits[0, index].detach()))
