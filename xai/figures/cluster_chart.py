"""What is measured of the clusters of each layer, as a chart.

Names are data to Vega, never markup or expressions, and no text has a colour of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xai.figures.encodings import (
    finished,
    heading,
    line_colours,
    on_phone,
    plain_axis,
    top_legend,
)
from xai.figures.layer_axis import LayerAxis
from xai.figures.wording import number, percent

if TYPE_CHECKING:
    import altair as alt

    from xai.flow.clustering.clusters import Clusters

#: Attribute, what it is called, and whether it is a share.
_MEASURES = (
    ("purity", "purity", True),
    ("ari", "adjusted Rand index", False),
    ("nmi", "mutual information", False),
    ("silhouette", "silhouette", False),
    ("noise", "noise", True),
)
_COUNT = "clusters"
_TITLE = "Clusters (in bold), and how good they are"
#: Upper end of the axis.
_ROOM = 1.12


def cluster_chart(
    layers: Sequence[str], clusters: Sequence[Clusters], *, height: int = 420
) -> alt.LayerChart:
    """Draw number, purity, agreement with the classes, silhouette and noise by layer.

    Parameters
    ----------
    layers : sequence of str
        Names, in forward order.
    clusters : sequence of Clusters
        Of each layer.
    height : int
        Of the chart, in pixels.

    Returns
    -------
    altair.LayerChart
        Lines of the measures, above them the number of clusters of each layer. What is
        not known of a layer leaves a gap; what is known of none has no line.

    Raises
    ------
    ValueError
        If there is no layer, or not one clustering for each.
    """
    import altair as alt

    if len(layers) != len(clusters):
        raise ValueError(f"clusters: expected {len(layers)}, one a layer; got {len(clusters)}")
    across = LayerAxis(tuple(layers))
    told = [_told(across, place, one) for place, one in enumerate(clusters)]
    known = [row for row in _MEASURES if any(getattr(one, row[0]) is not None for one in clusters)]
    rows = [
        shared | {"series": name, "value": getattr(one, attribute)}
        for shared, one in zip(told, clusters, strict=True)
        for attribute, name, _ in known
    ]
    names = [name for _, name, _ in known]
    colours = alt.Scale(domain=names, range=line_colours(len(names)))
    tooltip = [alt.Tooltip(f"{field}:N") for field in ("name", _COUNT, *names)]
    low = min(0.0, *(row["value"] or 0.0 for row in rows))
    axis = plain_axis(format=".2~f", values=[-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1])
    legend = top_legend(columns=on_phone(1, 0))
    lines = alt.Chart(alt.InlineData(values=rows)).encode(
        x=across.x(),
        # Room above 1, where the numbers stand.
        y=alt.Y("value:Q", title=None, scale=alt.Scale(domain=[low, _ROOM], nice=False), axis=axis),
        color=alt.Color("series:N", scale=colours, legend=legend, title=None),
        tooltip=tooltip,
    )
    width, size = across.stroke
    drawn = lines.mark_line(strokeWidth=width, point=alt.OverlayMarkDef(size=size, filled=True))
    counts = (
        alt.Chart(alt.InlineData(values=told))
        .mark_text(fontSize=15, fontWeight="bold", color="currentColor")
        .encode(x=across.x(), y=alt.datum((1 + _ROOM) / 2), text=f"{_COUNT}:N", tooltip=tooltip)
    )
    chart = alt.layer(drawn, counts).properties(title=heading(_TITLE))
    return finished(chart, height)


def _told(across: LayerAxis, place: int, one: Clusters) -> dict[str, Any]:
    """Return what a tooltip says of a layer, and how many clusters it has."""
    said: dict[str, Any] = {"layer": across.labels[place], "name": across.names[place]}
    said[_COUNT] = str(one.count)
    for attribute, name, share in _MEASURES:
        value = getattr(one, attribute)
        known = "not known" if value is None else percent(value) if share else number(value)
        said[name] = known
    return said
