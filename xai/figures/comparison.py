"""What networks amount to, side by side.

Networks are told apart by colour and by how a bar is filled. No text colour is fixed, and
names are data to Vega, as in :mod:`xai.figures.charts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xai.figures.encodings import (
    AXIS_HEIGHT,
    LEGEND_HEIGHT,
    finished,
    line_colours,
    name_axis,
    numbers,
    plain_axis,
    top_legend,
)
from xai.figures.wording import distinct, percent, short

if TYPE_CHECKING:
    import altair as alt

_MEASURES = (
    ("parameters", "parameters"),
    ("macs", "multiply-accumulates"),
    ("depth", "depth (layers with weights)"),
    ("layers", "layers in all"),
)


# How full the bars of a network are.
_FILLS = (1.0, 0.3, 0.65, 0.1)


@dataclass(frozen=True)
class Totals:
    """What a network amounts to.

    Attributes
    ----------
    label : str
        Name of the network.
    parameters, macs : int
        Trainable numbers; multiply-accumulate operations for one image.
    depth : int
        Layers with weights on the longest path.
    layers : int
        All layers.
    """

    label: str
    parameters: int
    macs: int
    depth: int
    layers: int


def in_words(value: int) -> str:
    """Write a large count for people: 61,706 or 138.4 million or 15.5 billion."""
    for size, word in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million")):
        # Rounding must not give a thousand of the smaller word.
        if value >= 0.99995 * size:
            return f"{value / size:.1f} {word}"
    return f"{value:,}"


def totals(networks: Sequence[Totals], *, row_height: int = 30) -> alt.LayerChart:
    """Draw what networks amount to, as bars side by side with their numbers.

    Parameters
    ----------
    networks : sequence of Totals
        Two, or up to four.
    row_height : int
        Pixels for each bar.

    Returns
    -------
    altair.LayerChart
        Bars are shares of the largest in their own measure.

    Raises
    ------
    ValueError
        If there is no network or more than four.
    """
    import altair as alt

    labels = network_labels(networks)
    axis = plain_axis(format=".0%", values=[0, 0.5, 1], titleAnchor="start")
    # Room behind the longest bar for its number.
    scale = alt.Scale(domain=[0, 1.45], nice=False)
    titles = (("network", "network"), ("label", "what"), ("exact", "number"), ("of", "share"))
    rows = _rows(labels, networks)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("share:Q", title="share of the largest", scale=scale, axis=axis),
        y=name_axis([measure for _, measure in _MEASURES]),
        yOffset=alt.YOffset("network:N", sort=labels),
        tooltip=[alt.Tooltip(f"{field}:N", title=title) for field, title in titles],
    )
    colours, legend = network_scale(labels), top_legend(labelLimit=300)
    bars = base.mark_bar(cornerRadiusEnd=3, strokeWidth=2).encode(
        color=alt.Color("network:N", scale=colours, sort=labels, title=None, legend=legend),
        stroke=alt.Stroke("network:N", scale=colours, sort=labels, title=None, legend=legend),
        # The second network's bars are pale inside, for those who see no colours.
        fillOpacity=alt.FillOpacity("fill:Q", scale=None, legend=None),
    )
    height = row_height * len(rows) + AXIS_HEIGHT + LEGEND_HEIGHT
    return finished(alt.layer(bars, numbers(base)), height)


def _rows(labels: list[str], networks: Sequence[Totals]) -> list[dict[str, Any]]:
    rows = []
    for field, measure in _MEASURES:
        most = max(getattr(network, field) for network in networks) or 1
        for label, network, fill in zip(labels, networks, _FILLS, strict=False):
            value = getattr(network, field)
            rows.append(
                {
                    "label": measure,
                    "network": label,
                    "share": value / most,
                    "text": in_words(value),
                    "exact": f"{value:,}",
                    "of": percent(value / most),
                    "fill": fill,
                }
            )
    return rows


def network_labels(networks: Sequence[Any]) -> list[str]:
    """Return the names of networks, all different.

    Raises
    ------
    ValueError
        If there is no network or more than four.
    """
    if not 1 <= len(networks) <= len(_FILLS):
        raise ValueError(f"networks: expected 1 to {len(_FILLS)}, got {len(networks)}")
    names = [short(network.label, 34) for network in networks]
    return distinct(names, range(1, len(networks) + 1))


def network_scale(labels: list[str]) -> alt.Scale:
    """Return the scale that gives each network its colour."""
    import altair as alt

    return alt.Scale(domain=labels, range=line_colours(len(labels)))
