"""Principal components, in float64 and with little memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from xai.features.leading import MESSAGE, leading
from xai.features.result import Features
from xai.types import Progress

#: Columns or rows that are held in float64 at a time.
_BLOCK = 2048
#: A map, or a drawing of clusters, of fewer images than this shows nothing.
FEWEST = 4
#: A matrix of this side has its eigenvectors in about a second.
_LARGE = 2000
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
    finite(values, what)
    if not varies(values):
        raise ValueError(
            f"{what}: no variance, all {len(values)} images give the same numbers; "
            "choose another layer or other images"
        )


def finite(values: np.ndarray, what: str) -> None:
    """Refuse NaN and infinity.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    broken = int((~np.isfinite(values).all(axis=1)).sum())
    if broken:
        raise ValueError(f"{what}: {broken} of {len(values)} rows hold NaN or infinity")


def varies(values: np.ndarray) -> bool:
    """Return whether the rows (N, D) of a finite table differ by more than rounding."""
    low, high = values.min(axis=0).astype(np.float64), values.max(axis=0).astype(np.float64)
    size = np.maximum(np.abs(low), np.abs(high))
    return bool((high - low > _ROUNDING * np.maximum(size, size.mean())).any())


def accepted(features: Any) -> Features:
    """Return features that a map can be made of, from rows too.

    Raises
    ------
    TypeError
        If they are neither features nor numbers.
    ValueError
        If there are fewer than four rows or no column, a number is not finite, or
        all rows are equal.
    """
    given = as_features(features)
    if len(given) < FEWEST:
        raise ValueError(f"features: a map needs at least {FEWEST} images, got {len(given)}")
    if not given.values.shape[1]:
        raise ValueError("features: expected at least one number an image, got none")
    check(given.values, "features")
    return given


def as_features(features: Any) -> Features:
    """Return features, from rows too; the numbers are not looked at.

    Raises
    ------
    TypeError
        If they are neither features nor numbers.
    ValueError
        If the rows are no table.
    """
    if isinstance(features, np.ndarray):
        if features.dtype.kind not in "fiu":
            raise TypeError(f"features: expected numbers, got {features.dtype}")
        if features.ndim != 2:
            raise ValueError(f"features: expected shape (N, D), got {features.shape}")
        # What float32 cannot hold becomes infinite, and is told as that.
        with np.errstate(over="ignore"):
            values = features.astype(np.float32)
        width = features.shape[1]
        features = Features(values=values, components=width, raw_dim=width)
    if not isinstance(features, Features):
        raise TypeError(f"features: expected Features, got {type(features).__name__}")
    return features


