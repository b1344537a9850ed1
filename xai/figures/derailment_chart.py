"""Where misclassified images leave their class's stream, as charts: by layer and by pair.

No text colour is fixed: it is the page's, in the light theme and in the dark one. Names
are data to Vega, never markup or expressions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xai.figures.colours import CHANGED
from xai.figures.encodings import (
    always_svg,
    finished,
    heading,
    on_phone,
    plain_axis,
    top_legend,
)
from xai.figures.layer_axis import LayerAxis
from xai.figures.layer_heat import Row, layer_heat
from xai.figures.wording import number, short

if TYPE_CHECKING:
    import altair as alt

    from xai.flow.reports.derailing import Derailments, Histogram
    from xai.flow.reports.streams import Kind

_TITLES = {
    "first": "First out of their class's stream",
    "good": "From here on out of their class's stream",
}
#: Name of the selection of both charts; its field ``place`` is the layer's place, that
#: behind the last layer for images that never leave, and ``row`` the pair's place.
SELECTION = "derailed"
#: The bar behind the last layer, by what is counted.
STAYS: dict[str, str] = {"first": "never leaves", "good": "stays or returns"}
_WRONG, _RIGHT = "misclassified images", "as many right ones: mean, 5 to 95 %"
_UPRIGHT = "images"
#: Pairs that get a row.
_PAIRS = 12


def derailment_chart(
    layers: Sequence[str], found: Histogram, *, height: int = 410
) -> alt.LayerChart:
    """Draw how many misclassified images leave their stream at each layer.

    Parameters
    ----------
    layers : sequence of str
        Names, in forward order.
    found : Histogram
    height : int
        Of the whole chart, in pixels.

    Returns
    -------
    altair.LayerChart
        A bar for each layer and one for the images that never leave, each behind the
        mean and the band of as many right images of the same classes. With a selection
        :data:`SELECTION` of one bar.

    Raises
    ------
    ValueError
        If the histogram is not of these layers.
    """
    import altair as alt

    if len(found.counts) != len(layers) + 1:
        raise ValueError(f"found: expected {len(found.counts) - 1} layers, got {len(layers)}")
    across = LayerAxis((*layers, STAYS[found.kind]))
    rows = _rows(across, found)
    chosen = alt.selection_point(name=SELECTION, fields=["place"], toggle=False)
    y = alt.Y("count:Q", title=_UPRIGHT, axis=plain_axis(tickMinStep=1, tickCount=5))
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=across.x(), tooltip=_tooltip())
    bars = base.mark_bar(cursor="pointer", cornerRadiusEnd=3, stroke="currentColor").encode(
        y=y,
        color=_looks(),
        strokeWidth=alt.condition(chosen, alt.value(3), alt.value(0), empty=False),
    )
    # Bars of no height are clicked on where they would stand.
    target = base.mark_bar(opacity=0, cursor="pointer").encode(
        y=alt.value(0), y2=alt.value("height")
    )
    drawn = [target.add_params(chosen), bars]
    if found.compared:
        drawn += _baseline(across, rows)
    chart = alt.layer(*drawn).properties(title=heading(_TITLES[found.kind]))
    return always_svg(finished(chart, height))


def _rows(across: LayerAxis, found: Histogram) -> list[dict[str, Any]]:
    return [
        {
            "layer": across.labels[place],
            "name": across.names[place],
            "place": place,
            "count": int(found.counts[place]),
            "expected": round(float(found.expected[place]), 4),
            "low": float(found.low[place]),
            "high": float(found.high[place]),
            "usual": f"{number(float(found.expected[place]))}, between "
            f"{number(float(found.low[place]))} and {number(float(found.high[place]))}",
            "kind": _WRONG,
            "other": _RIGHT,
        }
        for place in range(len(across.layers))
    ]


def _tooltip() -> list[alt.Tooltip]:
    import altair as alt

    return [
        alt.Tooltip("name:N", title="leaves at"),
        alt.Tooltip("count:Q", title=_WRONG),
        alt.Tooltip("usual:N", title="right images"),
    ]


def _looks(field: str = "kind") -> alt.Color:
    import altair as alt

    words = [_WRONG, _RIGHT]
    scale = alt.Scale(domain=words, range=[CHANGED, "currentColor"])
    legend = top_legend(columns=on_phone(1, 0), labelLimit=360, symbolType="square")
    return alt.Color(f"{field}:N", scale=scale, sort=words, title=None, legend=legend)


def _baseline(across: LayerAxis, rows: list[dict[str, Any]]) -> list[alt.Chart]:
    """Return the band and the mean of the right images, in front of the bars."""
    import altair as alt

    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=across.x(), color=_looks("other"), tooltip=_tooltip()
    )
    band = base.mark_rule(strokeWidth=7, opacity=0.5, strokeCap="round")
    mean = base.mark_tick(thickness=4, size=22, opacity=1)
    return [
        band.encode(y=alt.Y("low:Q", title=_UPRIGHT), y2="high:Q"),
        mean.encode(y=alt.Y("expected:Q", title=_UPRIGHT)),
    ]


def pair_chart(found: Derailments, kind: Kind = "good") -> alt.LayerChart:
    """Draw where the images of each pair of true and predicted class leave.

    Parameters
    ----------
    found : Derailments
    kind : str
        ``"first"`` or ``"good"``. The twelve commonest pairs get a row.

    Returns
    -------
    altair.LayerChart
        A row for each pair and a column for each layer, one more for those that never
        leave. With a selection :data:`SELECTION` of one cell.

    Raises
    ------
    ValueError
        If no image is misclassified, or ``kind`` is another word.
    """
    pairs = found.pairs(kind)
    if not pairs:
        raise ValueError("found: expected at least one misclassified image, got none")
    rows = []
    for pair in pairs[:_PAIRS]:
        true, predicted = (short(name, 16) for name in pair.names)
        most = max(int(pair.counts.max()), 1)
        rows.append(
            Row(
                label=f"{true} taken for {predicted}",
                parts=[int(count) / most for count in pair.counts],
                texts=[str(count) if count else "" for count in pair.counts.tolist()],
                told=[f"{count} of {len(pair.images)} images" for count in pair.counts.tolist()],
            )
        )
    layers = (*found.graph.layers, STAYS[kind])
    return layer_heat(
        layers,
        rows,
        title="The same by true and predicted class",
        colour=CHANGED,
        selection=SELECTION,
        what="leaves here",
    )
