"""The order of the clusters inside their columns: few flows cross, and few lines."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Hashable
from typing import Literal

import numpy as np

from xai import layered
from xai.flow.arrangement.lines import sorted_lines
from xai.flow.graph import NOISE, FlowGraph, checked_graph

#: A cluster of a column, as an item of a layered graph.
_Item = tuple[int, int]


def crossings(graph: FlowGraph) -> int:
    """Count how often two images cross because their flows do.

    Parameters
    ----------
    graph : FlowGraph

    Returns
    -------
    int
        For each two flows between neighbouring columns that cross, the product of their
        numbers of images. Flows that leave or enter the same cluster do not cross.

    Raises
    ------
    TypeError
        If it is no flow graph.
    """
    graph = checked_graph(graph)
    return int(layered.crossings(_layers(graph.sequence), *_edges(graph)))


def order(graph: FlowGraph, *, noise: Literal["free", "last"] = "free") -> FlowGraph:
    """Reorder the clusters of each column, and the images in them, so that little crosses.

    Parameters
    ----------
    graph : FlowGraph
    noise : {"free", "last"}
        Whether the node of the images without a cluster may lie anywhere, or lies at the
        bottom of each column.

    Returns
    -------
    FlowGraph
        With another ``sequence`` and other ``lines``. With free noise its
        :func:`crossings` are never more than before; with noise at the bottom never
        more than with the given order and noise moved down.

    Raises
    ------
    TypeError
        If it is no flow graph.
    ValueError
        If ``noise`` is something else.

    Notes
    -----
    Clusters are ordered by :func:`xai.layered.order`, weighted by the images of the flows:
    the optimum where columns are short, else sweeps by the barycentre both ways and
    single moves. It begins with the largest clusters at the top, so the result does
    not depend on how clusters are numbered; the given order is kept where it is as
    good. Given that, :func:`xai.flow.arrangement.lines.sorted_lines` finds the best order
    of the images.
    """
    graph = checked_graph(graph)
    if noise not in ("free", "last"):
        raise ValueError(f'noise: expected "free" or "last", got {noise!r}')
    held = noise == "last"
    sequence = _best(graph, held)
    placed = dataclasses.replace(graph, sequence=sequence)
    ranks = np.stack([placed.ranks(column) for column in range(len(graph.layers))])
    return dataclasses.replace(placed, lines=sorted_lines(ranks, graph.labels))


def _best(graph: FlowGraph, held: bool) -> tuple[tuple[int, ...], ...]:
    edges, counts = _edges(graph)
    given = _layers(_lowered(graph.sequence) if held else graph.sequence)
    noise = [item for layer in given for item in layer if item[1] == NOISE]
    start = _by_size(graph)
    found = layered.order(
        _layers(_lowered(start) if held else start), edges, counts, last=noise if held else ()
    )
    cluster: dict[Hashable, int] = {item: item[1] for layer in given for item in layer}
    better = layered.crossings(found, edges, counts) < layered.crossings(given, edges, counts)
    return tuple(tuple(cluster[item] for item in layer) for layer in (found if better else given))


def _lowered(sequence: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """Return the same order with noise at the bottom."""
    return tuple(tuple(sorted(column, key=NOISE.__eq__)) for column in sequence)


def _by_size(graph: FlowGraph) -> tuple[tuple[int, ...], ...]:
    """Return the clusters by falling size, of equals the one with the earliest image first."""
    found = []
    for assigned in graph.assigned:
        clusters, first, counts = np.unique(assigned, return_index=True, return_counts=True)
        found.append(tuple(int(cluster) for cluster in clusters[np.lexsort((first, -counts))]))
    return tuple(found)


def _layers(sequence: tuple[tuple[int, ...], ...]) -> list[list[_Item]]:
    return [[(row, cluster) for cluster in column] for row, column in enumerate(sequence)]


def _edges(graph: FlowGraph) -> tuple[list[tuple[_Item, _Item]], list[int]]:
    """Return the flows as edges, and how many images each has."""
    edges, counts = [], []
    for row, (one, other) in enumerate(itertools.pairwise(graph.assigned)):
        pairs, images = np.unique(np.stack([one, other]), axis=1, return_counts=True)
        edges += [((row, source), (row + 1, target)) for source, target in pairs.T.tolist()]
        counts += images.tolist()
    return edges, counts
