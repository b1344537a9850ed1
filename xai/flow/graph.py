"""The flow graph: clusters of each layer, joined by the images that they share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xai.flow.clustering.clusters import Clusters

#: The node of the images that belong to no cluster.
NOISE = -1
#: The node that small clusters are folded into.
SMALL = -2
#: What the images themselves are called among the layers.
PIXELS = "pixels"


@dataclass(frozen=True, eq=False)
class Group:
    """Images that are somewhere together.

    Attributes
    ----------
    column : int
        Place of the layer in the graph; of two layers the earlier.
    members : ndarray, shape (m,), int64
        The images, rising.
    counts : ndarray, shape (K,), int64
        How many there are of each class; zeros where classes are unknown.
    accuracy : float or None
        Share of them that the network gets right, in [0, 1]; None if nobody can tell.
    """

    column: int
    members: np.ndarray
    counts: np.ndarray
    accuracy: float | None

    def __len__(self) -> int:
        return len(self.members)

    @property
    def majority(self) -> int | None:
        """The commonest class, of equals the first; None where classes are unknown."""
        return int(self.counts.argmax()) if self.counts.any() else None

    @property
    def purity(self) -> float | None:
        """Share of the commonest class, in (0, 1]; None where classes are unknown."""
        return float(self.counts.max() / len(self.members)) if self.counts.any() else None


@dataclass(frozen=True, eq=False)
class Node(Group):
    """The images of one cluster in one layer.

    Attributes
    ----------
    cluster : int
        Its number; :data:`NOISE`, :data:`SMALL`.
    """

    cluster: int


@dataclass(frozen=True, eq=False)
class Flow(Group):
    """The images that a cluster shares with one of the next layer.

    Attributes
    ----------
    source, target : int
        The cluster that it leaves, and that of the next layer that it leads to.
    """

    source: int
    target: int


@dataclass(frozen=True, eq=False)
class FlowGraph:
    """How N images travel through L layers.

    Attributes
    ----------
    layers : tuple of str
        Names, in the order of the forward pass; ``"pixels"`` for the images themselves.
    assigned : ndarray, shape (L, N), int64
        Cluster of each image in each layer, from 0; :data:`NOISE`, :data:`SMALL`.
    sequence : tuple of tuple of int
        The clusters of each column from top to bottom, each with at least one image.
    lines : ndarray, shape (L, N), int64
        The images of each column from top to bottom. Those of a cluster lie together,
        the clusters as in ``sequence``.
    labels : ndarray, shape (N,), int64, or None
        True classes, indices of ``classes``; None where they are unknown.
    classes : tuple of str
    ids : tuple of str
        Names of the images; empty if they have none.
    predicted : ndarray, shape (N,), int64, or None
        The network's most probable class of each, an index of ``model_classes``.
    model_classes : tuple of str
    right : ndarray, shape (N,), bool, or None
        Whether the network names the true class; None if nobody can tell.
    model : str
        Name of the model; empty for clusters from elsewhere.
    clusters : tuple of Clusters
        What the columns are made of; empty for a graph that was read without them.

    Notes
    -----
    Arrays cannot be written to.
    """

    layers: tuple[str, ...]
    assigned: np.ndarray
    sequence: tuple[tuple[int, ...], ...]
    lines: np.ndarray
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    predicted: np.ndarray | None = None
    model_classes: tuple[str, ...] = ()
    right: np.ndarray | None = None
    model: str = ""
    clusters: tuple[Clusters, ...] = ()

    def __post_init__(self) -> None:
        for array in (self.assigned, self.lines, self.labels, self.predicted, self.right):
            if array is not None:
                array.setflags(write=False)

    def __len__(self) -> int:
        """Return how many images travel."""
        return self.assigned.shape[1]

    @cached_property
    def nodes(self) -> tuple[tuple[Node, ...], ...]:
        """The nodes of each column, from top to bottom."""
        return tuple(
            tuple(
                Node(column, members, *self._mix(members), cluster)
                for cluster in clusters
                for members in (np.flatnonzero(self.assigned[column] == cluster),)
            )
            for column, clusters in enumerate(self.sequence)
        )

    @cached_property
    def flows(self) -> tuple[tuple[Flow, ...], ...]:
        """The flows from each column to the next, from top to bottom, by source, then target."""
        return tuple(tuple(self._leaving(column)) for column in range(len(self.layers) - 1))

    def node(self, column: int, cluster: int) -> Node:
        """Return a node.

        Raises
        ------
        ValueError
            If there is none.
        """
        if not 0 <= column < len(self.layers):
            raise ValueError(f"column: expected 0 to {len(self.layers) - 1}, got {column}")
        if cluster not in self.sequence[column]:
            known = ", ".join(map(str, self.sequence[column]))
            raise ValueError(f"cluster: expected one of {known}; got {cluster}")
        return self.nodes[column][self.sequence[column].index(cluster)]

    def ranks(self, column: int) -> np.ndarray:
        """Return the place from the top of each image's cluster, (N,) int64."""
        clusters = np.array(self.sequence[column], np.int64)
        rising = clusters.argsort()
        found: np.ndarray = rising[np.searchsorted(clusters[rising], self.assigned[column])]
        return found

    def _leaving(self, column: int) -> list[Flow]:
        width = len(self.sequence[column + 1])
        pairs = self.ranks(column) * width + self.ranks(column + 1)
        along = np.argsort(pairs, kind="stable")
        found, starts = np.unique(pairs[along], return_index=True)
        return [
            Flow(
                column,
                members,
                *self._mix(members),
                source=self.sequence[column][int(pair) // width],
                target=self.sequence[column + 1][int(pair) % width],
            )
            for pair, members in zip(found, np.split(along, starts[1:]), strict=True)
        ]

    def _mix(self, members: np.ndarray) -> tuple[np.ndarray, float | None]:
        """Return how many there are of each class, and the share that is right."""
        counts = np.zeros(len(self.classes), np.int64)
        if self.labels is not None:
            counts = np.bincount(self.labels[members], minlength=len(self.classes))
        return counts, None if self.right is None else float(self.right[members].mean())


def checked_graph(graph: object) -> FlowGraph:
    """Return a flow graph as it is.

    Raises
    ------
    TypeError
        If it is something else.
    """
    if not isinstance(graph, FlowGraph):
        raise TypeError(f"graph: expected a FlowGraph, got {type(graph).__name__}")
    return graph
