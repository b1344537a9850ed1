"""How far a map can be trusted: who is a neighbour here and there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai.features.neighbourhoods import Distances, search
from xai.types import Progress

#: Neighbours that are looked at.
NEIGHBOURS = 10
_MESSAGE = "Measuring the map"


@dataclass(frozen=True, eq=False)
class Quality:
    """How far a map and each of its points can be trusted.

    Attributes
    ----------
    figures : dict of str to float
        ``trustworthiness``, ``neighbourhood_preservation`` and, if there are
        labels of two or more classes with two or more images each on average,
        ``knn_accuracy`` and ``knn_accuracy_features``; all in [0, 1].
    trust, preserved : ndarray, shape (N,), float32
        The share that each point has in the first two, in [0, 1]: those are their means.
    """

    figures: dict[str, float]
    trust: np.ndarray
    preserved: np.ndarray


def measure(
    values: np.ndarray,
    points: np.ndarray,
    labels: np.ndarray | None,
    *,
    near: np.ndarray | None = None,
    progress: Progress | None = None,
) -> Quality:
    """Compare the neighbourhoods of a map with those of its features.

    Parameters
    ----------
    values : ndarray, shape (N, D)
        The features; finite, with some variance.
    points : ndarray, shape (N, 2)
        The map.
    labels : ndarray, shape (N,), or None
        Classes of the images.
    near : ndarray, shape (N, 10 or more), optional
        The nearest other rows of each row of ``values``, where they are known.
    progress : callable, optional
        ``progress(done, total, message)`` in points, many times a second; may raise.

    Notes
    -----
    With k = 10, or fewer where there are fewer than 21 images, the trustworthiness
    of point i is ``1 - 2 / (k (2 N - 3 k - 1)) * sum(max(0, r(i, j) - k))`` over its
    k neighbours j in the map, r being the rank of j among the neighbours of i in the
    features. Preservation is the share of these j with ``r <= k``. Distances that
    differ by no more than rounding share a rank. The accuracies are those of a vote
    among the k nearest other images, ties to the first class.

    References
    ----------
    J. Venna, S. Kaski: Neighborhood preservation in nonlinear projection methods:
    an experimental study, 2001.
    """
    total = len(values)
    k = reach(total)
    coded = _coded(labels)
    here = beside(points, k)
    ranks = np.empty((total, k), np.int64)
    distances = Distances(values)
    for start in range(0, total, distances.step):
        if progress is not None:
            progress(start, total, _MESSAGE)
        rows = slice(start, start + distances.step)
        block = distances.block(start, distances.step)
        ranks[rows] = _ranks(distances, start, block, here[rows])
    penalty = np.maximum(0, ranks - k).sum(axis=1)
    trust = 1.0 - 2.0 * penalty / (k * (2.0 * total - 3.0 * k - 1.0))
    preserved = (ranks <= k).mean(axis=1)
    figures = {
        "trustworthiness": float(trust.mean()),
        "neighbourhood_preservation": float(preserved.mean()),
    }
    if coded is not None:
        if near is None or near.shape[1] < k:
            near = search(values, k, scale=distances.scale, progress=progress).rows
        figures["knn_accuracy"] = _right(coded, here)
        figures["knn_accuracy_features"] = _right(coded, near[:, :k])
    if progress is not None:
        progress(total, total, _MESSAGE)
    return Quality(figures, trust.astype(np.float32), preserved.astype(np.float32))


def reach(count: int) -> int:
    """Return how many neighbours of each of so many points are looked at: ten, or fewer."""
    return max(1, min(NEIGHBOURS, (count - 1) // 2))


def in_common(near: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the share of each point's neighbours that are its neighbours elsewhere, too.

    Parameters
    ----------
    near, other : ndarray, shape (N, k)
        Rows of other points, each at most once in a row.

    Returns
    -------
    ndarray, shape (N,), float64, in [0, 1]
    """
    known = np.zeros(near.shape, bool)
    for column in other.T:
        known |= near == column[:, None]
    return known.mean(axis=1)


def beside(points: np.ndarray, k: int) -> np.ndarray:
    """Return the k nearest other points of each point of a map.

    Parameters
    ----------
    points : ndarray, shape (N, 2)
    k : int
        Less than N.

    Returns
    -------
    ndarray, shape (N, k), int64
        Nearest first; the order of points at equal distance means nothing.
    """
    from scipy.spatial import KDTree

    given = np.asarray(points, dtype=np.float64)
    _, near = KDTree(given).query(given, k + 1)
    own = near == np.arange(len(given))[:, None]
    # Among many equal points one may not be among its own nearest: the last one goes.
    own[~own.any(axis=1), -1] = True
    found: np.ndarray = near[~own].reshape(len(given), k)
    return found


def _coded(labels: np.ndarray | None) -> np.ndarray | None:
    """Return labels as 0, 1, 2, …, or None if there is nothing to vote on.

    That is one class, or so many that most have no second image.
    """
    if labels is None:
        return None
    classes, coded = np.unique(labels, return_inverse=True)
    return coded if 1 < len(classes) <= len(labels) // 2 else None


def _ranks(distances: Distances, start: int, block: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Return the rank of each neighbour: 1 and how many are closer."""
    limits = np.take_along_axis(block, near, axis=1)
    limits -= distances.rounding(start, limits)
    columns = [np.count_nonzero(block < limit[:, None], axis=1) + 1 for limit in limits.T]
    return np.stack(columns, axis=1)


def _right(coded: np.ndarray, near: np.ndarray) -> float:
    """Return for which share of the rows the vote of their neighbours names their class."""
    votes = np.zeros((len(coded), coded.max() + 1), dtype=np.int64)
    for column in coded[near].T:
        np.add.at(votes, (np.arange(len(coded)), column), 1)
    return float((votes.argmax(axis=1) == coded).mean())
