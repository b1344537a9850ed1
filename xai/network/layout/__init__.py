"""Where the nodes of a network's graph lie in a drawing, and how its edges run."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xai.network.layout.columns import REACH, in_columns
from xai.network.layout.curves import Piece, Point
from xai.network.layout.frames import Group, grouped
from xai.network.layout.level import Extent, Level, Plan, Port, Segment, arrange
from xai.network.layout.shapes import Box, Frame, Layout, Route

if TYPE_CHECKING:
    from xai.network.graph import ModelGraph

__all__ = ["DIRECTIONS", "Box", "Frame", "Layout", "Route", "layout"]

#: Directions of a drawing and what they mean.
DIRECTIONS = {"TB": "top to bottom", "LR": "left to right"}
#: Size of a box, in pixels, if none is given.
SIZE = (190.0, 46.0)
#: Height of the line that holds a frame's title; pixels between a frame and its inside.
TITLE, _PAD = 28.0, 16.0
_MARGIN = REACH + 4.0


def layout(
    graph: ModelGraph,
    *,
    direction: str = "TB",
    sizes: Mapping[str, tuple[float, float]] | None = None,
    titles: Mapping[str, float] | None = None,
    expanded: Collection[str] = (),
    room: tuple[float, float] | None = None,
) -> Layout:
    """Lay out a graph in layers.

    Parameters
    ----------
    graph : ModelGraph
        At any level of detail.
    direction : str
        A key of :data:`DIRECTIONS`.
    sizes : mapping of str to (float, float), optional
        Width and height of each node's box in pixels.
    titles : mapping of str to float, optional
        Least width of a frame in pixels.
    expanded : collection of str
        What was unfolded: runs of equal blocks among it are framed.
    room : (float, float), optional
        Width and height, in pixels, that the drawing should keep to: a chain that is
        longer goes on in a further column (or row). Without it nothing is cut.

    Raises
    ------
    ValueError
        If there is no such direction.

    Notes
    -----
    Every edge leads down (or right). Each block that is shown from inside is laid out by
    itself and then is one large box of the level above, so that frames hold their own
    nodes only. Long edges of one node share a lane. Lines go aside between layers only.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"direction: expected one of {', '.join(DIRECTIONS)}; got {direction!r}")
    down = direction == "TB"
    work = _Work(graph, down, sizes or {}, titles or {})
    root = grouped(graph, expanded)
    work.chains = _chains(root)
    _share_out(work)
    block = _built(work, root)
    if room is not None:
        inside = (room[0] - 2 * _MARGIN, room[1] - 2 * _MARGIN)
        plan = in_columns(block.plan, block.extents, inside if down else inside[::-1])
        block = _Block(root.name, plan, block.extents, block.inner, (0.0, 0.0))
    _placed(work, block, (_MARGIN, _MARGIN), 0)
    size = (block.plan.width + 2 * _MARGIN, block.plan.height + 2 * _MARGIN)
    size = size if down else size[::-1]
    boxes = {node.name: work.boxes[node.name] for node in graph.nodes}
    return Layout(size[0], size[1], boxes, tuple(work.frames), _routes(work))


@dataclass
class _Block:
    """A group with coordinates of its own, and the blocks inside."""

    name: str
    plan: Plan
    extents: dict[Hashable, Extent]
    inner: dict[Hashable, _Block]
    offset: Point
    axis: float = 0.0


@dataclass
class _Work:
    """What the steps of :func:`layout` hand on."""

    graph: ModelGraph
    down: bool
    sizes: Mapping[str, tuple[float, float]]
    titles: Mapping[str, float]
    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    # Of each group the parts of edges that it shows, and which parts make up an edge.
    segments: dict[str, dict[Segment, bool]] = field(default_factory=dict)
    parts: dict[tuple[str, str], list[tuple[str, Segment]]] = field(default_factory=dict)
    lines: dict[tuple[str, Segment], tuple[Point, list[Piece]]] = field(default_factory=dict)
    boxes: dict[str, Box] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)


