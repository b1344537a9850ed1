"""Small clusters of a column put into one node, so that a drawing remains readable."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from xai.flow.building import unordered
from xai.flow.graph import NOISE, SMALL, FlowGraph, Node, checked_graph


def fold(graph: FlowGraph, least: int = 0, *, most: int | None = None) -> FlowGraph:
    """Put the small clusters of each column into one node.

    Parameters
    ----------
    graph : FlowGraph
    least : int
        Clusters of fewer images are folded. At most 1 folds none of them.
    most : int, optional
        The smallest clusters of a column are folded until it has at most so many nodes,
        that of the noise and that of the small ones among them; at least 3.

    Returns
    -------
    FlowGraph
        In raw order. A single small cluster stays as it is, and noise is never folded.

    Raises
    ------
    TypeError
        If it is no flow graph, or a number is not whole.
    ValueError
        If ``most`` is below 3.
    """
    graph = checked_graph(graph)
    for name, number in (("least", least), ("most", 3 if most is None else most)):
        if isinstance(number, bool) or not isinstance(number, int | np.integer):
            raise TypeError(f"{name}: expected a whole number, got {number!r}")
    if most is not None and most < 3:
        raise ValueError(f"most: expected at least 3, got {most}")
    assigned = graph.assigned.copy()
    for column, nodes in enumerate(graph.nodes):
        small = _small(nodes, least, most)
        if small:
            assigned[column, np.concatenate([node.members for node in small])] = SMALL
    return unordered(dataclasses.replace(graph, assigned=assigned))


def _small(nodes: Sequence[Node], least: int, most: int | None) -> list[Node]:
    """Return the nodes of a column that are to become one."""
    clusters = sorted(
        (node for node in nodes if node.cluster not in (NOISE, SMALL)),
        key=lambda node: (-len(node), node.cluster),
    )
    noise = any(node.cluster == NOISE for node in nodes)
    # The node of the small ones needs a place, too.
    room = len(nodes) if most is None or len(nodes) <= most else most - noise - 1
    kept = sum(len(node) >= least for node in clusters[:room])
    small = [*clusters[kept:], *(node for node in nodes if node.cluster == SMALL)]
    return small if len(small) > 1 else []
