"""Principal components, in float64 and with little memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai.embedding.params import PcaParams
from xai.embedding.results import Layout, OnStep

#: Columns or rows that are held in float64 at a time.
_BLOCK = 2048
#: A column varies if its range exceeds this share of its own magnitude and of that
#: of all columns on average; less is what rounding does to equal images in batches
#: of different sizes.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Principal:
    """The first principal components of a table.

    Attributes
    ----------
    scores : ndarray, shape (N, k), float64
        Coordinates of the rows, in the table's unit.
    shares : ndarray, shape (k,), float64
        Share of the variance that each holds, falling.
    """

    scores: np.ndarray
    shares: np.ndarray


def check(values: np.ndarray, what: str) -> None:
    """Refuse a table that no map can be made of.

    Raises
    ------
    ValueError
        If a number is not finite, or all rows are equal up to rounding.
    """
    broken = int((~np.isfinite(values).all(axis=1)).sum())
    if broken:
        raise ValueError(f"{what}: {broken} of {len(values)} rows hold NaN or infinity")
    low, high = values.min(axis=0).astype(np.float64), values.max(axis=0).astype(np.float64)
    size = np.maximum(np.abs(low), np.abs(high))
    if not (high - low > _ROUNDING * np.maximum(size, size.mean())).any():
        raise ValueError(
            f"{what}: no variance, all {len(values)} images give the same numbers; "
            "choose another layer or other images"
        )


def principal(
    values: np.ndarray, *, share: float | None = None, count: int | None = None
) -> Principal:
    """Return the first principal components.

    Parameters
    ----------
    values : ndarray, shape (N, D)
        Finite, with some variance; see :func:`check`.
    share : float, optional
        Keep the fewest components that hold more than this share of the variance.
    count : int, optional
        Keep this many, or as many as there are.

    Notes
    -----
    The eigenvectors are those of the covariance (D x D), or, if there are fewer
    rows than columns, of the Gram matrix (N x N), whose eigenvectors times the
    root of the eigenvalues are the scores. Rows are centred in float64 before
    they are squared, so scales from 1e-30 to 1e30 do. Of each component the
    score of largest magnitude is positive.
    """
    mean = _mean(values)
    wide = values.shape[1] > values.shape[0]
    matrix = _gram(values, mean) if wide else _scatter(values, mean)
    found, vectors = np.linalg.eigh(matrix)
    variances, vectors = np.maximum(found[::-1], 0.0), vectors[:, ::-1]
    shares = variances / variances.sum()
    kept = int((shares > 1e-14).sum())
    if share is not None:
        kept = min(kept, int(np.searchsorted(np.cumsum(shares), share, side="right")) + 1)
    if count is not None:
        kept = min(kept, count)
    if wide:
        scores = vectors[:, :kept] * np.sqrt(variances[:kept])
    else:
        scores = _projected(values, mean, vectors[:, :kept])
    peaks = scores[np.abs(scores).argmax(axis=0), np.arange(kept)]
    return Principal(scores * np.where(peaks < 0, -1.0, 1.0), shares[:kept])


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean of each column; of a constant column exactly its value."""
    mean = np.empty(values.shape[1])
    for start in range(0, values.shape[1], _BLOCK):
        block = values[:, start : start + _BLOCK].astype(np.float64)
        mean[start : start + _BLOCK] = block[0] + (block - block[0]).mean(axis=0)
    return mean


def _gram(values: np.ndarray, mean: np.ndarray) -> np.ndarray:
    total = np.zeros((len(values), len(values)))
    for start in range(0, values.shape[1], _BLOCK):
        block = values[:, start : start + _BLOCK] - mean[start : start + _BLOCK]
        total += block @ block.T
    return total


def _scatter(values: np.ndarray, mean: np.ndarray) -> np.ndarray:
    total = np.zeros((values.shape[1], values.shape[1]))
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK] - mean
        total += block.T @ block
    return total


def _projected(values: np.ndarray, mean: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    starts = range(0, len(values), _BLOCK)
    return np.concatenate([(values[at : at + _BLOCK] - mean) @ vectors for at in starts])


def standardized(values: np.ndarray) -> np.ndarray:
    """Return the table centred and divided by one number, so that its mean square is 1.

    One number for all columns: neighbours stay neighbours.
    """
    centred = values - _mean(values)
    # Two steps, since squares of 1e-200 would vanish.
    centred /= np.abs(centred).max()
    return centred / np.sqrt(np.mean(centred**2))


def plane(values: np.ndarray) -> Principal:
    """Return the first two components, the second zero where there is none."""
    found = principal(values, count=2)
    if found.scores.shape[1] == 2:
        return found
    empty = np.zeros((len(values), 1))
    return Principal(np.hstack([found.scores, empty]), np.append(found.shares, 0.0))


def pca(values: np.ndarray, params: PcaParams, seed: int, on_step: OnStep | None) -> Layout:
    """Lay a table out by its first two principal components.

    Parameters
    ----------
    values : ndarray, shape (N, D)
        Checked.
    params : PcaParams
    seed : int
        Not used: nothing here is random.
    on_step : callable, optional
        Called once, with the result.
    """
    found = plane(values)
    notes: tuple[str, ...] = ()
    if found.shares[1] == 0:
        notes = ("The features vary in one direction only: the map is a line.",)
    if on_step is not None:
        on_step(1, 1, found.scores.astype(np.float32))
    quality = {"explained_variance": float(found.shares.sum())}
    return Layout(found.scores, params, quality=quality, notes=notes)
