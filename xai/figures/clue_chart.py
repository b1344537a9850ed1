"""How much of each method's evidence lies in a planted tag.

No text colour is fixed: it is the page's, in the light theme and in the dark one. Names
are data to Vega, never markup or expressions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xai.experiments.clue.result import CLUE, CONTROL, TIMES
from xai.figures.colours import ACCENT, CHANGED, NEUTRAL
from xai.figures.encodings import (
    AXIS_HEIGHT,
    LEGEND_HEIGHT,
    always_svg,
    finished,
    heading,
    kind_marks,
    name_axis,
    on_phone,
    plain_axis,
)
from xai.figures.wording import distinct, number, percent, short

if TYPE_CHECKING:
    import altair as alt

    from xai.experiments.clue.result import Clue, Score

#: Who is asked, in the order of the legend.
KINDS = ("trained with the tag", "control, without", "no network")
_COLOURS = (ACCENT, CHANGED, NEUTRAL)
_SHAPES = ("circle", "diamond", "square")
# Factors below are drawn here: a logarithmic axis has no 0.
_LEAST = 0.1
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
# How far the marks of a row are from its middle, as a part of half its height.
_APART = 0.45
# Pixels of the line of names above the plot, and of the second line of the axis title.
_NAMES, _LINE = 22, 18
_TITLE, _TITLE_ROOM = "Who points at the tag?", 40


def clue_chart(found: Clue, *, row_height: int = 34) -> alt.LayerChart:
    """Draw how many times more evidence than random each method puts into the tag.

    Parameters
    ----------
    found : Clue
        Complete or not.
    row_height : int
        Pixels for each method.

    Returns
    -------
    altair.LayerChart
        References first, then the methods: those with the most in the tag first, or while
        the experiment goes on in the order in which they come. A mark for each network with
        its 95 % interval, on a logarithmic axis that ends where all evidence lies inside.
    """
    import altair as alt

    order = _order(found)
    names = distinct([short(one.label, 34) for one in order], range(len(order)))
    rows = [row for one, name in zip(order, names, strict=True) for row in _rows(found, one, name)]
    most = 1 / found.area
    scale = alt.Scale(type="log", domain=[_LEAST, most * 1.1], nice=False)
    ticks = [tick for tick in _TICKS if tick <= most]
    title = ["positive evidence in the tag,", "times that of random (logarithmic)"]
    axis = plain_axis(values=ticks, format="~g", titleAnchor=on_phone("end", "middle"))
    x = alt.X("value:Q", title=title, scale=scale, axis=axis)
    y = name_axis(names, limit=on_phone(110, 260))
    offset = alt.YOffset("offset:Q", scale=alt.Scale(domain=[-1, 1]))
    told = [alt.Tooltip(f"{field}:N", title=words) for field, words in _TOLD.items()]
    marks = kind_marks(rows, KINDS, _COLOURS, _SHAPES)
    marks = marks.encode(x=x, y=y, yOffset=offset, tooltip=told)
    x_low = alt.X("low:Q", title=title, scale=scale)
    spans = [
        alt.Chart(alt.InlineData(values=[row for row in rows if row["kind"] == kind]))
        .mark_rule(strokeWidth=4, opacity=0.45, color=colour)
        .encode(x=x_low, x2="high:Q", y=y, yOffset=offset)
        for kind, colour in zip(KINDS, _COLOURS, strict=True)
    ]
    height = row_height * len(names) + AXIS_HEIGHT + _LINE + LEGEND_HEIGHT + _NAMES
    chart = alt.layer(*_lines(x, most), *spans, marks).properties(title=heading(_TITLE))
    return always_svg(finished(chart, height + _TITLE_ROOM))


_TOLD = {
    "label": "method",
    "kind": "network",
    "said": "times random",
    "interval": "95 % interval",
    "inside": "share in the tag",
    "empty": "maps without positive evidence",
}


def _order(found: Clue) -> list[Score]:
    """Return references, methods, and those that mark what speaks against the class."""
    methods = list(found.methods)
    if found.complete:
        methods.sort(key=lambda one: -found.factor(one.name, CLUE).mean)
    references = [one for one in found.scores if one.reference]
    return [*references, *methods, *(one for one in found.scores if one.against)]


def _rows(found: Clue, one: Score, name: str) -> list[dict[str, Any]]:
    """Return what is drawn of one method: two marks, or one of whom no network was shown to."""
    rows = []
    for network in (CLUE,) if one.reference else (CLUE, CONTROL):
        factor = found.factor(one.name, network)
        rows.append(
            {
                "label": name,
                "kind": KINDS[2] if one.reference else KINDS[network],
                "value": max(factor.mean, _LEAST),
                "low": max(factor.low, _LEAST),
                "high": max(factor.high, _LEAST),
                "said": number(factor.mean),
                "interval": f"{number(factor.low)} to {number(factor.high)}",
                "inside": percent(min(1.0, factor.mean * found.area)),
                "empty": f"{one.empty(network)} of {one.shares.shape[1]}",
                "offset": 0 if one.reference else _APART * (1 - 2 * network),
            }
        )
    return rows


def _lines(x: alt.X, most: float) -> list[alt.Chart]:
    """Return the upright lines of random, of what counts as found, and of all evidence."""
    import altair as alt

    named = [
        {"value": 1.0, "name": "random"},
        {"value": TIMES, "name": f"{TIMES:.0f} times"},
        {"value": most, "name": "all of it"},
    ]
    base = alt.Chart(alt.InlineData(values=named)).encode(x=x)
    rules = base.mark_rule(strokeDash=[6, 4], strokeWidth=2, opacity=0.7)
    words = base.mark_text(fontSize=15, baseline="bottom", dy=-4)
    return [
        rules.encode(color=alt.value("currentColor")),
        words.encode(y=alt.value(0), text="name:N", color=alt.value("currentColor")),
    ]
