"""The charts of the tamper detective: two data sets class by class, the votes, the statistic.

No text colour is fixed: it is the page's, in the light theme and in the dark one. Names
are data to Vega, never markup or expressions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.figures.colours import ACCENT, CHANGED, NEUTRAL
from xai.figures.encodings import (
    AXIS_HEIGHT,
    LEGEND_HEIGHT,
    always_svg,
    finished,
    heading,
    kind_marks,
    name_axis,
    numbers,
    plain_axis,
)
from xai.figures.wording import percent

if TYPE_CHECKING:
    import altair as alt

    from xai.experiments.tamper import Suspicion

#: The two data sets, with one colour and one shape on all charts.
KINDS = ("data set A", "data set B")
_COLOURS = (ACCENT, CHANGED)
_SHAPES = ("circle", "triangle-up")
_TITLE = 40
# The statistic's axis reaches at least so far, so that the limits are on it.
_REACH = 8.0


def twin_chart(
    values: np.ndarray, classes: Sequence[str], title: str, across: str, *, row_height: int = 30
) -> alt.LayerChart:
    """Draw a share of each class in both data sets, joined by a line.

    Parameters
    ----------
    values : ndarray, shape (2, K), in [0, 1]
        Of data set A and B. What is not a number is not drawn.
    classes : sequence of str, length K
    title, across : str
        What stands above the chart, and at its horizontal axis.
    row_height : int
        Pixels for each class.

    Raises
    ------
    ValueError
        If the shape does not fit.
    """
    import altair as alt

    if np.shape(values) != (2, len(classes)):
        raise ValueError(f"values: expected shape (2, {len(classes)}), got {np.shape(values)}")
    rows = [
        {
            "label": f"class {name}",
            "kind": kind,
            "value": float(value),
            "said": percent(float(value)),
        }
        for kind, of_set in zip(KINDS, values, strict=True)
        for name, value in zip(classes, of_set, strict=True)
        if np.isfinite(value)
    ]
    joins = [
        {"label": f"class {name}", "value": float(low), "end": float(high)}
        for name, low, high in zip(classes, *values, strict=True)
        if np.isfinite(low + high)
    ]
    axis = plain_axis(format=".3~%", tickCount=5, labelFlush=False)
    scale = alt.Scale(zero=False, nice=True, padding=12)
    x = alt.X("value:Q", title=across, scale=scale, axis=axis)
    y = name_axis([f"class {name}" for name in classes])
    join = (
        alt.Chart(alt.InlineData(values=joins))
        .mark_rule(strokeWidth=3, opacity=0.45, color=NEUTRAL)
        .encode(x=x, x2="end:Q", y=y)
    )
    told = [
        alt.Tooltip(f"{field}:N", title=word)
        for field, word in (("label", "class"), ("kind", "data set"), ("said", "share"))
    ]
    marks = kind_marks(rows, KINDS, _COLOURS, _SHAPES).encode(x=x, y=y, tooltip=told)
    height = row_height * len(classes) + AXIS_HEIGHT + LEGEND_HEIGHT + _TITLE
    return always_svg(finished(alt.layer(join, marks).properties(title=heading(title)), height))


def votes_chart(votes: Mapping[str, int], *, row_height: int = 34) -> alt.LayerChart:
    """Draw how many votes each suspect has, the most first.

    Parameters
    ----------
    votes : mapping of str to int
        Suspect, such as ``"data set A, class 3"``, to votes.
    row_height : int
        Pixels for each suspect.

    Raises
    ------
    ValueError
        If there is no vote.
    """
    import altair as alt

    if not votes:
        raise ValueError("votes: expected at least one, got none")
    names = sorted(votes, key=lambda name: -votes[name])
    rows = [{"label": name, "count": votes[name], "text": str(votes[name])} for name in names]
    scale = alt.Scale(domain=[0, 1.15 * max(votes.values())], nice=False)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("count:Q", title=None, scale=scale, axis=None), y=name_axis(names)
    )
    chart = alt.layer(base.mark_bar(color=ACCENT, cornerRadius=2), numbers(base))
    return finished(chart.properties(title=heading("Votes so far")), row_height * len(names) + 56)


def suspicion_chart(found: Suspicion, limit: float, *, row_height: int = 30) -> alt.LayerChart:
    """Draw how far each class stands out from its twin, to the side of the odd one.

    Parameters
    ----------
    found : Suspicion
    limit : float
        Beyond this, on either side, a class is singled out.
    row_height : int
        Pixels for each class.
    """
    import altair as alt

    # Data set A is at the left on the page, and so it is here.
    sizes = found.score[1]
    known = [(name, float(size)) for name, size in zip(found.classes, sizes, strict=True)]
    rows = [_row(name, size, limit) for name, size in known if np.isfinite(size)]
    reach = 1.12 * max([_REACH, *(abs(row["value"]) for row in rows)])
    axis = plain_axis(tickCount=7, format=".3~g", labelExpr="abs(datum.value)", labelFlush=False)
    title = "◀ A is the odd one   ·   standard deviations   ·   B is the odd one ▶"
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    x = alt.X("value:Q", title=title, scale=scale, axis=axis)
    y = name_axis([f"class {name}" for name in found.classes])
    told = [alt.Tooltip("label:N", title="class"), alt.Tooltip("said:N", title="stands out")]
    bars = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(cornerRadius=2)
        .encode(x=x, y=y, color=alt.Color("fill:N", scale=None), tooltip=told)
    )
    edges = (
        alt.Chart(alt.InlineData(values=[{"value": -limit}, {"value": limit}]))
        .mark_rule(strokeWidth=2, strokeDash=[6, 4])
        .encode(x=x, color=alt.value("currentColor"))
    )
    height = row_height * len(found.classes) + AXIS_HEIGHT + _TITLE
    head = heading("Which class looks odd beside its twin?")
    return always_svg(finished(alt.layer(bars, edges).properties(title=head), height))


def _row(name: str, size: float, limit: float) -> dict[str, Any]:
    colour = NEUTRAL if abs(size) <= limit else _COLOURS[int(size > 0)]
    side = KINDS[int(size > 0)]
    said = f"{abs(size):.1f} standard deviations, in {side}"
    return {"label": f"class {name}", "value": size, "said": said, "fill": colour}
