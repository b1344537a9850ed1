"""Networks on one scale: what grows and what shrinks along their depth.

Networks are told apart by colour and by dashes and markers. No text colour is fixed, and
names are data to Vega, as in :mod:`xai.figures.charts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from xai.figures.clearance import Spot, label_spots
from xai.figures.comparison import network_labels, network_scale
from xai.figures.encodings import always_svg, finished, plain_axis, top_legend
from xai.figures.series import Series, remaining, rows_of, running
from xai.figures.wording import percent

if TYPE_CHECKING:
    import altair as alt

_DASHES = ([1, 0], [7, 5], [2, 3], [10, 3, 2, 3])
_SHAPES = ("circle", "square", "triangle-up", "diamond")
# From this ratio between two networks on, a linear axis would lay the smaller one flat.
_LOG_FROM = 6


def receptive_fields(
    networks: Sequence[Series],
    *,
    x: Literal["relative", "layer"] = "relative",
    log: bool | None = None,
    height: int = 340,
) -> alt.LayerChart:
    """Draw how the receptive field grows along the depth, against the side of the image.

    Parameters
    ----------
    networks : sequence of Series
        Two, or up to four.
    x : str
        ``"relative"``: share of the way from the image to the scores; ``"layer"``: place
        in the order of the layers.
    log : bool or None
        Whether the vertical axis is logarithmic; None is where networks differ much.
    height : int
        Of the chart, in pixels.

    Notes
    -----
    The line is the largest field so far: a short branch beside a long one does not take
    back what the long one has seen. Tooltips have each layer's own.

    Raises
    ------
    ValueError
        If there is no network or more than four, or ``x`` is another word.
    """
    import altair as alt

    labels = network_labels(networks)
    fields = [running(network.receptive_field) for network in networks]
    ends = [max((field or 1 for field in each), default=1) for each in fields]
    if log is None:
        log = max(ends) >= _LOG_FROM * min(ends)
    rows: list[dict[str, Any]] = []
    for label, network, each in zip(labels, networks, fields, strict=True):
        own = (1, *network.receptive_field)
        said = [f"{value:,} px" if value else "not known" for value in own]
        found = rows_of(label, network, (1, *each), x)
        rows += [row | {"text": text} for row, text in zip(found, said, strict=True)]
    sides = sorted({network.image_side for network in networks})
    scale = alt.Scale(type="log", base=2) if log else alt.Scale(zero=True)
    title = f"receptive field (px{', log scale' if log else ''})"
    y = alt.Y("value:Q", title=title, scale=scale, axis=plain_axis(tickCount=6, format=",d"))
    across = _x(rows, x)
    spots = label_spots(sides, _tracks(rows, labels), log=log)
    rules = [_side_rule(side, across, spot) for side, spot in zip(sides, spots, strict=True)]
    lines = _lines(rows, labels, across, y, "receptive field")
    return always_svg(finished(alt.layer(*rules, *lines), height))


def resolutions(
    networks: Sequence[Series],
    *,
    x: Literal["relative", "layer"] = "relative",
    height: int = 340,
) -> alt.LayerChart:
    """Draw how the maps shrink along the depth; marks show where resolution is lost.

    Parameters
    ----------
    networks, x, height
        As in :func:`receptive_fields`.

    Notes
    -----
    The line is the largest map that is still to come: where it steps down, no later layer
    has the old resolution. A branch that shrinks early, or a squeeze to one number for
    each channel, does not count as lost while others go on. Behind the last map the side
    is 1.

    Raises
    ------
    ValueError
        If there is no network or more than four, or ``x`` is another word.
    """
    import altair as alt

    labels = network_labels(networks)
    rows: list[dict[str, Any]] = []
    for label, network in zip(labels, networks, strict=True):
        left = remaining((network.image_side, *network.side))
        found = rows_of(label, network, left, x)
        for row, now, was in zip(found, left, (left[0], *left), strict=False):
            text = f"{was} → {now} px" if now < was else f"{now} px"
            rows.append(row | {"text": text, "marked": now < was})
    known = sorted({row["value"] for row in rows}, reverse=True)
    axis = plain_axis(values=known, format="d", labelOverlap="greedy", labelSeparation=2)
    scale = alt.Scale(type="log", base=2, nice=False)
    y = alt.Y("value:Q", title="side of the maps (px, log scale)", scale=scale, axis=axis)
    drawn = _lines(rows, labels, _x(rows, x), y, "maps", interpolate="step-after")
    return always_svg(finished(alt.layer(*drawn), height))


def cumulative(
    networks: Sequence[Series],
    what: Literal["parameters", "macs"] = "parameters",
    *,
    x: Literal["relative", "layer"] = "relative",
    height: int = 340,
) -> alt.LayerChart:
    """Draw which share of the whole the layers up to each depth have.

    Parameters
    ----------
    networks : sequence of Series
        Two, or up to four.
    what : str
        ``"parameters"`` or ``"macs"``, the multiply-accumulates for one image.
    x, height
        As in :func:`receptive_fields`.

    Raises
    ------
    ValueError
        If there is no network or more than four, or ``what`` or ``x`` is another word.
    """
    import altair as alt

    words = {"parameters": "parameters", "macs": "multiply-accumulates"}
    if what not in words:
        raise ValueError(f"what: expected parameters or macs, got {what!r}")
    labels = network_labels(networks)
    rows = []
    for label, network in zip(labels, networks, strict=True):
        sums = (0, *getattr(network, what))
        own = (0, *(b - a for a, b in pairwise(sums)))
        shares = [value / (sums[-1] or 1) for value in sums]
        for row, value in zip(rows_of(label, network, shares, x), own, strict=True):
            said = f"{value:,} ({percent(value / (sums[-1] or 1))})"
            rows.append(row | {"text": said, "total": percent(row["value"])})
    axis = plain_axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    scale = alt.Scale(domain=[0, 1])
    y = alt.Y("value:Q", title=f"share of all {words[what]}", scale=scale, axis=axis)
    up_to = alt.Tooltip("total:N", title="up to here")
    drawn = _lines(rows, labels, _x(rows, x), y, words[what], up_to, interpolate="step-after")
    return always_svg(finished(alt.layer(*drawn), height))


def _x(rows: list[dict[str, Any]], x: str) -> alt.X:
    import altair as alt

    relative = x == "relative"
    title = "depth: share of the layers passed" if relative else "layers passed"
    options: dict[str, Any] = {"format": "d", "tickMinStep": 1}
    if relative:
        options = {"format": "%", "values": [0, 0.25, 0.5, 0.75, 1]}
    scale = alt.Scale(domain=[0, max(row["place"] for row in rows)], nice=False)
    axis = plain_axis(**options, grid=False)
    return alt.X("place:Q", title=title, scale=scale, axis=axis)


def _lines(
    rows: list[dict[str, Any]],
    labels: list[str],
    x: alt.X,
    y: alt.Y,
    what: str,
    *more: alt.Tooltip,
    interpolate: Literal["linear", "step-after"] = "linear",
) -> list[Any]:
    """Return a line, its markers and what is hovered, for each network."""
    import altair as alt

    legend = top_legend(labelLimit=300)
    network: dict[str, Any] = {"sort": labels, "title": None, "legend": legend}
    colours = network_scale(labels)
    dashes = alt.Scale(domain=labels, range=[list(dash) for dash in _DASHES[: len(labels)]])
    shapes = alt.Scale(domain=labels, range=list(_SHAPES[: len(labels)]))
    encoded: dict[str, Any] = {
        "x": x,
        "y": y,
        "color": alt.Color("network:N", scale=colours, **network),
    }
    fields = (("network", "network"), ("layer", "layer"), ("text", what))
    told = [*(alt.Tooltip(f"{field}:N", title=title) for field, title in fields), *more]
    base = alt.Chart(alt.InlineData(values=rows)).encode(**encoded, tooltip=told)
    line = base.mark_line(strokeWidth=3, interpolate=interpolate).encode(
        strokeDash=alt.StrokeDash("dash:N", scale=dashes, sort=labels, legend=None),
        order="order:Q",
    )
    marked = alt.Chart(alt.InlineData(values=[row for row in rows if row["marked"]]))
    points = marked.encode(**encoded, tooltip=told).mark_point(filled=True, size=110, opacity=1)
    shaped = points.encode(shape=alt.Shape("network:N", scale=shapes, **network))
    # Every layer can be hovered, marked or not.
    target = base.mark_point(filled=True, size=260, opacity=0)
    return [line, shaped, target]


def _tracks(rows: list[dict[str, Any]], labels: list[str]) -> list[list[tuple[float, float]]]:
    """Return each network's line as points, along the chart in [0, 1]."""
    last = max(row["place"] for row in rows) or 1
    known = [row for row in rows if row["value"] is not None]
    return [
        [(row["place"] / last, row["value"]) for row in known if row["network"] == label]
        for label in labels
    ]


def _side_rule(side: int, x: alt.X, spot: Spot) -> Any:
    """Return a level rule at the side of the image, with few words, since lines are around."""
    import altair as alt

    row = {"value": side, "place": 0, "text": f"image: {side} px"}
    base = alt.Chart(alt.InlineData(values=[row])).encode(
        y="value:Q", color=alt.value("currentColor")
    )
    rule = base.mark_rule(strokeDash=[6, 5], strokeWidth=2, opacity=0.6)
    said = base.mark_text(
        align=spot.end,
        baseline="bottom" if spot.side == "above" else "top",
        dx=6 if spot.end == "left" else -6,
        dy=-4 if spot.side == "above" else 4,
        fontSize=14,
    )
    place = x if spot.end == "left" else alt.value("width")
    return alt.layer(rule, said.encode(x=place, text="text:N"))
