"""How many images of each class a network reads rightly, at one epoch of its training.

Drawn again at each epoch that is scrubbed to: the rows stay where they are, only their bars
move. No text colour is fixed: it is the page's, in the light theme and in the dark one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from xai.figures.colours import ACCENT
from xai.figures.encodings import (
    AXIS_HEIGHT,
    always_svg,
    finished,
    name_axis,
    numbers,
    percent_axis,
    unchecked,
)
from xai.figures.wording import distinct, percent, short

if TYPE_CHECKING:
    import altair as alt

#: Classes that are drawn at most: of more, those that are least right at the end.
MOST_CLASSES = 24
_LONGEST_NAME = 18
_ROW = 34


def recall_chart(recalls: np.ndarray, place: int, classes: Sequence[str]) -> alt.LayerChart:
    """Draw the recall of each class at one mark, beside that of the last one.

    Parameters
    ----------
    recalls : ndarray, shape (A, K), in [0, 1]
        Share of each class's images that is right, at each mark of a run. NaN of a class
        without images, which is not drawn.
    place : int
        The mark that is shown.
    classes : sequence of str, length K

    Returns
    -------
    altair.LayerChart
        A bar for each class, with an upright stroke where the run ends.

    Raises
    ------
    ValueError
        If the shape does not fit, there is no such mark, or no class has images.
    """
    if np.ndim(recalls) != 2 or np.shape(recalls)[1] != len(classes):
        raise ValueError(f"recalls: expected (A, {len(classes)}), got {np.shape(recalls)}")
    if not 0 <= place < len(recalls):
        raise ValueError(f"place: expected one of {len(recalls)} marks, got {place}")
    known = np.flatnonzero(~np.isnan(recalls[-1]))
    if not len(known):
        raise ValueError("recalls: expected a class with images, got none")
    lowest = known[np.argsort(recalls[-1][known], kind="stable")][:MOST_CLASSES]
    shown = sorted(lowest.tolist())
    labels = tuple(distinct([short(classes[one], _LONGEST_NAME) for one in shown], shown))
    now, end = recalls[place, shown], recalls[-1, shown]
    # A shallow copy: what is kept belongs to all who draw at this moment.
    chart = _blank(labels).copy(deep=False)
    chart.data = unchecked(
        [
            {
                "label": label,
                "probability": float(share),
                "end": float(last),
                "text": percent(float(share)),
                "last": percent(float(last)),
            }
            for label, share, last in zip(labels, now, end, strict=True)
        ],
        "now",
    )
    return chart


@lru_cache(maxsize=8)
def _blank(labels: tuple[str, ...]) -> alt.LayerChart:
    """Return the chart without its numbers: making it takes altair much longer than these."""
    import altair as alt

    told = [
        alt.Tooltip("label:N", title="class"),
        alt.Tooltip("text:N", title="right now"),
        alt.Tooltip("last:N", title="right at the end"),
    ]
    base = alt.Chart().encode(y=name_axis(list(labels)), tooltip=told)
    across = percent_axis("images of the class that are right")
    bars = base.mark_bar(color=ACCENT, height={"band": 0.62}).encode(x=across)
    last = base.mark_tick(thickness=3, height={"band": 0.8}).encode(
        x=alt.X("end:Q"), color=alt.value("currentColor")
    )
    # In a column of their own: behind the bars the strokes would go through them.
    written = numbers(base.encode(x=alt.XDatum(1.01)))
    chart = alt.layer(bars, last, written)
    return always_svg(finished(chart, _ROW * len(labels) + AXIS_HEIGHT))
