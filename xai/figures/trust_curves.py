"""Whether maps can be trusted, as charts: faithfulness and stability.

No text colour is fixed: it is the page's, in the light theme and in the dark one. Names
are data to Vega, never markup or expressions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xai.attribution.checks.faithfulness import EDGES, RANDOM, Curve, Faithfulness
from xai.figures.colours import NEUTRAL
from xai.figures.encodings import (
    always_svg,
    finished,
    heading,
    line_colours,
    plain_axis,
    tooltip,
    top_legend,
)
from xai.figures.wording import distinct, number, short

if TYPE_CHECKING:
    import altair as alt

What = Literal["score", "probability"]
Way = Literal["deletion", "insertion"]

_TITLES = {
    "deletion": "Deletion: ↓ lower is better",
    "insertion": "Insertion: ↑ higher is better",
}
_ACROSS = {"deletion": "share of pixels hidden", "insertion": "share of pixels shown"}
_DASHES = {RANDOM: [1, 0], EDGES: [7, 5]}
# Less than this share of what there is to lose is no difference.
_TIE = 0.02
# Pixels of a letter, and of the line before it, in a legend; and what a chart has for them.
_LETTER, _SYMBOL, _ROOM = 7.5, 50, 480
# Height of a row of the legend, and of the title, in pixels.
_LEGEND_ROW, _TITLE = 24, 34


@dataclass(frozen=True)
class Areas:
    """The areas below one pair of curves, as a row of a table.

    Attributes
    ----------
    label : str
        Name for people.
    deletion, insertion : float
        Mean of the curve; deletion is better low, insertion high.
    reference : bool
        Whether it is random order or the edge detector.
    verdict : str
        How it compares with the two, in words; empty for these themselves.
    """

    label: str
    deletion: float
    insertion: float
    reference: bool
    verdict: str


def areas(found: Faithfulness, of: What = "score") -> tuple[Areas, ...]:
    """Return the areas below all curves of one class, and what they say.

    Parameters
    ----------
    found : Faithfulness
        Of one class; see :meth:`Faithfulness.about`.
    of : str
        ``"score"`` or ``"probability"``.

    Raises
    ------
    ValueError
        If there are several classes, or ``of`` is another word.
    """
    curves = _curves(found, of)
    references = [curve for curve in curves if curve.reference]
    return tuple(
        Areas(
            curve.label,
            curve.deletion_area,
            curve.insertion_area,
            curve.reference,
            "" if curve.reference else _verdict(curve, references),
        )
        for curve in curves
    )


def _verdict(curve: Curve, references: Sequence[Curve]) -> str:
    margin = _TIE * abs(float(curve.deletion[0] - curve.deletion[-1]))
    said = []
    for way, sign in (("deletion", -1), ("insertion", 1)):
        gains = {
            other.label: sign * (getattr(curve, f"{way}_area") - getattr(other, f"{way}_area"))
            for other in references
        }
        better = [f"the {label}" for label, gain in gains.items() if gain > margin]
        worse = [f"the {label}" for label, gain in gains.items() if gain < -margin]
        like = [f"the {label}" for label, gain in gains.items() if abs(gain) <= margin]
        parts = [
            f"{word} {' and '.join(names)}"
            for word, names in (("better than", better), ("worse than", worse), ("like", like))
            if names
        ]
        said.append(", ".join(parts).replace("the random order", "random order"))
    if said[0] == said[1]:
        return f"Both curves: {said[0]}."
    return f"Deletion: {said[0]}. Insertion: {said[1]}."


def faithfulness_curves(
    found: Faithfulness,
    way: Way,
    of: What = "score",
    *,
    height: int = 360,
) -> alt.LayerChart:
    """Draw what is left of a score while pixels are hidden, or what comes back as they show.

    Parameters
    ----------
    found : Faithfulness
        Of one class; see :meth:`Faithfulness.about`.
    way : str
        ``"deletion"`` or ``"insertion"``: two charts to be laid side by side, with the
        same colours and the same vertical axis.
    of : str
        ``"score"`` or ``"probability"``.
    height : int
        Of the chart without title and legend, in pixels.

    Returns
    -------
    altair.LayerChart
        A line for each map, a grey one for random order with a band of one standard
        deviation, a dashed one for the edge detector. The title says which way is better.

    Raises
    ------
    ValueError
        If there are several classes, or a word is another one.
    """
    import altair as alt

    if way not in _TITLES:
        raise ValueError(f"way: expected deletion or insertion, got {way!r}")
    curves = _curves(found, of)
    names = distinct([short(curve.label, 48) for curve in curves], range(len(curves)))
    rows = _rows(curves, names, way, found.shares)
    axis = plain_axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], grid=False)
    x = alt.X("share:Q", title=_ACROSS[way], scale=alt.Scale(domain=[0, 1]), axis=axis)
    y = _upright(curves, of)
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, y=y)
    told = [alt.Tooltip("curve:N"), *tooltip("share"), alt.Tooltip("said:N", title=of)]
    # Where two fields have one legend, its lines are dashed as those of the chart.
    legend: dict[str, Any] = {"sort": names, "title": None, "legend": _legend(names)}
    colour = alt.Color("curve:N", scale=_colours(curves, names), **legend)
    dash = alt.StrokeDash("curve:N", scale=_dashes(curves, names), **legend)
    band = (
        alt.Chart(alt.InlineData(values=[row for row in rows if row["high"] > row["low"]]))
        .mark_area(color=NEUTRAL, opacity=0.25)
        .encode(x=x, y=_upright(curves, of, "low"), y2="high:Q")
    )
    lines = base.mark_line(strokeWidth=3, opacity=0.95).encode(
        color=colour, strokeDash=dash, detail="turn:O"
    )
    target = base.mark_point(filled=True, size=180, opacity=0).encode(tooltip=told)
    chart = alt.layer(band, lines, target).properties(title=heading(_TITLES[way]))
    above = _TITLE + _LEGEND_ROW * -(-len(names) // _columns(names))
    return always_svg(finished(chart, height + above))


def _curves(found: Faithfulness, of: What) -> tuple[Curve, ...]:
    if of not in ("score", "probability"):
        raise ValueError(f"of: expected score or probability, got {of!r}")
    if len(found.aims) != 1:
        raise ValueError(
            f"found: expected curves of one class, got {len(found.aims)}; take them by about()"
        )
    return found.score if of == "score" else found.probability


def _rows(
    curves: Sequence[Curve], names: Sequence[str], way: Way, shares: np.ndarray
) -> list[dict[str, Any]]:
    rows = []
    # Maps lie over what they are compared with.
    for turn in sorted(range(len(curves)), key=lambda turn: not curves[turn].reference):
        values: np.ndarray = getattr(curves[turn], way)
        spread: np.ndarray = getattr(curves[turn], f"{way}_spread")
        rows += [
            {
                "curve": names[turn],
                "turn": turn,
                "share": float(share),
                "value": float(value),
                "low": float(value - width),
                "high": float(value + width),
                "said": number(float(value)),
            }
            for share, value, width in zip(shares, values, spread, strict=True)
        ]
    return rows


def _upright(curves: Sequence[Curve], of: What, field: str = "value") -> alt.Y:
    """Return the vertical axis of a field, the same for both ways."""
    import altair as alt

    contrast = curves[0].contrast is not None
    if of == "probability" and not contrast:
        axis = plain_axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
        scale = alt.Scale(domain=[0, 1], clamp=True)
        return alt.Y(f"{field}:Q", title="probability of the class", scale=scale, axis=axis)
    every = [values for curve in curves for values in (curve.deletion, curve.insertion)]
    low, high = float(np.min(every)), float(np.max(every))
    room = 0.04 * (high - low) or 1.0
    scale = alt.Scale(domain=[low - room, high + room], nice=True, zero=False, clamp=True)
    word = f"difference of the two {'scores' if of == 'score' else 'probabilities'}"
    title = word if contrast else "score of the class"
    return alt.Y(f"{field}:Q", title=title, scale=scale, axis=plain_axis(tickCount=5))


def _legend(names: Sequence[str]) -> alt.Legend:
    return top_legend(
        columns=_columns(names),
        labelLimit=_ROOM - _SYMBOL,
        rowPadding=3,
        symbolType="stroke",
        symbolStrokeWidth=3,
    )


def _columns(names: Sequence[str]) -> int:
    """Return how many names of a legend fit beside each other."""
    widest = max(len(name) for name in names) * _LETTER + _SYMBOL
    return max(1, min(len(names), int(_ROOM // widest)))


def _colours(curves: Sequence[Curve], names: Sequence[str]) -> alt.Scale:
    import altair as alt

    plain = iter(line_colours(len(curves)))
    return alt.Scale(
        domain=list(names),
        range=[NEUTRAL if curve.reference else next(plain) for curve in curves],
    )


def _dashes(curves: Sequence[Curve], names: Sequence[str]) -> alt.Scale:
    import altair as alt

    return alt.Scale(
        domain=list(names), range=[_DASHES.get(curve.name, [1, 0]) for curve in curves]
    )
