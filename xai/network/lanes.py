"""Columns and lanes of a drawing that flows to the right: the trunk, and branches beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xai.network.graph import ModelGraph


@dataclass(frozen=True)
class Places:
    """Where the nodes of a graph stand in a drawing that flows to the right.

    Attributes
    ----------
    columns : mapping of str to int
        Every edge leads to a larger column.
    lanes : mapping of str to int
        0 is the longest way through; branches beside it have lanes of their own.
    count : int
        Number of lanes.
    """

    columns: Mapping[str, int]
    lanes: Mapping[str, int]
    count: int


def places(graph: ModelGraph) -> Places:
    """Give every node a column, and every branch a lane of its own."""
    columns = {node.name: node.depth for node in graph.nodes}
    trunk = _trunk(graph)
    lanes = dict.fromkeys(trunk, 0)
    busy: dict[int, int] = {}
    branches = _branches(graph, trunk)
    for branch in branches:
        start = max((columns[name] for name in graph.sources(branch[0])), default=-1)
        ends = [columns[name] for name in graph.targets(branch[-1])]
        end = min(ends, default=columns[branch[-1]] + 1)
        if _is_plain(graph, branch, trunk):
            # A branch of fewer steps stands in the middle of its way.
            slack = (end - 1 - columns[branch[-1]]) // 2
            columns.update({name: columns[name] + slack for name in branch})
        lane = next(k for k in range(1, len(branches) + 1) if busy.get(k, -1) <= start)
        busy[lane] = max(ends, default=end)
        lanes.update(dict.fromkeys(branch, lane))
    return Places(columns, lanes, 1 + max(busy, default=0))


def _branches(graph: ModelGraph, trunk: set[str]) -> list[list[str]]:
    """Cut what is not in the trunk into chains."""
    branches: list[list[str]] = []
    ends: dict[str, int] = {}
    for node in graph.nodes:
        if node.name in trunk:
            continue
        before = next((name for name in graph.sources(node.name) if name in ends), "")
        # A branch goes on where only one node reads it so far.
        index = ends.pop(before, len(branches))
        if index == len(branches):
            branches.append([])
        branches[index].append(node.name)
        ends[node.name] = index
    return branches


def _is_plain(graph: ModelGraph, branch: list[str], trunk: set[str]) -> bool:
    """Whether a branch leaves the trunk and comes back without meeting others."""
    near = {n for name in branch for n in (*graph.sources(name), *graph.targets(name))}
    return near <= trunk | set(branch)


def _trunk(graph: ModelGraph) -> set[str]:
    """Return the nodes of the longest way to the deepest node."""
    name = max(graph.nodes, key=lambda node: node.depth).name
    found = {name}
    while sources := graph.sources(name):
        name = max(sources, key=lambda source: graph.node(source).depth)
        found.add(name)
    return found
