"""The whole network at a glance: each layer a row of small squares, one a unit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import streamlit as st

from pages._ui import carrier
from pages._ui.glance_view import payload
from pages._ui.glance_view.answer import GlanceState, reconcile
from pages._ui.glance_view.rows import FAMILIES, MARKS, MOST_UNITS, GlanceRow, check

__all__ = ["FAMILIES", "MARKS", "MOST_UNITS", "GlanceRow", "GlanceState", "Scale", "glance_view"]

#: What the colours span.
Scale = Literal["row", "network"] | tuple[float, float] | Mapping[str, tuple[float, float]]

# Registered here and not on each run: Streamlit would start the component anew.
_mount = carrier.component(Path(__file__).parent, '<div class="view glance" hidden></div>')


def glance_view(
    rows: Sequence[GlanceRow],
    *,
    scale: Scale = "row",
    signed: bool = False,
    selected: tuple[str, int | None] | None = None,
    key: str,
    height: int = 560,
    label: str = "The network at a glance",
    unit: str = "mean activation",
    names: Sequence[str] | None = None,
) -> GlanceState:
    """Show the network; return what was selected in it.

    Parameters
    ----------
    rows : sequence of GlanceRow
        The layers in forward order. None at all is shown as a sentence.
    scale : {"row", "network"}, tuple of float, or mapping of str to tuple of float
        The colours span the values of each row, of all rows, the given range, or for each
        layer a given range of its own. What lies beyond a given range has the colour of its
        end.
    signed : bool
        Show blue for negative values even where there are none, as a difference needs it.
        Otherwise the colours go from the paper at zero to red, and a row (or network) with
        negative values has blue for these.
    selected : tuple of str and int or None, or None
        Layer and unit that are ringed; unit None is the layer as a whole.
    key : str
        Streamlit's key. The scroll position lives as long as it does.
    height : int
        Of the whole component in CSS pixels; what does not fit is scrolled.
    label : str
        What it is called by a screen reader, and the name of the file that is saved.
    unit : str
        What the values are, for the legend and the card.
    names : sequence of str, or None
        Names of the units of the last row, such as those of the classes.

    Returns
    -------
    GlanceState
        The last word of either side: what the reader clicked, or what this call passed if
        that has changed since. A page that passes the same in each run leaves everything to
        the reader.

    Raises
    ------
    ValueError
        If something does not fit the rest, saying what was expected.

    Notes
    -----
    Zero has the colour of the paper, and with negative values the scale is symmetric about it;
    only a given range that begins above zero has the paper at its beginning. Values travel as
    float32; scaling and colouring happen in the browser, so that another scale sends a small
    message only, and the card shows the raw value.
    """
    _check(rows, scale, height, names)
    counts = {row.layer: len(row.values) for row in rows}
    given = GlanceState(*(selected or (None, None)))
    memory = st.session_state.setdefault(f"{key}:glance", {})
    state, token = reconcile(memory, given, carrier.answers(key).get("selected"), counts)
    parts = payload.parts(rows, names)
    view = {
        "parts": {name: part.digest for name, part in parts.items()},
        "scale": _sent(scale),
        "signed": bool(signed),
        "selected": {"value": [state.layer, state.unit], "token": token},
        "unit": unit,
        "label": label,
    }
    carrier.show(
        _mount,
        key=key,
        height=height,
        view=view,
        engine=payload.engine(),
        parts=parts,
        names=("selected",),
    )
    return state


def _sent(scale: Scale) -> str | list[float] | dict[str, list[float]]:
    if isinstance(scale, str):
        return scale
    if isinstance(scale, Mapping):
        return {layer: [float(end) for end in ends] for layer, ends in scale.items()}
    return [float(end) for end in scale]


def _check(
    rows: Sequence[GlanceRow],
    scale: Scale,
    height: int,
    names: Sequence[str] | None,
) -> None:
    check(rows)
    if height < 160:
        raise ValueError(f"height: expected at least 160, got {height}")
    if isinstance(scale, Mapping):
        for row in rows:
            if row.layer not in scale:
                raise ValueError(f"scale: expected a range for {row.layer} as well, got none")
            _check_ends(scale[row.layer])
    elif not isinstance(scale, str):
        _check_ends(scale)
    elif scale not in ("row", "network"):
        raise ValueError(f"scale: expected row, network or two numbers; got {scale!r}")
    if names is not None and (not rows or len(names) != len(rows[-1].values)):
        count = len(rows[-1].values) if rows else 0
        raise ValueError(f"names: expected {count}, one a unit of the last row, got {len(names)}")


def _check_ends(ends: tuple[float, float]) -> None:
    if len(ends) != 2 or not all(map(math.isfinite, ends)) or ends[0] > ends[1]:
        raise ValueError(f"scale: expected low ≤ high, both finite; got {ends}")
