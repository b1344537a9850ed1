"""Who is next to whom in the features' own space: exact, in blocks, and quick to stop."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from xai.features.components import Scaling, accepted, scaling
from xai.features.result import Features
from xai.types import Progress

#: Numbers that are held at a time: 8 MB.
_BLOCK = 2**20
#: Further candidates whose distances are computed in full.
_SPARE = 6
#: Rows that are searched for in one go: a twentieth of a second among 10,000.
_STEP = 500
#: Two squared distances are the same up to rounding if they differ by this share of the
#: squared lengths that they come from.
_ROUNDING = 1e-14
#: Held while scikit-learn searches or clusters: it limits the threads of BLAS in the whole
#: process for that time, and of two at once the later one restores the limit of the other.
ALONE = threading.Lock()
_MESSAGE = "Searching neighbours"


@dataclass(frozen=True, eq=False)
class Near:
    """The nearest other rows of each row.

    Attributes
    ----------
    rows : ndarray, shape (N, k), int32
        Nearest first; at equal distance the one of lower index first.
    distances : ndarray, shape (N, k), float64
        Euclidean, in the table's unit.
    """

    rows: np.ndarray
    distances: np.ndarray


class Distances:
    """Squared distances between the rows of a table, a few rows at a time.

    Parameters
    ----------
    values : ndarray, shape (N, D)
        Finite, with some variance.
    scale : Scaling, optional
        Of ``values``; found where it is not given.

    Attributes
    ----------
    table : ndarray, shape (N, D), float64
        The scaled table; the distances are its.
    step : int
        Rows to look at in one go.

    Notes
    -----
    ``|a - b|^2 = |a|^2 + |b|^2 - 2 ab``: one matrix product.
    """

    def __init__(self, values: np.ndarray, scale: Scaling | None = None) -> None:
        self.scale = scaling(values) if scale is None else scale
        self.table = self.scale.apply(values)
        self._squares = np.einsum("nd,nd->n", self.table, self.table)
        self.step = max(1, _BLOCK // len(values))

    def rounding(self, start: int, squares: np.ndarray) -> np.ndarray:
        """Return how far squared distances of some rows may be from equal ones.

        Parameters
        ----------
        start : int
            The first of the rows.
        squares : ndarray, shape (count, ...)
            Squared distances from each row to some others.

        Notes
        -----
        1e-14 of ``|a|^2 + |b|^2``, of whose rounding the distance has its own. At a
        distance of d from a, ``|b|^2`` is at most ``2 |a|^2 + 2 d^2``: rows far away
        from both do not count.
        """
        own = self._squares[start : start + len(squares)]
        own = own.reshape(-1, *(1,) * (squares.ndim - 1))
        width: np.ndarray = _ROUNDING * (3.0 * own + 2.0 * squares)
        return width

    def block(self, start: int, count: int) -> np.ndarray:
        """Return the distances of some rows to all, (count, N); to themselves infinite."""
        rows = slice(start, start + count)
        found = self.table[rows] @ self.table.T
        found *= -2.0
        found += self._squares[rows, None]
        found += self._squares
        np.maximum(found, 0.0, out=found)
        found[np.arange(len(found)), start + np.arange(len(found))] = np.inf
        return found


def neighbours(
    features: Features | np.ndarray, k: int = 10, *, progress: Progress | None = None
) -> np.ndarray:
    """Find the nearest other images of each image in the features' own space, not on a map.

    Parameters
    ----------
    features : Features or ndarray, shape (N, D)
    k : int
        At least 1.
    progress : callable, optional
        ``progress(done, total, message)`` in images, many times a second; may raise.

    Returns
    -------
    ndarray, shape (N, k), int32
        Nearest first, ties to the lower index; N - 1 columns if there are no more.

    Raises
    ------
    TypeError
        If ``k`` is not a whole number.
    ValueError
        If it is not positive, or the features are none that a map can be made of.

    Notes
    -----
    Exact. Beside the features it holds two copies of them in float64 and some 60 MB.
    """
    given = accepted(features)
    if isinstance(k, bool) or not isinstance(k, int | np.integer):
        raise TypeError(f"k: expected a whole number, got {k!r}")
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")
    return search(given.values, int(k), progress=progress).rows


def search(
    values: np.ndarray,
    k: int,
    *,
    scale: Scaling | None = None,
    progress: Progress | None = None,
) -> Near:
    """Return the k nearest other rows of each row, or as many as there are.

    Parameters
    ----------
    values : ndarray, shape (N, D), float32 or float64
        Finite, with some variance.
    k : int
        At least 1.
    scale : Scaling, optional
        Of ``values``, where it is known.
    progress : callable, optional
        ``progress(done, total, message)`` in rows, many times a second; may raise.

    Notes
    -----
    Candidates come from matrix products (scikit-learn's), whose distances carry
    rounding; theirs are then computed from the differences. Where rounding leaves
    open who belongs to the nearest, all who may are compared in that way.
    """
    from sklearn.neighbors import NearestNeighbors

    count = len(values)
    k = min(k, count - 1)
    wide = min(k + _SPARE, count - 1)
    distances = Distances(values, scale)
    index = NearestNeighbors(algorithm="brute").fit(distances.table)
    found = Near(np.empty((count, k), np.int32), np.empty((count, k)))
    for start in range(0, count, _STEP):
        if progress is not None:
            progress(start, count, _MESSAGE)
        rows = slice(start, min(count, start + _STEP))
        with ALONE:
            lengths, near = index.kneighbors(distances.table[rows], wide + 1)
        farthest, near = _others(lengths, near, start)
        found.rows[rows], squares = _ordered(values, rows, near, k)
        if wide < count - 1:
            limits = squares[:, -1] / distances.scale.factor**2
            limits += distances.rounding(start, limits)
            known: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
            for at in np.flatnonzero(farthest**2 <= limits).tolist():
                row = values[start + at].tobytes()
                if row not in known:
                    if progress is not None:
                        progress(start + at, count, _MESSAGE)
                    known[row] = _tied(distances, values, start + at, limits[at], k)
                found.rows[start + at], squares[at] = _without(start + at, *known[row])
        found.distances[rows] = np.sqrt(squares)
    if progress is not None:
        progress(count, count, _MESSAGE)
    return found


def _others(lengths: np.ndarray, near: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Take each row out of its own neighbours; return the largest distance and who is left."""
    own = near == start + np.arange(len(near))[:, None]
    # Among many equal rows one may not be among its own nearest: the last one goes.
    own[~own.any(axis=1), -1] = True
    shape = (len(near), near.shape[1] - 1)
    return lengths[~own].reshape(shape).max(axis=1), near[~own].reshape(shape)


def _tied(
    distances: Distances, values: np.ndarray, at: int, limit: float, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the k + 1 rows nearest to a row, itself among them, and their squared distances.

    They are the same for every row that equals it.
    """
    possible = distances.block(at, 1)[0] <= limit
    possible[at] = True
    near, squares = _ordered(values, slice(at, at + 1), np.flatnonzero(possible)[None], k + 1)
    return near[0], squares[0]


def _without(at: int, near: np.ndarray, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take a row out of those nearest to it; if it is not among them, the last one goes."""
    left = near != at
    if left.all():
        left[-1] = False
    return near[left], squares[left]


def _ordered(
    values: np.ndarray, rows: slice, near: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest of some candidates, and their squared distances from differences."""
    near = np.sort(near, axis=1)
    squares = np.empty(near.shape)
    step = max(1, _BLOCK // (near.shape[1] * values.shape[1]))
    own = values[rows].astype(np.float64)
    for start in range(0, len(near), step):
        part = slice(start, start + step)
        apart = values[near[part]] - own[part, None]
        squares[part] = np.einsum("nkd,nkd->nk", apart, apart)
    order = np.argsort(squares, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(near, order, axis=1), np.take_along_axis(squares, order, axis=1)
