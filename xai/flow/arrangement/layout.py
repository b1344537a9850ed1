"""Where the nodes, the flows and the lines of a flow graph lie, in images."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xai import layered
from xai.flow.graph import Flow, FlowGraph, checked_graph

#: The gap if none is given: share of all images, and of it at most between all nodes.
_GAP, _GAPS = 0.025, 0.5
#: The largest gap that may be asked for: more leaves no digits for the images beside it.
_WIDEST = 1_000_000
#: How much taller than its tallest column a drawing may become to be straighter.
_TALLER = 1.25
#: Sweeps of straightening over all columns.
_SWEEPS = 8


@dataclass(frozen=True, eq=False)
class FlowLayout:
    """Where everything lies from the top; the unit is the height of one image.

    Attributes
    ----------
    gap : float
        Least distance between two nodes of a column.
    height : float
        Of the drawing: the lowest bottom. The highest top is 0.
    tops, bottoms : tuple of ndarray, shape (n,), float64
        For each column its nodes, as in ``graph.nodes``.
    starts, ends : tuple of ndarray, shape (F,), float64
        For each two neighbouring columns their flows, as in ``graph.flows``: the upper
        edge where a flow leaves its source and where it enters its target. At both it is
        as thick as it has images; flows of one side do not overlap and fill it.
    pieces : tuple of ndarray, shape (F, K + 1), int64
        For each flow where the images of each class begin and end, from its upper edge:
        class k from ``pieces[f, k]`` to ``pieces[f, k + 1]``. Zeros where classes are
        unknown.
    line_positions : ndarray, shape (L, N), float32
        The line of each image, in the middle of its height.
    """

    gap: float
    height: float
    tops: tuple[np.ndarray, ...]
    bottoms: tuple[np.ndarray, ...]
    starts: tuple[np.ndarray, ...]
    ends: tuple[np.ndarray, ...]
    pieces: tuple[np.ndarray, ...]
    line_positions: np.ndarray


@dataclass(frozen=True, eq=False)
class _Pair:
    """The flows between two columns, (F,) each.

    ``source`` and ``target`` are places of nodes; ``leaves`` and ``enters`` are where a flow
    begins and ends, from the upper edge of its node; ``images`` is how thick it is.
    """

    source: np.ndarray
    target: np.ndarray
    images: np.ndarray
    leaves: np.ndarray
    enters: np.ndarray


def lay_out(graph: FlowGraph, *, gap: float | None = None) -> FlowLayout:
    """Say where the nodes, the flows and the lines lie, in the order that the graph has.

    Parameters
    ----------
    graph : FlowGraph
    gap : float, optional
        Least distance between two nodes of a column, in images, from 0 to 1,000,000. By default
        a fortieth of all images, less where columns have many nodes.

    Returns
    -------
    FlowLayout

    Raises
    ------
    TypeError
        If it is no flow graph, or the gap is no number.
    ValueError
        If the gap is out of its range.

    Notes
    -----
    Nodes begin where :func:`xai.layered.places` (Brandes and Köpf) aligns them along the
    heaviest flows. Then each column in turn is moved to where the flows of its nodes
    would be straight (the weighted median over the flows), as far as
    the nodes do not overlap and the drawing stays at most 1.25 times as tall as its
    tallest column; the straightest drawing on the way is kept.
    """
    graph = checked_graph(graph)
    gap = _usual(graph) if gap is None else _accepted(gap)
    sizes = [np.array([len(node) for node in column], np.float64) for column in graph.nodes]
    pairs = [_pair(graph, column) for column in range(len(graph.layers) - 1)]
    tops = _straightened(_placed(graph, sizes, gap), sizes, pairs, gap)
    bottoms = [top + size for top, size in zip(tops, sizes, strict=True)]
    return FlowLayout(
        gap=gap,
        height=max(float(bottom[-1]) for bottom in bottoms),
        tops=tuple(tops),
        bottoms=tuple(bottoms),
        starts=tuple(
            top[pair.source] + pair.leaves for top, pair in zip(tops, pairs, strict=False)
        ),
        ends=tuple(
            top[pair.target] + pair.enters for top, pair in zip(tops[1:], pairs, strict=True)
        ),
        pieces=tuple(_pieces(flows, len(graph.classes)) for flows in graph.flows),
        line_positions=_line_positions(graph, tops, sizes),
    )


def _usual(graph: FlowGraph) -> float:
    """Return the gap if none is given."""
    return len(graph) * min(_GAP, _GAPS / max(len(column) for column in graph.sequence))


def _accepted(gap: Any) -> float:
    if isinstance(gap, bool) or not isinstance(gap, int | float | np.integer | np.floating):
        raise TypeError(f"gap: expected a number, got {gap!r}")
    if not 0 <= gap <= _WIDEST:
        raise ValueError(f"gap: expected 0 to {_WIDEST:,} images, got {gap}")
    return float(gap)


def _pair(graph: FlowGraph, column: int) -> _Pair:
    flows = graph.flows[column]
    above = {cluster: place for place, cluster in enumerate(graph.sequence[column])}
    below = {cluster: place for place, cluster in enumerate(graph.sequence[column + 1])}
    source = np.array([above[flow.source] for flow in flows])
    target = np.array([below[flow.target] for flow in flows])
    images = np.array([len(flow) for flow in flows])
    return _Pair(
        source, target, images, _stacked(source, target, images), _stacked(target, source, images)
    )


def _stacked(node: np.ndarray, other: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Return where each flow begins at one side of its node: by where its other end lies."""
    along = np.lexsort((other, node))
    before = images[along].cumsum() - images[along]
    first = np.searchsorted(node[along], node[along])
    found = np.empty(len(node))
    found[along] = before - before[first]
    return found


