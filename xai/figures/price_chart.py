"""What masking units costs, as charts: accuracy over the share that is gone, recall of classes.

No text colour is fixed: it is the page's, in the light theme and in the dark one. Names
are data to Vega, never markup or expressions.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.figures.colours import CHANGED, NEUTRAL
from xai.figures.encodings import (
    AXIS_HEIGHT,
    LEGEND_HEIGHT,
    always_svg,
    finished,
    heading,
    name_axis,
    on_phone,
    percent_axis,
    plain_axis,
    tooltip,
    top_legend,
    two_colours,
    unchecked,
)
from xai.figures.wording import distinct, percent, short

if TYPE_CHECKING:
    import altair as alt

    from xai.training.pruning.price import Price

#: Classes that the chart of recall shows at most.
MOST_CLASSES = 16
# Pixels of a class's two bars, and of the title.
_ROW, _TITLE_ROOM = 38, 30
_BEFORE, _AFTER = "as trained", "with units masked"


def price_chart(
    found: Price, label: str, count: int | None = None, *, height: int = 400
) -> alt.LayerChart:
    """Draw the accuracy over the share of units that is masked, beside as many at random.

    Parameters
    ----------
    found : Price
        What is not measured yet is not drawn.
    label : str
        Name of the rule.
    count : int, optional
        Units that an upright rule stands at.
    height : int
        Of the whole chart, in pixels.

    Returns
    -------
    altair.LayerChart
        The line of the rule; the mean of the random orders and a band from the worst of
        them to the best; a dashed rule at the accuracy of always naming the commonest class.

    Raises
    ------
    ValueError
        If nothing is measured yet.
    """
    import altair as alt

    rows, band = _curves(found, label)
    if not rows:
        raise ValueError("found: expected at least one accuracy, got none")
    axis = plain_axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], grid=False)
    x = alt.X("share:Q", title="units masked", scale=alt.Scale(domain=[0, 1]), axis=axis)
    marks = plain_axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    down: dict[str, Any] = {"title": "images classified rightly", "axis": marks}
    down["scale"] = alt.Scale(domain=[0, 1])
    words = list(dict.fromkeys(row["order"] for row in rows))
    looks: dict[str, Any] = {"sort": words, "title": None}
    colour = alt.Color(
        "order:N",
        scale=alt.Scale(domain=words, range=[CHANGED, NEUTRAL][: len(words)]),
        legend=top_legend(
            columns=on_phone(1, 0), symbolType="stroke", symbolStrokeWidth=4, labelLimit=320
        ),
        **looks,
    )
    base = alt.Chart(unchecked(rows)).encode(x=x, y=alt.Y("accuracy:Q", **down), color=colour)
    area = alt.Chart(unchecked(band)).mark_area(color=NEUTRAL, opacity=0.25)
    layers = [
        *_level(found.chance),
        area.encode(x=x, y=alt.Y("low:Q", **down), y2="high:Q"),
        *_upright(found, count),
        base.mark_line(strokeWidth=3.5),
        base.mark_point(filled=True, size=80, opacity=1).encode(tooltip=_told()),
    ]
    titled = alt.layer(*layers).properties(title=heading("Accuracy while units are masked"))
    return always_svg(finished(titled, height))


def _curves(found: Price, label: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the points of both lines, and the ends of the band."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column that is not known is NaN
        table = found.random_accuracy if len(found.random_accuracy) else np.full((1, 1), np.nan)
        mean, low, high = (
            np.broadcast_to(part(table, axis=0), found.random_counts.shape)
            for part in (np.nanmean, np.nanmin, np.nanmax)
        )
    draws = len(found.random_accuracy)
    rows = []
    lines = (
        (f"{label}: this choice", found.counts, found.accuracy),
        (f"as many at random, mean of {draws}", found.random_counts, mean),
    )
    for order, counts, values in lines:
        rows += [
            {
                "order": order,
                "share": count / found.units,
                "accuracy": value,
                "masked": f"{count:,} of {found.units:,} units",
                "said": percent(value),
            }
            for count, value in zip(counts.tolist(), values.tolist(), strict=True)
            if np.isfinite(value)
        ]
    band = [
        {"share": count / found.units, "low": float(least), "high": float(most)}
        for count, least, most in zip(found.random_counts.tolist(), low, high, strict=True)
        if np.isfinite(least)
    ]
    return rows, band


def _told() -> list[alt.Tooltip]:
    import altair as alt

    titles = {"order": "order", "masked": "masked", "said": "classified rightly"}
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in titles.items()]


def _level(chance: float) -> list[alt.Chart]:
    """Return the dashed rule at chance, and what it says."""
    import altair as alt

    row = {"share": 0.0, "accuracy": chance, "text": f"always one class: {percent(chance)}"}
    data = alt.Chart(alt.InlineData(values=[row]))
    rule = data.mark_rule(strokeDash=[6, 5], strokeWidth=2, opacity=0.6)
    text = data.mark_text(align="left", baseline="bottom", dx=4, dy=-4, fontSize=14)
    grey = alt.value("currentColor")
    return [
        rule.encode(y="accuracy:Q", color=grey),
        text.encode(x="share:Q", y="accuracy:Q", text="text:N", color=grey),
    ]


def _upright(found: Price, count: int | None) -> list[alt.Chart]:
    import altair as alt

    if count is None:
        return []
    data = alt.Chart(alt.InlineData(values=[{"share": count / found.units}]))
    rule = data.mark_rule(strokeWidth=2, opacity=0.6)
    return [rule.encode(x="share:Q", color=alt.value("currentColor"))]


# -------------------------------------------------------------------------- by class
def recall_height(found: Price) -> int:
    """Return the height of :func:`recall_bars` in pixels."""
    rows = min(MOST_CLASSES, int((found.class_counts > 0).sum()))
    return _ROW * rows + AXIS_HEIGHT + LEGEND_HEIGHT + _TITLE_ROOM


def recall_bars(found: Price, count: int) -> alt.LayerChart:
    """Draw the recall of each class before and after units are masked.

    Parameters
    ----------
    found : Price
    count : int
        Units that are masked: one of ``found.counts``.

    Returns
    -------
    altair.LayerChart
        Of more than :data:`MOST_CLASSES` classes those that lose most; in the order of the
        classes.

    Raises
    ------
    ValueError
        If the number was not tried, or is not measured yet.
    """
    import altair as alt

    before, after = found.recall[0], found.recall[found.at(count)]
    known = np.flatnonzero(np.isfinite(before) & np.isfinite(after))
    if not len(known):
        raise ValueError(f"count: expected a number that is measured, got {count}")
    order = np.argsort(after[known] - before[known], kind="stable")
    places = np.sort(known[order[:MOST_CLASSES]])
    names = distinct([short(found.classes[place], 18) for place in places], places.tolist())
    rows = [
        {
            "label": name,
            "class": found.classes[place],
            "when": word,
            "probability": float(values[place]),
            "images": f"{round(values[place] * found.class_counts[place]):,} of "
            f"{found.class_counts[place]:,}",
            "text": percent(float(values[place])),
        }
        for name, place in zip(names, places.tolist(), strict=True)
        for word, values in ((_BEFORE, before), (_AFTER, after))
    ]
    words = (_BEFORE, _AFTER)
    offset = alt.YOffset("when:N", sort=list(words))
    base = alt.Chart(unchecked(rows)).encode(
        x=percent_axis("recall: images of the class that are recognised"),
        y=name_axis(names, limit=on_phone(95, 200)),
        yOffset=offset,
        tooltip=[*tooltip("class", "when"), alt.Tooltip("images:N")],
    )
    bars = base.mark_bar().encode(color=two_colours(words))
    written = base.mark_text(align="left", dx=5, fontSize=14).encode(
        text="text:N", color=alt.value("currentColor")
    )
    titled = alt.layer(bars, written).properties(title=heading("Recall of each class"))
    return always_svg(finished(titled, recall_height(found)))
