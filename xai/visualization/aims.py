"""What an image is grown for: a class, a channel, a unit, or a whole layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from xai.models.doors import checked_layer, checked_model
from xai.visualization.result import Index

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel
    from xai.types import Layer

#: Modules whose output says nothing of how far below their threshold the input was.
_ACTIVATIONS = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU,
    nn.Mish, nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Sigmoid, nn.Tanh, nn.Softplus,
)  # fmt: skip


@dataclass(frozen=True)
class Aim:
    """What an image is grown for, checked against a model.

    Attributes
    ----------
    objective : str
        A key of ``OBJECTIVES``.
    layer : str or None
        Dotted module path; None for what is about classes.
    index : int, tuple of int or None
    before : bool
        Whether the layer is an activation function and its input is taken.
    kind : str
        Class of the layer's module; empty for what is about classes.
    """

    objective: str
    layer: str | None = None
    index: Index = None
    before: bool = False
    kind: str = ""

    @property
    def places(self) -> tuple[int, ...]:
        """The index as a tuple."""
        if self.index is None:
            return ()
        return self.index if isinstance(self.index, tuple) else (self.index,)

    def label(self, classes: Sequence[str]) -> str:
        """Say what it is, for people.

        Parameters
        ----------
        classes : sequence of str
            Names of the model's classes.
        """
        where = f" of {self.layer}" if self.layer else ""
        held = f", before its {self.kind}" if self.before else ""
        first, *rest = (*self.places, -1)
        if self.objective == "class":
            return f"class {classes[first]}"
        if self.objective == "contrast":
            return f"{classes[first]} and not {classes[rest[0]]}"
        if self.objective == "mix":
            return f"channels {first} and {rest[0]}{where}{held}"
        if self.objective == "unit":
            spot = f" at row {rest[0]}, column {rest[1]}" if len(rest) > 2 else ""
            return f"unit {first}{where}{spot}{held}"
        return (
            f"layer {self.layer}" if self.objective == "layer" else f"channel {first}{where}{held}"
        )


def aim(model: LoadedModel, objective: str, layer: str | None = None, index: Any = None) -> Aim:
    """Check what an image is to be grown for.

    Parameters
    ----------
    model : LoadedModel
    objective : str
        A key of ``OBJECTIVES``.
    layer : str, optional
        Name of one of ``model.layers``, where the objective is about one.
    index : int or sequence of int, optional
        A class; two classes for ``"contrast"``; a channel, or two for ``"mix"``; channel,
        row and column for ``"unit"``, of a dense layer its number alone.

    Raises
    ------
    TypeError, ValueError
        If one of them is not what it should be, or the model does not have it.
    """
    from xai.types import find
    from xai.visualization import OBJECTIVES

    checked_model(model)
    find(OBJECTIVES, objective, "objective")
    if objective in ("class", "contrast"):
        if layer is not None:
            raise ValueError(f"layer: expected None for a {objective}, got {layer!r}")
        places = _whole(index, 1 if objective == "class" else 2, "index")
        for place in places:
            _check_range("class", place, len(model.classes))
        if len(set(places)) < len(places):
            raise ValueError(f"index: expected two different classes, got {places[0]} twice")
        return Aim(objective, None, places[0] if objective == "class" else places)
    found = _layer(model, layer)
    before = objective != "layer" and isinstance(model.net.get_submodule(found.name), _ACTIVATIONS)
    where = _of_layer(found, objective, index)
    return Aim(objective, found.name, where, before, found.kind)


def _of_layer(layer: Layer, objective: str, index: Any) -> Index:
    """Check what of a layer is meant."""
    if objective == "layer":
        if index is not None:
            raise ValueError(f"index: expected None for a whole layer, got {index!r}")
        return None
    if objective == "unit":
        places = _whole(index, 3 if layer.spatial else 1, "index")
        words = ("channel", "row", "column") if layer.spatial else ("unit",)
        for word, place, size in zip(words, places, layer.shape, strict=True):
            _check_range(f"{word} of {layer.name}", place, size)
        return places
    places = _whole(index, 2 if objective == "mix" else 1, "index")
    for place in places:
        _check_range(f"channel of {layer.name}", place, layer.shape[0])
    if len(set(places)) < len(places):
        raise ValueError(f"index: expected two different channels, got {places[0]} twice")
    return places if objective == "mix" else places[0]


def _layer(model: LoadedModel, name: Any) -> Layer:
    found = checked_layer(model, name)
    if len(found.shape) not in (1, 3):
        raise ValueError(
            f"layer: expected one with maps (C, H, W) or neurons (D,), got {name!r} with output "
            f"{found.shape}"
        )
    return found


def _whole(value: Any, count: int, what: str) -> tuple[int, ...]:
    """Return so many whole numbers."""
    row = isinstance(value, np.ndarray) and value.ndim == 1
    given = tuple(value) if row or isinstance(value, list | tuple) else (value,)
    good = all(isinstance(one, int | np.integer) and not isinstance(one, bool) for one in given)
    if not good or len(given) != count:
        wish = "a whole number" if count == 1 else f"{count} whole numbers"
        raise (ValueError if good else TypeError)(f"{what}: expected {wish}, got {value!r}")
    return tuple(int(one) for one in given)


def _check_range(what: str, index: int, size: int) -> None:
    if not 0 <= index < size:
        raise ValueError(f"{what}: expected 0 to {size - 1}, got {index}")
