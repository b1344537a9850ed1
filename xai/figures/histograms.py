"""Altair charts of many numbers: weights, norms of filters, the values of a map.

No text colour is fixed, as in :mod:`xai.figures.charts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xai.figures.colours import ACCENT, CHANGED
from xai.figures.encodings import always_svg, finished, plain_axis
from xai.figures.wording import number, percent

if TYPE_CHECKING:
    import altair as alt

_FEWEST, _MOST = 12, 60
# Room above the highest bar for what is written at zero.
_HEADROOM = 1.2


def weight_histogram(values: np.ndarray, *, height: int = 260) -> alt.LayerChart:
    """Draw how the weights of a layer are spread.

    Parameters
    ----------
    values : ndarray, any shape
        Weights; NaN and infinity are counted in words, not drawn.
    height : int
        Of the chart, in pixels.

    Returns
    -------
    altair.LayerChart
        Zero is the edge of a bar and marked by an upright rule.

    Raises
    ------
    ValueError
        If there is no value.
    """
    flat = _flat(values)
    known = flat[np.isfinite(flat)].astype(np.float64)
    words = f"{flat.size:,} weights"
    if known.size:
        words += f"; mean {number(known.mean())}, standard deviation {number(known.std())}"
    return _histogram(known, "weight", _with_broken(words, flat), "", height)


def value_histogram(values: np.ndarray, *, height: int = 260) -> alt.LayerChart:
    """Draw how the values of one map, or of a layer of neurons, are spread.

    Parameters
    ----------
    values : ndarray, any shape
        Activations. Exact zeros, NaN and infinity are said in words and not drawn: what a
        ReLU has cut would be the only bar that is seen.
    height : int
        Of the chart, in pixels.

    Raises
    ------
    ValueError
        If there is no value.
    """
    flat = _flat(values)
    known = flat[np.isfinite(flat)].astype(np.float64)
    zeros = int((known == 0).sum())
    at_zero = f"{percent(zeros / flat.size)} exactly 0" if zeros else ""
    return _histogram(known[known != 0], "value", value_words(flat), at_zero, height)


def value_words(values: np.ndarray) -> str:
    """Say in one line how many values there are and which of them are no ordinary numbers.

    Parameters
    ----------
    values : ndarray, any shape

    Raises
    ------
    ValueError
        If there is no value.
    """
    flat = _flat(values)
    known = flat[np.isfinite(flat)]
    count = f"{flat.size:,} {'value' if flat.size == 1 else 'values'}"
    if not known.size:
        return _with_broken(count, flat)
    low, high = float(known.min()), float(known.max())
    if low == high:
        return _with_broken(f"{count}: {'exactly 0' if low == 0 else number(low)} throughout", flat)
    words = f"{count} from {number(low)} to {number(high)}"
    zeros = int((known == 0).sum())
    if zeros:
        words += f"; {percent(zeros / flat.size)} are exactly 0, which have no bar"
    return _with_broken(words, flat)


def filter_norms(
    norms: np.ndarray | Sequence[float],
    *,
    by: Literal["index", "norm"] = "index",
    chosen: int | None = None,
    height: int = 260,
) -> alt.LayerChart:
    """Draw the norm of each filter of a layer; hovering tells which filter it is.

    Parameters
    ----------
    norms : array of float, shape (O,)
        L2 norms; NaN and infinity leave a gap and are counted in words.
    by : str
        Order from left to right: ``"index"`` or ``"norm"``, the largest first.
    chosen : int or None
        Filter that is drawn in the second colour.
    height : int
        Of the chart, in pixels.

    Raises
    ------
    ValueError
        If there is no norm, one is below 0, or ``by`` or ``chosen`` is not among what is
        possible.
    """
    import altair as alt

    values = np.asarray(norms, np.float64)
    _check_norms(values, by, chosen)
    high = float(values[np.isfinite(values)].max(initial=0.0)) or 1.0
    data = alt.InlineData(values=_columns(values, by, chosen, high))
    x: dict[str, Any] = {
        "title": "filter" if by == "index" else "filters, the largest norm first",
        "scale": alt.Scale(domain=[0, len(values)], nice=False),
        "axis": plain_axis(tickMinStep=1, format="d", grid=False, tickCount=8),
    }
    tall = alt.Scale(domain=[0, high])
    y: dict[str, Any] = {"title": "L2 norm", "scale": tall, "axis": plain_axis(tickCount=5)}
    base = alt.Chart(data).encode(
        tooltip=[alt.Tooltip("filter:Q", format="d"), alt.Tooltip("text:N", title="norm")]
    )
    bars = base.mark_rect().encode(
        x=alt.X("left:Q", **x),
        x2="right:Q",
        y=alt.Y("norm:Q", **y),
        y2=alt.Y2(datum=0),
        color=alt.condition("datum.chosen", alt.value(CHANGED), alt.value(ACCENT)),
    )
    # What is hovered is the whole column: a short bar would be hard to meet.
    target = base.mark_rect(opacity=0).encode(
        x=alt.X("from:Q", **x), x2="to:Q", y=alt.Y("high:Q", **y), y2=alt.Y2(datum=0)
    )
    words = f"{len(values):,} {'filter' if len(values) == 1 else 'filters'}"
    return _titled(alt.layer(bars, target), _with_broken(words, values), height)


def _columns(values: np.ndarray, by: str, chosen: int | None, high: float) -> list[dict[str, Any]]:
    """Return what is drawn for each filter, from left to right, the chosen one last."""
    order = np.argsort(-values, kind="stable") if by == "norm" else np.arange(len(values))
    # Bars have gaps; many of them overlap a little, or their edges would let the page through.
    gap = 0.1 if len(values) <= 96 else -0.5
    known = np.isfinite(values)
    rows = []
    for place, index in enumerate(order):
        marked = int(index) == chosen
        # The chosen one is seen among thousands.
        wide = max(0.0, len(values) / 250 - 1) / 2 if marked else 0.0
        row = {
            "filter": int(index),
            "norm": float(values[index]) if known[index] else None,
            "text": number(float(values[index])) if known[index] else "not finite",
            "from": place,
            "left": max(0.0, place + gap - wide),
            "right": min(float(len(values)), place + 1 - gap + wide),
            "to": place + 1,
            "high": high,
            "chosen": marked,
        }
        rows.append(row)
    return sorted(rows, key=lambda row: bool(row["chosen"]))


def _check_norms(values: np.ndarray, by: str, chosen: int | None) -> None:
    if values.ndim != 1 or not values.size:
        raise ValueError(f"norms: expected shape (O,), got {values.shape}")
    if (values < 0).any():
        raise ValueError("norms: expected no number below 0")
    if by not in ("index", "norm"):
        raise ValueError(f"by: expected index or norm, got {by!r}")
    if chosen is not None and not 0 <= chosen < len(values):
        raise ValueError(f"chosen: expected 0 to {len(values) - 1}, got {chosen}")


def _flat(values: np.ndarray) -> np.ndarray:
    flat = np.asarray(values).ravel()
    if not flat.size:
        raise ValueError("values: expected at least one, got none")
    return flat


def _with_broken(words: str, flat: np.ndarray) -> str:
    """Add how many values are NaN or infinite, if there are any."""
    counts = ((int(np.isnan(flat).sum()), "NaN"), (int(np.isinf(flat).sum()), "infinite"))
    said = [f"{count:,} {'is' if count == 1 else 'are'} {what}" for count, what in counts if count]
    return "; ".join([words, *([", ".join(said)] if said else [])])


def _edges(values: np.ndarray) -> np.ndarray:
    """Return edges of bars of one width, zero among them if the values lie around it."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        half = abs(low) / 20 or 0.5
        return np.array([low - half, low + half])
    bins = int(np.clip(np.sqrt(values.size), _FEWEST, _MOST))
    width = (high - low) / bins
    if low > 0 or high < 0:
        return np.linspace(low, high, bins + 1)
    return width * np.arange(np.floor(low / width), np.ceil(high / width) + 1)


