"""Numbers through a training, as lines over its epochs: norms of the layers, probabilities.

They are drawn again at each epoch that is scrubbed to, so that all but the upright rule at
that epoch is kept. No text colour is fixed: it is the page's, in the light theme and in the
dark one. Names are data to Vega, never markup or expressions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xai.figures.colours import colour_of
from xai.figures.encodings import (
    always_svg,
    finished,
    heading,
    line_colours,
    line_looks,
    plain_axis,
    top_legend,
)
from xai.figures.wording import distinct, number, percent, short

if TYPE_CHECKING:
    import altair as alt

#: Lines of classes that are drawn at most.
MOST_CLASSES = 6
_LONGEST_NAME = 18
# After so many the colours begin again, dashed.
_COLOURS = 12
_DASHES = ([1, 0], [6, 4], [2, 3])

# Pixels of a letter, and of the line before it, in a legend; and what a chart has for them.
_LETTER, _SYMBOL, _ROOM = 8, 46, 440
# Names of the data that stay and of those that change: with names that altair makes of the
# numbers, every epoch would be another chart to the browser, and flicker.
_LINES, _NOW = "lines", "now"
# Of an axis that is stretched at its beginning.
_TICKS = (0, 0.25, 1, 2, 5, 10, 20, 40, 80, 160, 320)

Kind = Literal["log", "percent"]
#: Name, colour and values of a line.
_Line = tuple[str, str, tuple[float, ...]]


def norm_lines(
    epochs: Sequence[float],
    norms: Mapping[str, Sequence[float]],
    at: float,
    *,
    title: str,
    unit: str = "norm",
    height: int = 330,
) -> alt.LayerChart:
    """Draw a number of each layer over the epochs, on a logarithmic axis.

    Parameters
    ----------
    epochs : sequence of float
        Rising.
    norms : mapping of str to sequence of float
        Name of each layer, in forward order, and its number at each epoch; one that is not
        above 0 or not finite is a gap.
    at : float
        The epoch that is marked.
    title, unit : str
        What stands above the chart, and along the upright axis.
    height : int
        Of the whole chart, in pixels.

    Raises
    ------
    ValueError
        If there is no layer or no epoch, they do not rise, or the numbers do not fit them.
    """
    colours = line_colours(_COLOURS)
    lines = tuple(
        (name, colours[turn % _COLOURS], tuple(float(value) for value in values))
        for turn, (name, values) in enumerate(norms.items())
    )
    return _chart(epochs, lines, at, title=title, unit=unit, kind="log", height=height)


def probability_lines(
    marks: Sequence[float],
    probabilities: np.ndarray,
    classes: Sequence[str],
    at: float,
    *,
    title: str,
    height: int = 330,
) -> alt.LayerChart:
    """Draw what a network made of one image at each mark of its training.

    Parameters
    ----------
    marks : sequence of float
        In epochs, rising.
    probabilities : ndarray, shape (A, K), in [0, 1]
        A row for each mark. NaN leaves a gap.
    classes : sequence of str, length K
        Their names; each keeps its colour. The :data:`MOST_CLASSES` that come highest at
        some mark are drawn.
    at : float
        The mark that is shown.
    title : str
        What stands above the chart.
    height : int
        Of the whole chart, in pixels.

    Raises
    ------
    ValueError
        If there is no mark, they do not rise, or the shapes do not fit.
    """
    if np.shape(probabilities) != (len(marks), len(classes)):
        got = np.shape(probabilities)
        raise ValueError(f"probabilities: expected {(len(marks), len(classes))}, got {got}")
    peaks = np.nan_to_num(probabilities).max(0, initial=0.0)
    shown = sorted(np.argsort(-peaks, kind="stable")[:MOST_CLASSES].tolist())
    lines = tuple(
        (classes[place], colour_of(place), tuple(probabilities[:, place].tolist()))
        for place in shown
    )
    shape: dict[str, Any] = {"unit": "probability", "kind": "percent"}
    return _chart(marks, lines, at, title=title, height=height, **shape)


def _chart(
    epochs: Sequence[float],
    lines: tuple[_Line, ...],
    at: float,
    *,
    title: str,
    unit: str,
    kind: Kind,
    height: int,
) -> alt.LayerChart:
    places = tuple(float(epoch) for epoch in epochs)
    if not places or any(after <= before for before, after in pairwise(places)):
        raise ValueError("epochs: expected at least one, rising")
    for name, _, values in lines:
        if len(values) != len(places):
            raise ValueError(f"{name}: expected {len(places)} numbers, got {len(values)}")
    if not lines:
        raise ValueError("lines: expected at least one, got none")
    # A shallow copy: what is kept belongs to all who draw at this moment.
    chart = _blank(places, lines, title, unit, kind, height).copy(deep=False)
    now = [{"epoch": float(at), "said": f"epoch {at:g}"}]
    chart.datasets = chart.datasets | {_NOW: now}
    return chart


@lru_cache(maxsize=32)
def _blank(
    epochs: tuple[float, ...],
    lines: tuple[_Line, ...],
    title: str,
    unit: str,
    kind: Kind,
    height: int,
) -> alt.LayerChart:
    """Return the chart without the rule's place, which is its own data."""
    import altair as alt

    labels = distinct([short(name, _LONGEST_NAME) for name, _, _ in lines], range(len(lines)))
    legend = top_legend(
        columns=max(1, int(_ROOM // (max(map(len, labels)) * _LETTER + _SYMBOL))),
        symbolType="stroke",
        symbolStrokeWidth=3,
    )
    dashes = [_DASHES[_turn(turn)] for turn in range(len(lines))]
    looks = line_looks("line", labels, [line[1] for line in lines], dashes, legend)
    x = _across(epochs, kind)
    base = alt.Chart(alt.NamedData(name=_LINES)).encode(x=x, y=_upright(unit, kind))
    courses = base.mark_line(strokeWidth=3).encode(**looks)
    # Wide and unseen: what a pointer hits.
    told = [
        alt.Tooltip("line:N", title="of"),
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("said:N", title=unit),
    ]
    target = base.mark_point(filled=True, size=160, opacity=0).encode(tooltip=told)
    rule = (
        alt.Chart(alt.NamedData(name=_NOW))
        .mark_rule(strokeWidth=2.5, opacity=0.75)
        .encode(x=x, color=alt.value("currentColor"), tooltip=[alt.Tooltip("said:N", title="now")])
    )
    datasets = {_LINES: _table(epochs, lines, labels, kind)}
    chart = alt.layer(courses, target, rule).properties(title=heading(title), datasets=datasets)
    return always_svg(finished(chart, height))


def _turn(line: int) -> int:
    return min(line // _COLOURS, len(_DASHES) - 1)


def _across(epochs: tuple[float, ...], kind: Kind) -> alt.X:
    import altair as alt

    first, last = min(0.0, epochs[0]), epochs[-1]
    domain = [first, last if last > first else first + 1]
    written: dict[str, Any] = {"format": ".3~g", "grid": False}
    if kind == "percent":
        # Most is decided in the first epoch, whose marks lie close together.
        scale = alt.Scale(type="sqrt", domain=domain, nice=False)
        ticks = [tick for tick in _TICKS if tick <= last]
        return alt.X(
            "epoch:Q", title="epoch", scale=scale, axis=plain_axis(values=ticks, **written)
        )
    axis = plain_axis(tickCount=6, tickMinStep=1 if last > 2 else 0, **written)
    return alt.X("epoch:Q", title="epoch", scale=alt.Scale(domain=domain, nice=False), axis=axis)


def _upright(unit: str, kind: Kind) -> alt.Y:
    import altair as alt

    if kind == "percent":
        axis = plain_axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], labelFlush=False)
        return alt.Y("value:Q", title=unit, scale=alt.Scale(domain=[0, 1]), axis=axis)
    axis = plain_axis(tickCount=4, format=".3~g")
    return alt.Y("value:Q", title=unit, scale=alt.Scale(type="log", nice=True), axis=axis)


def _table(
    epochs: tuple[float, ...], lines: tuple[_Line, ...], labels: list[str], kind: Kind
) -> list[dict[str, Any]]:
    """Return all numbers, a gap where one cannot be drawn."""
    written = percent if kind == "percent" else number
    return [
        {
            "line": label,
            "epoch": epoch,
            "value": value if _drawable(value, kind) else None,
            "said": written(value) if _drawable(value, kind) else "no number",
        }
        for label, (_, _, values) in zip(labels, lines, strict=True)
        for epoch, value in zip(epochs, values, strict=True)
    ]


def _drawable(value: float, kind: Kind) -> bool:
    return math.isfinite(value) and (kind == "percent" or value > 0)
