"""The arithmetic of one number: how the value of a unit comes about.

A weighted sum, a pooling, an addition or a join gives a number; what follows it, a
normalisation or an activation, changes it. All of that is written down in the order in
which it is computed, and adds up to the value that the network holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from xai.activations import lineage
from xai.activations.accounts import Account, Change
from xai.activations.windows import Window, window
from xai.hooks import EnoughError, forward, listening, submodule
from xai.models.computation import tensors
from xai.models.doors import checked_model

if TYPE_CHECKING:
    from xai.models import LoadedModel

__all__ = ["Account", "Change", "account"]

#: Channel, row and column of a number.
Place = tuple[int, int, int]

_NORMS = (nn.BatchNorm2d, nn.BatchNorm1d)
#: How far float32 may be from the exact sum, for one unit of all terms without their signs.
_ROUNDING = 2e-6


@dataclass(frozen=True, eq=False)
class _Call:
    """A layer at its last call: what it was given, and what it made of it."""

    name: str
    module: nn.Module
    given: tuple[Tensor, ...]
    output: Any


@dataclass(frozen=True)
class _Number:
    """A number on its way, and how far float32 may have taken the network's own from it."""

    value: float
    slack: float


def account(
    model: LoadedModel, image: np.ndarray, layer: str, channel: int, row: int = 0, column: int = 0
) -> Account:
    """Write down how one number of a layer comes about.

    Parameters
    ----------
    model : LoadedModel
    image : ndarray, shape (C, H, W), in [0, 1]
    layer : str
        Dotted path, such as a name of ``model.layers``. For a normalisation or an activation
        the account begins at the layer before it that computes a sum; where the arithmetic
        of that one is not known, at the number that is read.
    channel, row, column : int
        Which number; row and column are 0 in layers without them.

    Raises
    ------
    TypeError
        If ``model`` is no loaded model, or a position is not a whole number.
    ValueError
        If the image or the layer does not fit the model, there are several images, the
        position lies outside the layer's output, the layer is of a kind whose arithmetic is
        not known, or it holds NaN or infinity there.

    Notes
    -----
    Sums are taken in float64 of the network's own float32 numbers, so that they agree with
    what it holds up to its rounding: each step is compared with what the network holds
    behind it. A module that is called twice is read at its last call.
    """
    x = checked_model(model).single(image)
    calls = _calls(model, layer, x)
    stored = _at(layer, calls[-1].output, (channel, row, column))
    if not np.isfinite(stored):
        raise ValueError(f"layer: {layer} holds {stored} there; an account needs finite numbers")
    first, found, changes = _followed(calls, (channel, row, column))
    patch, weights, padding, sources = _shown(model, calls[first].name, found)
    return Account(
        layer=layer,
        base=calls[first].name,
        kind=found.kind,
        channel=channel,
        row=row,
        column=column,
        inputs=lineage.sources(model, calls[first].name),
        patch=patch,
        weights=weights,
        padding=padding,
        sources=sources,
        bias=found.bias,
        changes=changes,
        value=changes[-1].after if changes else _sum(found).value,
        stored=stored,
    )


def _calls(model: LoadedModel, layer: str, x: Tensor) -> list[_Call]:
    """Return what the layers up to ``layer`` did, those behind each other that end with it."""
    net = model.private()
    submodule(net, layer)
    chain = lineage.chain(model, net, layer)
    # Who is called again later must be waited for, and so must who chooses its way.
    once = not model.problem and all(lineage.calls(model, name) == 1 for name in chain)
    heard: dict[str, _Call] = {}

    def take(name: str, inputs: tuple[Any, ...], output: Any) -> None:
        heard[name] = _Call(name, submodule(net, name), tuple(tensors(inputs)), output)
        if once and len(heard) == len(chain):
            raise EnoughError

    with torch.no_grad(), listening(net, chain, take):
        forward(net, model.normalize(x))
    if layer not in heard:
        raise ValueError(f"layer: {layer} has no output; the forward pass does not reach it")
    return [heard[name] for name in chain if name in heard]


