"""The stages of a network: stretches of one map size, as its paper would count them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from xai.network.graph import ModelGraph, Node

#: The stage of what has no rows and columns any more.
CLASSIFIER = "Classifier"
#: Steps that add a border, which says nothing of the picture.
PADS = ("ZeroPad2d", "ConstantPad2d", "pad")

_MOST = 0.8


@dataclass(frozen=True)
class Stage:
    """Consecutive nodes whose outputs are of one size.

    Attributes
    ----------
    label : str
        The size, such as ``"56 × 56"``, or :data:`CLASSIFIER`.
    title : str
        Path of the part of the network that the stage is, such as ``"layer1"``;
        ``""`` where the two do not agree.
    nodes : tuple of str
        Their names in forward order.
    """

    label: str
    title: str
    nodes: tuple[str, ...]


def stages(graph: ModelGraph) -> tuple[Stage, ...]:
    """Return the stages of a graph, at any level of detail.

    Parameters
    ----------
    graph : ModelGraph

    Returns
    -------
    tuple of Stage
        In forward order; every node lies in one of them.

    Notes
    -----
    A smaller map between larger ones, such as the gate of a squeeze-and-excitation
    block, belongs to the stage around it. Maps of one position at the end belong to
    the classifier. A border of zeros is not counted. A stage has the title of a
    container if each holds most of the other's steps with weights (four in five); of
    several the outermost.
    """
    runs: list[tuple[tuple[int, int], list[Node]]] = []
    for size, node in zip(_sizes(graph), graph.nodes, strict=True):
        if runs and runs[-1][0] == size:
            runs[-1][1].append(node)
        else:
            runs.append((size, [node]))
    titles = _titles(graph, [nodes for _, nodes in runs])
    return tuple(
        Stage(_label(size), title, tuple(node.name for node in nodes))
        for (size, nodes), title in zip(runs, titles, strict=True)
    )


def _sizes(graph: ModelGraph) -> list[tuple[int, int]]:
    """Return for every node the largest map from it to the end."""
    sizes: list[tuple[int, int]] = []
    size = (1, 1)
    for node in reversed(graph.nodes):
        sources = graph.sources(node.name)
        # A border belongs to the step behind it.
        shape = graph.node(sources[0]).shape if node.kind in PADS and sources else node.shape
        own = (shape[1], shape[2]) if len(shape) == 3 else (1, 1)
        size = max(size, own, key=math.prod)
        sizes.append(size)
    return sizes[::-1]


def _label(size: tuple[int, int]) -> str:
    return CLASSIFIER if size == (1, 1) else f"{size[0]} × {size[1]}"


def _titles(graph: ModelGraph, runs: list[list[Node]]) -> list[str]:
    """Return for each stage the container that it agrees with."""
    weights = [{path: _count(nodes, path) for path in graph.containers} for nodes in runs]
    totals = [_count(nodes, "") for nodes in runs]
    titles = []
    for held, total in zip(weights, totals, strict=True):
        fitting = (
            path
            for path in sorted(graph.containers, key=lambda path: path.count("."))
            if held[path] and held[path] >= _MOST * total
            if held[path] >= _MOST * sum(other[path] for other in weights)
        )
        titles.append(next(fitting, ""))
    return titles


def _count(nodes: Iterable[Node], path: str) -> int:
    """Return how many steps of nodes with weights lie in a container."""
    inside = (n for n in nodes if not path or n.module == path or n.module.startswith(f"{path}."))
    return sum(len(node.members) for node in inside if node.parameters)
