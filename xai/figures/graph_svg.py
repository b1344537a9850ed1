"""The graph of a network's computation as a drawing that can be pointed at.

Boxes are small cards: what a step is, its kernel, what comes out. A stripe has the colour
of its family, the same as in the isometric drawing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from xai.figures.graph_cards import (
    CHIP_ROOM,
    FRAME_SIZE,
    LEAD,
    LONGEST,
    STRIPE,
    TEXT_SIZE,
    TITLE_SIZE,
    Card,
    written,
)
from xai.figures.graph_wires import crowded_of, wire
from xai.figures.network_labels import text_width
from xai.figures.sketches import Sketch, SketchNode, facts
from xai.figures.solids_svg import BASE_STYLE, escaped, shade
from xai.figures.wording import short
from xai.network.layout import Box, Frame, Layout, Point, layout
from xai.network.parts import family

if TYPE_CHECKING:
    from xai.network.graph import ModelGraph, Node

#: Width and height that a chain keeps to before it goes on in a further column.
ROOM = (900.0, 580.0)
_CHIP = 9.0


#: The rules of cards and wires.
_STYLE = "".join(
    (
        BASE_STYLE,
        f".sk-card{{fill:{shade('stage')}}}.sk-wash{{fill-opacity:.2}}",
        f".sk-rim{{fill:none;stroke:{shade('line')};stroke-width:1}}",
        f".sk-frame{{fill:{shade('stage')};fill-opacity:.55;stroke:{shade('line')};",
        "stroke-width:1.2;stroke-dasharray:2 4;stroke-linecap:round}",
        f".sk-wire{{fill:none;stroke:{shade('line')};stroke-width:1.8}}",
        f".sk-wire.sk-shortcut{{stroke:{shade('shortcut')};stroke-dasharray:6 4;",
        "stroke-width:1.8;stroke-linecap:butt}",
        ".sk-wire.sk-crowd{stroke-width:1.1;stroke-opacity:.6;stroke-dasharray:none}",
        f".sk-head{{fill:{shade('line')};stroke:none}}",
        f".sk-shortcut+.sk-head{{fill:{shade('shortcut')}}}",
        f".sk-wire.near{{stroke:{shade('accent')};stroke-width:2.5;stroke-opacity:1}}",
        f".near+.sk-head{{fill:{shade('accent')}}}",
        f".sk-chip circle{{fill:{shade('stage')};stroke:{shade('muted')};stroke-width:1.3}}",
        f".sk-chip path{{fill:none;stroke:{shade('text')};stroke-width:1.8}}",
        f".node.hover .sk-rim{{stroke:{shade('accent')};stroke-width:1.8}}",
        f".node.selected .sk-rim{{stroke:{shade('accent')};stroke-width:2.5}}",
    )
)


def graph_sketch(
    graph: ModelGraph,
    *,
    direction: str = "TB",
    steps: ModelGraph | None = None,
    expanded: Collection[str] | None = None,
    room: tuple[float, float] | None = ROOM,
) -> Sketch:
    """Draw the graph of a network's computation.

    Parameters
    ----------
    graph : ModelGraph
        At any level of detail, see :func:`xai.network.collapse`.
    direction : str
        A key of :data:`xai.network.layout.DIRECTIONS`.
    steps : ModelGraph, optional
        The graph before it was folded. With it a folded node knows every layer inside;
        without it only the last.
    expanded : collection of str, optional
        What :func:`~xai.network.collapse` was asked to unfold. These frames can be
        folded again, and runs of equal blocks among them get a frame. Without it every
        framed block of a folded graph can.
    room : (float, float), optional
        Width and height in pixels that a chain keeps to before it goes on in a further
        column (or row); None draws it in one piece.

    Returns
    -------
    Sketch
        Its nodes are those of the graph in forward order, then one ``"fold:" + name``
        for every frame that can be folded. ``expands`` of either is the name to add to
        ``expanded``, or to take out of it.

    Raises
    ------
    ValueError
        If there is no such direction.
    """
    cards = written(graph, direction)
    opened = expanded or ()
    titles = {name: _frame_title(graph, name) for name in {*_blocks(graph), *opened}}
    widths = {name: text_width(title, FRAME_SIZE, bold=True) + 64 for name, title in titles.items()}
    sizes = {name: (card.width, card.height) for name, card in cards.items()}
    where = layout(
        graph, direction=direction, sizes=sizes, titles=widths, expanded=opened, room=room
    )
    folded = any(len(node.members) > 1 for node in graph.nodes)
    folds = [
        frame for frame in where.frames if (folded if expanded is None else frame.name in expanded)
    ]
    svg = _svg(graph, where, cards, titles, folds)
    nodes = [_part(node, where.boxes[node.name], cards[node.name], steps) for node in graph.nodes]
    nodes += [_fold_part(frame, titles[frame.name]) for frame in folds]
    return Sketch(svg, where.width, where.height, tuple(nodes))


# ---------------------------------------------------------------------------- words
def _blocks(graph: ModelGraph) -> set[str]:
    return {
        path for node in graph.nodes for path in (*graph.blocks(node.group), node.group) if path
    }


def _frame_title(graph: ModelGraph, name: str) -> str:
    first, _, last = name.partition(":")
    kind = graph.containers.get(first, "").lstrip("_")
    path = f"{first} to {last}" if last else first
    return short(f"{kind} · {path}" if kind else path, LONGEST)


def _layers(node: Node, steps: ModelGraph | None) -> tuple[str, ...]:
    own = (node.layer,) if node.layer else ()
    if steps is None:
        return own
    inside = (steps.node(name).layer for name in node.members)
    return tuple(dict.fromkeys(layer for layer in inside if layer)) or own


def _part(node: Node, box: Box, card: Card, steps: ModelGraph | None) -> SketchNode:
    path = node.module or node.name
    return SketchNode(
        name=node.name,
        layer=node.layer,
        layers=_layers(node, steps),
        title=node.label if node.kind == "input" else f"{path}: {node.label}",
        facts=facts(node),
        box=(box.left, box.top, box.width, box.height),
        expands=node.name if card.foldable else "",
    )


def _fold_part(frame: Frame, title: str) -> SketchNode:
    x, y = _fold_centre(frame)
    return SketchNode(
        name=f"fold:{frame.name}",
        layer="",
        layers=(),
        title=f"Fold {title}",
        facts=(),
        box=(x - _CHIP, y - _CHIP, 2 * _CHIP, 2 * _CHIP),
        expands=frame.name,
    )


# --------------------------------------------------------------------------- drawing
def _svg(
    graph: ModelGraph,
    where: Layout,
    cards: dict[str, Card],
    titles: dict[str, str],
    folds: Iterable[Frame],
) -> str:
    width, height = f"{where.width:.1f}", f"{where.height:.1f}"
    pieces = [_frame(frame) for frame in where.frames]
    # What all signals share on their way to a block looks like the main line.
    routes = sorted(where.routes, key=lambda route: not route.shortcut)
    crowded = crowded_of(routes)
    pieces += [wire(route, (route.source, route.target) in crowded) for route in routes]
    pieces += [_frame_name(frame, titles[frame.name]) for frame in where.frames]
    pieces += [_node(node, where.boxes[node.name], cards[node.name]) for node in graph.nodes]
    pieces += [_fold(frame) for frame in folds]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sketch" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}"><style>{_STYLE}</style>{"".join(pieces)}</svg>'
    )


def _node(node: Node, box: Box, card: Card) -> str:
    kind = _family(node)
    left, top, width, height = box.left, box.top, box.width, box.height
    room = width - STRIPE - (CHIP_ROOM if card.foldable else 0.0)
    middle = left + STRIPE + room / 2
    rect = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5"'
    x, y = left, top
    stripe = (
        f"M{x + 5:.1f} {y:.1f}h{STRIPE - 5:g}v{height:.1f}h{5 - STRIPE:g}"
        f"q-5 0-5-5v{10 - height:.1f}q0-5 5-5z"
    )
    pieces = [
        f'<rect class="sk-card" {rect}/><rect class="sk-wash sk-{kind}" {rect}/>',
        f'<path class="sk-{kind}" d="{stripe}"/><rect class="sk-rim" {rect}/>',
    ]
    first = top + (height - LEAD * len(card.lines)) / 2
    for row, line in enumerate(card.lines):
        style, size = ("sk-muted", TEXT_SIZE) if row else ("sk-text", TITLE_SIZE)
        weight = "" if row else ' font-weight="650"'
        below = first + LEAD * (row + 0.5) + 0.34 * size
        pieces.append(
            f'<text class="{style}" x="{middle:.1f}" y="{below:.1f}" font-size="{size:g}"'
            f'{weight} text-anchor="middle">{escaped(line)}</text>'
        )
    if card.foldable:
        pieces.append(_chip(left + width - 17, top + height / 2, "M-4.5 0h9M0-4.5v9"))
    return f'<g class="node" data-node="{escaped(node.name)}">{"".join(pieces)}</g>'


def _family(node: Node) -> str:
    """Return the family of a node; of a block that is one layer that layer's."""
    known = family(node.kind)
    if node.name in node.members or known in ("input", "pool", "join"):
        return known
    return "conv" if node.label.startswith("Convolution") else "block"


