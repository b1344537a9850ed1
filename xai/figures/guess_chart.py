"""What a class sees of an attack, against what it does to the network, as a chart.

No text colour is fixed: it is the page's, in the light theme and in the dark one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xai.attacks.studies.guessing import Tally
from xai.figures.colours import NEUTRAL
from xai.figures.encodings import (
    always_svg,
    finished,
    line_colours,
    plain_axis,
    top_legend,
)
from xai.figures.wording import percent

if TYPE_CHECKING:
    import altair as alt

#: The two curves: what people find, and what the network falls for.
CURVES = ("found by the class", "network fooled")
#: What people find who see nothing.
CHANCE = "blind guessing"
# The curves stand this much (as a ratio of strengths) beside each other: where both have the
# same interval, one would hide the other.
_APART = 1.025
_MARGIN = 1.25


def guess_chart(found: Tally, *, height: int = 360) -> alt.LayerChart:
    """Draw the share of right guesses and that of successful attacks over the strength.

    Parameters
    ----------
    found : Tally
    height : int
        Of the whole chart, in pixels.

    Returns
    -------
    altair.LayerChart
        A curve each, with upright 95 % intervals; a dashed rule at 50 %, which is what
        guessing blindly gives. Strengths without a vote have no point.

    Raises
    ------
    ValueError
        If there is no vote at all.
    """
    import altair as alt

    rows = _rows(found)
    if not rows:
        raise ValueError("found: expected at least one vote, got none")
    x, y = _across(found), _upright()
    names = [*CURVES, CHANCE]
    looks = alt.Scale(domain=names, range=[*line_colours(len(CURVES)), NEUTRAL])
    legend = top_legend(symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1)
    colour = alt.Color("curve:N", scale=looks, sort=names, title=None, legend=legend)
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, color=colour)
    spans = base.mark_rule(strokeWidth=2, opacity=0.5).encode(y=_upright("low"), y2="high:Q")
    blind = alt.Chart(alt.InlineData(values=[{"curve": CHANCE, "value": 0.5}]))
    chance = blind.mark_rule(strokeWidth=2, strokeDash=[7, 5]).encode(y=y, color=colour)
    told = [
        alt.Tooltip(f"{field}:N", title=title)
        for field, title in (
            ("curve", "curve"),
            ("strength", "strength"),
            ("said", "share"),
            ("between", "95 % interval"),
            ("votes", "pairs"),
        )
    ]
    lines = base.mark_line(strokeWidth=3).encode(y=y)
    points = base.mark_point(filled=True, size=130, opacity=1).encode(y=y, tooltip=told)
    return always_svg(finished(alt.layer(chance, spans, lines, points), height))


def _rows(found: Tally) -> list[dict[str, Any]]:
    curves = zip(
        CURVES,
        (found.right, found.fooled),
        (found.right_bounds, found.fooled_bounds),
        (1 / _APART, _APART),
        strict=True,
    )
    return [
        {
            "curve": name,
            "across": float(level) * apart,
            "strength": f"{level}/255",
            "value": float(share),
            "low": float(low),
            "high": float(high),
            "said": percent(float(share)),
            "between": f"{percent(float(low))} to {percent(float(high))}",
            "votes": str(count),
        }
        for name, shares, bounds, apart in curves
        for level, count, share, (low, high) in zip(
            found.strengths, found.count, shares, bounds, strict=True
        )
        if count
    ]


def _across(found: Tally) -> alt.X:
    import altair as alt

    voted = found.strengths[found.count > 0]
    low, high = float(np.min(voted)) / _MARGIN, float(np.max(voted)) * _MARGIN
    # Strengths are dealt in equal ratios: a logarithmic axis gives each the same room.
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    axis = plain_axis(values=[int(level) for level in voted], format="d", grid=False)
    return alt.X("across:Q", title="strength in 1/255 (logarithmic)", scale=scale, axis=axis)


def _upright(field: str = "value") -> alt.Y:
    import altair as alt

    axis = plain_axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], labelFlush=False)
    scale = alt.Scale(domain=[0, 1], nice=False)
    return alt.Y(f"{field}:Q", title="share of the pairs", scale=scale, axis=axis)
