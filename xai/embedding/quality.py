"""How far a map can be trusted: who is a neighbour here and there."""

from __future__ import annotations

import numpy as np

#: Neighbours that are looked at.
NEIGHBOURS = 10
#: Up to this many images all are looked at; of more a seeded sample of this size.
SAMPLE = 2000
_BLOCK = 250


def measure(
    values: np.ndarray, points: np.ndarray, labels: np.ndarray | None, seed: int
) -> dict[str, float]:
    """Compare the neighbourhoods of a map with those of its features.

    Parameters
    ----------
    values : ndarray, shape (N, D), float64
        The features, scaled to a mean square of about 1.
    points : ndarray, shape (N, 2)
        The map.
    labels : ndarray, shape (N,), or None
        Classes of the images.
    seed : int
        Draws the sample.

    Returns
    -------
    dict of str to float
        ``trustworthiness``, ``neighbourhood_preservation`` and, if there are
        labels of two or more classes with two or more images each on average,
        ``knn_accuracy`` and ``knn_accuracy_features``; all in [0, 1].

    Notes
    -----
    With k = 10, or fewer where there are fewer than 21 images: trustworthiness is
    ``1 - 2 / (n k (2 N - 3 k - 1)) * sum(max(0, r(i, j) - k))`` over the n images
    i looked at and the k neighbours j of i in the map, r being the rank of j among
    the neighbours of i in the features. Preservation is the share of these j with
    ``r <= k``. The accuracies are those of a vote among the k nearest other
    images, ties to the first class.

    References
    ----------
    J. Venna, S. Kaski: Neighborhood preservation in nonlinear projection methods:
    an experimental study, 2001.
    """
    total = len(values)
    k = max(1, min(NEIGHBOURS, (total - 1) // 2))
    chosen = np.arange(total)
    if total > SAMPLE:
        chosen = np.sort(np.random.default_rng(seed).choice(total, SAMPLE, replace=False))
    plane = points.astype(np.float64)
    plane -= plane.mean(axis=0)
    penalty, kept, votes_map, votes_features = 0.0, 0, 0, 0
    coded = _coded(labels)
    for start in range(0, len(chosen), _BLOCK):
        rows = chosen[start : start + _BLOCK]
        there, here = _distances(values, rows), _distances(plane, rows)
        near = _nearest(here, k)
        ranks = _ranks(there, near)
        penalty += float(np.maximum(0, ranks - k).sum())
        kept += int((ranks <= k).sum())
        if coded is not None:
            votes_map += _right(coded, rows, near)
            votes_features += _right(coded, rows, _nearest(there, k))
    count = len(chosen)
    found = {
        "trustworthiness": 1.0 - 2.0 * penalty / (count * k * (2.0 * total - 3.0 * k - 1.0)),
        "neighbourhood_preservation": kept / (count * k),
    }
    if coded is not None:
        found["knn_accuracy"] = votes_map / count
        found["knn_accuracy_features"] = votes_features / count
    return found


def _coded(labels: np.ndarray | None) -> np.ndarray | None:
    """Return labels as 0, 1, 2, …, or None if there is nothing to vote on.

    That is one class, or so many that most have no second image.
    """
    if labels is None:
        return None
    classes, coded = np.unique(labels, return_inverse=True)
    return coded if 1 < len(classes) <= len(labels) // 2 else None


def _distances(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return squared distances of some rows to all; to themselves infinite."""
    squares = (values**2).sum(axis=1)
    found = squares[rows, None] + squares[None] - 2.0 * values[rows] @ values.T
    np.maximum(found, 0.0, out=found)
    found[np.arange(len(rows)), rows] = np.inf
    return found


def _nearest(distances: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(distances, axis=1, kind="stable")[:, :k]


def _ranks(distances: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Return the rank of each neighbour: 1 and how many are closer."""
    limits = np.take_along_axis(distances, near, axis=1)
    columns = [(distances < limit[:, None]).sum(axis=1) + 1 for limit in limits.T]
    return np.stack(columns, axis=1)


def _right(coded: np.ndarray, rows: np.ndarray, near: np.ndarray) -> int:
    """Return for how many rows the vote of their neighbours names their class."""
    votes = np.zeros((len(rows), coded.max() + 1), dtype=np.int64)
    for column in coded[near].T:
        np.add.at(votes, (np.arange(len(rows)), column), 1)
    return int((votes.argmax(axis=1) == coded[rows]).sum())