def _frame(frame: Frame) -> str:
    box = frame.box
    return (
        f'<rect class="sk-frame" x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="9"/>'
    )


def _frame_name(frame: Frame, title: str) -> str:
    """Return the title of a frame; lines that come in pass behind it."""
    left, top = frame.box.left + 7, frame.box.top + 6
    width = text_width(title, FRAME_SIZE, bold=True) + 6
    return (
        f'<rect class="sk-card" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="20" '
        f'rx="5"/><text class="sk-muted" x="{left + 6:.1f}" y="{top + 15:.1f}" '
        f'font-size="{FRAME_SIZE:g}" font-weight="650">{escaped(title)}</text>'
    )


def _fold_centre(frame: Frame) -> Point:
    return frame.box.left + frame.box.width - 17, frame.box.top + 16


def _fold(frame: Frame) -> str:
    chip = _chip(*_fold_centre(frame), "M-4.5 0h9")
    return f'<g class="node" data-node="{escaped(f"fold:{frame.name}")}">{chip}</g>'


def _chip(x: float, y: float, sign: str) -> str:
    return (
        f'<g class="sk-chip" transform="translate({x:.1f} {y:.1f})">'
        f'<circle class="sk-rim" r="{_CHIP:g}"/><path d="{sign}"/></g>'
    )
