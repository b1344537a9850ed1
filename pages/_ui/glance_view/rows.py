"""What is shown of a network at a glance: one row of squares for each layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xai.figures.solids_svg import COLOURS
from xai.network import parts

#: Squares that one component draws at most.
MOST_UNITS = 400_000

#: What a unit may be besides nothing in particular, in the order of their codes.
MARKS = ("dead", "rare", "saturated")

#: Families of layers, each with the colour of its tick: that of the drawing.
FAMILIES = {name: COLOURS[name] for name in parts.FAMILIES}


@dataclass(frozen=True, eq=False)
class GlanceRow:
    """One layer.

    Attributes
    ----------
    layer : str
        Name of the layer; differs from row to row.
    title : str
        Name for people; ``""`` is the layer's name.
    values : ndarray, shape (C,), float32
        One number a unit. NaN and infinity are drawn as broken.
    marks : ndarray, shape (C,), uint8, or None
        0 nothing, 1 dead, 2 rare, 3 saturated. None is unknown, and no counts are shown.
    note : str
        A few words that the card of the row adds, such as ``"64 × 56 × 56"``.
    group : str
        Stage or block, such as ``"layer1: Bottleneck × 3"``. Where it changes from one row
        to the next, a heading says so.
    family : str
        Key of :data:`FAMILIES`, or ``""``.
    word : str
        What a unit of this layer is called: ``"channel"``, ``"neuron"``, ``"class"``.
    """

    layer: str
    title: str
    values: np.ndarray
    marks: np.ndarray | None = None
    note: str = ""
    group: str = ""
    family: str = ""
    word: str = "channel"


def check(rows: Sequence[GlanceRow]) -> None:
    """Refuse rows that cannot be drawn.

    Raises
    ------
    ValueError
        If two rows share a name, a row has no unit or another shape, its marks do not fit,
        its family is unknown, or there are too many units in all.
    """
    if len({row.layer for row in rows}) != len(rows):
        raise ValueError("rows: expected layers that all differ, got some twice")
    for row in rows:
        _check(row)
    count = sum(len(row.values) for row in rows)
    if count > MOST_UNITS:
        raise ValueError(f"rows: expected at most {MOST_UNITS:,} units, got {count:,}")


def _check(row: GlanceRow) -> None:
    shape = np.shape(row.values)
    if len(shape) != 1 or shape[0] < 1:
        raise ValueError(f"values of {row.layer}: expected shape (C,), got {shape}")
    if row.marks is not None:
        found = np.asarray(row.marks)
        if found.shape != shape or found.dtype.kind not in "iub":
            raise ValueError(f"marks of {row.layer}: expected whole numbers of shape {shape}")
        if found.min() < 0 or found.max() > len(MARKS):
            raise ValueError(f"marks of {row.layer}: expected 0 to {len(MARKS)}")
    if row.family and row.family not in FAMILIES:
        raise ValueError(
            f"family of {row.layer}: expected one of {', '.join(FAMILIES)}, got {row.family!r}"
        )