def principal(
    values: np.ndarray,
    *,
    share: float | None = None,
    count: int | None = None,
    progress: Progress | None = None,
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
    progress : callable, optional
        ``progress(0, 0, message)`` before each block of the table and around the
        search for eigenvectors, which is silent itself: up to ten seconds where both
        sides exceed 2,000; may raise.

    Notes
    -----
    The eigenvectors are those of the covariance (D x D), or, if there are fewer
    rows than columns, of the Gram matrix (N x N), whose eigenvectors times the
    root of the eigenvalues are the scores. Rows are centred in float64 before
    they are squared, so scales from 1e-30 to 1e30 do. Of each component the
    score of largest magnitude is positive. Where both matrices would be larger
    than 2,000 on a side, the leading components come from a randomized subspace
    iteration instead, twice as many as needed, with random numbers that are the
    same each time; the variance that they leave is still exact. Where both exceed
    3,100 and a quarter of all components would not hold ``share``, those that were
    found are returned: their shares then sum to less.

    References
    ----------
    N. Halko, P. G. Martinsson, J. A. Tropp: Finding structure with randomness:
    probabilistic algorithms for constructing approximate matrix decompositions,
    2011, arXiv 0909.4061.
    """
    mean = _mean(values)
    if min(values.shape) > _LARGE:
        found = leading(values, mean, share, count, progress)
        if found is not None:
            return _kept(Principal(*found), share, count)
    wide = values.shape[1] > values.shape[0]
    matrix = _gram(values, mean, progress) if wide else _scatter(values, mean, progress)
    _say(progress)
    eigenvalues, vectors = np.linalg.eigh(matrix)
    _say(progress)
    variances, vectors = np.maximum(eigenvalues[::-1], 0.0), vectors[:, ::-1]
    shares = variances / variances.sum()
    most = _enough(shares, share, count)
    if wide:
        scores = vectors[:, :most] * np.sqrt(variances[:most])
    else:
        scores = _projected(values, mean, vectors[:, :most], progress)
    return _kept(Principal(scores, shares), share, count)


def _enough(shares: np.ndarray, share: float | None, count: int | None) -> int:
    """Return how many of the falling shares to keep."""
    kept = int((shares > 1e-14).sum())
    if share is not None:
        kept = min(kept, int(np.searchsorted(np.cumsum(shares), share, side="right")) + 1)
    return kept if count is None else min(kept, count)


def _kept(found: Principal, share: float | None, count: int | None) -> Principal:
    """Cut to what is wanted; make of each component the score of largest magnitude positive."""
    kept = _enough(found.shares, share, count)
    scores = found.scores[:, :kept]
    peaks = scores[np.abs(scores).argmax(axis=0), np.arange(kept)]
    return Principal(scores * np.where(peaks < 0, -1.0, 1.0), found.shares[:kept])


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean of each column; of a constant column exactly its value."""
    mean = np.empty(values.shape[1])
    for start in range(0, values.shape[1], _BLOCK):
        block = values[:, start : start + _BLOCK].astype(np.float64)
        mean[start : start + _BLOCK] = block[0] + (block - block[0]).mean(axis=0)
    return mean


def _say(progress: Progress | None) -> None:
    if progress is not None:
        progress(0, 0, MESSAGE)


def _gram(values: np.ndarray, mean: np.ndarray, progress: Progress | None) -> np.ndarray:
    total = np.zeros((len(values), len(values)))
    for start in range(0, values.shape[1], _BLOCK):
        _say(progress)
        block = values[:, start : start + _BLOCK] - mean[start : start + _BLOCK]
        total += block @ block.T
    return total


def _scatter(values: np.ndarray, mean: np.ndarray, progress: Progress | None) -> np.ndarray:
    total = np.zeros((values.shape[1], values.shape[1]))
    for start in range(0, len(values), _BLOCK):
        _say(progress)
        block = values[start : start + _BLOCK] - mean
        total += block.T @ block
    return total


def _projected(
    values: np.ndarray, mean: np.ndarray, vectors: np.ndarray, progress: Progress | None
) -> np.ndarray:
    parts = []
    for start in range(0, len(values), _BLOCK):
        _say(progress)
        parts.append((values[start : start + _BLOCK] - mean) @ vectors)
    return np.concatenate(parts)


@dataclass(frozen=True, eq=False)
class Scaling:
    """A shift and one factor for all columns: neighbours stay neighbours.

    Attributes
    ----------
    mean : ndarray, shape (D,), float64
        Subtracted from each row.
    factor : float
        Root of the mean square of what is left; positive.
    """

    mean: np.ndarray
    factor: float

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Return rows (M, D) as float64, shifted and divided."""
        shifted: np.ndarray = values - self.mean
        shifted /= self.factor
        return shifted


def scaling(values: np.ndarray) -> Scaling:
    """Return what brings a table to a mean of 0 and a mean square of 1."""
    mean = _mean(values)
    peak, total = 0.0, 0.0
    blocks = [slice(at, at + _BLOCK) for at in range(0, len(values), _BLOCK)]
    for rows in blocks:
        peak = max(peak, float(np.abs(values[rows] - mean).max()))
    for rows in blocks:
        # Divided first, since squares of 1e-200 would vanish.
        total += float((((values[rows] - mean) / peak) ** 2).sum())
    return Scaling(mean, peak * float(np.sqrt(total / values.size)))


def plane(values: np.ndarray, progress: Progress | None = None) -> Principal:
    """Return the first two components, the second zero where there is none."""
    found = principal(values, count=2, progress=progress)
    if found.scores.shape[1] == 2:
        return found
    empty = np.zeros((len(values), 1))
    return Principal(np.hstack([found.scores, empty]), np.append(found.shares, 0.0))
