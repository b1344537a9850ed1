"""From a composite's words to rules, one for each module of a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from xai.attribution.lrp.canonical import (
    ACTIVATIONS,
    AVERAGES,
    LINEAR,
    StackedSum,
    first_layers,
)
from xai.attribution.lrp.composites import COMPOSITES, PIXEL_RULES
from xai.attribution.lrp.relay import Rule
from xai.attribution.lrp.rules import (
    Alpha2Beta1,
    Box,
    Contribution,
    Flat,
    Gamma,
    Pass,
    Unbiased,
    ZPlus,
    exact,
    stabilizer,
)
from xai.attribution.lrp.variants import Variants
from xai.models.nets import Sum

if TYPE_CHECKING:
    from xai.attribution.lrp.params import LrpParams
    from xai.models import LoadedModel


def words(model: LoadedModel, params: LrpParams) -> dict[str, str]:
    """Return the word of each module's rule, by dotted path, in forward order.

    Parameters
    ----------
    model : LoadedModel
        Whose steps say what the first layers are.
    params : LrpParams

    Notes
    -----
    Besides a composite's words there are ``"norm"`` and ``"pass"``, and ``"exact norm"``,
    which is the norm without a stabilizer, among layers of the rule ``"zero"``. A batch
    norm that follows no convolution has the epsilon rule, or LRP-0 among such layers.

    Deviation from zennit's composites: the first layers are those that the
    image reaches first, not those that were written down first.
    """
    folded = {norm for _, norm in model.norm_pairs}
    first = first_layers(model.steps)
    total = max(1, sum(step.kind in _LINEAR for step in model.steps))
    found: dict[str, str] = {}
    seen = 0
    for step in model.steps:
        module = model.net.get_submodule(step.module) if step.module else None
        if module is None or step.module in folded:
            continue
        linear = isinstance(module, LINEAR)
        rule = _rule_of(params, isinstance(module, nn.Linear), step.module in first, seen / total)
        if linear:
            found[step.module] = rule
            seen += 1
        elif isinstance(module, nn.BatchNorm2d):
            found[step.module] = "zero" if rule == "zero" else "epsilon"
        elif isinstance(module, (*AVERAGES, Sum)):
            found[step.module] = "exact norm" if rule == "zero" else "norm"
        elif isinstance(module, ACTIVATIONS):
            found[step.module] = "pass"
    return found


_LINEAR = tuple(kind.__name__ for kind in LINEAR)


def _rule_of(params: LrpParams, dense: bool, first: bool, depth: float) -> str:
    """Return the rule of a layer, at a share of the depth from the image to the scores."""
    row = COMPOSITES[params.composite]
    if not row.by_depth:
        if first and row.first:
            return row.first
        return row.dense if dense else row.conv
    if depth >= params.upper_from:
        rule = params.upper
    elif depth >= params.middle_from:
        rule = params.middle
    else:
        rule = params.lower
    return params.middle if rule in PIXEL_RULES and not first else rule


def assign(
    model: LoadedModel, net: nn.Module, params: LrpParams, variants: Variants
) -> dict[str, Rule]:
    """Return the rule of each module, by dotted path; the others keep their gradient.

    Parameters
    ----------
    model : LoadedModel
        Whose preprocessing bounds the box.
    net : nn.Module
        From :func:`xai.attribution.lrp.canonical.canonical`.
    params : LrpParams
    variants : Variants
        Keeps what weights the rules want of ``net``.

    Raises
    ------
    ValueError
        If the box rule has no pixels to bound.
    """
    makers = _makers(params, variants)
    rules: dict[str, Rule] = {}
    for name, word in words(model, params).items():
        module = net.get_submodule(name)
        if word == "box":
            rules[name] = Box(variants, *_bounds(model, name, module))
        elif isinstance(module, StackedSum):
            rules[f"{name}.total"] = makers[word]()
        else:
            rules[name] = makers[word]()
    return rules


def _makers(params: LrpParams, variants: Variants) -> dict[str, Callable[[], Rule]]:
    bias = not params.zero_bias
    return {
        "zero": lambda: _contribution(variants, exact, bias),
        "epsilon": lambda: _contribution(variants, stabilizer(params.epsilon), bias),
        "gamma": lambda: Gamma(variants, params.gamma, bias=bias),
        "z_plus": lambda: ZPlus(variants, bias=bias),
        "alpha2_beta1": lambda: Alpha2Beta1(variants, bias=bias),
        "flat": Flat,
        "norm": Contribution,
        "exact norm": lambda: Contribution(exact),
        "pass": Pass,
    }


def _contribution(variants: Variants, stable: Callable[[Tensor], Tensor], bias: bool) -> Rule:
    return Contribution(stable) if bias else Unbiased(variants, stable)


def _bounds(model: LoadedModel, name: str, module: nn.Module) -> tuple[Tensor, Tensor]:
    """Return the normalised values of a black and of a white pixel as a layer takes them."""
    channels, height, width = model.input_shape
    shape = (1, channels, height, width)
    low = model.normalize(torch.zeros(shape))
    high = model.normalize(torch.ones(shape))
    if isinstance(module, nn.Conv2d) and module.in_channels == channels:
        return low[:, :, :1, :1], high[:, :, :1, :1]
    if isinstance(module, nn.Linear) and module.in_features == low.numel():
        return low.flatten(1), high.flatten(1)
    raise ValueError(
        f"composite: expected a first layer that reads the pixels for the box rule, got {name}"
    )
