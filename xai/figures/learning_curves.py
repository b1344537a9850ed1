"""How a network learns: loss and accuracy over the epochs, of one run or of two.

The charts are drawn again several times a second while a run lasts: their axes are as long
from the start as the run will be. No text colour is fixed: it is the page's, in the light
theme and in the dark one. Names are data to Vega, never markup or expressions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xai.figures.colours import ACCENT, CHANGED
from xai.figures.encodings import always_svg, finished, heading, plain_axis, top_legend, unchecked
from xai.figures.wording import distinct, number, percent, short

if TYPE_CHECKING:
    import altair as alt

    from xai.training import Epoch, Trace

What = Literal["loss", "accuracy"]

TRAINING, TEST = "training images", "test images"
_TITLES = {"loss": "Loss: ↓ lower is better", "accuracy": "Accuracy: ↑ higher is better"}
_COLOURS = (ACCENT, CHANGED)
# Thickness in pixels and opacity of a line, of what is learned and of what is asked.
_LOOKS = {TRAINING: (1.6, 0.6), TEST: (3.2, 1.0)}
# Ticks of the accuracy, which is stretched towards 100 %, where networks differ.
_PARTS = (0.0, 0.5, 0.75, 0.9, 1.0)
# Ticks of the loss, as far as they are on the axis.
_LOSSES = tuple(part * 10.0**power for power in range(-4, 13) for part in (1, 2, 5))
# Losses that are on the axis in any case: those of a guess among ten classes, and less. Without
# them the axis would move with each of the first points, and be empty before.
_SEEN = (0.5, 5.0)
_STRETCH = 2
# Room for the labels of the upright axis in pixels: the same in both charts.
_SIDE = 52
# Epochs up to which each has a mark of its own.
_MARKED = 25
# Points of a line; more are put together, or it would be one broad smear.
_POINTS = 160


@dataclass(frozen=True, eq=False)
class Course:
    """A run as lines over the epochs.

    Attributes
    ----------
    label : str
        Name of the run where there are two.
    places : ndarray, shape (S,), float
        Epochs behind each point of the line of the training images.
    loss, accuracy : ndarray, shape (S,), float
        Of the training images as they were presented, in [0, ∞) and [0, 1].
    epochs : ndarray, shape (E,), float
        Epochs behind each look at the test images.
    test_loss, test_accuracy : ndarray, shape (E,), float
        NaN where there are no test images.
    total : int
        Epochs that the run will have.
    """

    label: str
    places: np.ndarray
    loss: np.ndarray
    accuracy: np.ndarray
    epochs: np.ndarray
    test_loss: np.ndarray
    test_accuracy: np.ndarray
    total: int

    @classmethod
    def of(
        cls, epochs: Sequence[Epoch], trace: Trace, *, steps: int, total: int, label: str = ""
    ) -> Course:
        """Make the lines of a run, or of what there is of it.

        Parameters
        ----------
        epochs : sequence of Epoch
        trace : Trace
        steps : int
            Steps in an epoch, at least 1.
        total : int
            Epochs that the run will have.
        label : str
            Name of the run where there are two.
        """
        return cls(
            label,
            _means(np.asarray(trace.step, float) / steps),
            _means(np.asarray(trace.loss, float)),
            _means(np.asarray(trace.accuracy, float)),
            np.array([epoch.number for epoch in epochs], float),
            np.array([epoch.test_loss for epoch in epochs], float),
            np.array([epoch.test_accuracy for epoch in epochs], float),
            total,
        )

    def lines(self, what: What) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return places and values of both lines."""
        asked = self.test_loss if what == "loss" else self.test_accuracy
        learned = self.loss if what == "loss" else self.accuracy
        return {TRAINING: (self.places, learned), TEST: (self.epochs, asked)}