def _bars(values: np.ndarray) -> list[dict[str, Any]]:
    if not values.size:
        return []
    edges = _edges(values)
    counts, _ = np.histogram(values, edges)
    return [
        {
            "left": float(left),
            # A little space between the bars.
            "right": float(right - 0.06 * (right - left)),
            "count": int(count),
            "range": f"{number(left)} to {number(right)}",
            "share": percent(count / values.size),
        }
        for left, right, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]


def _histogram(
    values: np.ndarray, what: str, words: str, at_zero: str, height: int
) -> alt.LayerChart:
    """Draw bars of finite values, with a rule at zero if it is among them."""
    import altair as alt

    rows = _bars(values)
    low, high = (rows[0]["left"], rows[-1]["right"]) if rows else (-1.0, 1.0)
    if at_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    most = max((row["count"] for row in rows), default=1)
    scale = alt.Scale(domain=[low, high], nice=False)
    x_axis, y_axis = plain_axis(tickCount=8, grid=False), plain_axis(tickCount=5, tickMinStep=1)
    tall = alt.Scale(domain=[0, most * _HEADROOM], nice=False)
    bars = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_rect(color=ACCENT)
        .encode(
            x=alt.X("left:Q", title=what, scale=scale, axis=x_axis),
            x2="right:Q",
            y=alt.Y("count:Q", title=f"{what}s", scale=tall, axis=y_axis),
            y2=alt.Y2(datum=0),
            tooltip=[
                alt.Tooltip("range:N", title=what),
                alt.Tooltip("count:Q", format=",d"),
                alt.Tooltip("share:N", title="of the bars"),
            ],
        )
    )
    marks = [_zero(low, high, at_zero, scale)] if low <= 0 <= high else []
    return _titled(alt.layer(bars, *marks), words, height)


def _zero(low: float, high: float, text: str, scale: alt.Scale) -> Any:
    """Return an upright rule at zero, with what is to be said of it."""
    import altair as alt

    left = -low <= high
    base = alt.Chart(alt.InlineData(values=[{"at": 0, "text": text}])).encode(
        x=alt.X("at:Q", scale=scale), color=alt.value("currentColor")
    )
    rule = base.mark_rule(strokeDash=[5, 4], strokeWidth=1.5, opacity=0.7)
    said = base.mark_text(
        align="left" if left else "right", baseline="top", dx=6 if left else -6, fontSize=15
    )
    return alt.layer(rule, said.encode(y=alt.value(2), text="text:N"))


def _titled(chart: Any, words: str, height: int) -> Any:
    """Return a finished chart under words, a line for each part."""
    import altair as alt

    style: dict[str, Any] = {"anchor": "start", "fontSize": 15, "fontWeight": "normal"}
    title = alt.TitleParams(words.split("; "), color="currentColor", offset=8, **style)
    return always_svg(finished(chart.properties(title=title), height))
