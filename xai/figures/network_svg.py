"""The isometric drawing of a network, to look at and to click: SVG text and its parts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xai.figures import network_labels as words
from xai.figures.sketches import Sketch, SketchNode, facts
from xai.figures.solids_svg import STYLE, link, node
from xai.network.isometric import Band, Scene, scene
from xai.network.parts import Part, describe, fold, insides, steps
from xai.network.solids import Frame

if TYPE_CHECKING:
    from xai.network import ModelGraph

_MAIN = Frame(tallest=132, most_height=200)
_STRIP = Frame(
    tallest=46,
    thinnest=6,
    thickest=26,
    doubling=6,
    gap=8,
    bar_gap=11,
    stage_gap=12,
    least_stage_gap=5,
    lane_gap=4,
    most_height=56,
    width=1000,
)
_DETAIL = Frame(
    tallest=92,
    thinnest=14,
    thickest=34,
    gap=26,
    most_height=170,
    width=760,
    lane_gap=28,
    stretch=(0.5, 1.3),
)
_STRIP_DETAIL = Frame(
    tallest=40,
    thinnest=8,
    thickest=20,
    doubling=5,
    gap=12,
    most_height=40,
    width=560,
    lane_gap=4,
    stretch=(0.5, 1.3),
)
# More shortcuts than this are drawn faint, and left out of the strip.
_MANY = 40
_EDGE = 8.0
# A stage's backdrop is this much wider than its boxes.
_PAD = 6.0


@dataclass(frozen=True)
class NetworkDrawing:
    """A drawn network and the insides of its parts.

    Attributes
    ----------
    main : Sketch
        The whole network.
    details : mapping of str to Sketch
        The inside of each part with more than one pickable layer, by its name in
        ``main``.
    """

    main: Sketch
    details: Mapping[str, Sketch]


def network_drawing(graph: ModelGraph) -> NetworkDrawing:
    """Draw a network as boxes that flow to the right, with stages and a legend.

    Parameters
    ----------
    graph : ModelGraph
        As :func:`xai.network.trace` gives it.

    Returns
    -------
    NetworkDrawing
        Every layer that can be picked lies in exactly one part of ``main``, and where
        that part has several, in exactly one part of its detail.

    Notes
    -----
    Height and width of a box follow the sides of the map, its thickness the channels;
    the height of a dense bar follows its units; all are logarithmic. Norms and
    activations that belong to a layer are stripes at its end. Lines in a block show
    its layers in sequence and its branches; an arc over it is a shortcut inside.
    """
    folded = fold(graph)
    parts = describe(graph, folded)
    return NetworkDrawing(_poster(folded, parts), _details(graph, folded, parts, strip=False))


def network_strip(graph: ModelGraph) -> NetworkDrawing:
    """Draw the same as a narrow band without words.

    Parameters
    ----------
    graph : ModelGraph
        As :func:`xai.network.trace` gives it.
    """
    folded = fold(graph)
    parts = describe(graph, folded)
    made = scene(folded, parts, _STRIP)
    return NetworkDrawing(_plain(made, parts, few=True), _details(graph, folded, parts, strip=True))


# ---------------------------------------------------------------------------- main
def _poster(folded: ModelGraph, parts: Sequence[Part]) -> Sketch:
    named = {part.node.name: part for part in parts}
    order = {name: place for place, name in enumerate(named)}
    paths = words.containers(parts)

    def titles(names: Sequence[str]) -> list[str]:
        inside = [named[name] for name in sorted(names, key=order.__getitem__)]
        return words.stage_titles(inside, paths)

    made = scene(folded, parts, _MAIN, lambda size, names: words.room(size, titles(names)))
    top, bottom = min(made.top, _over(made, parts)) - 12, made.bottom
    rows = (bottom + 20, bottom + 45)
    labels = words.counts(made, parts, rows[0])
    labels += words.stage_labels(made.bands, [titles(band.names) for band in made.bands], rows[1])
    width = max(made.right, 700.0)
    shift = (width - made.right) / 2
    explained, end = words.legend(made, parts, (-shift, made.right + shift), rows[1] + 57)
    body = (
        _backdrops(made.bands, top, rows[1] + 28)
        + _flow(made, parts, few=False)
        + "".join(label.svg for label in labels)
        + explained
    )
    view = (-shift - _EDGE, top - _EDGE, width + 2 * _EDGE, end - top + 2 * _EDGE)
    return _sketch(body, view, made, parts)


def _over(made: Scene, parts: Sequence[Part]) -> float:
    """Return the top of the highest block with an arc over it."""
    arcs = [s.top - 10 for s, p in zip(made.solids, parts, strict=True) if p.bypass]
    return min(arcs, default=math.inf)


def _backdrops(bands: Sequence[Band], top: float, bottom: float) -> str:
    return "".join(
        f'<rect class="sk-stage" x="{band.left - _PAD:.1f}" y="{top:.1f}" '
        f'width="{band.right - band.left + 2 * _PAD:.1f}" height="{bottom - top:.1f}" rx="9"/>'
        for band in bands
    )


def _flow(made: Scene, parts: Sequence[Part], *, few: bool) -> str:
    """Draw connections and boxes so that what is nearer hides what is behind."""
    arcs = [route for route in made.routes if route.arc]
    many = len(arcs) > _MANY
    pieces = [] if many and few else [link(route, many) for route in arcs]
    ending: dict[str, list[str]] = {}
    for route in made.routes:
        if not route.arc:
            ending.setdefault(route.target, []).append(link(route))
    for solid, part in zip(made.solids, parts, strict=True):
        pieces += [*ending.get(part.node.name, ()), node(solid, part)]
    return "".join(pieces)


# ------------------------------------------------------------------------- details
def _details(
    graph: ModelGraph, folded: ModelGraph, parts: Sequence[Part], *, strip: bool
) -> dict[str, Sketch]:
    inner = insides(graph, folded)
    found = {}
    for part in parts:
        if len(part.layers) > 1:
            inside = inner[part.node.name]
            found[part.node.name] = _detail(inside, part, strip=strip)
    return found


def _detail(inside: ModelGraph, part: Part, *, strip: bool) -> Sketch:
    own = steps(inside, part)
    frame = _STRIP_DETAIL if strip else _DETAIL
    made = scene(inside, own, frame)
    if strip:
        return _plain(made, own, few=False)
    labels = words.step_labels(made, own)
    left, right = words.reach(labels)
    left, right = min(left, made.left - 14), max(right, made.right + 14)
    bottom = max([made.bottom, *(label.box[3] for label in labels)])
    body = _flow(made, own, few=False) + _ports(made) + "".join(label.svg for label in labels)
    view = (left - _EDGE, made.top - _EDGE, right - left + 2 * _EDGE, bottom - made.top + 2 * _EDGE)
    return _sketch(body, view, made, own)


def _ports(made: Scene) -> str:
    """Draw an arrow behind the last box."""
    last = made.solids[-1]
    x = last.x + last.thickness + 3
    tip = max(last.right - last.x - last.thickness, 8.0) + 8
    return f'<path class="sk-flow" d="M{x:.1f} {last.y:.1f}h{tip:.1f}m-6 -5l6 5l-6 5"/>'


def _plain(made: Scene, parts: Sequence[Part], *, few: bool) -> Sketch:
    """Return a sketch without words."""
    top = min(made.top if not few else min(s.top for s in made.solids), _over(made, parts))
    view = (-4.0, top - 3, made.right + 8, made.bottom - top + 6)
    return _sketch(_flow(made, parts, few=few), view, made, parts)


# ------------------------------------------------------------------------- writing
def _sketch(
    body: str, view: tuple[float, float, float, float], made: Scene, parts: Sequence[Part]
) -> Sketch:
    """Wrap markup in an ``<svg>`` whose upper left corner is (0, 0)."""
    left, top, width, height = view
    width, height = math.ceil(width), math.ceil(height)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sketch" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}"><style>{STYLE}</style>'
        f'<g transform="translate({-left:.1f} {-top:.1f})">{body}</g></svg>'
    )
    nodes = tuple(
        SketchNode(
            name=part.node.name,
            layer=part.layer,
            layers=part.layers,
            title=_title(part),
            facts=facts(part.node),
            box=(
                round(solid.left - left, 1),
                round(solid.top - top, 1),
                round(solid.right - solid.left, 1),
                round(solid.bottom - solid.top, 1),
            ),
        )
        for solid, part in zip(made.solids, parts, strict=True)
    )
    return Sketch(svg, float(width), float(height), nodes)


def _title(part: Part) -> str:
    path = part.node.module
    return f"{path}: {part.node.label}" if path else part.node.label
