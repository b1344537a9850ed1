"""How a network grows from layer to layer: the series by which two are compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xai.models.doors import checked_model
from xai.network.stages import PADS
from xai.network.totals import depths

if TYPE_CHECKING:
    from xai.models import LoadedModel


@dataclass(frozen=True)
class Loss:
    """One place where resolution is lost.

    Attributes
    ----------
    layer : str
        A name of ``model.layers``: the layer whose output is smaller than its input.
    before, after : int
        Longer side of the map in front of and behind it; 1 for a vector.
    """

    layer: str
    before: int
    after: int


@dataclass(frozen=True, eq=False)
class Profile:
    """A network's growth, one number a layer; every array (L,) int64 and read only.

    Attributes
    ----------
    model : str
        Name of the model.
    layers, kinds : tuple of str
        The L ``model.layers`` by name and class, in forward order.
    position : ndarray
        Place of the layer in forward order, from 0.
    depth : ndarray
        Convolutions and dense layers on the longest way from the image up to and
        with the layer: the number in VGG-16, at the end.
    side : ndarray
        Longer side of its map, 1 without one.
    channels : ndarray
        Its channels or neurons.
    receptive_field : ndarray
        In input pixels; 0 where it is not known.
    parameters, macs : ndarray
        Sums over the layers up to and with this one.
    losses : tuple of Loss
        Where resolution drops, in forward order; a drop that parallel branches
        share is listed once.
    """

    model: str
    layers: tuple[str, ...]
    kinds: tuple[str, ...]
    position: np.ndarray
    depth: np.ndarray
    side: np.ndarray
    channels: np.ndarray
    receptive_field: np.ndarray
    parameters: np.ndarray
    macs: np.ndarray
    losses: tuple[Loss, ...]


def profile(model: LoadedModel) -> Profile:
    """Return how a network grows from layer to layer.

    Parameters
    ----------
    model : LoadedModel

    Raises
    ------
    TypeError
        If ``model`` is not a loaded model.
    ValueError
        If the forward pass fails.
    """
    layers = checked_model(model).layers
    by_step = depths(model.steps)
    # Of a module that is called several times, the last call counts.
    last = {step.module: by_step[step.name] for step in model.steps}
    return Profile(
        model=model.spec.name,
        layers=tuple(layer.name for layer in layers),
        kinds=tuple(layer.kind for layer in layers),
        position=_series(range(len(layers))),
        depth=_series(last[layer.name] for layer in layers),
        side=_series(_side(layer.shape) for layer in layers),
        channels=_series(layer.shape[0] if layer.shape else 1 for layer in layers),
        receptive_field=_series(layer.receptive_field for layer in layers),
        parameters=_series(np.cumsum([layer.parameters for layer in layers], dtype=np.int64)),
        macs=_series(np.cumsum([layer.macs for layer in layers], dtype=np.int64)),
        losses=tuple(_losses(model)),
    )


def _series(values: Iterable[int]) -> np.ndarray:
    array = np.array(list(values), np.int64)
    array.setflags(write=False)
    return array


def _side(shape: tuple[int, ...]) -> int:
    return max(shape[1:]) if len(shape) == 3 else 1


def _losses(model: LoadedModel) -> Iterable[Loss]:
    """Return every drop of resolution once, at the layer where it is or the next one."""
    pickable = {layer.name for layer in model.layers}
    sides: dict[str, int] = {}
    drops: list[tuple[str, int, int]] = []
    for step in model.steps:
        before = max((sides[name] for name in step.inputs), default=0)
        after = _side(step.shape)
        if step.kind in PADS or (after < before and step.module not in pickable):
            # A border adds nothing; flattening and the like show at the layer behind.
            after = before if step.inputs else after
        sides[step.name] = after
        # What is that large again, behind the gate of a block, was not lost.
        drops = [drop for drop in drops if drop[2] >= after]
        if after < before and (before, after) not in [drop[1:] for drop in drops]:
            drops.append((step.module, before, after))
    return [Loss(*drop) for drop in drops]
