"""When images were learned, and how often they were forgotten, as charts.

No text colour is fixed: it is the page's, in the light theme and in the dark one. Names
are data to Vega, never markup or expressions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xai.figures.colours import ACCENT, CHANGED, NEUTRAL
from xai.figures.encodings import (
    always_svg,
    finished,
    heading,
    line_looks,
    name_axis,
    numbers,
    on_phone,
    plain_axis,
    tooltip,
    top_legend,
    unchecked,
)
from xai.figures.wording import distinct, percent, short

if TYPE_CHECKING:
    import altair as alt

    from xai.training.learning import Learning

#: Name of the selection of the bars; its field ``times`` is a number of :func:`tallies`.
SELECTION = "forgotten"
#: Stands for images that were never right.
NEVER = -1
#: Images that were forgotten so often, or more often, share a bar.
MOST = 10
_COURSES = {
    "ever": "ever right",
    "now": "right now",
    "good": "right for good",
}
_COLOURS = (NEUTRAL, ACCENT, CHANGED)
_DASHES = ([2, 3], [1, 0], [7, 5])
# Classes that get a bar.
_CLASSES = 20
_ROW = 27
# Between the ticks of shares, of which there are at most so many; none is above 100 %.
_STEPS, _TICKS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25), 5


def learned_curve(found: Learning, *, height: int = 320) -> alt.LayerChart:
    """Draw which share of the images is learned by each epoch.

    Parameters
    ----------
    found : Learning
    height : int
        Of the whole chart, in pixels.

    Returns
    -------
    altair.LayerChart
        A line for images that were right at least once so far, one for those that are right
        in the epoch, one for those that are right from here on to the end: what lies between
        the first and the last will be, or was, forgotten.
    """
    import altair as alt

    courses = found.courses()
    words = list(_COURSES.values())
    rows = [
        {"line": _COURSES[name], "epoch": float(epoch), "value": value, "said": percent(value)}
        for name, values in courses.items()
        for epoch, value in zip(found.epochs.tolist(), values.tolist(), strict=True)
    ]
    low = min(float(values.min()) for values in courses.values())
    legend = top_legend(
        columns=on_phone(1, 3), symbolType="stroke", symbolStrokeWidth=3, labelLimit=300
    )
    axis = plain_axis(tickMinStep=1, tickCount=8, format="d", grid=False)
    across = alt.Scale(domain=[float(found.epochs[0]), float(found.epochs[-1])], nice=False)
    base = alt.Chart(unchecked(rows)).encode(
        x=alt.X("epoch:Q", title="epoch", scale=across, axis=axis),
        y=alt.Y(
            "value:Q",
            title="share of the images",
            scale=alt.Scale(domain=[np.floor(10 * low) / 10, 1], nice=False),
            axis=plain_axis(format="%", tickCount=5),
        ),
    )
    told = [
        alt.Tooltip("line:N", title="images"),
        alt.Tooltip("epoch:Q", format="d"),
        alt.Tooltip("said:N", title="share"),
    ]
    drawn = [
        base.mark_line(strokeWidth=3).encode(
            **line_looks("line", words, _COLOURS, _DASHES, legend)
        ),
        base.mark_point(filled=True, size=160, opacity=0).encode(tooltip=told),
    ]
    chart = alt.layer(*drawn).properties(title=heading("Learned by epoch"))
    return always_svg(finished(chart, height))


def tallies(found: Learning) -> dict[int, np.ndarray]:
    """Return the images by how often they were forgotten.

    Returns
    -------
    dict of int to ndarray of int64
        :data:`NEVER` for images that were never right, 0 for those that were learned and kept,
        and so on to :data:`MOST` and more. Every image is in one of them.
    """
    often = np.where(found.never, NEVER, np.minimum(found.forgotten, MOST))
    most = max(1, int(often.max()))
    return {times: np.flatnonzero(often == times) for times in range(NEVER, most + 1)}


def times_word(times: int) -> str:
    """Return what a bar is called."""
    if times == NEVER:
        return "never right"
    return f"{times} or more" if times == MOST else str(times)


def _tick(times: int) -> str:
    """Return what stands below a bar: all of them must fit beside each other."""
    if times == NEVER:
        return "never"
    return f"{times}+" if times == MOST else str(times)


def forgetting_chart(found: Learning, *, height: int = 320) -> alt.LayerChart:
    """Draw how many images were forgotten how often.

    Parameters
    ----------
    found : Learning
    height : int
        Of the whole chart, in pixels.

    Returns
    -------
    altair.LayerChart
        A bar for each number of times, the square root of the images high and their number
        above it, and one for images that were never right. With a selection
        :data:`SELECTION` of one bar.
    """
    import altair as alt

    groups = tallies(found)
    ticks = [_tick(times) for times in groups]
    rows = [
        {
            "tick": _tick(times),
            "word": times_word(times),
            "times": times,
            "count": len(images),
            "number": f"{len(images):,}",
            "share": len(images) / len(found),
            "kind": "never" if times == NEVER else "kept" if times == 0 else "forgotten",
        }
        for times, images in groups.items()
    ]
    chosen = alt.selection_point(name=SELECTION, fields=["times"], toggle=False)
    axis = plain_axis(labelAngle=0, labelOverlap=False, grid=False)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("tick:N", sort=ticks, title="times forgotten (never: never right)", axis=axis),
        tooltip=[alt.Tooltip("word:N", title="times forgotten"), *tooltip("count", "share")],
    )
    y = alt.Y(
        "count:Q",
        title="images (square root)",
        scale=alt.Scale(type="sqrt", nice=True),
        axis=plain_axis(tickCount=4, format=",d"),
    )
    kinds = alt.Scale(domain=["kept", "forgotten", "never"], range=[ACCENT, CHANGED, NEUTRAL])
    target = base.mark_bar(opacity=0, cursor="pointer").encode(
        y=alt.value(0), y2=alt.value("height")
    )
    bars = base.mark_bar(cursor="pointer", cornerRadiusEnd=3, stroke="currentColor").encode(
        y=y,
        color=alt.Color("kind:N", scale=kinds, legend=None),
        strokeWidth=alt.condition(chosen, alt.value(3), alt.value(0), empty=False),
    )
    written = base.mark_text(baseline="bottom", dy=-3, fontSize=15).encode(
        y=y, text="number:N", color=alt.value("currentColor")
    )
    layers = alt.layer(target.add_params(chosen), bars, written)
    return always_svg(finished(layers.properties(title=heading("How often forgotten")), height))


def classes_chart(found: Learning) -> alt.LayerChart:
    """Draw which share of each class's images was forgotten at least once, or never learned.

    Returns
    -------
    altair.LayerChart
        A bar for each class, the hardest first; of many classes the twenty hardest.
    """
    import altair as alt

    shares = found.by_class()
    known = [place for place in np.argsort(-shares, kind="stable") if np.isfinite(shares[place])]
    shown = [int(place) for place in known[:_CLASSES]]
    labels = distinct([short(found.classes[place], 18) for place in shown], shown)
    counts = np.bincount(found.labels, minlength=len(shares))
    rows = [
        {
            "label": label,
            "share": float(shares[place]),
            "text": percent(float(shares[place])),
            "count": int(counts[place]),
        }
        for label, place in zip(labels, shown, strict=True)
    ]
    most = max(float(shares[shown].max()), 0.01)
    step = next((one for one in _STEPS if most / one < _TICKS), _STEPS[-1])
    axis = plain_axis(format="~%", values=[step * turn for turn in range(int(1 / step) + 1)])
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "share:Q",
            title="share of the class",
            scale=alt.Scale(domain=[0, 1.3 * most], nice=False),
            axis=axis,
        ),
        y=name_axis(labels),
        tooltip=[alt.Tooltip("label:N", title="class"), *tooltip("share", "count")],
    )
    bars = base.mark_bar(color=CHANGED, cornerRadiusEnd=3)
    title = heading("Forgotten, by class")
    chart = alt.layer(bars, numbers(base)).properties(title=title)
    return always_svg(finished(chart, _ROW * len(rows) + 100))
