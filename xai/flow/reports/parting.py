"""Where classes part: how much of each has a node of its own, and who shares nodes with whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai.flow.graph import NOISE, SMALL, FlowGraph, checked_graph

#: A class has found itself where more than this share of it is in nodes of its own.
MOST = 0.5
#: A node is a class's own where at least this share of it is of the class.
PURE = 0.5
#: A class that never does.
NEVER = -1


@dataclass(frozen=True, eq=False)
class Parting:
    """How far each layer keeps the classes apart.

    Attributes
    ----------
    layers : tuple of str
    classes : tuple of str
        Names of all classes.
    present : ndarray, shape (P,), int64
        Those that have images, rising; rows and columns below are theirs.
    sizes : ndarray, shape (P,), int64
        How many.
    own : ndarray, shape (L, P), float64
        Share of each class's images in nodes of its own, in [0, 1].
    counts : tuple of ndarray, each of shape (nodes, P), int64
        Images of each class in each cluster of a layer.
    """

    layers: tuple[str, ...]
    classes: tuple[str, ...]
    present: np.ndarray
    sizes: np.ndarray
    own: np.ndarray
    counts: tuple[np.ndarray, ...]

    @property
    def first(self) -> np.ndarray:
        """The first layer with most of a class in nodes of its own, (P,) int64; -1 if none."""
        found = self.own > MOST
        return np.where(found.any(axis=0), found.argmax(axis=0), NEVER)

    @property
    def settled(self) -> np.ndarray:
        """The layer from which on, to the end, that is so, (P,) int64; -1 if it ends otherwise."""
        lost = ~(self.own > MOST)
        after = np.where(lost.any(axis=0), len(lost) - lost[::-1].argmax(axis=0), 0)
        return np.where(after < len(lost), after, NEVER)

    def together(self, column: int) -> np.ndarray:
        """Return the share of pairs of different images that are in one cluster of a layer.

        Returns
        -------
        ndarray, shape (P, P), float64, in [0, 1]
            One image of the row's class and one of the column's. NaN for a class of one
            image with itself.
        """
        return np.stack(
            [_shares(self.counts[column], self.sizes, at) for at in range(len(self.sizes))]
        )

    def beside(self, label: int) -> np.ndarray:
        """Return the same of one class with every class, in all layers, (L, P) float64.

        Raises
        ------
        ValueError
            If the class has no image.
        """
        row = self.row(label)
        return np.stack([_shares(table, self.sizes, row) for table in self.counts])

    def row(self, label: int) -> int:
        """Return the place of a class among those that have images.

        Raises
        ------
        ValueError
            If it has none.
        """
        place = np.flatnonzero(self.present == label)
        if not len(place):
            raise ValueError(f"class: expected one that has images, got {label}")
        return int(place[0])


def parting(graph: FlowGraph) -> Parting:
    """Find out at which layers the classes part.

    Parameters
    ----------
    graph : FlowGraph
        Of images of known classes.

    Returns
    -------
    Parting

    Raises
    ------
    TypeError
        If it is no flow graph.
    ValueError
        If classes are unknown.

    Notes
    -----
    A node is a class's own if at least half of it is of that class; of two classes with
    half each, it is both's. Noise and the node of folded clusters are no clusters: their
    images are in no node of their own, and two of them are not together. The share of
    pairs of one class with itself is the chance that a cluster keeps two of its images
    together; with another class, that it does not tell the two apart.
    """
    graph = checked_graph(graph)
    if graph.labels is None:
        raise ValueError("graph: expected images of known classes, got none")
    sizes = np.bincount(graph.labels, minlength=len(graph.classes))
    present = np.flatnonzero(sizes)
    sizes = sizes[present]
    own, counts = [], []
    for nodes in graph.nodes:
        kept = [node.counts[present] for node in nodes if node.cluster not in (NOISE, SMALL)]
        table = np.array(kept, np.int64).reshape(-1, len(present))
        pure = table >= PURE * table.sum(axis=1, keepdims=True)
        own.append((table * pure).sum(axis=0) / sizes)
        counts.append(table)
    return Parting(graph.layers, graph.classes, present, sizes, np.stack(own), tuple(counts))


def _shares(table: np.ndarray, sizes: np.ndarray, row: int) -> np.ndarray:
    """Return the shares of pairs of one class with each, (P,), of counts (nodes, P)."""
    shared = table[:, row] @ table
    pairs = sizes[row] * sizes
    # An image makes no pair with itself.
    shared[row] -= table[:, row].sum()
    pairs[row] -= sizes[row]
    found = np.full(len(sizes), np.nan)
    np.divide(shared, pairs, out=found, where=pairs > 0)
    return found
