"""How well the classes are told apart at every depth of a network, as a chart.

Names are data to Vega, never markup or expressions, and no text has a colour of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.figures.encodings import finished, line_colours, plain_axis, top_legend
from xai.figures.layer_axis import LayerAxis
from xai.figures.wording import percent

if TYPE_CHECKING:
    import altair as alt

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

    across = LayerAxis(tuple(layers), chosen)
    values = _checked(layers, knn, probe, chance)
    rows = _rows(across.names, across.labels, values)
    axis = plain_axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    y = alt.Y("accuracy:Q", title="accuracy", scale=alt.Scale(domain=[0, 1]), axis=axis)
    colours = alt.Scale(domain=list(_SERIES), range=line_colours(2))
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=across.x(),
        y=y,
        color=alt.Color("series:N", scale=colours, legend=top_legend(), title=None),
        tooltip=_tooltip(),
    )
    width, size = across.stroke
    lines = base.mark_line(strokeWidth=width, point=alt.OverlayMarkDef(size=size, filled=True))
    said = f"always the commonest class: {percent(chance)}"
    level = across.level("accuracy", chance, said)
    return finished(alt.layer(*level, *across.upright(), lines), height)


def _checked(
    layers: Sequence[str | None],
    knn: np.ndarray | Sequence[float],
    probe: np.ndarray | Sequence[float],
    chance: float,
) -> np.ndarray:
    for what, given in (("knn", knn), ("probe", probe), ("chance", [chance])):
        array = np.asarray(given, np.float64)
        expected = (1 if what == "chance" else len(layers),)
        if array.shape != expected:
            raise ValueError(f"{what}: expected shape {expected}, got {array.shape}")
        if (array < 0).any() or (array > 1).any() or (what == "chance" and np.isnan(array).any()):
            raise ValueError(f"{what}: expected accuracies from 0 to 1, got another number")
    return np.stack([np.asarray(knn, np.float64), np.asarray(probe, np.float64)])


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
