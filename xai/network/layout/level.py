"""One level of a drawing: the nodes and frames inside one frame, and the lines between.

Coordinates are (across, along): along is the way that the signal goes, whichever way
that is on the screen.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from xai import layered
from xai.network.layout.curves import Piece, Point, curved, spread

#: Pixels between two boxes side by side, between two lines, and for a port.
GAP, LANE = 26.0, 11.0
#: Pixels between two layers: at least, at most, and per pixel that a line goes aside.
_BETWEEN, _MOST, _SLOPE = 26.0, 64.0, 0.13
#: What a straight line is worth: on the longest path, past a layer, else, a shortcut.
_MAIN, _PAST, _PLAIN, _SIDE = 8.0, 4.0, 2.0, 1.0


@dataclass(frozen=True)
class Port:
    """Where a signal enters (``leaves`` False) or leaves a frame."""

    signal: str
    leaves: bool


@dataclass(frozen=True)
class Extent:
    """Room of an item: to the left and right of its axis, and along."""

    left: float
    right: float
    along: float


@dataclass(frozen=True)
class Segment:
    """A part of an edge at one level: a node's signal from one item to another."""

    signal: str
    source: Hashable
    target: Hashable


@dataclass
class Level:
    """What is to be laid out at one level.

    Attributes
    ----------
    extents : dict
        Room of each node and frame, in forward order.
    segments : dict of Segment to bool
        Whether it belongs to shortcuts only.
    ports : dict of Port to None
        In the order in which they come up.
    inner : dict of item to dict of Port to float
        For frames: where their ports lie, relative to the axis.
    """

    extents: dict[Hashable, Extent]
    segments: dict[Segment, bool]
    ports: dict[Port, None]
    inner: Mapping[Hashable, Mapping[Port, float]]


@dataclass(frozen=True)
class Plan:
    """A level with coordinates.

    Attributes
    ----------
    across, along : dict of item to float
        The axis of each item; where it begins.
    lines : dict of Segment to (Point, list of Piece)
    bands : tuple of (float, float)
        Where each layer begins and ends.
    ranks : dict of item to int
    width, height : float
    """

    across: dict[Hashable, float]
    along: dict[Hashable, float]
    lines: dict[Segment, tuple[Point, list[Piece]]]
    bands: tuple[tuple[float, float], ...]
    ranks: dict[Hashable, int]
    width: float
    height: float


@dataclass
class _Work:
    """What the steps of :func:`arrange` hand on."""

    level: Level
    layers: layered.Layers
    sequence: tuple[tuple[Hashable, ...], ...] = ()
    across: dict[Hashable, float] = field(default_factory=dict)
    bands: list[tuple[float, float]] = field(default_factory=list)


def arrange(level: Level) -> Plan:
    """Lay out one level; it begins at (0, 0), ports on its borders."""
    rank = _ranks(level)
    ends = {(s.source, s.target): s.signal for s in level.segments}
    past = {(s.source, s.target) for s, aside in level.segments.items() if aside}
    work = _Work(level, layered.layers_of(rank, ends, ends))
    main = _longest(rank, ends)
    short = {
        pair
        for edge in past
        for pair in itertools.pairwise(work.layers.stops[edge])
        if edge not in main
    }
    given = [_given(layer, main, short) for layer in work.layers.layers]
    work.sequence = layered.order(given, work.layers.edges)
    work.across = _across(work, main, short)
    work.bands = _bands(work, rank)
    along = {
        item: (work.bands[place][0] + work.bands[place][1] - level.extents[item].along) / 2
        for item, place in rank.items()
        if item in level.extents
    }
    width = max(
        (at + (level.extents[i].right if i in level.extents else 0.0) for i, at in
         work.across.items()), default=0.0)  # fmt: skip
    height = work.bands[-1][1] if work.bands else 0.0
    lines = _lines(work, along, rank, height)
    return Plan(work.across, along, lines, tuple(work.bands), dict(rank), width, height)


# --------------------------------------------------------------------------- layers
def _ranks(level: Level) -> dict[Hashable, int]:
    """Return the layer of each item: entries first of all, exits last of all."""
    items: list[Hashable] = [*level.extents, *level.ports]
    rank = layered.ranks(items, [(s.source, s.target) for s in level.segments])
    exits = [port for port in level.ports if port.leaves]
    last = max((rank[item] for item in items if item not in exits), default=-1) + 1
    for port in level.ports:
        rank[port] = last if port.leaves else 0
    return rank


