"""How well the classes are told apart at every depth of a network, as a chart.

Names are data to Vega, never markup or expressions, and no text has a colour of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.figures.encodings import finished, line_colours, plain_axis, top_legend
from xai.figures.wording import distinct, ending, percent

if TYPE_CHECKING:
    import altair as alt

#: Name of the space before the first layer.
PIXELS = "pixels"
#: Names below the chart; more would not fit beside each other.
_MOST_NAMES = 14
# More layers than this have thinner lines and smaller points.
_MANY = 40
_SERIES = ("k-NN", "linear probe")


def by_depth(
    layers: Sequence[str | None],
    knn: np.ndarray | Sequence[float],
    probe: np.ndarray | Sequence[float],
    *,
    chance: float,
    chosen: str | None = "",
    height: int = 440,
) -> alt.LayerChart:
    """Draw two accuracies over the layers of a network, in forward order.

    Parameters
    ----------
    layers : sequence of str or None
        Names of the layers, None for the pixels.
    knn, probe : array of float, shape (L,), in [0, 1]
        Accuracy of a vote of the nearest neighbours and of a linear probe. NaN leaves
        a gap.
    chance : float
        Accuracy of always answering the commonest class, in [0, 1].
    chosen : str or None
        Layer that is marked by an upright rule, None for the pixels; a name that is not
        among ``layers`` marks none.
    height : int
        Of the chart, in pixels.

    Raises
    ------
    ValueError
        If there is no layer, the lengths differ, a name comes twice, or an accuracy is
        outside of [0, 1].
    """
    import altair as alt

    values = _checked(layers, knn, probe, chance)
    names = [PIXELS if name is None else name for name in layers]
    labels = distinct([ending(name, 20) for name in names], range(len(names)))
    rows = _rows(names, labels, values)
    x = alt.X(
        "layer:N",
        sort=labels,
        title="layer, in forward order",
        scale=alt.Scale(domain=labels),
        axis=_layer_axis(labels, names, chosen),
    )
    axis = plain_axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    y = alt.Y("accuracy:Q", title="accuracy", scale=alt.Scale(domain=[0, 1]), axis=axis)
    colours = alt.Scale(domain=list(_SERIES), range=line_colours(2))
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=x,
        y=y,
        color=alt.Color("series:N", scale=colours, legend=top_legend(), title=None),
        tooltip=_tooltip(),
    )
    width, size = (3, 70) if len(layers) <= _MANY else (2, 18)
    lines = base.mark_line(strokeWidth=width, point=alt.OverlayMarkDef(size=size, filled=True))
    place = names.index(PIXELS if chosen is None else chosen) if _known(chosen, names) else None
    marked = [] if place is None else [_upright(labels[place], x)]
    return finished(alt.layer(*_chance(chance, labels[0], x), *marked, lines), height)


def _checked(
    layers: Sequence[str | None],
    knn: np.ndarray | Sequence[float],
    probe: np.ndarray | Sequence[float],
    chance: float,
) -> np.ndarray:
    if not len(layers):
        raise ValueError("layers: expected at least one, got none")
    if len(set(layers)) < len(layers):
        raise ValueError("layers: expected different names, got one twice")
    for what, given in (("knn", knn), ("probe", probe), ("chance", [chance])):
        array = np.asarray(given, np.float64)
        expected = (1 if what == "chance" else len(layers),)
        if array.shape != expected:
            raise ValueError(f"{what}: expected shape {expected}, got {array.shape}")
        if (array < 0).any() or (array > 1).any() or (what == "chance" and np.isnan(array).any()):
            raise ValueError(f"{what}: expected accuracies from 0 to 1, got another number")
    return np.stack([np.asarray(knn, np.float64), np.asarray(probe, np.float64)])


def _known(chosen: str | None, names: list[str]) -> bool:
    return (PIXELS if chosen is None else chosen) in names


def _rows(names: list[str], labels: list[str], values: np.ndarray) -> list[dict[str, Any]]:
    rows = []
    for place, (name, label) in enumerate(zip(names, labels, strict=True)):
        both = [None if np.isnan(value) else round(float(value), 5) for value in values[:, place]]
        shared = {"layer": label, "name": name, "place": place}
        shared |= {
            word: _written(value) for word, value in zip(("knn", "probe"), both, strict=True)
        }
        rows += [
            shared | {"series": series, "accuracy": value}
            for series, value in zip(_SERIES, both, strict=True)
        ]
    return rows


def _written(value: float | None) -> str:
    return "not known" if value is None else percent(value)


def _tooltip() -> list[alt.Tooltip]:
    import altair as alt

    fields = (("name", "layer"), ("knn", _SERIES[0]), ("probe", _SERIES[1]))
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in fields]


def _layer_axis(labels: list[str], names: list[str], chosen: str | None) -> alt.Axis:
    """Return the axis with the names of evenly spaced layers, the chosen one among them."""
    step = -(-len(labels) // _MOST_NAMES)
    shown = set(range(0, len(labels), step))
    if _known(chosen, names):
        place = names.index(PIXELS if chosen is None else chosen)
        # Its neighbours make room, or the names would lie over each other.
        shown = {other for other in shown if abs(other - place) >= step} | {place}
    return plain_axis(
        values=[labels[place] for place in sorted(shown)],
        labelAngle=-45,
        labelAlign="right",
        labelLimit=180,
        labelOverlap=False,
        grid=False,
    )


def _upright(label: str, x: alt.X) -> alt.Chart:
    import altair as alt

    rule = alt.Chart(alt.InlineData(values=[{"layer": label}])).mark_rule(
        strokeWidth=2, opacity=0.6
    )
    return rule.encode(x=x, color=alt.value("currentColor"))


def _chance(chance: float, first: str, x: alt.X) -> list[alt.Chart]:
    import altair as alt

    said = f"always the commonest class: {percent(chance)}"
    data = alt.Chart(alt.InlineData(values=[{"layer": first, "accuracy": chance, "text": said}]))
    rule = data.mark_rule(strokeDash=[6, 5], strokeWidth=2, opacity=0.6)
    text = data.mark_text(align="left", baseline="bottom", dy=-4, fontSize=14)
    grey = alt.value("currentColor")
    return [
        rule.encode(y="accuracy:Q", color=grey),
        text.encode(x=x, y="accuracy:Q", text="text:N", color=grey),
    ]
