"""The units of a layer while a network learns: a row each, with what it is at each mark.

No text colour is fixed: it is the page's, in the light theme and in the dark one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.activations.course import STATES, Course
from xai.figures.encodings import (
    AXIS_HEIGHT,
    LEGEND_HEIGHT,
    always_svg,
    finished,
    plain_axis,
    top_legend,
    unchecked,
)
from xai.figures.epoch_axis import EpochAxis
from xai.figures.occupancy_chart import STATE_COLOURS

if TYPE_CHECKING:
    import altair as alt

#: Units that the strip of a layer shows at most.
MOST_UNITS = 120
# Opacity of a unit that is in use: the others are looked for.
_QUIET, _PLAIN = 0.3, 0.95
# Units up to which each row has its number.
_NAMED = 24


def shown_units(found: Course, layer: str) -> np.ndarray:
    """Return the units that a strip shows: those that are not always in use, the dead first."""
    states = found.states[layer]
    dead = (states == STATES.index("dead")).sum(axis=1)
    other = (states > 0).sum(axis=1)
    order = np.lexsort((np.arange(len(states)), -other, -dead))
    return order[other[order] > 0][:MOST_UNITS]


def occupancy_strip(found: Course, layer: str, across: EpochAxis) -> alt.LayerChart:
    """Draw the state of each unit of a layer at each mark: a row for each unit.

    Parameters
    ----------
    found : Course
    layer : str
    across : EpochAxis
        All marks of the run, of which ``found`` may know the first ones so far.

    Returns
    -------
    altair.LayerChart
        The units of :func:`shown_units`.

    Raises
    ------
    ValueError
        If there is no such layer, or every unit is always in use.
    """
    import altair as alt

    if layer not in found.states:
        raise ValueError(f"layer: expected one of {', '.join(found.layers)}; got {layer!r}")
    units = shown_units(found, layer)
    if not len(units):
        raise ValueError(f"layer: expected a unit of {layer} that is not always in use, got none")
    rows = _runs(found.states[layer], units, across.names)
    words = [word for word in STATES if any(row["state"] == word for row in rows)]
    colours = alt.Scale(domain=words, range=[STATE_COLOURS[word] for word in words])
    told = [alt.Tooltip(f"{field}:N") for field in ("unit", "state", "epochs")]
    base = alt.Chart(unchecked(rows)).encode(x=across.x(), y=_rows_axis(units), y2="below:Q")
    cells = base.mark_rect().encode(
        x2="end:Q",
        color=alt.Color(
            "state:N", sort=words, scale=colours, legend=top_legend(**_symbols()), title=None
        ),
        opacity=alt.Opacity("opacity:Q", scale=None, legend=None),
        tooltip=told,
    )
    height = _row_height(len(units)) * len(units) + AXIS_HEIGHT + LEGEND_HEIGHT
    return always_svg(finished(alt.layer(cells, *across.upright()), height))


def _symbols() -> dict[str, Any]:
    """Return what makes the legend show the colours as pale as the rows do."""
    import altair as alt

    pale = f"datum.label == {json.dumps(STATES[0])} ? {_QUIET} : {_PLAIN}"
    return {"symbolType": "square", "symbolOpacity": alt.ExprRef(pale)}


def _runs(states: np.ndarray, units: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    """Return a row for each stretch of marks over which a unit stays what it is."""
    rows = []
    for line, unit in enumerate(units.tolist()):
        course = states[unit]
        starts = np.flatnonzero(np.diff(course, prepend=-1)).tolist()
        for start, end in zip(starts, [*starts[1:], len(course)], strict=True):
            state = STATES[course[start]]
            rows.append(
                {
                    "unit": str(unit),
                    "line": line + 0.06,
                    "below": line + 0.94,
                    "place": start,
                    "end": end,
                    "state": state,
                    "epochs": names[start]
                    if end == start + 1
                    else f"{names[start]} to {names[end - 1]}",
                    "opacity": _QUIET if state == STATES[0] else _PLAIN,
                }
            )
    return rows


def _rows_axis(units: np.ndarray) -> alt.Y:
    """Return the upright axis of units, with their numbers where there is room."""
    import altair as alt

    named = len(units) <= _NAMED
    axis = plain_axis(
        values=[line + 0.5 for line in range(len(units))] if named else [],
        labelExpr=f"{json.dumps([str(unit) for unit in units])}[floor(datum.value)]",
        labelOverlap=False,
        grid=False,
        ticks=False,
        domain=False,
    )
    title = "unit" if named else f"{len(units)} units"
    scale = alt.Scale(domain=[0, len(units)], reverse=True, nice=False)
    return alt.Y("line:Q", title=title, scale=scale, axis=axis)


def _row_height(count: int) -> int:
    if count <= _NAMED:
        return 22
    return 10 if count <= 48 else 5