def _chains(group: Group, chain: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """Return the groups around each node, the whole graph first."""
    chain = (*chain, group.name)
    found: dict[str, tuple[str, ...]] = {}
    for item in group.items:
        found.update(_chains(item, chain) if isinstance(item, Group) else {item: chain})
    return found


def _framed(name: str) -> tuple[str, str]:
    return ("frame", name)


def _share_out(work: _Work) -> None:
    """Cut every edge where it enters or leaves a frame."""
    for source, target in work.graph.edges:
        one, other = work.chains[source], work.chains[target]
        common = sum(a == b for a, b in zip(one, other, strict=False))
        parts = []
        at: Hashable = source
        for name in reversed(one[common:]):
            parts.append((name, Segment(source, at, Port(source, True))))
            at = _framed(name)
        levels = other[common - 1 :]
        for place, name in enumerate(levels):
            deeper = place + 1 < len(levels)
            goal = _framed(levels[place + 1]) if deeper else target
            parts.append((name, Segment(source, at, goal)))
            at = Port(source, False)
        work.parts[source, target] = parts
        aside = (source, target) in work.graph.shortcuts
        for name, segment in parts:
            known = work.segments.setdefault(name, {})
            known[segment] = known.get(segment, True) and aside


def _built(work: _Work, group: Group) -> _Block:
    """Lay out a group, its inner groups first."""
    extents: dict[Hashable, Extent] = {}
    inner: dict[Hashable, _Block] = {}
    for item in group.items:
        if isinstance(item, Group):
            key = _framed(item.name)
            inner[key] = _built(work, item)
            extents[key] = _extent(work, inner[key])
        else:
            width, height = work.sizes.get(item, SIZE)
            width, height = (width, height) if work.down else (height, width)
            extents[item] = Extent(width / 2, width / 2, height)
    segments = work.segments.get(group.name, {})
    ends = (end for segment in segments for end in (segment.source, segment.target))
    ports = dict.fromkeys(end for end in ends if isinstance(end, Port))
    offsets = {
        key: {p: block.plan.across[p] - block.axis for p in block.plan.across if
              isinstance(p, Port)}
        for key, block in inner.items()
    }  # fmt: skip
    plan = arrange(Level(extents, segments, ports, offsets))
    block = _Block(group.name, plan, extents, inner, (0.0, 0.0))
    if group.name:
        title = TITLE if work.down else 0.0
        block.offset = (_PAD if work.down else _PAD + TITLE - 8, title if ports else title + _PAD)
        block.axis = next((plan.across[port] for port in ports), plan.width / 2)
    return block


def _extent(work: _Work, block: _Block) -> Extent:
    """Return the room of a frame around its axis."""
    plan, offset = block.plan, block.offset
    left = block.axis + offset[0]
    right = plan.width - block.axis + _PAD
    along = offset[1] + plan.height + (0 if _leaves(plan) else _PAD)
    least = work.titles.get(block.name, 0.0)
    if work.down:
        right = max(right, least - left)
    return Extent(left, right, along if work.down else max(along, least))


def _leaves(plan: Plan) -> bool:
    return any(isinstance(item, Port) and item.leaves for item in plan.ranks)


# ------------------------------------------------------------------------- flattening
def _placed(work: _Work, block: _Block, at: Point, depth: int) -> None:
    """Give everything inside a block its place in the drawing; ``at`` is the plan's."""
    plan = block.plan
    for item, extent in block.extents.items():
        across = at[0] + plan.across[item] - extent.left
        along = at[1] + plan.along[item]
        box = _box(work, across, along, extent)
        if isinstance(item, str):
            work.boxes[item] = box
            continue
        inner = block.inner[item]
        work.frames.append(Frame(inner.name, box, depth))
        start = (across + inner.offset[0], along + inner.offset[1])
        _placed(work, inner, start, depth + 1)
        _reached(work, inner, along, along + extent.along)
    for segment, (start, pieces) in plan.lines.items():
        moved = [tuple((p[0] + at[0], p[1] + at[1]) for p in piece) for piece in pieces]
        work.lines[block.name, segment] = ((start[0] + at[0], start[1] + at[1]), moved)


def _reached(work: _Work, block: _Block, begin: float, end: float) -> None:
    """Lengthen the lines inside a frame up to its border."""
    for segment in block.plan.lines:
        start, pieces = work.lines[block.name, segment]
        if isinstance(segment.source, Port):
            pieces = [(start,), *pieces]
            start = (start[0], begin)
        if isinstance(segment.target, Port):
            goal = pieces[-1][-1]
            pieces = [*pieces, ((goal[0], end),)]
        work.lines[block.name, segment] = (start, pieces)


def _box(work: _Work, across: float, along: float, extent: Extent) -> Box:
    wide = extent.left + extent.right
    if work.down:
        return Box(across, along, wide, extent.along)
    return Box(along, across, extent.along, wide)


def _routes(work: _Work) -> tuple[Route, ...]:
    """Join the parts of every edge to one line."""
    routes = []
    for edge in work.graph.edges:
        start: Point | None = None
        pieces: list[Piece] = []
        for part in work.parts[edge]:
            first, more = work.lines[part]
            start = first if start is None else start
            pieces += more
        assert start is not None
        turn = (lambda p: p) if work.down else (lambda p: (p[1], p[0]))
        turned = tuple(tuple(turn(p) for p in piece) for piece in _joined(start, pieces))
        aside = edge in work.graph.shortcuts
        routes.append(Route(edge[0], edge[1], turn(start), turned, aside))
    return tuple(routes)


def _joined(start: Point, pieces: list[Piece]) -> list[Piece]:
    """Drop straight pieces of no length, and join those that follow one another."""
    kept: list[Piece] = []
    at = start
    for piece in pieces:
        goal = piece[-1]
        if len(piece) == 1 and abs(goal[0] - at[0]) + abs(goal[1] - at[1]) < 0.01:
            continue
        straight = len(piece) == 1 and kept and len(kept[-1]) == 1
        before = (kept[-2][-1] if len(kept) > 1 else start) if straight else at
        if straight and abs(before[0] - at[0]) < 0.01 and abs(goal[0] - at[0]) < 0.01:
            kept[-1] = piece
        else:
            kept.append(piece)
        at = goal
    return kept or [(start,)]
