"""From a composite's words to zennit's rules, one for each module of a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from zennit.core import Hook
from zennit.rules import AlphaBeta, Epsilon, Flat, Gamma, Norm, Pass, ZBox, ZPlus

from xai.attribution.canonical import (
    ACTIVATIONS,
    AVERAGES,
    LINEAR,
    Affine,
    LastAxisSum,
    first_layers,
)
from xai.attribution.composites import COMPOSITES

if TYPE_CHECKING:
    from xai.attribution.params import LrpParams
    from xai.models import LoadedModel


def assign(model: LoadedModel, net: nn.Module, params: LrpParams) -> dict[str, Hook]:
    """Return the rule of each module, by dotted path; the others keep their gradient.

    Parameters
    ----------
    model : LoadedModel
        Whose steps say what the first layers are and whose preprocessing
        bounds the box.
    net : nn.Module
        From :func:`xai.attribution.canonical.canonical`.
    params : LrpParams

    Raises
    ------
    ValueError
        If the box rule has no pixels to bound.

    Notes
    -----
    Deviation from zennit's composites: the first layers are those that the
    image reaches first, not those that were written down first.
    """
    row = COMPOSITES[params.composite]
    first = first_layers(model.steps) if row.first else frozenset()
    makers = _makers(params)
    rules: dict[str, Hook] = {}
    for name, module in net.named_modules():
        if name in first:
            rules[name] = (
                _box(model, name, module, params) if row.first == "box" else (makers[row.first]())
            )
        elif isinstance(module, LINEAR):
            rules[name] = makers[row.conv if isinstance(module, nn.Conv2d) else row.dense]()
        elif isinstance(module, Affine):
            rules[name] = makers["zero" if params.composite == "zero" else "epsilon"]()
        elif isinstance(module, (*AVERAGES, LastAxisSum)):
            rules[name] = Norm(_exact) if params.composite == "zero" else Norm()
        elif isinstance(module, ACTIVATIONS):
            rules[name] = Pass()
    return rules


def _makers(params: LrpParams) -> dict[str, Callable[[], Hook]]:
    zeroed = ["bias"] if params.zero_bias else None
    return {
        "zero": lambda: Epsilon(_exact, zero_params=zeroed),
        "epsilon": lambda: Epsilon(params.epsilon, zero_params=zeroed),
        "gamma": lambda: Gamma(params.gamma, zero_params=zeroed),
        "z_plus": lambda: ZPlus(zero_params=zeroed),
        "alpha2_beta1": lambda: AlphaBeta(2.0, 1.0, zero_params=zeroed),
        "flat": lambda: Flat(zero_params=zeroed),
    }


def _exact(denominator: Tensor) -> Tensor:
    """Divide by the sum itself; where it is zero nothing was contributed, so 1 will do."""
    return torch.where(denominator == 0, torch.ones_like(denominator), denominator)


def _box(model: LoadedModel, name: str, module: nn.Module, params: LrpParams) -> Hook:
    """Return the box rule with the normalised values of a black and of a white pixel."""
    channels, height, width = model.input_shape
    shape = (1, channels, height, width)
    low = model.normalize(torch.zeros(shape))
    high = model.normalize(torch.ones(shape))
    if isinstance(module, nn.Conv2d) and module.in_channels == channels:
        low, high = low[:, :, :1, :1], high[:, :, :1, :1]
    elif isinstance(module, nn.Linear) and module.in_features == low.numel():
        low, high = low.flatten(1), high.flatten(1)
    else:
        raise ValueError(
            f"composite: expected a first layer that reads the pixels for the box rule, got {name}"
        )
    return ZBox(low, high, zero_params=["bias"] if params.zero_bias else None)
