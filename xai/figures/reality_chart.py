"""A grown image among real ones: where its score lies.

No text colour is fixed: it is the page's, in the light theme and in the dark one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.figures.colours import ACCENT, CHANGED, NEUTRAL
from xai.figures.encodings import (
    AXIS_HEIGHT,
    LEGEND_HEIGHT,
    always_svg,
    finished,
    on_phone,
    plain_axis,
    top_legend,
)
from xai.figures.wording import number

if TYPE_CHECKING:
    import altair as alt

    from xai.visualization.studies.best import Best

_BINS = 48
# Pixels of a line of words above the bars, one for each mark.
_LINE = 22
# A mark this far to the right has its words on its left.
_LATE = 0.55


def score_chart(
    found: Best, grown: float, *, unit: str, member: str = "", height: int = 300
) -> alt.LayerChart:
    """Draw how real images score, and where the grown one is.

    Parameters
    ----------
    found : Best
    grown : float
        Score of the grown image.
    unit : str
        Title of the axis: what the score is.
    member : str
        What the members are called, such as ``"images of class 3"``; empty if all images
        are alike.
    height : int
        Of the whole chart, in pixels.

    Returns
    -------
    altair.LayerChart
        Bars count images; upright rules mark the average, the best and the grown one.

    Raises
    ------
    ValueError
        If the grown image has no finite score.
    """
    import altair as alt

    if not np.isfinite(grown):
        raise ValueError(f"grown: expected a finite score, got {grown}")
    marks = _marks(found, grown)
    edges = _edges(found, marks)
    marks = _lined(marks, edges)
    bars, most = _bars(found, edges, member)
    x = alt.X(
        "score:Q",
        title=f"score ({unit})",
        scale=alt.Scale(domain=[float(edges[0]), float(edges[-1])], nice=False),
        axis=plain_axis(tickCount=8),
    )
    # The words have their lines above the highest bar.
    room = _LINE * len(marks) / max(1, height - AXIS_HEIGHT - LEGEND_HEIGHT)
    tall = alt.Scale(domain=[0, most / max(0.2, 1 - room)], nice=False)
    y = alt.Y("count:Q", title="images", scale=tall, axis=plain_axis(tickMinStep=1, tickCount=4))
    names = list(dict.fromkeys(bar["kind"] for bar in bars))
    looks = alt.Scale(domain=names, range=[NEUTRAL, ACCENT][: len(names)])
    legend = top_legend(symbolType="square") if len(names) > 1 else None
    drawn = (
        alt.Chart(alt.InlineData(values=bars))
        .mark_rect(opacity=0.75)
        .encode(
            x=x,
            x2="end:Q",
            y=y,
            y2=alt.Y2(datum=0),
            color=alt.Color("kind:N", scale=looks, sort=names, title=None, legend=legend),
            tooltip=[
                alt.Tooltip("kind:N", title="images"),
                alt.Tooltip("between:N", title="score"),
                alt.Tooltip("count:Q", title="how many"),
            ],
        )
    )
    return always_svg(finished(alt.layer(drawn, *_rules(marks, edges, x)), height))


def _marks(found: Best, grown: float) -> list[tuple[str, float, str]]:
    """Return words, score and colour of each upright rule."""
    best = float(found.score[0])
    return [
        (f"grown image {number(grown)}", grown, CHANGED),
        (f"best real image {number(best)}", best, ACCENT),
        (f"average {number(found.mean)}", found.mean, NEUTRAL),
    ]


def _edges(found: Best, marks: Sequence[tuple[str, float, str]]) -> np.ndarray:
    known = found.scores[np.isfinite(found.scores)]
    ends = [float(known.min()), float(known.max()), *(value for _, value, _ in marks)]
    low, high = min(ends), max(ends)
    pad = 0.03 * (high - low) or 1.0
    return np.linspace(low - pad, high + pad, _BINS + 1)


def _lined(
    marks: Sequence[tuple[str, float, str]], edges: np.ndarray
) -> list[tuple[str, float, str]]:
    """Return the rules in the order of their lines, so that words run over no other rule.

    Words to the right of a rule come the higher the further left it is; words to the left
    of one the other way round.
    """
    return sorted(marks, key=lambda mark: (1, -mark[1]) if _late(mark[1], edges) else (0, mark[1]))


def _late(value: float, edges: np.ndarray) -> bool:
    """Say whether a rule stands so far right that its words go to its left."""
    return bool((value - edges[0]) / (edges[-1] - edges[0]) > _LATE)


def _bars(found: Best, edges: np.ndarray, member: str) -> tuple[list[dict[str, Any]], int]:
    """Return the bars, those of the members last and so in front, and the highest count."""
    split = bool(member) and not found.absent and not found.member.all()
    groups = {"all real images": np.ones_like(found.member)}
    if split:
        groups = {"other real images": ~found.member, member: found.member}
    rows, most = [], 1
    for kind, among in groups.items():
        chosen = found.scores[among & np.isfinite(found.scores)]
        counts = np.histogram(chosen, edges)[0]
        most = max(most, int(counts.max()))
        rows += [
            {
                "kind": kind,
                "score": float(low),
                "end": float(high),
                "count": int(count),
                "between": f"{number(float(low))} to {number(float(high))}",
            }
            for count, (low, high) in zip(counts, pairwise(edges), strict=True)
            if count
        ]
    return rows, most


def _rules(marks: Sequence[tuple[str, float, str]], edges: np.ndarray, x: alt.X) -> list[alt.Chart]:
    """Return the upright rules, each with its words in a line of its own."""
    import altair as alt

    drawn = []
    for line, (words, value, colour) in enumerate(marks):
        base = alt.Chart(alt.InlineData(values=[{"score": value, "words": words}]))
        late = _late(value, edges)
        top = alt.value(line * _LINE)
        dash = [6, 4] if colour == NEUTRAL else [1, 0]
        drawn.append(
            base.mark_rule(strokeWidth=3, color=colour, strokeDash=dash).encode(
                x=x, y=top, y2=alt.value("height")
            )
        )
        drawn.append(
            base.mark_text(
                align="right" if late else "left",
                baseline="top",
                dx=-7 if late else 7,
                fontSize=on_phone(13, 16),
            ).encode(x=x, y=top, text="words:N", color=alt.value("currentColor"))
        )
    return drawn
