"""Dead, rare and saturated units while a network learns, as charts.

No text colour is fixed: it is the page's, in the light theme and in the dark one. Names
are data to Vega, never markup or expressions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xai.activations.course import KINDS, STATES, Course
from xai.figures.colours import ACCENT, CHANGED, CLASS_COLOURS, NEUTRAL
from xai.figures.encodings import (
    AXIS_HEIGHT,
    always_svg,
    finished,
    heading,
    name_axis,
    on_phone,
    plain_axis,
    top_legend,
    unchecked,
)
from xai.figures.epoch_axis import EpochAxis
from xai.figures.wording import distinct, ending, percent

if TYPE_CHECKING:
    import altair as alt

_COLOURS = (ACCENT, CLASS_COLOURS[6], CHANGED, CLASS_COLOURS[7], NEUTRAL)
#: The colour of each state, wherever it is drawn.
STATE_COLOURS = dict(zip(STATES, _COLOURS, strict=True))
# Opacity of a cell with nothing, and with the greatest share.
_EMPTY, _FULL = 0.05, 0.95
_TITLE_ROOM = 40
# Pixels that a row needs.
_ROW = 24
_CEILINGS = (0.05, 0.1, 0.25, 0.5, 1.0)
_TOGETHER, _OTHERS = "all layers", "other layers"


def occupancy_heat(
    found: Course, kind: str, axis: EpochAxis, *, top: float | None = None, height: int = 300
) -> alt.LayerChart:
    """Draw the share of each layer's units that are of a kind, a column for each mark.

    Parameters
    ----------
    found : Course
    kind : str
        One of :data:`~xai.activations.course.KINDS`.
    axis : EpochAxis
        All marks of the run, of which ``found`` may know the first ones so far. At the chosen
        one the share is written into the row.
    top : float, optional
        The share with the strongest colour, in (0, 1]; None is the :func:`ceiling`.
    height : int
        Of the whole chart in pixels, if there is room for its rows.

    Raises
    ------
    ValueError
        If there is no such kind, or no layer has it.
    """
    import altair as alt

    shares, names = _known(found, kind)
    whole = top or ceiling(found, kind)
    rows = [
        {
            "label": name,
            "place": place,
            "end": place + 1,
            "epoch": axis.names[place],
            "share": float(share),
            "said": _said(float(share), units),
            "opacity": _EMPTY + (_FULL - _EMPTY) * min(1.0, float(share) / whole),
        }
        for name, units, values in zip(names, _units(found, kind), shares, strict=True)
        for place, share in enumerate(values)
    ]
    y = name_axis(names, limit=on_phone(95, 200))
    base = alt.Chart(unchecked(rows)).encode(x=axis.x(), y=y)
    told = [
        alt.Tooltip("label:N", title="layer"),
        alt.Tooltip("epoch:N"),
        alt.Tooltip("said:N", title=kind),
    ]
    cells = base.mark_rect(color=STATE_COLOURS[kind]).encode(
        x2="end:Q", opacity=alt.Opacity("opacity:Q", scale=None, legend=None), tooltip=told
    )
    chart = alt.layer(cells, *axis.upright(), *_written(rows, axis, y))
    height = max(height, _ROW * len(names) + AXIS_HEIGHT + _TITLE_ROOM)
    titled = chart.properties(title=heading(f"{kind.capitalize()} units, share of the layer"))
    return always_svg(finished(titled, height))


def _written(rows: list[dict[str, Any]], axis: EpochAxis, y: alt.Y) -> list[alt.Chart]:
    """Return the shares at the chosen mark, written on that side of it where there is room."""
    import altair as alt

    here = axis.place
    left = here is not None and here < len(axis.marks) / 2
    some = [row | {"text": percent(row["share"])} for row in rows if row["place"] == here]
    text = alt.Chart(unchecked(some)).mark_text(
        align="left" if left else "right", dx=14 if left else -14, fontSize=15, fontWeight="bold"
    )
    return [text.encode(x=axis.x(), y=y, text="text:N", color=alt.value("currentColor"))]


def ceiling(found: Course, kind: str) -> float:
    """Return a round share, in (0, 1], that no layer exceeds at any mark.

    Being round it seldom changes while marks are added.
    """
    shares = found.shares[kind]
    greatest = float(np.nanmax(shares)) if np.isfinite(shares).any() else 0.0
    return next(top for top in _CEILINGS if top >= greatest)


def occupancy_lines(
    found: Course, kind: str, layer: str, across: EpochAxis, *, top: float, height: int = 300
) -> alt.LayerChart:
    """Draw the share of units of a kind over the marks: one layer, all together, the others.

    Parameters
    ----------
    found : Course
    kind : str
        One of :data:`~xai.activations.course.KINDS`.
    layer : str
        The one with a colour of its own.
    across : EpochAxis
        All marks of the run.
    top : float
        End of the upright axis, in (0, 1].
    height : int
        Of the whole chart, in pixels.

    Raises
    ------
    ValueError
        If there is no such kind or layer, or no layer has the kind.
    """
    import altair as alt

    shares, names = _known(found, kind)
    layers = [name for name, row in zip(found.layers, found.shares[kind], strict=True) if _is(row)]
    if layer not in layers:
        raise ValueError(f"layer: expected one of {', '.join(layers)}; got {layer!r}")
    own = names[layers.index(layer)]
    lines = {name: (_OTHERS, row) for name, row in zip(names, shares, strict=True)}
    lines = lines | {own: (own, lines[own][1]), _TOGETHER: (_TOGETHER, found.together(kind))}
    # The one that is looked at lies over the others.
    lines[own] = lines.pop(own)
    rows = [
        {
            "line": name,
            "series": series,
            "place": place + 0.5,
            "epoch": across.names[place],
            "share": float(share),
        }
        for name, (series, row) in lines.items()
        for place, share in enumerate(row)
    ]
    words = [own, _TOGETHER] + [_OTHERS] * (len(names) > 1)
    look: dict[str, Any] = {"sort": words, "title": None}
    scale = alt.Scale(domain=words, range=[CHANGED, ACCENT, NEUTRAL][: len(words)])
    widths = alt.Scale(domain=words, range=[3.5, 3.5, 1.5][: len(words)])
    axis = plain_axis(format="%", tickCount=5)
    y = alt.Y("share:Q", title="share of the units", scale=alt.Scale(domain=[0, top]), axis=axis)
    base = alt.Chart(unchecked(rows)).encode(x=across.x(), y=y, detail="line:N")
    drawn = base.mark_line().encode(
        color=alt.Color(
            "series:N", scale=scale, legend=top_legend(symbolType="stroke", labelLimit=180), **look
        ),
        strokeWidth=alt.StrokeWidth("series:N", scale=widths, legend=None, sort=words),
    )
    told = [alt.Tooltip("line:N", title="layer"), alt.Tooltip("epoch:N")]
    told.append(alt.Tooltip("share:Q", format=".1%"))
    target = base.mark_point(filled=True, size=140, opacity=0).encode(tooltip=told)
    chart = alt.layer(*across.upright(), drawn, target)
    titled = chart.properties(title=heading(f"Course of the {kind} units"))
    return always_svg(finished(titled, height))


# ------------------------------------------------------------------------------- numbers
def _is(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).all())


def _known(found: Course, kind: str) -> tuple[np.ndarray, list[str]]:
    """Return the shares of the layers that have a kind, and the layers' names for a chart."""
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}; got {kind!r}")
    places = [place for place, row in enumerate(found.shares[kind]) if _is(row)]
    if not places:
        raise ValueError(f"kind: expected a layer that has {kind} units, got none")
    names = distinct([ending(found.layers[place], 20) for place in places], places)
    return found.shares[kind][places], names


def _units(found: Course, kind: str) -> list[int]:
    rows = zip(found.units, found.shares[kind], strict=True)
    return [units for units, row in rows if _is(row)]


def _said(share: float, units: int) -> str:
    return f"{percent(share)} ({round(share * units):,} of {units:,} units)"
