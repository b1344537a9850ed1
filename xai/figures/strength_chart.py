"""What attacks and noise do to one image as they grow, as two charts of one width.

No text colour is fixed: it is the page's, in the light theme and in the dark one. Names
are data to Vega, never markup or expressions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.attacks.strengths import amount
from xai.attacks.studies.smallest import Smallest
from xai.attacks.studies.strength import Curve, Sweep
from xai.figures.attack_lines import line_looks, method_label
from xai.figures.colours import NEUTRAL
from xai.figures.encodings import AXIS_HEIGHT, always_svg, finished
from xai.figures.strength_ruler import MET, Ruler, What, drawn, rows, told, wide_axis
from xai.figures.wording import short

if TYPE_CHECKING:
    import altair as alt

# Pixels of a row of the strip: the mark's number above, the cells below.
_ROW, _CELL, _LANE = 58, 22, 12
# A mark this far to the right has its number on its left.
_LATE = 0.8


def strength_curves(
    found: Sweep,
    of: What = "probability",
    *,
    smallest: Sequence[Smallest] = (),
    present: float | None = None,
    most: float = 0.0,
    awaited: Sequence[str] = (),
    height: int = 340,
) -> alt.LayerChart:
    """Draw what the network says over the strength, a line for each method.

    Parameters
    ----------
    found : Sweep
    of : str
        ``"probability"``, of the goal's class; ``"confidence"``, of the most probable one.
    smallest : sequence of Smallest
        As for :func:`success_strip`: the strengths then end at the same place.
    present : float or None
        A strength that an upright rule marks, in the norm.
    most : float
        Where the strengths end at the least.
    awaited : sequence of str
        Methods that are not there yet: their place is kept.
    height : int
        Of the whole chart, in pixels.

    Returns
    -------
    altair.LayerChart
        A point is full where the goal was reached and hollow where it was not; random
        noise is a grey dashed line, the mean over its draws. An attack without a strength
        is one point, at the length that it found.

    Raises
    ------
    ValueError
        If there is no curve, a norm is another one, or ``of`` is another word.
    """
    import altair as alt

    titles = {
        "probability": f"Probability of “{short(found.clean.classes[found.goal.label], 30)}”",
        "confidence": "Confidence in the answer, whichever it is",
    }
    if of not in titles:
        raise ValueError(f"of: expected probability or confidence, got {of!r}")
    ruler = Ruler.over(found, smallest, most, awaited)
    # The noise comes first: attacks lie over what they are compared with.
    values = [row for curve in found.curves[::-1] for row in rows(found, curve, of)]
    axis = wide_axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    y = alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=axis)
    colour, dash = line_looks(ruler.methods)
    base = alt.Chart(alt.InlineData(values=values)).encode(x=ruler.x(), y=y)
    lines = base.mark_line(strokeWidth=3).encode(color=colour, strokeDash=dash)
    points = base.mark_point(size=110, strokeWidth=2.5, opacity=1).encode(
        color=colour,
        fill=alt.condition(f"datum.said === '{MET}'", colour, alt.value("transparent")),
        tooltip=told(of),
    )
    title = alt.TitleParams(titles[of], anchor="start", fontSize=16, color="currentColor", offset=6)
    chart = alt.layer(*ruler.rule(present), lines, points).properties(title=title)
    return always_svg(finished(chart, height))


def success_strip(
    found: Sweep,
    smallest: Sequence[Smallest] = (),
    *,
    present: float | None = None,
    most: float = 0.0,
    awaited: Sequence[str] = (),
) -> alt.LayerChart:
    """Draw for each method at which strengths it fools, and the smallest one as a number.

    Parameters
    ----------
    found : Sweep
    smallest : sequence of Smallest
        Of any of its attacks, in the same norm.
    present, most, awaited
        As for :func:`strength_curves`.

    Returns
    -------
    altair.LayerChart
        A row of cells for each method, coloured where it fools; random noise is the
        greyer the more of its draws do.

    Raises
    ------
    ValueError
        If there is no curve, or a norm is another one.
    """
    import altair as alt

    ruler = Ruler.over(found, smallest, most, awaited)
    least = {one.method: one.strength for one in smallest}
    cells = [row for curve in found.curves for row in _cells(found, curve, least.get(curve.method))]
    axis = wide_axis(labelColor="currentColor", labelOverlap=False, labelOffset=_LANE)
    y = alt.Y("method:N", title=None, scale=alt.Scale(domain=ruler.names), axis=axis)
    share = alt.Scale(domain=[0, 1], range=[0, 0.9])
    colour, _ = line_looks(ruler.methods)
    bars = (
        alt.Chart(alt.InlineData(values=cells))
        .mark_bar(height=_CELL, yOffset=_LANE, stroke=NEUTRAL, strokeWidth=1)
        .encode(
            x=ruler.x(),
            x2="end:Q",
            y=y,
            color=colour.legend(None),
            fillOpacity=alt.FillOpacity("share:Q", scale=share, legend=None),
            tooltip=told("probability"),
        )
    )
    chart = alt.layer(*ruler.rule(present), bars, *_marks(smallest, ruler, y))
    return always_svg(finished(chart, strip_height(len(ruler.names))))


def strip_height(count: int) -> int:
    """Return how high a strip of so many methods is, in pixels."""
    return _ROW * count + AXIS_HEIGHT


def _cells(found: Sweep, curve: Curve, smallest: float | None) -> list[dict[str, Any]]:
    """Return a cell for each strength, as far as halfway to its neighbours.

    Where the smallest strength that is enough lies between two, it is the border.
    """
    made = rows(found, curve)
    at = np.array([row["strength"] for row in made])
    borders = (at[1:] + at[:-1]) / 2
    if smallest is not None:
        mark = drawn(smallest, found.norm)
        borders = np.where((at[:-1] < mark) & (mark <= at[1:]), mark, borders)
    return [
        row | {"strength": float(start), "end": float(end)}
        for row, start, end in zip(made, [at[0], *borders], [*borders, at[-1]], strict=True)
    ]


def _marks(smallest: Sequence[Smallest], ruler: Ruler, y: alt.Y) -> list[alt.Chart]:
    """Return an upright tick and a number at the smallest strength of each method."""
    import altair as alt

    marks: list[dict[str, Any]] = [
        {
            "method": method_label(one.method),
            "strength": drawn(one.strength, ruler.norm),
            "text": amount(one.strength, ruler.norm),
        }
        for one in smallest
        if one.strength is not None
    ]
    ink = alt.value("currentColor")
    layers = []
    for late in (False, True):
        values = [row for row in marks if (row["strength"] > _LATE * ruler.end) == late]
        base = alt.Chart(alt.InlineData(values=values)).encode(x=ruler.x(), y=y, color=ink)
        layers.append(base.mark_tick(thickness=4, size=_CELL + 10, yOffset=_LANE))
        number = base.mark_text(
            align="right" if late else "left",
            dx=-2 if late else 2,
            dy=-_LANE,
            fontSize=16,
            fontWeight="bold",
        )
        layers.append(number.encode(text="text:N"))
    return layers