def _pieces(flows: Sequence[Flow], classes: int) -> np.ndarray:
    counts = np.array([flow.counts for flow in flows], np.int64).reshape(len(flows), classes)
    return np.concatenate([np.zeros((len(flows), 1), np.int64), counts.cumsum(1)], axis=1)


# -------------------------------------------------------------------------- the nodes
def _placed(graph: FlowGraph, sizes: Sequence[np.ndarray], gap: float) -> list[np.ndarray]:
    """Return where nodes begin if they are aligned along the heaviest flows."""
    layers = [[(row, cluster) for cluster in column] for row, column in enumerate(graph.sequence)]
    extents: dict[Hashable, tuple[float, float]] = {
        item: (size / 2 + gap / 2, size / 2 + gap / 2)
        for layer, column in zip(layers, sizes, strict=True)
        for item, size in zip(layer, column.tolist(), strict=True)
    }
    weights: dict[layered.Edge, float] = {
        ((flow.column, flow.source), (flow.column + 1, flow.target)): float(len(flow))
        for flows in graph.flows
        for flow in flows
    }
    at = layered.places(layers, weights, extents, weights)
    return [
        np.array([at[item] for item in layer]) - column / 2
        for layer, column in zip(layers, sizes, strict=True)
    ]


def _straightened(
    tops: list[np.ndarray], sizes: Sequence[np.ndarray], pairs: Sequence[_Pair], gap: float
) -> list[np.ndarray]:
    """Move nodes until flows are straight, within a height; the first begins at 0."""
    tallest = max(float(column.sum()) + gap * (len(column) - 1) for column in sizes)
    room = 0.0, tallest * _TALLER
    middle = (min(map(np.min, tops)) + max(map(np.max, _ends(tops, sizes)))) / 2 - room[1] / 2
    present = [
        layered.spaced(top - middle, size, gap, weights=size, room=room)
        for top, size in zip(tops, sizes, strict=True)
    ]
    best, least = list(present), _slope(present, pairs)
    for sweep in range(_SWEEPS):
        rows = range(len(present)) if sweep % 2 == 0 else range(len(present))[::-1]
        for row in rows:
            wanted = present[row] + _shifts(present, pairs, row)
            present[row] = layered.spaced(wanted, sizes[row], gap, weights=sizes[row], room=room)
        slope = _slope(present, pairs)
        if slope < least:
            best, least = list(present), slope
    highest = min(float(top[0]) for top in best)
    return [top - highest for top in best]


def _ends(tops: Sequence[np.ndarray], sizes: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [top + size for top, size in zip(tops, sizes, strict=True)]


def _drops(tops: Sequence[np.ndarray], pairs: Sequence[_Pair], row: int) -> np.ndarray:
    """Return how far each flow between a column and the next goes down, (F,)."""
    pair = pairs[row]
    found: np.ndarray = (
        tops[row + 1][pair.target] + pair.enters - tops[row][pair.source] - pair.leaves
    )
    return found


def _slope(tops: Sequence[np.ndarray], pairs: Sequence[_Pair]) -> float:
    """Return how far all images go up or down on their way."""
    return sum(
        float(np.abs(_drops(tops, pairs, row)) @ pair.images) for row, pair in enumerate(pairs)
    )


def _shifts(tops: Sequence[np.ndarray], pairs: Sequence[_Pair], row: int) -> np.ndarray:
    """Return how far each node of a column should move: the median over its images' ways."""
    nodes, drops, images = [], [], []
    if row < len(pairs):
        nodes.append(pairs[row].source)
        drops.append(_drops(tops, pairs, row))
        images.append(pairs[row].images)
    if row > 0:
        nodes.append(pairs[row - 1].target)
        drops.append(-_drops(tops, pairs, row - 1))
        images.append(pairs[row - 1].images)
    if not nodes:
        return np.zeros(len(tops[row]))
    node, drop, weight = (np.concatenate(parts) for parts in (nodes, drops, images))
    along = np.lexsort((drop, node))
    node, drop, weight = node[along], drop[along], weight[along]
    # Where half of the weight of each node is reached.
    heaped = weight.cumsum()
    totals = np.bincount(node, weights=weight, minlength=len(tops[row]))
    half = np.concatenate([[0.0], totals.cumsum()[:-1]]) + totals / 2
    found: np.ndarray = drop[np.searchsorted(heaped, half)]
    return found


# -------------------------------------------------------------------------- the lines
def _line_positions(
    graph: FlowGraph, tops: Sequence[np.ndarray], sizes: Sequence[np.ndarray]
) -> np.ndarray:
    """Return the middle of each image's line, (L, N) float32."""
    found = np.empty(graph.lines.shape, np.float32)
    for row, (line, top, size) in enumerate(zip(graph.lines, tops, sizes, strict=True)):
        before = size.cumsum() - size
        found[row, line] = np.arange(len(line)) + 0.5 + np.repeat(top - before, size.astype(int))
    return found
