"""A rectangle of raw values that can be zoomed until the numbers stand in the cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pages._ui import carrier
from xai.figures.colours import DIVERGING, SEQUENTIAL
from xai.figures.sheets import BROKEN
from xai.figures.wording import number

#: Values that can be shown.
MOST_VALUES = 1_000_000

_HERE = Path(__file__).parent
_SCRIPTS = ("cells.js", "gestures.js", "view.js")
_HTML = """
<div class="view values" hidden>
  <div class="stage">
    <canvas tabindex="0" role="application" aria-roledescription="map of values"></canvas>
    <p class="hint" aria-hidden="true">Hold Ctrl and turn the wheel to zoom</p>
  </div>
  <div class="foot">
    <div class="legend"><div class="strip" role="img"></div>
      <div class="ends"><span></span><span></span><span></span></div></div>
    <p class="facts"></p><div class="tools"></div><p class="now" aria-live="polite"></p>
  </div>
  <div class="card" aria-hidden="true" hidden>
    <p class="value"></p><p class="name"></p><p class="where"></p></div>
</div>
"""
# Registered here and not on each run: Streamlit would start the component anew.
_mount = carrier.component(_HERE, _HTML)


def rectangle(values: np.ndarray) -> np.ndarray:
    """Arrange the neurons of a dense layer in rows, about twice as wide as high.

    Parameters
    ----------
    values : ndarray, shape (D,)
        One value a neuron.

    Returns
    -------
    ndarray, shape (H, W), float32
        Row by row; cells beyond the last neuron are NaN. :func:`value_view` leaves them blank
        if its ``count`` is D.
    """
    values = np.asarray(values, np.float32)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"values: expected shape (D,), got {values.shape}")
    across = math.ceil(math.sqrt(2 * len(values)))
    cells = np.full(across * -(-len(values) // across), np.nan, np.float32)
    cells[: len(values)] = values
    return cells.reshape(-1, across)


def value_view(
    values: np.ndarray,
    *,
    signed: bool,
    scale: tuple[float, float] | None,
    selected: tuple[int, int] | None,
    key: str,
    height: int,
    label: str,
    names: Sequence[str] | None = None,
    count: int | None = None,
    unit: str = "activation",
    mark: tuple[int, int, int, int] | None = None,
) -> tuple[int, int] | None:
    """Show raw values as coloured cells; return the position that is chosen.

    Parameters
    ----------
    values : ndarray, shape (H, W)
        Raw values, taken as float32. NaN and infinity have a colour of their own.
    signed : bool
        Blue for negative, white for zero, red for positive values; else from black to pale
        yellow.
    scale : tuple of float, or None
        Raw values at the ends of the colours; None is the range of the values.
    selected : tuple of int, or None
        Row and column that the page wants ringed.
    key : str
        Streamlit's key. Zoom and choice live as long as it does.
    height : int
        Of the whole component in CSS pixels.
    label : str
        What the rectangle is called by a screen reader.
    names : sequence of str, or None
        Of the cells, row by row, for the neurons of a dense layer. Cells beyond the last name
        are blank.
    count : int or None
        How many cells there are, row by row, if they are neurons without names.
    unit : str
        What the numbers are.
    mark : tuple of int, or None
        Top, left, bottom and right of cells to be outlined, the last two exclusive.

    Returns
    -------
    tuple of int, or None
        Row and column, the last word of either side: what was clicked, or what this call passed
        if that has changed since.

    Raises
    ------
    ValueError
        If the values have another shape or are too many, the scale is not two finite numbers
        in order, or there are more names than cells.
    """
    values = np.ascontiguousarray(values, "<f4")
    if values.ndim != 2 or not 1 <= values.size <= MOST_VALUES:
        raise ValueError(
            f"values: expected shape (H, W), at most {MOST_VALUES:,}; got {values.shape}"
        )
    if height < 1:
        raise ValueError(f"height: expected at least 1, got {height}")
    neurons = names is not None or count is not None
    cells = len(names) if names is not None else values.size if count is None else count
    if not 1 <= cells <= values.size:
        raise ValueError(f"names, count: expected 1 to {values.size} cells, got {cells}")
    low, high = _range(values.ravel()[:cells], scale, signed=signed)
    table = DIVERGING if signed else SEQUENTIAL
    header = {
        "shape": values.shape,
        "cells": cells,
        "neurons": neurons,
        "names": list(names or ()),
        "table": table.tolist(),
        "low": low,
        "high": high,
        "signed": signed,
        "broken": BROKEN,
        "ends": _ends(low, high, signed=signed),
        "facts": _facts(values.ravel()[:cells], unit),
    }
    chosen = carrier.choice(key, selected, lambda sent: _position(sent, values.shape, cells))
    view = {"label": label, "unit": unit, "mark": mark}
    large = carrier.part(header, values.tobytes())
    carrier.show_choice(
        _mount, key=key, height=height, view=view, engine=_engine(), part=large, word=chosen
    )
    return chosen.value


@cache
def _engine() -> carrier.Part:
    scripts = (carrier.DRAWING, *(_HERE / name for name in _SCRIPTS))
    return carrier.engine(scripts, _HERE / "values.css")


def _range(
    values: np.ndarray, scale: tuple[float, float] | None, *, signed: bool
) -> tuple[float, float]:
    """Return the raw values at both ends of the colours, as on a sheet of channels."""
    if scale is None:
        known = values[np.isfinite(values)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    else:
        low, high = map(float, scale)
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise ValueError(f"scale: expected low ≤ high, both finite; got {scale}")
    if signed:
        high = max(abs(low), abs(high))
        low = -high
    return low, high


def _ends(low: float, high: float, *, signed: bool) -> tuple[str, str, str]:
    """Return what stands at the left, in the middle and at the right of the colours."""
    if low == high:
        return "", number(low), ""
    return number(low), "0" if signed else "", number(high)


def _facts(values: np.ndarray, unit: str) -> str:
    """Say what the values are, before anyone points at them."""
    known = values[np.isfinite(values)]
    broken = values.size - known.size
    if not known.size:
        return "Not one finite value: NaN or infinity everywhere."
    low, high = float(known.min()), float(known.max())
    if values.size == 1:
        said = f"One {unit}: {number(low)}."
    elif low == high:
        said = f"Constant: every {unit} is {number(low)}."
    else:
        mean = float(known.mean(dtype=np.float64))
        said = f"Raw {unit} from {number(low)} to {number(high)}, mean {number(mean)}."
    if not broken:
        return said
    nans = int(np.isnan(values).sum())
    parts = [f"{nans} NaN"] * (nans > 0) + [f"{broken - nans} infinite"] * (broken > nans)
    return f"{said} Not finite, in green: {' and '.join(parts)}."


def _position(sent: Any, shape: tuple[int, ...], cells: int) -> tuple[int, int] | None:
    """Return the row and column that a browser or a page named, or None if there is none."""
    if not isinstance(sent, list | tuple) or len(sent) != 2:
        return None
    if not all(isinstance(at, int | np.integer) and not isinstance(at, bool) for at in sent):
        return None
    row, column = map(int, sent)
    inside = 0 <= row < shape[0] and 0 <= column < shape[1] and row * shape[1] + column < cells
    return (row, column) if inside else None
