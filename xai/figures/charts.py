"""Altair charts of predictions and of what changes over steps.

No text colour is fixed: axes take the colours of the page's theme, and text inside the
plot takes ``currentColor``. Names are data to Vega, never markup or expressions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from xai.figures.colours import ACCENT
from xai.figures.encodings import (
    AXIS_HEIGHT,
    LEGEND_HEIGHT,
    finished,
    line_colours,
    name_axis,
    numbers,
    percent_axis,
    plain_axis,
    tooltip,
    top_legend,
    two_colours,
)
from xai.figures.wording import percent, short

if TYPE_CHECKING:
    import altair as alt

    from xai.types import Prediction


def probabilities(
    prediction: Prediction,
    *,
    k: int = 10,
    true: int | None = None,
    target: int | None = None,
    names: Sequence[str] | None = None,
    row_height: int = 34,
) -> alt.LayerChart:
    """Draw the most probable classes as bars, best first.

    Parameters
    ----------
    prediction : Prediction
        What the model says.
    k : int
        Number of bars.
    true, target : int or None
        Classes marked with ✓ and ◎. One that is not among the ``k`` gets a bar of its
        own below; the others make room, the chart keeps its height.
    names : sequence of str, or None
        Names to show in place of the prediction's classes.
    row_height : int
        Pixels for each of the ``k`` bars.

    Returns
    -------
    altair.LayerChart
        As wide as its container; as high for one prediction as for the next, so that
        nothing jumps.

    Raises
    ------
    ValueError
        If ``k`` is below 1, there is no class ``true`` or ``target``, or a probability
        is not finite.
    """
    import altair as alt

    names = _names(prediction, names)
    shown = _shown(prediction, k, true, target)
    labels = _labels(names, shown, true, target)
    rows = [
        {
            "label": label,
            "class": names[index],
            "index": index,
            "rank": _rank(prediction, index),
            "probability": float(prediction.probabilities[index]),
            "logit": float(prediction.logits[index]),
            "text": percent(float(prediction.probabilities[index])),
            "first": index == prediction.label,
        }
        for label, index in zip(labels, shown, strict=True)
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=percent_axis(_key(true, target)),
        y=name_axis(labels),
        tooltip=tooltip("class", "rank", "probability", "logit"),
    )
    bars = base.mark_bar(color=ACCENT, cornerRadiusEnd=3).encode(
        opacity=alt.condition("datum.first", alt.value(1), alt.value(0.55))
    )
    height = row_height * min(k, len(names))
    return finished(alt.layer(bars, numbers(base)), height + AXIS_HEIGHT)


def before_after(
    before: Prediction,
    after: Prediction,
    *,
    k: int = 5,
    true: int | None = None,
    target: int | None = None,
    names: Sequence[str] | None = None,
    words: tuple[str, str] = ("before", "after"),
    row_height: int = 50,
) -> alt.LayerChart:
    """Draw two predictions of one model in pairs of bars.

    Parameters
    ----------
    before, after : Prediction
        Of the same classes, such as those of a clean and an attacked image.
    k : int
        Number of pairs: the classes that are most probable in one or the other, the
        winner of ``before`` first.
    true, target : int or None
        Classes marked with ✓ and ◎. One that is not among the ``k`` gets a pair of its
        own below; the others make room, the chart keeps its height.
    names : sequence of str, or None
        Names to show in place of the prediction's classes.
    words : tuple of str
        What the two are called in the legend.
    row_height : int
        Pixels for each of the ``k`` pairs.

    Raises
    ------
    ValueError
        If the classes differ, ``k`` is below 2, there is no class ``true`` or
        ``target``, or a probability is not finite.
    """
    import altair as alt

    if before.classes != after.classes:
        raise ValueError("before_after: expected predictions of the same classes")
    names = _names(before, names)
    shown = _union(before, after, k, true, target)
    labels = _labels(names, shown, true, target)
    rows = [
        {
            "label": label,
            "class": names[index],
            "index": index,
            "when": word,
            "probability": float(prediction.probabilities[index]),
            "text": percent(float(prediction.probabilities[index])),
        }
        for label, index in zip(labels, shown, strict=True)
        for word, prediction in zip(words, (before, after), strict=True)
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=percent_axis(_key(true, target)),
        y=name_axis(labels),
        yOffset=alt.YOffset("when:N", sort=list(words)),
        tooltip=tooltip("class", "when", "probability"),
    )
    bars = base.mark_bar(cornerRadiusEnd=3).encode(color=two_colours(words))
    height = row_height * min(k, len(names)) + AXIS_HEIGHT + LEGEND_HEIGHT
    return finished(alt.layer(bars, numbers(base)), height)


def trace(
    series: Mapping[str, Sequence[float]],
    *,
    x_title: str = "step",
    y_title: str = "",
    log: bool = False,
    height: int = 260,
) -> alt.Chart:
    """Draw values over steps, a line for each name.

    Parameters
    ----------
    series : mapping of str to sequence of float
        Values at steps 0, 1, 2, …; a value that is not finite (or not above zero, on a
        logarithmic axis) is a gap in its line.
    x_title, y_title : str
        Titles of the axes.
    log : bool
        Whether the vertical axis is logarithmic.
    height : int
        Of the plot, in pixels.

    Raises
    ------
    ValueError
        If there is no series.
    """
    import altair as alt

    if not series:
        raise ValueError("series: expected at least one, got none")
    rows = [
        {"series": name, "step": step, "value": _drawable(float(value), log=log)}
        for name, values in series.items()
        for step, value in enumerate(values)
    ]
    scale = alt.Scale(type="log") if log else alt.Scale(zero=False)
    colours = alt.Scale(domain=list(series), range=line_colours(len(series)))
    legend = top_legend() if len(series) > 1 else None
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(strokeWidth=3, interpolate="monotone", point=len(rows) <= 60)
        .encode(
            x=alt.X("step:Q", title=x_title, axis=plain_axis(tickMinStep=1, grid=False)),
            y=alt.Y("value:Q", title=y_title or None, scale=scale, axis=plain_axis(tickCount=5)),
            color=alt.Color("series:N", scale=colours, legend=legend, title=None),
            tooltip=tooltip("series", "step", "value"),
        )
    )
    return finished(chart, height)


# ------------------------------------------------------------------------- rows
def _names(prediction: Prediction, names: Sequence[str] | None) -> Sequence[str]:
    if names is None:
        return prediction.classes
    if len(names) != len(prediction.classes):
        raise ValueError(f"names: expected {len(prediction.classes)}, got {len(names)}")
    return names


def _shown(prediction: Prediction, k: int, true: int | None, target: int | None) -> list[int]:
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")
    if not np.isfinite(prediction.probabilities).all():
        raise ValueError("prediction: expected finite probabilities, got NaN or infinity")
    for what, index in (("true", true), ("target", target)):
        if index is not None and not 0 <= index < len(prediction.classes):
            last = len(prediction.classes) - 1
            raise ValueError(f"{what}: expected a class from 0 to {last}, got {index}")
    extra = (index for index in (true, target) if index is not None)
    return list(dict.fromkeys([*prediction.top(k), *extra]))


def _union(
    before: Prediction, after: Prediction, k: int, true: int | None, target: int | None
) -> list[int]:
    if k < 2:
        raise ValueError(f"k: expected at least 2, got {k}")
    either = [*before.top(k), *after.top(k)]
    marked = [*_shown(before, 1, true, target), *_shown(after, 1, true, target)]
    best = np.maximum(before.probabilities, after.probabilities)
    winners = dict.fromkeys([before.label, after.label])
    others = (i for i in sorted(either, key=lambda i: -best[i]) if i not in winners)
    chosen = list(dict.fromkeys([*winners, *others]))[:k]
    return list(dict.fromkeys([*chosen, *marked]))


def _labels(
    names: Sequence[str], shown: Sequence[int], true: int | None, target: int | None
) -> list[str]:
    """Return a label for each row; they must differ, or Vega would merge the rows."""
    labels: list[str] = []
    for index in shown:
        marks = f"{'✓ ' if index == true else ''}{'◎ ' if index == target else ''}"
        label = marks + short(names[index])
        if not label or label in labels:  # ImageNet has two classes "crane"
            label = f"{label} ({index})".strip()
        labels.append(label)
    return labels


def _rank(prediction: Prediction, index: int) -> int:
    return int((prediction.logits > prediction.logits[index]).sum()) + 1


def _key(true: int | None, target: int | None) -> str:
    marks = (("✓ true", true), ("◎ target", target))
    return " · ".join(text for text, index in marks if index is not None) or "probability"


def _drawable(value: float, *, log: bool) -> float | None:
    return value if math.isfinite(value) and (value > 0 or not log) else None
