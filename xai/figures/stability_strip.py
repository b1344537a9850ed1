"""How much maps change when the image changes a little, as a chart.

No text colour is fixed: it is the page's, in the light theme and in the dark one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xai.attribution.checks.stability import Stability
from xai.figures.colours import ACCENT, CHANGED, NEUTRAL
from xai.figures.encodings import (
    AXIS_HEIGHT,
    LEGEND_HEIGHT,
    always_svg,
    finished,
    name_axis,
    plain_axis,
    top_legend,
)
from xai.figures.wording import distinct, number, short

if TYPE_CHECKING:
    import altair as alt

_TITLES = {
    "correlation": "rank correlation with the clean map (more stable →)",
    "distance": "(← more stable) relative distance from the clean map",
}
_SAME, _OTHER = "same class predicted", "another class predicted"


def stability_strip(
    found: Stability,
    of: Literal["correlation", "distance"] = "correlation",
    *,
    row_height: int = 52,
) -> alt.LayerChart:
    """Draw a row for each map, with a point for each noisy image.

    Parameters
    ----------
    found : Stability
    of : str
        ``"correlation"``, of ranks, where 1 is the same order of the pixels;
        ``"distance"``, where 0 is the same map and 1 is as far as an empty one.
    row_height : int
        Pixels for each map.

    Returns
    -------
    altair.LayerChart
        Behind the points a bar from the lower to the upper quartile and a line at the
        median. A noisy image has the same place within each row, and a mark of its own
        where the network predicts another class for it. A map that has no such number,
        being constant, says so in its row.

    Raises
    ------
    ValueError
        If ``of`` is another word.
    """
    import altair as alt

    if of not in _TITLES:
        raise ValueError(f"of: expected correlation or distance, got {of!r}")
    names = distinct([short(one.label, 48) for one in found.maps], range(len(found.maps)))
    rows, boxes, empty = _rows(found, of, names)
    x = alt.X("value:Q", title=_TITLES[of], scale=_scale(rows, of), axis=_axis())
    y = name_axis(names)
    box = alt.Chart(alt.InlineData(values=boxes)).encode(y=y)
    bars = box.mark_bar(color=NEUTRAL, opacity=0.3, height=row_height * 0.6).encode(
        x=x, x2="high:Q"
    )
    told = [alt.Tooltip(f"{field}:N") for field in ("map", "median")]
    median = box.mark_tick(thickness=3, size=row_height * 0.7).encode(
        x=alt.X("middle:Q", title=_TITLES[of]), color=alt.value("currentColor"), tooltip=told
    )
    marks = _points(rows, x, y, legend=any(found.changed))
    words = _words(empty, y)
    height = row_height * len(names) + AXIS_HEIGHT + LEGEND_HEIGHT * any(found.changed)
    return always_svg(finished(alt.layer(bars, median, marks, words), height))


def _rows(
    found: Stability, of: str, names: list[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what is drawn of each noisy image, of each map, and of maps without numbers."""
    rows, boxes, empty = [], [], []
    for one, name in zip(found.maps, names, strict=True):
        values: np.ndarray = getattr(one, of)
        known = values[np.isfinite(values)]
        if not len(known):
            empty.append({"label": name, "text": "no number: the map is constant"})
            continue
        low, middle, high = (float(np.quantile(known, share)) for share in (0.25, 0.5, 0.75))
        shared = {"label": name, "map": name, "median": number(middle)}
        boxes.append(shared | {"value": low, "middle": middle, "high": high})
        rows += [
            shared
            | {
                "value": float(value),
                "said": number(float(value)),
                "turn": turn,
                "image": f"no. {turn + 1} of {len(values)}",
                "predicted": _OTHER if changed else _SAME,
            }
            for turn, (value, changed) in enumerate(zip(values, found.changed, strict=True))
            if np.isfinite(value)
        ]
    return rows, boxes, empty


def _points(rows: list[dict[str, Any]], x: alt.X, y: alt.Y, *, legend: bool) -> alt.Chart:
    import altair as alt

    words = [_SAME, _OTHER]
    shared: dict[str, Any] = {"sort": words, "title": None}
    shared["legend"] = top_legend() if legend else None
    told = [
        alt.Tooltip("map:N"),
        alt.Tooltip("image:N", title="noisy image"),
        alt.Tooltip("said:N", title="value"),
        alt.Tooltip("predicted:N", title="prediction"),
    ]
    return (
        alt.Chart(alt.InlineData(values=rows))
        .mark_point(filled=True, size=90, opacity=0.85)
        .encode(
            x=x,
            y=y,
            yOffset=alt.YOffset("turn:O"),
            color=alt.Color(
                "predicted:N", scale=alt.Scale(domain=words, range=[ACCENT, CHANGED]), **shared
            ),
            shape=alt.Shape(
                "predicted:N", scale=alt.Scale(domain=words, range=["circle", "diamond"]), **shared
            ),
            tooltip=told,
        )
    )


def _words(empty: list[dict[str, Any]], y: alt.Y) -> alt.Chart:
    import altair as alt

    said = alt.Chart(alt.InlineData(values=empty)).mark_text(align="left", dx=8, fontSize=15)
    return said.encode(
        x=alt.value(0), y=y, text=alt.Text("text:N"), color=alt.value("currentColor")
    )


def _scale(rows: list[dict[str, Any]], of: str) -> alt.Scale:
    import altair as alt

    values = [row["value"] for row in rows]
    if of == "distance":
        return alt.Scale(domain=[0, max([1.0, *values]) * 1.02], nice=False)
    return alt.Scale(domain=[min([0.0, *values]) - 0.02, 1.02], nice=False)


def _axis() -> alt.Axis:
    return plain_axis(tickCount=5, format=".2~f", titleAnchor="end")
