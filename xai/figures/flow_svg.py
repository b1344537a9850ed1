"""The flow through the clusters as a picture of its own: SVG text for a slide or a paper.

It has a white ground and fixed colours, since it leaves the page and its theme.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xai.figures.colours import NEUTRAL
from xai.figures.flow_marks import Highlight, Track, track_places
from xai.figures.flow_picture import FlowPicture, Order, Placement, cluster_name
from xai.figures.flow_words_svg import (
    HEIGHT,
    LOOKS,
    TEXT,
    WIDTH,
    Frame,
    frame_of,
    heads,
    legend,
    names,
    words,
)
from xai.figures.solids_svg import escaped


def flow_svg(
    picture: FlowPicture,
    *,
    order: Order = "found",
    highlight: Highlight | None = None,
    tracks: Sequence[Track] = (),
    title: str = "",
    sentence: str = "",
) -> str:
    """Draw the flow as a standalone SVG.

    Parameters
    ----------
    picture : FlowPicture
        As :func:`xai.figures.flow_picture.picture` makes it.
    order : {"raw", "found"}
        Which of its two orders.
    highlight : Highlight or None
        Images whose lines are drawn while the flows stand back.
    tracks : sequence of Track
        Paths of single images, thick and on top.
    title, sentence : str
        Above the drawing, and at the bottom.

    Returns
    -------
    str
        An ``<svg>`` document.

    Raises
    ------
    ValueError
        If there is no such order, or a path or the highlight does not fit the picture.
    """
    placement = picture.placement(order)
    frame = frame_of(picture, placement)
    dim = highlight is not None or bool(tracks)
    parts = [
        _ribbons(picture, placement, frame, dim=dim),
        "" if highlight is None else _lines(picture, placement, frame, highlight),
        _boxes(picture, placement, frame),
        heads(picture, frame),
        names(picture, placement, frame),
        *(_track(picture, placement, frame, track, tracks) for track in tracks),
        legend(picture, tracks),
        words(title, sentence),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="18" '
        f'fill="{TEXT}" role="img"><title>{escaped(title or "flow of the images")}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>{_PATTERN}'
        f"{''.join(parts)}</svg>\n"
    )


_PATTERN = (
    '<defs><pattern id="noise" width="7" height="7" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="7" height="7" fill="#dedede"/>'
    f'<rect width="2.6" height="7" fill="{NEUTRAL}"/></pattern>'
    '<pattern id="small" width="7" height="7" patternUnits="userSpaceOnUse">'
    '<rect width="7" height="7" fill="#dedede"/>'
    f'<circle cx="3.5" cy="3.5" r="1.7" fill="{NEUTRAL}"/></pattern></defs>'
)


# -------------------------------------------------------------------------------- ribbons
def _ribbons(picture: FlowPicture, placement: Placement, frame: Frame, *, dim: bool) -> str:
    paths: dict[tuple[int, int], list[str]] = {}
    above = np.cumsum(picture.flow_mix, axis=1) - picture.flow_mix
    columns = picture.columns[picture.sources].tolist()
    for flow, group in zip(*(part.tolist() for part in picture.flow_mix.nonzero()), strict=True):
        start, end = (
            float(edges[flow] + above[flow, group]) for edges in (placement.starts, placement.ends)
        )
        count = int(picture.flow_mix[flow, group])
        band = _band(frame, columns[flow], start, end, count)
        paths.setdefault((columns[flow], group), []).append(band)
    drawn = "".join(
        f'<path fill="{picture.colours[group]}" d="{"".join(bands)}"/>'
        for (_, group), bands in sorted(paths.items())
    )
    return f'<g fill-opacity="{0.12 if dim else 0.5}">{drawn}</g>'


def _band(frame: Frame, column: int, start: float, end: float, count: int) -> str:
    left, right = frame.end(column), frame.x(column + 1)
    middle, height = (left + right) / 2, count * frame.scale
    y, v = frame.y(start), frame.y(end)
    return (
        f"M{left - 3:.1f} {y:.2f}H{left:.1f}C{middle:.1f} {y:.2f} {middle:.1f} {v:.2f} "
        f"{right:.1f} {v:.2f}h3v{height:.2f}h-3C{middle:.1f} {v + height:.2f} "
        f"{middle:.1f} {y + height:.2f} {left:.1f} {y + height:.2f}h-3Z"
    )


# ---------------------------------------------------------------------------------- lines
def _curve(frame: Frame, places: Sequence[float]) -> str:
    """Return a line through one place in each column; NaN breaks it."""
    text = ""
    before = np.nan
    for column, place in enumerate(places):
        y = frame.y(place)
        if not np.isnan(place):
            if np.isnan(before):
                text += f"M{frame.x(column):.1f} {y:.2f}"
            else:
                middle = (frame.end(column - 1) + frame.x(column)) / 2
                text += (
                    f"C{middle:.1f} {before:.2f} {middle:.1f} {y:.2f} {frame.x(column):.1f} {y:.2f}"
                )
            text += f"H{frame.end(column):.1f}"
        before = y
    return text


def _lines(picture: FlowPicture, placement: Placement, frame: Frame, highlight: Highlight) -> str:
    shown = highlight.places(len(picture))
    paths: dict[int, list[str]] = {}
    for image in shown.tolist():
        line = _curve(frame, placement.lines[:, image].tolist())
        paths.setdefault(int(picture.group[image]), []).append(line)
    many = np.log10(max(1, len(shown)))
    drawn = "".join(
        f'<path stroke="{picture.colours[group]}" d="{"".join(lines)}"/>'
        for group, lines in sorted(paths.items())
    )
    return (
        f'<g fill="none" stroke-width="{np.clip(2.8 - 0.6 * many, 1, 2.6):.2f}" '
        f'stroke-opacity="{np.clip(1.15 - 0.25 * many, 0.35, 0.95):.2f}">{drawn}</g>'
    )


def _track(
    picture: FlowPicture,
    placement: Placement,
    frame: Frame,
    track: Track,
    tracks: Sequence[Track],
) -> str:
    places = track_places(picture, placement, track, tracks)
    colour, dash = LOOKS[track.look]
    path = _curve(frame, places)
    marks = "".join(
        f'<circle cx="{frame.x(column) + frame.box / 2:.1f}" cy="{frame.y(place):.2f}" r="8" '
        f'fill="#ffffff" stroke="{colour}" stroke-width="3"/>{_sure(frame, track, column, place)}'
        for column, place in enumerate(places)
        if not np.isnan(place)
    )
    return (
        f'<path fill="none" stroke="#ffffff" stroke-width="9" d="{path}"/>'
        f'<path fill="none" stroke="{colour}" stroke-width="4.5"{dash} d="{path}"/>{marks}'
    )


def _sure(frame: Frame, track: Track, column: int, place: float) -> str:
    if not track.confidences:
        return ""
    colour, _ = LOOKS[track.look]
    down = -14 if track.look == "clean" else 26
    return (
        f'<text x="{frame.x(column) + frame.box / 2:.1f}" y="{frame.y(place) + down:.1f}" '
        f'text-anchor="middle" font-size="15" font-weight="bold" fill="{colour}" '
        'paint-order="stroke" stroke="#ffffff" stroke-width="4">'
        f"{track.confidences[column]:.0%}</text>".replace("%", " %")
    )


# ---------------------------------------------------------------------------------- boxes
def _boxes(picture: FlowPicture, placement: Placement, frame: Frame) -> str:
    boxes = []
    for node, mix in enumerate(picture.node_mix):
        x = frame.x(int(picture.columns[node]))
        top, bottom = frame.y(placement.tops[node]), frame.y(placement.bottoms[node])
        height = max(3.0, bottom - top)
        top = (top + bottom - height) / 2
        stripe = min(7.0, max(2.5, 0.24 * frame.box))
        fill = _fill(picture, node)
        boxes.append(
            f'<rect x="{x:.1f}" y="{top:.2f}" width="{frame.box:.1f}" height="{height:.2f}" '
            'fill="#ffffff"/>'
            f'<rect x="{x:.1f}" y="{top:.2f}" width="{frame.box - stripe - 1.5:.1f}" '
            f'height="{height:.2f}" rx="{min(4.0, height / 2):.1f}" {fill}/>'
        )
        share, at = height / mix.sum(), top
        for group in mix.nonzero()[0].tolist():
            part = float(mix[group] * share)
            boxes.append(
                f'<rect x="{x + frame.box - stripe:.1f}" y="{at:.2f}" width="{stripe:.1f}" '
                f'height="{part:.2f}" fill="{picture.colours[group]}"/>'
            )
            at += part
    return "".join(boxes)


def _fill(picture: FlowPicture, node: int) -> str:
    """Return the fill of a box: pale where its commonest class is less than half of it."""
    cluster, mix = int(picture.clusters[node]), picture.node_mix[node]
    if cluster < 0:
        return f'fill="url(#{"noise" if cluster_name(cluster) == "noise" else "small"})"'
    pale = ' fill-opacity="0.4"' if 2 * mix.max() < mix.sum() else ""
    return f'fill="{picture.colours[int(mix.argmax())]}"{pale}'