def _means(values: np.ndarray) -> np.ndarray:
    """Return the means of as many neighbours as leave no more points than can be told apart."""
    each = -(-len(values) // _POINTS)
    if each <= 1:
        return values
    starts = np.arange(0, len(values), each)
    return np.add.reduceat(values, starts) / np.diff([*starts, len(values)])


def learning_curves(courses: Sequence[Course], what: What, *, height: int = 300) -> alt.LayerChart:
    """Draw how loss or accuracy move while a network learns.

    Parameters
    ----------
    courses : sequence of Course
        One run, or two: the second has a colour of its own.
    what : str
        ``"loss"``, on a logarithmic axis, or ``"accuracy"``, on one that is stretched
        towards 100 %: two charts to be laid side by side.
    height : int
        Of the whole chart, in pixels.

    Returns
    -------
    altair.LayerChart
        Thin lines are the training images as they were presented, thick ones with marks the
        test images after each epoch. What is not finite is a gap.

    Raises
    ------
    ValueError
        If there are not one or two runs, or ``what`` is another word.
    """
    import altair as alt

    if what not in _TITLES:
        raise ValueError(f"what: expected loss or accuracy, got {what!r}")
    if not 1 <= len(courses) <= len(_COLOURS):
        raise ValueError(f"courses: expected one or two runs, got {len(courses)}")
    series = _series(courses)
    total = max(1, *(course.total for course in courses))
    axis = plain_axis(tickMinStep=1, tickCount=8, format="~g", grid=False)
    x = alt.X("epoch:Q", title="epoch", scale=alt.Scale(domain=[0, total], nice=False), axis=axis)
    rows = list(_rows(courses, what, series))
    base = alt.Chart(unchecked(rows)).encode(x=x, y=_upright(what, rows))
    told = [
        alt.Tooltip("series:N", title="of"),
        alt.Tooltip("epoch:Q", format=".3~g"),
        alt.Tooltip("said:N", title=what),
    ]
    layers = [
        base.mark_line().encode(**_looks(series)),
        _marks(base, series, len(courses[0].epochs)),
        # Wide and unseen: what a pointer hits.
        base.mark_point(filled=True, size=160, opacity=0).encode(tooltip=told),
    ]
    chart = alt.layer(*layers).properties(title=heading(_TITLES[what]))
    return always_svg(finished(chart, height))


def _series(courses: Sequence[Course]) -> list[tuple[str, str, str]]:
    """Return name, kind and colour of each line, in the order of the legend."""
    if len(courses) == 1:
        return [(kind, kind, _COLOURS[0]) for kind in _LOOKS]
    labels = distinct([short(course.label, 30) for course in courses], range(len(courses)))
    return [
        (label if kind == TEST else f"{label}: {kind}", kind, colour)
        for label, colour in zip(labels, _COLOURS, strict=False)
        for kind in _LOOKS
    ]


def _rows(
    courses: Sequence[Course], what: What, series: Sequence[tuple[str, str, str]]
) -> Iterator[dict[str, Any]]:
    names = iter(series)
    for course in courses:
        for places, values in course.lines(what).values():
            name, kind, _ = next(names)
            for place, value in zip(places.tolist(), values.tolist(), strict=True):
                drawn = math.isfinite(value) and (what == "accuracy" or value > 0)
                yield {
                    "series": name,
                    "kind": kind,
                    "epoch": place,
                    "value": value if drawn else None,
                    "said": percent(value) if drawn and what == "accuracy" else number(value),
                }


def _looks(series: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """Return colour, opacity and thickness of the lines; one legend shows all three."""
    import altair as alt

    names = [name for name, _, _ in series]
    # Of two runs the thick lines alone are named: the thin ones have their colours.
    shown = names if len(series) == len(_LOOKS) else [n for n, kind, _ in series if kind == TEST]
    legend = top_legend(
        values=shown, symbolType="stroke", labelLimit=230, rowPadding=2, symbolStrokeWidth=4
    )

    def scale(values: list[Any]) -> alt.Scale:
        # Without the type, thickness and opacity would be spread evenly over the names.
        return alt.Scale(type="ordinal", domain=names, range=values)

    both: dict[str, Any] = {"sort": names, "title": None, "legend": legend}
    colours = scale([colour for _, _, colour in series])
    widths, opacities = (scale([_LOOKS[kind][turn] for _, kind, _ in series]) for turn in (0, 1))
    return {
        "color": alt.Color("series:N", scale=colours, **both),
        "opacity": alt.Opacity("series:N", scale=opacities, **both),
        "strokeWidth": alt.StrokeWidth("series:N", scale=widths, sort=names, legend=None),
    }


def _marks(base: alt.Chart, series: Sequence[tuple[str, str, str]], epochs: int) -> alt.Chart:
    """Return a mark for each look at the test images, small where there are many."""
    import altair as alt

    names = [name for name, _, _ in series]
    scale = alt.Scale(domain=names, range=[colour for _, _, colour in series])
    size = 70 if epochs <= _MARKED else 16
    marks = base.transform_filter(alt.datum.kind == TEST).mark_point(filled=True, size=size)
    return marks.encode(
        color=alt.Color("series:N", scale=scale, sort=names, legend=None), opacity=alt.value(1)
    )


def _upright(what: What, rows: Sequence[Mapping[str, Any]]) -> alt.Y:
    import altair as alt

    if what == "loss":
        known = [row["value"] for row in rows if row["value"] is not None]
        domain = [min(known, default=_SEEN[0]), max(known, default=_SEEN[1])]
        domain = [min(domain[0], _SEEN[0]), max(domain[1], _SEEN[1])]
        axis = plain_axis(values=list(_LOSSES), format="~g", minExtent=_SIDE, labelFlush=False)
        return alt.Y(
            "value:Q",
            title="loss",
            scale=alt.Scale(type="log", domain=domain, nice=True),
            axis=axis,
        )
    axis = plain_axis(
        values=list(_PARTS), format=".0%", minExtent=_SIDE, labelOverlap=False, labelFlush=False
    )
    scale = alt.Scale(type="pow", exponent=_STRETCH, domain=[0, 1])
    return alt.Y("value:Q", title="share right", scale=scale, axis=axis)
