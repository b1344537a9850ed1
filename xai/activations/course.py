"""Dead, rare and saturated units while a network learns: occupancy by layer and epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xai.activations.occupancy import Occupancy, occupancy
from xai.activations.survey import Survey

#: What a unit can be, by its number in :attr:`Course.states`.
STATES = ("in use", "rare", "dead", "saturated", "broken")
#: Kinds of which a layer has a share.
KINDS = ("dead", "rare", "saturated")


@dataclass(frozen=True, eq=False)
class Course:
    """How the units of some layers are used at each mark of a run; nothing can be written to.

    L stands for the layers, E for the marks, U for the units of a layer.

    Attributes
    ----------
    marks : tuple of float
        Epochs, rising.
    layers : tuple of str
    units : tuple of int
        Of each layer.
    images : int
        Over which it was counted.
    shares : dict of str to ndarray (L, E), float64
        By kind, see :data:`KINDS`: share of the layer's units, in [0, 1]. NaN where a layer
        has no such kind, see :data:`~xai.activations.occupancy.NEVER_OFF`.
    states : dict of str to ndarray (U, E), int8
        By layer: place in :data:`STATES`. Where several fit, broken goes before dead, dead
        before rare, rare before saturated.
    """

    marks: tuple[float, ...]
    layers: tuple[str, ...]
    units: tuple[int, ...]
    images: int
    shares: dict[str, np.ndarray]
    states: dict[str, np.ndarray]

    def __post_init__(self) -> None:
        for array in (*self.shares.values(), *self.states.values()):
            array.setflags(write=False)

    def together(self, kind: str) -> np.ndarray:
        """Return the share of all units that have the kind, (E,); NaN if no layer has it."""
        known = np.isfinite(self.shares[kind][:, 0])
        if not known.any():
            return np.full(len(self.marks), np.nan)
        return np.average(self.shares[kind][known], axis=0, weights=np.array(self.units)[known])


def course(surveys: Mapping[float, Survey], layers: Sequence[str]) -> Course:
    """Find dead, rare and saturated units at each mark.

    Parameters
    ----------
    surveys : mapping of float to Survey
        By epoch, all over the same images.
    layers : sequence of str
        Layers of each of them.

    Raises
    ------
    ValueError
        If there is no survey or no layer, a survey lacks a layer, or two differ in their
        images or in the units of a layer.
    """
    if not surveys or not layers:
        raise ValueError("surveys: expected at least one, and one layer; got none")
    marks = tuple(sorted(surveys))
    found = [[occupancy(surveys[mark], layer) for mark in marks] for layer in layers]
    for row in found:
        if len({(one.units, one.images) for one in row}) > 1:
            raise ValueError("surveys: expected the same images and units at every mark")
    return Course(
        marks=marks,
        layers=tuple(layers),
        units=tuple(row[0].units for row in found),
        images=found[0][0].images,
        shares={
            kind: np.array([[_share(one, kind) for one in row] for row in found]) for kind in KINDS
        },
        states={
            layer: np.stack([_states(one) for one in row], axis=1)
            for layer, row in zip(layers, found, strict=True)
        },
    )


def _share(found: Occupancy, kind: str) -> float:
    units: np.ndarray | None = getattr(found, kind)
    return float("nan") if units is None else len(units) / found.units


def _states(found: Occupancy) -> np.ndarray:
    """Return the state of each unit, (U,) int8."""
    states = np.zeros(found.units, np.int8)
    for kind in ("saturated", "rare", "dead", "broken"):
        units: np.ndarray | None = getattr(found, kind)
        if units is not None:
            states[units] = STATES.index(kind)
    return states