def _longest(
    rank: Mapping[Hashable, int], edges: Mapping[tuple[Hashable, Hashable], str]
) -> set[tuple[Hashable, Hashable]]:
    """Return the edges on the longest paths."""
    depth, height = dict.fromkeys(rank, 0), dict.fromkeys(rank, 0)
    forward = sorted(edges, key=lambda edge: rank[edge[0]])
    for source, target in forward:
        depth[target] = max(depth[target], depth[source] + 1)
    for source, target in reversed(forward):
        height[source] = max(height[source], height[target] + 1)
    longest = max((depth[a] + 1 + height[b] for a, b in edges), default=0)
    return {(a, b) for a, b in edges if depth[a] + 1 + height[b] == longest}


def _given(
    layer: tuple[Hashable, ...],
    main: set[tuple[Hashable, Hashable]],
    short: set[tuple[Hashable, Hashable]],
) -> tuple[Hashable, ...]:
    """Return a layer with the ways of shortcuts last, so that they keep to one side."""
    aside = {target for _, target in short} - {target for _, target in main}
    return tuple(sorted(layer, key=lambda item: isinstance(item, layered.Way) and item in aside))


# ---------------------------------------------------------------------- coordinates
def _across(
    work: _Work, main: set[tuple[Hashable, Hashable]], short: set[tuple[Hashable, Hashable]]
) -> dict[Hashable, float]:
    """Return the axis of every item, way and port."""
    weights = {}
    for pair in work.layers.edges:
        ways = sum(isinstance(item, layered.Way) for item in pair)
        plain = _SIDE if pair in short else _PLAIN
        weights[pair] = _MAIN if pair in main else _PAST if ways == 2 else plain
    rooms = {
        item: (known.left + GAP / 2, known.right + GAP / 2)
        if (known := work.level.extents.get(item))
        else (LANE / 2, LANE / 2)
        for layer in work.sequence
        for item in layer
    }
    at = layered.places(work.sequence, work.layers.edges, rooms, weights)
    edges = [
        across - (work.level.extents[item].left if item in work.level.extents else 0.0)
        for item, across in at.items()
    ]
    low = min(edges, default=0.0)
    return {item: across - low for item, across in at.items()}


def _bands(work: _Work, rank: Mapping[Hashable, int]) -> list[tuple[float, float]]:
    """Return where each layer begins and ends; steep lines get more room."""
    aside = [0.0] * len(work.sequence)
    for source, target in work.layers.edges:
        place = source.rank if isinstance(source, layered.Way) else rank[source]
        shift = abs(work.across[target] - work.across[source])
        aside[place] = max(aside[place], shift)
    bands, at = [], 0.0
    for place, layer in enumerate(work.sequence):
        room = max((work.level.extents[i].along for i in layer if i in work.level.extents),
                   default=0.0)  # fmt: skip
        bands.append((at, at + room))
        at += room + min(_MOST, max(_BETWEEN, aside[place] * _SLOPE))
    return bands


# ---------------------------------------------------------------------------- lines
def _lines(
    work: _Work, along: dict[Hashable, float], rank: Mapping[Hashable, int], height: float
) -> dict[Segment, tuple[Point, list[Piece]]]:
    leaving, entering = _hops(work)
    lines = {}
    for segment in work.level.segments:
        stops = work.layers.stops[segment.source, segment.target]
        source, target = segment.source, segment.target
        begin = leaving[source][stops[1]] if source in along else None
        end = entering[target][stops[-2]] if target in along else None
        inner = work.level.inner
        if source in inner:
            begin = work.across[source] + inner[source][Port(segment.signal, True)]
        if target in inner:
            end = work.across[target] + inner[target][Port(segment.signal, False)]
        first = along[source] + work.level.extents[source].along if source in along else 0.0
        last = along.get(target, height)
        here = (work.across[source] if begin is None else begin, first)
        goal = (work.across[target] if end is None else end, last)
        bends = [(work.across[way], *work.bands[way.rank]) for way in stops[1:-1]
                 if isinstance(way, layered.Way)]  # fmt: skip
        edges = (work.bands[rank[source]][1], work.bands[rank[target]][0])
        lines[segment] = (here, curved(here, bends, goal, edges))
    return lines


def _hops(
    work: _Work,
) -> tuple[dict[Hashable, dict[Hashable, float]], dict[Hashable, dict[Hashable, float]]]:
    """Return where on its box each line begins, and where each ends."""
    leaving: dict[Hashable, dict[Hashable, float]] = {}
    entering: dict[Hashable, dict[Hashable, float]] = {}
    for source, target in work.layers.edges:
        leaving.setdefault(source, {})[target] = 0.0
        entering.setdefault(target, {})[source] = 0.0
    for hops in (leaving, entering):
        for item, others in hops.items():
            extent = work.level.extents.get(item)
            if extent:
                spread(others, work.across, work.across[item], min(extent.left, extent.right))
    return leaving, entering
