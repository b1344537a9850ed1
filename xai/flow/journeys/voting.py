"""Which cluster an image belongs to, by a vote of its neighbours in a layer's features."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from xai.features.neighbourhoods import Near, search
from xai.features.result import Features
from xai.flow.graph import FlowGraph

#: Neighbours that vote.
NEIGHBOURS = 10
#: An image is far if it is farther from its neighbours than this share of the others.
_FAR = 0.99
#: Or if what the features leave out of it is so many times the average: of held-out digits
#: one in a hundred comes to 2 to 4, noise to far more.
_LEFT_OUT = 4.0
#: Two rows are of one image if their distance is below this share of the layer's spread:
#: rounding of batches of other sizes makes 1e-6, and the closest pair of digits is at 1e-2.
_SAME = 1e-4
_ROUNDING = 1e-6
#: The neighbours of the images of some features: the same for every order of a graph.
_searched: WeakKeyDictionary[Features, Near] = WeakKeyDictionary()
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Electorate:
    """Who votes in one layer.

    Attributes
    ----------
    features : Features
    clusters : ndarray, shape (n,), int64
        The layer's clusters, rising; places in it stand for them below.
    members : ndarray, shape (N,), int64
        Place of each image's cluster.
    near : Near
        The nearest other images of each, and how far they are.
    """

    features: Features
    clusters: np.ndarray
    members: np.ndarray
    near: Near

    @property
    def lengths(self) -> np.ndarray:
        """Mean distance of each image from its neighbours, (N,) float64; 0 without any."""
        distances = self.near.distances
        found: np.ndarray = distances.sum(axis=1) / max(1, distances.shape[1])
        return found

    @property
    def limit(self) -> float:
        """The mean distance that at least 99 % of the images do not exceed.

        It is one of theirs, with room for rounding: of few images none is far.
        """
        return float(np.quantile(self.lengths, _FAR, method="higher")) + self.rounding

    @property
    def typical(self) -> float:
        """The mean distance that half of the images do not exceed."""
        return float(np.median(self.lengths))

    @property
    def spread(self) -> float:
        """Root of the mean squared distance of the images from their mean."""
        return float(np.sqrt(self.features.values.astype(np.float64).var(axis=0).sum()))

    @property
    def rounding(self) -> float:
        """Distance below which two rows are of one image."""
        return _SAME * self.spread + _ROUNDING * float(np.abs(self.features.values).max())

    def vote(self, near: np.ndarray, distances: np.ndarray) -> np.ndarray:
        """Return each cluster's share of a vote; see :func:`shares`."""
        return shares(distances, self.members[near], len(self.clusters))

    def same(self, lengths: np.ndarray) -> np.ndarray:
        """Tell at which distances an image is one of these up to rounding, same shape, bool."""
        found: np.ndarray = lengths <= self.rounding
        return found

    def strange(self, raw: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Tell which images the features leave much more out of than usual, (M,) bool.

        Noise may lie in the middle of what the components keep.

        Parameters
        ----------
        raw : ndarray, shape (M, raw_dim)
            Answers of the layer.
        rows : ndarray, shape (M, D)
            What the features keep of them.
        """
        known = self.features
        usual = self.spread**2 * (1.0 / known.explained_variance - 1.0)
        if known.basis is None or known.mean is None or usual <= 0:
            return np.zeros(len(raw), bool)
        whole = ((raw.astype(np.float64) - known.mean) ** 2).sum(axis=1)
        left = whole - (rows.astype(np.float64) ** 2).sum(axis=1)
        # Where the features leave nothing out, what is left is rounding.
        found: np.ndarray = left > _LEFT_OUT * usual + _SAME * whole
        return found


def features_of_columns(graph: FlowGraph) -> list[Features | None]:
    """Return the features of each layer; None is fine where all images are in one node.

    Raises
    ------
    ValueError
        If another layer has none.
    """
    known = [one.features for one in graph.clusters] or [None] * len(graph.layers)
    for layer, clusters, features in zip(graph.layers, graph.sequence, known, strict=True):
        if features is None and len(clusters) > 1:
            raise ValueError(
                f"graph: expected the features that its clusters are made of, got none of {layer}"
            )
    return known


def electorate(graph: FlowGraph, column: int, features: Features) -> Electorate:
    """Return who votes in a layer: its images, each for its node."""
    clusters, members = np.unique(graph.assigned[column], return_inverse=True)
    return Electorate(features, clusters, members.reshape(-1), _surroundings(features))


def shares(distances: np.ndarray, votes: np.ndarray, width: int) -> np.ndarray:
    """Return the share of each cluster in a vote of neighbours.

    Parameters
    ----------
    distances : ndarray, shape (M, k), float64
        Not negative.
    votes : ndarray, shape (M, k), int64
        0 to ``width`` - 1.
    width : int

    Returns
    -------
    ndarray, shape (M, width), float64
        Each row sums to 1.

    Notes
    -----
    A neighbour at distance d weighs 1 / d; those at distance 0, if there are any, have
    all the weight. No distance is too small or too large.

    References
    ----------
    S. A. Dudani: The distance-weighted k-nearest-neighbor rule, 1976, where other
    weights fall to 0 at the last neighbour.
    """
    nearest = distances.min(axis=1, keepdims=True)
    weights = np.ones(distances.shape)
    # Divided by the largest, so that 1 / 0 does not appear.
    np.divide(nearest, distances, out=weights, where=distances > nearest)
    found = np.zeros((len(votes), width))
    np.add.at(found, (np.arange(len(votes))[:, None], votes), weights)
    # Not by the sum of the weights: rounded in another order, it may be less than its parts.
    total: np.ndarray = found / found.sum(axis=1, keepdims=True)
    return total


def nearest(values: np.ndarray, row: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest rows of a table, ties to the lower, and the distances to all."""
    apart = values - row.astype(np.float64)
    lengths = np.sqrt(np.einsum("nd,nd->n", apart, apart))
    return np.argsort(lengths, kind="stable")[:k], lengths


def _surroundings(features: Features) -> Near:
    with _lock:
        known = _searched.get(features)
    if known is None:
        known = _search(features.values)
        with _lock:
            _searched[features] = known
    return known


def _search(values: np.ndarray) -> Near:
    if (values == values[:1]).all():
        # Without any variance there is no scale to search at; all are equally near.
        k = min(NEIGHBOURS, len(values) - 1)
        rows = np.arange(len(values))[:, None]
        others = np.arange(k)
        return Near((others + (others >= rows)).astype(np.int32), np.zeros((len(values), k)))
    return search(values, NEIGHBOURS)