def _at(layer: str, output: Any, place: Place) -> float:
    """Return one number of a layer's output for one image."""
    if isinstance(output, tuple | list) and output:
        output = output[0]
    if not isinstance(output, Tensor) or output.dim() not in (2, 4) or len(output) != 1:
        raise ValueError(f"layer: expected maps or neurons from {layer}, got something else")
    values = output[0] if output.dim() == 4 else output[0][:, None, None]
    for name, index, size in zip(("channel", "row", "column"), place, values.shape, strict=True):
        if isinstance(index, bool) or not isinstance(index, int | np.integer):
            raise TypeError(f"{name}: expected a whole number, got {index!r}")
        if not 0 <= index < size:
            raise ValueError(f"{name}: expected 0 to {size - 1} in {layer}, got {index}")
    return float(values[place])


def _followed(calls: Sequence[_Call], place: Place) -> tuple[int, Window, tuple[Change, ...]]:
    """Return the earliest layer from which the number can be followed, and the way from there."""
    for first in range(len(calls)):
        try:
            found, changes = _way(calls[first:], place)
        except ValueError:
            if first == len(calls) - 1:
                raise
        else:
            break
    return first, found, changes


def _way(calls: Sequence[_Call], place: Place) -> tuple[Window, tuple[Change, ...]]:
    """Follow a number from the first of some layers to the last."""
    found = window(calls[0].module, calls[0].given, *place)
    number = _sum(found)
    changes = []
    # A lone normalisation or activation begins with the number that it reads.
    alone = found.kind == "single"
    if not alone:
        _check(calls[0], number, place)
    for call in calls if alone else calls[1:]:
        change, number = _changed(call, number, place[0])
        _check(call, number, place)
        changes.append(change)
    return found, tuple(changes)


def _sum(found: Window) -> _Number:
    products, bias = found.products(), found.bias or 0.0
    terms = float(np.abs(products).sum()) + abs(bias)
    return _Number(float(products.sum()) + bias, _ROUNDING * terms)


def _changed(call: _Call, number: _Number, channel: int) -> tuple[Change, _Number]:
    """Return what a normalisation or an activation makes of a number."""
    name, module, before = call.name, call.module, number.value
    kind = type(module).__name__
    if isinstance(module, _NORMS):
        scale, shift = _line(name, module, channel)
        after = scale * before + shift
        # The mean is taken off before the scale is put on, and the two may nearly cancel.
        slack = abs(scale) * number.slack + _ROUNDING * (abs(scale * before) + abs(shift))
        return Change(name, kind, scale, shift, before, after), _Number(after, slack)
    low, after, high = (
        _activated(module, value, channel)
        for value in (before - number.slack, before, before + number.slack)
    )
    slack = max(abs(after - low), abs(high - after)) + _ROUNDING * (abs(after) + abs(before))
    return Change(name, kind, None, None, before, after), _Number(after, slack)


def _activated(module: nn.Module, value: float, channel: int) -> float:
    if isinstance(module, nn.PReLU):
        slopes = module.weight
        slope = float(slopes[channel if len(slopes) > 1 else 0])
        return value if value >= 0 else slope * value
    with torch.no_grad():
        return float(module(torch.full((1, 1, 1, 1), value, dtype=torch.float64)))


def _line(name: str, norm: nn.Module, channel: int) -> tuple[float, float]:
    """Return scale and shift of a batch norm for one channel."""
    mean: Any = norm.running_mean
    variance: Any = norm.running_var
    if mean is None or variance is None:
        raise ValueError(f"layer: {name} normalises by the batch itself, which no account can show")
    scale = 1.0 / float(variance[channel].double() + norm.eps) ** 0.5
    shift = 0.0
    if norm.weight is not None:
        weight: Any = norm.weight
        bias: Any = norm.bias
        scale, shift = scale * float(weight[channel]), float(bias[channel])
    return scale, shift - float(mean[channel]) * scale


def _check(call: _Call, number: _Number, place: Place) -> None:
    """Refuse an account that does not add up: it would teach something wrong."""
    stored = _at(call.name, call.output, place)
    # NaN is never within reach.
    if not abs(number.value - stored) <= number.slack:
        raise ValueError(
            f"layer: the arithmetic of {call.name} cannot be followed: its parts give "
            f"{number.value:.6g}, the network holds {stored:.6g}"
        )


def _shown(
    model: LoadedModel, base: str, found: Window
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return patch, weights, padding and sources; of a dense layer, as the maps it reads."""
    if found.kind != "dense":
        return found.patch, found.weights, found.padding, found.sources
    shape = lineage.maps(model, base, len(found.patch))
    patch, weights = found.patch.reshape(shape), found.weights.reshape(shape)
    return patch, weights, np.zeros(shape[1:], bool), np.arange(shape[0])
