"""The leading principal components of a table with many rows and many columns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xai.types import Progress

#: Rows that are held in float64 at a time.
_BLOCK = 1024
#: Components that are tried first, and those tried beyond the ones that are asked for.
_FIRST, _SPARE = 256, 30
#: The largest matrix on a side whose eigenvectors are worth the wait, some ten seconds: the
#: pixels of 32 x 32 in colour are within.
_DENSE = 3100
#: Times that the subspace is multiplied by the covariance.
_POWERS = 3
#: What is said while components are looked for.
MESSAGE = "Principal components"


def leading(
    values: np.ndarray,
    mean: np.ndarray,
    share: float | None,
    count: int | None,
    progress: Progress | None,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return leading components by a randomized subspace iteration.

    Parameters
    ----------
    values : ndarray, shape (N, D)
    mean : ndarray, shape (D,), float64
        Of the columns.
    share, count : float, int, optional
        As of :func:`xai.features.components.principal`.
    progress : callable, optional
        Before each block of rows and each decomposition; may raise.

    Returns
    -------
    tuple of ndarray, or None
        Scores (N, p), uncorrelated, and shares of the variance (p,), falling, with p
        beyond what is asked for. If more than a quarter of all components would be
        needed: None where the exact way is affordable, up to :data:`_DENSE` on a side,
        else those that were found, which hold less than ``share``.
    """
    found = None
    table = _Table(values, mean, progress)
    size = _FIRST if count is None else count + _SPARE
    while size <= min(values.shape) // 4:
        basis = np.random.default_rng(0).normal(size=(values.shape[1], size))
        for _ in range(_POWERS):
            basis = np.linalg.qr(table.back(np.linalg.qr(table.times(basis))[0]))[0]
        scores = table.times(basis)
        table.say()
        left, sizes, _ = np.linalg.svd(scores, full_matrices=False)
        shares = sizes**2 / table.total
        # The last of them are not found well: only the first half is used.
        if share is None or shares[: size // 2].sum() > share:
            return left * (sizes * table.unit), shares
        found = left[:, : size // 2] * (sizes[: size // 2] * table.unit), shares[: size // 2]
        size *= 2
    return found if min(values.shape) > _DENSE else None


class _Table:
    """A table less its column means, scaled to about 1, in blocks of rows."""

    def __init__(self, values: np.ndarray, mean: np.ndarray, progress: Progress | None) -> None:
        self._values = values
        self._mean = mean
        self._progress = progress
        self.unit = 1.0
        self.unit = max(float(np.abs(block).max()) for _, block in self._blocks())
        self.total = sum(float((block**2).sum()) for _, block in self._blocks())

    def _blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        for start in range(0, len(self._values), _BLOCK):
            self.say()
            rows = slice(start, start + _BLOCK)
            yield rows, (self._values[rows] - self._mean) / self.unit

    def say(self) -> None:
        """Report that work goes on; whoever listens may stop it by raising."""
        if self._progress is not None:
            self._progress(0, 0, MESSAGE)

    def times(self, basis: np.ndarray) -> np.ndarray:
        """Return the product with (D, p)."""
        return np.concatenate([block @ basis for _, block in self._blocks()])

    def back(self, scores: np.ndarray) -> np.ndarray:
        """Return the product of the transposed table with (N, p)."""
        found = np.zeros((self._values.shape[1], scores.shape[1]))
        for rows, block in self._blocks():
            found += block.T @ scores[rows]
        return found
