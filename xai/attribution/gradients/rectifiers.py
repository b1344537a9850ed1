"""Guided backpropagation and DeconvNet: gradients with other rules at the rectifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xai.attribution.gradients.gradient import single_gradient
from xai.attribution.result import Finding
from xai.hooks import swap_each, way_back
from xai.models.lending import lent

if TYPE_CHECKING:
    from xai.attribution.aim import Aim
    from xai.attribution.gradients.params import GuidedBackpropParams
    from xai.attribution.reporting import Reporter
    from xai.models import LoadedModel

#: The activations that have a linear part and a flat part, and where it is flat.
RECTIFIERS = (nn.ReLU, nn.ReLU6)


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

    def __init__(self, ceiling: float) -> None:
        super().__init__()
        self.ceiling = ceiling


class GuidedRectifier(_Rectifier):
    """A ReLU or ReLU6 with the backward rule of guided backpropagation."""

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` clamped to [0, ceiling]."""
        # The plain rectifier stops what was not active; a rule in C++ in front of it stops
        # the rest, in less time than a function of our own that does both.
        y = x.relu() if self.ceiling == torch.inf else F.hardtanh(x, 0, self.ceiling)
        way_back(y, torch.relu)
        return y


class DeconvRectifier(_Rectifier):
    """A ReLU or ReLU6 with the backward rule of DeconvNet: whether it was active is ignored."""

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` clamped to [0, ceiling]."""
        return _DeconvGate.apply(x, self.ceiling)


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
    aim: Aim,
    params: GuidedBackpropParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return the gradient that is cut at every rectifier where it is negative.

    Notes
    -----
    At each rectifier ``g' = [a > 0] [g > 0] g``. A ReLU6 is flat above 6 too,
    so there ``[0 < a < 6]`` takes the place of ``[a > 0]``. The result is
    signed: the first layer's weights are. With ``times_input`` it is multiplied
    by the image.

    References
    ----------
    J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller: Striving for
    simplicity: the all convolutional net, 2014, arXiv 1412.6806.
    """
    with lent(model, "guided", lambda model: guided(model.private())) as net:
        return slope_through(net, model, x, aim, params.times_input)


def slope_through(
    net: nn.Module, model: LoadedModel, x: Tensor, aim: Aim, times_input: bool
) -> Finding:
    """Return the slope of a score, by the rules of an alias's own rectifiers.

    Parameters
    ----------
    net : nn.Module
        An alias of the model's network.
    model : LoadedModel
    x : Tensor, shape (1, C, H, W), in [0, 1]
    aim : Aim
    times_input : bool
        Whether the slope is multiplied by the image.
    """
    return single_gradient(lambda leaf: net(model.normalize(leaf)), x, aim, times_input)
