"""A long drawing cut into columns, where a single line leads on from layer to layer."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from xai.network.layout.curves import Piece, Point
from xai.network.layout.level import GAP, Extent, Plan, Segment

#: How far a line to the next column goes below the last box and above the first.
REACH = 16.0
#: Pixels between two columns, and the radius of the line's corners.
_GUTTER, _RADIUS = 2 * GAP, 9.0


@dataclass(frozen=True)
class _Column:
    """Layers ``first`` up to but not including ``end``, and the room that they take."""

    first: int
    end: int
    left: float
    right: float
    top: float
    bottom: float


def in_columns(plan: Plan, extents: dict[Hashable, Extent], room: tuple[float, float]) -> Plan:
    """Lay a plan out in columns, so that it fits into a room.

    Parameters
    ----------
    plan : Plan
    extents : dict of item to Extent
    room : (float, float)
        Across and along.

    Returns
    -------
    Plan
        With as many columns as let it be seen whole at the largest scale; the same if it
        fits, or if it can be cut nowhere.
    """
    if plan.height <= room[1]:
        return plan
    chunks, sides = _chunks(plan), _sides(plan, extents)
    best: list[_Column] = []
    largest = 0.0
    for count in range(1, len(chunks) + 1):
        columns = [_column(plan, sides, *span) for span in _balanced(plan, chunks, count)]
        width = sum(c.right - c.left + _GUTTER for c in columns) - _GUTTER
        height = max(c.bottom - c.top for c in columns)
        scale = min(1.0, room[0] / width, room[1] / height)
        if scale > largest * 1.01:
            best, largest = columns, scale
    return _moved(plan, best) if len(best) > 1 else plan


def _chunks(plan: Plan) -> list[tuple[int, int]]:
    """Return the spans of layers between the places where one line leads on."""
    crossing: list[list[Segment]] = [[] for _ in plan.bands]
    for segment in plan.lines:
        for rank in range(plan.ranks[segment.source], plan.ranks[segment.target]):
            crossing[rank].append(segment)
    cuts = [
        rank + 1
        for rank, through in enumerate(crossing[:-1])
        if len(through) == 1 and plan.ranks[through[0].target] - plan.ranks[through[0].source] == 1
    ]
    return list(itertools.pairwise([0, *cuts, len(plan.bands)]))


def _balanced(plan: Plan, chunks: Sequence[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    """Join chunks to at most ``count`` columns, the longest as short as possible."""
    lengths = {
        plan.bands[end - 1][1] - plan.bands[first][0]
        for (first, _), (_, end) in itertools.combinations_with_replacement(chunks, 2)
    }
    for limit in sorted(lengths):
        spans: list[tuple[int, int]] = []
        for first, end in chunks:
            if spans and plan.bands[end - 1][1] - plan.bands[spans[-1][0]][0] <= limit:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((first, end))
        if len(spans) <= count:
            return spans
    return [(0, len(plan.bands))]


def _sides(plan: Plan, extents: dict[Hashable, Extent]) -> list[tuple[float, float]]:
    """Return how far each layer reaches to the left and to the right."""
    sides = [(math.inf, -math.inf) for _ in plan.bands]
    for item, at in plan.across.items():
        rank = plan.ranks.get(item, getattr(item, "rank", -1))
        if 0 <= rank < len(sides):
            extent = extents.get(item, Extent(0, 0, 0))
            low, high = sides[rank]
            sides[rank] = min(low, at - extent.left), max(high, at + extent.right)
    return sides


def _column(plan: Plan, sides: list[tuple[float, float]], first: int, end: int) -> _Column:
    left, right = min(low for low, _ in sides[first:end]), max(high for _, high in sides[first:end])
    return _Column(first, end, left, right, plan.bands[first][0], plan.bands[end - 1][1])


def _moved(plan: Plan, columns: list[_Column]) -> Plan:
    """Put the columns side by side."""
    shifts: list[Point] = []
    at = 0.0
    for column in columns:
        shifts.append((at - column.left, -column.top))
        at += column.right - column.left + _GUTTER
    of = {rank: k for k, c in enumerate(columns) for rank in range(c.first, c.end)}
    lines = {}
    for segment, (start, pieces) in plan.lines.items():
        one, other = of[plan.ranks[segment.source]], of[plan.ranks[segment.target]]
        here = _shifted(start, shifts[one])
        if one == other:
            lines[segment] = (
                here,
                [tuple(_shifted(p, shifts[one]) for p in piece) for piece in pieces],
            )
        else:
            goal = _shifted(pieces[-1][-1], shifts[other])
            lane = columns[one].right + shifts[one][0] + _GUTTER / 2
            below = columns[one].bottom + shifts[one][1] + REACH
            lines[segment] = (here, _led_on(here, goal, lane, below))
    across, along = {}, {}
    for item, place in plan.across.items():
        rank = plan.ranks.get(item, getattr(item, "rank", -1))
        across[item] = place + shifts[of[rank]][0]
        if item in plan.along:
            along[item] = plan.along[item] + shifts[of[rank]][1]
    height = max(column.bottom - column.top for column in columns)
    return Plan(across, along, lines, plan.bands, plan.ranks, at - _GUTTER, height)


def _shifted(point: Point, shift: Point) -> Point:
    return point[0] + shift[0], point[1] + shift[1]


def _led_on(here: Point, goal: Point, lane: float, below: float) -> list[Piece]:
    """Return the line from the end of a column to the beginning of the next."""
    points = [
        here,
        (here[0], below),
        (lane, below),
        (lane, -REACH),
        (goal[0], -REACH),
        goal,
    ]
    pieces: list[Piece] = []
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        enter, leave = _towards(corner, before), _towards(corner, after)
        pieces += [(enter,), (corner, corner, leave)]
    return [*pieces, (goal,)]


def _towards(corner: Point, other: Point) -> Point:
    """Return the point near a corner where its rounding ends."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    part = min(_RADIUS / max(abs(dx) + abs(dy), 1e-9), 0.5)
    return corner[0] + dx * part, corner[1] + dy * part
