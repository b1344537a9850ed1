"""Altair charts of predictions and of what changes over steps.

No text colour is fixed: axes take the colours of the page's theme, and text inside the
plot takes ``currentColor``. Names are data to Vega, never markup or expressions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xai.figures.colours import ACCENT
from xai.figures.encodings import (
    AXIS_HEIGHT,
    LEGEND_HEIGHT,
    finished,
    line_colours,
    name_axis,
    numbers,
    on_phone,
    percent_axis,
    plain_axis,
    tooltip,
    top_legend,
    two_colours,
)
from xai.figures.ranking import (
    best,
    best_of_two,
    class_names,
    commonest,
    key_to_marks,
    marked_labels,
    rank,
    share_rows,
)
from xai.figures.wording import percent

if TYPE_CHECKING:
    import altair as alt

    from xai.types import Prediction

# Room behind the longest bar of a share for its count and share.
_SHARE_END = 1.9


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

    names = class_names(prediction, names)
    shown = best(prediction, k, true, target)
    labels = marked_labels(names, shown, true, target)
    rows = [
        {
            "label": label,
            "class": names[index],
            "index": index,
            "rank": rank(prediction, index),
            "probability": float(prediction.probabilities[index]),
            "logit": float(prediction.logits[index]),
            "text": percent(float(prediction.probabilities[index])),
            "first": index == prediction.label,
        }
        for label, index in zip(labels, shown, strict=True)
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=percent_axis(key_to_marks(true, target)),
        y=name_axis(labels, limit=on_phone(120, 260)),
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
    names = class_names(before, names)
    shown = best_of_two(before, after, k, true, target)
    labels = marked_labels(names, shown, true, target)
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
        x=percent_axis(key_to_marks(true, target)),
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


def shares(
    counts: Mapping[str, int],
    predicted: Mapping[str, int] | None = None,
    *,
    k: int = 10,
    words: tuple[str, str] = ("true", "predicted"),
    row_height: int = 30,
) -> alt.LayerChart:
    """Draw how many of some images are of which class, the commonest first.

    Parameters
    ----------
    counts : mapping of str to int
        Images of each true class.
    predicted : mapping of str to int, or None
        Images of each class that a model sees, for a second bar beside the first.
    k : int
        Classes that get a row; the others share one.
    words : tuple of str
        What the two bars are called in the legend.
    row_height : int
        Pixels for each bar.

    Returns
    -------
    altair.LayerChart
        The longest bar fills the width; numbers and tooltips have count and share.

    Raises
    ------
    ValueError
        If ``k`` is below 1, a count is below 0, or there is no image at all.
    """
    import altair as alt

    given = {words[0]: counts} if predicted is None else {words[0]: counts, words[1]: predicted}
    names = commonest(list(given.values()), k)
    rows = [row for word, each in given.items() for row in share_rows(word, each, names)]
    most = max(row["share"] for row in rows)
    scale = alt.Scale(domain=[0, most * _SHARE_END], nice=False)
    axis = plain_axis(format=".0%", values=[0, most / 2, most], titleAnchor="start")
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("share:Q", title="share of the images", scale=scale, axis=axis),
        y=name_axis(list(dict.fromkeys(row["label"] for row in rows))),
    )
    height = row_height * len(rows) + AXIS_HEIGHT
    if predicted is None:
        base = base.encode(tooltip=tooltip("class", "count", "share"))
        bars = base.mark_bar(color=ACCENT, cornerRadiusEnd=3)
        return finished(alt.layer(bars, numbers(base)), height)
    base = base.encode(
        yOffset=alt.YOffset("when:N", sort=list(words)),
        tooltip=tooltip("class", "when", "count", "share"),
    )
    bars = base.mark_bar(cornerRadiusEnd=3).encode(color=two_colours(words))
    return finished(alt.layer(bars, numbers(base)), height + LEGEND_HEIGHT)


def _drawable(value: float, *, log: bool) -> float | None:
    return value if math.isfinite(value) and (value > 0 or not log) else None
