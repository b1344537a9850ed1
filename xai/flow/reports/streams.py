"""The stream of a class, the nodes that it prefers, and where images leave it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from xai.flow.graph import FlowGraph

Kind = Literal["first", "good"]
#: An image that never leaves.
NEVER = -1


def streams(graph: FlowGraph, labels: np.ndarray) -> np.ndarray:
    """Find out which images are in the stream of their class.

    Parameters
    ----------
    graph : FlowGraph
    labels : ndarray, shape (N,), int64
        Their classes, those of the graph.

    Returns
    -------
    ndarray, shape (L, N), bool

    Notes
    -----
    A node belongs to the stream of a class c if c is not rarer there than everywhere:
    P(node | c) >= P(node). So a node that holds all images is in every class's stream,
    and the noise, or a class's second cluster, may be. An image is no evidence of where
    it belongs: it is left out of both shares, and a node without another image of its
    class is outside of the stream. Otherwise each small cluster would be in the stream
    of whatever strays into it.
    """
    total = len(graph)
    alike = np.bincount(labels, minlength=len(graph.classes))[labels] - 1
    found = np.empty(graph.assigned.shape, bool)
    for column, nodes in enumerate(graph.nodes):
        # What is left of node and class in the node without the image itself.
        size, mine = np.empty(total, np.int64), np.empty(total, np.int64)
        for node in nodes:
            size[node.members] = len(node) - 1
            mine[node.members] = node.counts[labels[node.members]] - 1
        found[column] = (mine > 0) & (mine * (total - 1) >= size * alike)
    return found


def leaving(inside: np.ndarray, kind: Kind) -> np.ndarray:
    """Find the layer at which images leave their stream.

    Parameters
    ----------
    inside : ndarray, shape (L, M), bool
        Whether each image is in the stream, in each layer.
    kind : str
        ``"first"``: the first layer at which it is outside. ``"good"``: the layer from
        which on, to the end, it is.

    Returns
    -------
    ndarray, shape (M,), int64
        Places of layers; :data:`NEVER` for an image that never leaves, or, for good,
        that is inside in the last layer.

    Raises
    ------
    ValueError
        If ``kind`` is another word.
    """
    if kind not in _WAYS:
        raise ValueError(f"kind: expected one of {', '.join(_WAYS)}; got {kind!r}")
    return _WAYS[kind](inside)


def _first(inside: np.ndarray) -> np.ndarray:
    return np.where(inside.all(axis=0), NEVER, inside.argmin(axis=0))


def _good(inside: np.ndarray) -> np.ndarray:
    """Return the layer after the last one inside."""
    count = len(inside)
    after = np.where(inside.any(axis=0), count - inside[::-1].argmax(axis=0), 0)
    return np.where(after < count, after, NEVER)


_WAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"first": _first, "good": _good}
