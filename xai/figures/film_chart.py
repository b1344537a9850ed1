"""How a layer sorts its images while the network learns, as lines over the epochs.

No text colour is fixed: it is the page's, in the light theme and in the dark one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.figures.colours import ACCENT, CHANGED, NEUTRAL
from xai.figures.encodings import (
    always_svg,
    finished,
    heading,
    line_looks,
    on_phone,
    plain_axis,
    top_legend,
    unchecked,
)
from xai.figures.wording import percent

if TYPE_CHECKING:
    import altair as alt

    from xai.embedding.evolution import Evolution

#: Names of the lines: what they are the shares of.
SORTED, SEEN, NEW = "class named by neighbours in the layer", "… on the map", "new neighbours"
_COLOURS = {SORTED: ACCENT, SEEN: CHANGED, NEW: NEUTRAL}
_DASHES = {SORTED: [1, 0], SEEN: [7, 5], NEW: [2, 3]}


def film_chart(found: Evolution, marks: Sequence[float], *, height: int = 300) -> alt.LayerChart:
    """Draw how far classes are apart in a layer, and how far its neighbourhoods change.

    Parameters
    ----------
    found : Evolution
    marks : sequence of float
        The epoch of each map, rising.
    height : int
        Of the whole chart, in pixels.

    Returns
    -------
    altair.LayerChart
        A line of the share of images whose ten neighbours in the layer vote for their class,
        one of the same on the map, one of the share of neighbours that are new since the map
        before. What is not known is a gap; a line of which nothing is known is left out.

    Raises
    ------
    ValueError
        If there is not one mark for each map.
    """
    import altair as alt

    if len(marks) != len(found):
        raise ValueError(f"marks: expected {len(found)}, one for each map, got {len(marks)}")
    lines = {
        SORTED: found.quality["knn_accuracy_features"],
        SEEN: found.quality["knn_accuracy"],
        NEW: found.turnover,
    }
    lines = {name: values for name, values in lines.items() if np.isfinite(values).any()}
    axis = plain_axis(tickMinStep=1, tickCount=8, format="~g", grid=False)
    x = alt.X("epoch:Q", title="epoch", scale=alt.Scale(nice=False), axis=axis)
    across = plain_axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    y = alt.Y("value:Q", title="share", scale=alt.Scale(domain=[0, 1]), axis=across)
    base = alt.Chart(unchecked(_rows(lines, marks))).encode(x=x, y=y)
    told = [
        alt.Tooltip("line:N", title="of"),
        alt.Tooltip("epoch:Q", format="~g"),
        alt.Tooltip("said:N", title="share"),
    ]
    legend = top_legend(
        columns=on_phone(1, 2), symbolType="stroke", symbolStrokeWidth=3, labelLimit=330
    )
    colours = [_COLOURS[name] for name in lines]
    looks = line_looks("line", list(lines), colours, [_DASHES[name] for name in lines], legend)
    drawn = [
        base.mark_line(strokeWidth=3).encode(**looks),
        base.mark_point(filled=True, size=160, opacity=0).encode(tooltip=told),
    ]
    chart = alt.layer(*drawn).properties(
        title=heading("Do classes part, do neighbourhoods settle?")
    )
    return always_svg(finished(chart, height))


def _rows(lines: dict[str, np.ndarray], marks: Sequence[float]) -> list[dict[str, Any]]:
    return [
        {
            "line": name,
            "epoch": float(mark),
            "value": value if np.isfinite(value) else None,
            "said": percent(value) if np.isfinite(value) else "not known",
        }
        for name, values in lines.items()
        for mark, value in zip(marks, values.tolist(), strict=True)
    ]
