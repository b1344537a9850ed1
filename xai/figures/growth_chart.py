"""How a class visualisation grows, step by step: its score, and the slope that it climbs.

Two charts to be laid on top of each other: their plots begin and end at the same places. They
are drawn again several times a second while a run lasts, so all but the values is kept.

No text colour is fixed: it is the page's, in the light theme and in the dark one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from xai.figures.colours import ACCENT, CHANGED
from xai.figures.encodings import always_svg, finished, plain_axis, unchecked
from xai.figures.wording import number, short

if TYPE_CHECKING:
    import altair as alt

# Room for the labels of the upright axis in pixels: the same in both charts.
_SIDE = 58
# Steps up to which the line is as thick as on other charts.
_MANY = 400
# Characters of what was changed, beside its rule.
_WORDS = 28
# Room for these words, on the right of their rule and on the left: the tooltip has all of them.
_ROOMS = ("max(1, width - scale('x', datum.step) - 5)", "max(1, scale('x', datum.step) - 5)")
#: What was changed, and after how many steps.
Change = tuple[int, str]


def score_chart(
    steps: Sequence[int],
    scores: Sequence[float],
    *,
    changes: Sequence[Change] = (),
    title: str = "score",
    total: int | None = None,
    height: int = 230,
) -> alt.LayerChart:
    """Draw the objective over the steps.

    Parameters
    ----------
    steps : sequence of int
        Rising.
    scores : sequence of float
        The objective at each; one that is not finite is a gap in the line.
    changes : sequence of (int, str)
        After how many steps a setting was changed, and what: an upright rule each.
    title : str
        Of the upright axis.
    total : int, optional
        Steps that the run will have: the axis is as long from the start, so that nothing
        moves while it grows.
    height : int
        Of the whole chart, in pixels.

    Raises
    ------
    ValueError
        If steps and scores differ in number.
    """
    return _chart(steps, scores, changes, title=title, total=total, height=height)


def gradient_chart(
    steps: Sequence[int],
    gradients: Sequence[float],
    *,
    changes: Sequence[Change] = (),
    total: int | None = None,
    height: int = 170,
) -> alt.LayerChart:
    """Draw the mean absolute gradient over the steps, on a logarithmic axis.

    Parameters
    ----------
    steps, changes, total, height
        As in :func:`score_chart`; the rules have no words.
    gradients : sequence of float
        Mean of |d score / d pixel| at each step; one that is not above 0 is a gap.

    Raises
    ------
    ValueError
        If steps and gradients differ in number.
    """
    plain = [(step, "") for step, _ in changes]
    options = {"title": "mean |gradient|", "total": total, "height": height}
    return _chart(steps, gradients, plain, log=True, **options)  # type: ignore[arg-type]


def _chart(
    steps: Sequence[int],
    values: Sequence[float],
    changes: Sequence[Change],
    *,
    title: str,
    total: int | None,
    height: int,
    log: bool = False,
) -> alt.LayerChart:
    if len(steps) != len(values):
        raise ValueError(f"steps: expected one a value, got {len(steps)} and {len(values)}")
    end = max([1, *steps[-1:], *([total] if total else [])])
    # A shallow copy: what is kept belongs to all who draw at this moment.
    chart = _blank(tuple(changes), title, end, height, log=log).copy(deep=False)
    chart.data = _table(steps, values, log=log)
    return chart


@lru_cache(maxsize=32)
def _blank(
    changes: tuple[Change, ...], title: str, end: int, height: int, *, log: bool
) -> alt.LayerChart:
    """Return the chart without its values: making it takes altair twenty times as long."""
    import altair as alt

    x = alt.X(
        "step:Q",
        title="step",
        scale=alt.Scale(domain=[0, end], nice=False),
        axis=plain_axis(tickMinStep=1, tickCount=6, format=",d", grid=False),
    )
    written = {"format": ".2~g", "grid": False} if log else {"format": ".4~g"}
    axis = plain_axis(tickCount=4, minExtent=_SIDE, **written)
    scale = alt.Scale(type="log") if log else alt.Scale(zero=False)
    y = alt.Y("value:Q", title=title, scale=scale, axis=axis)
    base = alt.Chart().encode(x=x, y=y)
    # What jitter does from step to step would otherwise be one broad smear.
    thick = 3 if end <= _MANY else 1.5
    lines = base.mark_line(strokeWidth=thick, color=CHANGED if log else ACCENT)
    # Wide and unseen: what a pointer hits.
    told = [alt.Tooltip("step:Q", format=",d"), alt.Tooltip("said:N", title=title)]
    target = base.mark_point(filled=True, size=160, opacity=0).encode(tooltip=told)
    return always_svg(finished(alt.layer(*_rules(changes, x, end), lines, target), height))


def _table(steps: Sequence[int], values: Sequence[float], *, log: bool) -> alt.InlineData:
    """Return the values, a gap where one cannot be drawn."""
    return unchecked(
        [
            {
                "step": int(step),
                "value": float(value) if math.isfinite(value) and (value > 0 or not log) else None,
                "said": number(value),
            }
            for step, value in zip(steps, values, strict=True)
        ]
    )


def _rules(changes: Sequence[Change], x: alt.X, end: int) -> list[alt.Chart]:
    """Return an upright rule for each change, and beside its foot what was changed."""
    import altair as alt

    if not changes:
        return []
    rows = [{"step": step, "what": what, "short": short(what, _WORDS)} for step, what in changes]
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, color=alt.value("currentColor"))
    told = [alt.Tooltip("step:Q"), alt.Tooltip("what:N", title="changed")]
    rule = base.mark_rule(strokeWidth=2, strokeDash=[6, 4], opacity=0.7).encode(tooltip=told)
    marks = [rule]
    # The line that rises leaves room at the foot; words of a late change end at their rule.
    late = [2 * step >= end for step, _ in changes]
    foot = {"y": alt.value("height"), "text": alt.Text("short:N")}
    for is_late in (False, True):
        those = [row for row, one in zip(rows, late, strict=True) if one == is_late]
        words = alt.Chart(alt.InlineData(values=those)).mark_text(
            align="right" if is_late else "left",
            baseline="bottom",
            dx=-5 if is_late else 5,
            dy=-3,
            fontSize=14,
            limit=alt.ExprRef(_ROOMS[is_late]),
        )
        marks.append(words.encode(x=x, color=alt.value("currentColor"), **foot))
    return marks
