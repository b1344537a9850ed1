"""Two plain classifiers that read a table: a vote of neighbours and a linear probe."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xai.features.components import principal
from xai.features.description import directions
from xai.types import Progress

#: Principal components that the linear probe sees.
COMPONENTS = 64
#: A component below this share of the first one's variance is left out: of a layer of low
#: rank it is what float32 rounds, and whitening would make it as large as the others.
_ROUNDING = 1e-8
_ITERATIONS = 200
#: Rows that are held in float64 at a time.
_BLOCK = 1024
_MESSAGE = "Linear probe"
#: Distances that are held at a time.
_CELLS = 4_000_000


def neighbour_vote(
    train: np.ndarray,
    labels: np.ndarray,
    test: np.ndarray,
    k: int,
    *,
    progress: Progress | None = None,
) -> np.ndarray:
    """Name the class of most of the k nearest rows.

    Parameters
    ----------
    train, test : ndarray, shape (N, D) and (M, D), float32
        Finite.
    labels : ndarray, shape (N,), int
        Classes 0, 1, 2, … of the rows of ``train``.
    k : int
        At most N.
    progress : callable, optional
        ``progress(done, total, message)`` in rows of ``test``; may raise.

    Returns
    -------
    ndarray, shape (M,), int64
        Euclidean distances; a tied vote goes to the lower class.
    """
    mean = train.mean(axis=0, dtype=np.float64).astype(np.float32)
    known = train - mean
    size = float(np.abs(known).max())
    known /= size
    lengths = (known * known).sum(axis=1)
    found = np.empty(len(test), np.int64)
    step = max(1, _CELLS // len(train))
    for start in range(0, len(test), step):
        if progress is not None:
            progress(start, len(test), "Nearest neighbours")
        block = (test[start : start + step] - mean) / size
        # Without the row's own length, which moves all its distances alike.
        distances = lengths - 2.0 * (block @ known.T)
        near = np.argpartition(distances, k - 1, axis=1)[:, :k]
        votes = np.zeros((len(block), int(labels.max()) + 1), np.int64)
        np.add.at(votes, (np.arange(len(block))[:, None], labels[near]), 1)
        found[start : start + step] = votes.argmax(axis=1)
    return found


def linear_probe(
    train: np.ndarray,
    labels: np.ndarray,
    test: np.ndarray,
    *,
    progress: Progress | None = None,
) -> np.ndarray:
    """Name classes by multinomial logistic regression.

    Parameters
    ----------
    train, test : ndarray, shape (N, D) and (M, D), float32
        Finite, ``train`` with some variance.
    labels : ndarray, shape (N,), int
        Classes 0, 1, 2, … of the rows of ``train``, all of them occurring.
    progress : callable, optional
        ``progress(0, 0, message)``, many times, as no end is known; may raise.

    Returns
    -------
    ndarray, shape (M,), int64

    Notes
    -----
    Columns are standardised, reduced to at most :data:`COMPONENTS` principal
    components and these scaled to variance 1, all as ``train`` says; components of
    less than 1e-8 of the first one's variance are left out. The weights
    minimise the sum of the cross-entropies plus half the sum of their squares
    (scikit-learn's ``LogisticRegression`` with its default C = 1), by L-BFGS in
    at most 200 steps. Called on SciPy directly: it says nothing of its
    convergence, and scikit-learn's warnings could only be silenced for all threads
    of the process.

    References
    ----------
    G. Alain, Y. Bengio: Understanding intermediate layers using linear classifier
    probes, 2016, arXiv 1610.01644.
    """
    known, new = reduced(train, test, progress=progress)
    weights = _fitted(known, labels, progress)
    answer: np.ndarray = (new @ weights[:-1] + weights[-1]).argmax(axis=1)
    return answer


def reduced(
    train: np.ndarray, test: np.ndarray, *, progress: Progress | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return both tables as whitened principal components, float64, as ``train`` says.

    Both go through the same product, so a row that is in both comes out the same.
    """
    mean = train.mean(axis=0, dtype=np.float64)
    spread = train.std(axis=0, dtype=np.float64)
    # A column that rounding alone moves would come out as large as the others.
    spread[spread <= 1e-6 * np.maximum(np.abs(mean), spread.max())] = np.inf
    known, new = (_standardised(rows, mean, spread, progress) for rows in (train, test))
    found = principal(known, count=COMPONENTS, progress=progress)
    kept = found.shares > _ROUNDING * found.shares[0]
    centre = known.mean(axis=0, dtype=np.float64)
    basis = directions(known, centre, found.scores[:, kept], progress=progress)
    learnt, asked = (_projected(rows, centre, basis, progress) for rows in (known, new))
    scale = learnt.std(axis=0)
    return learnt / scale, asked / scale


def _standardised(
    rows: np.ndarray, mean: np.ndarray, spread: np.ndarray, progress: Progress | None
) -> np.ndarray:
    """Return rows in float32 with their columns shifted and divided."""
    found = np.empty(rows.shape, np.float32)
    for block in _blocks(len(rows), progress):
        found[block] = (rows[block] - mean) / spread
    return found


def _projected(
    rows: np.ndarray, centre: np.ndarray, basis: np.ndarray, progress: Progress | None
) -> np.ndarray:
    """Return what rows measure along the columns of a basis, from the centre."""
    found = np.empty((len(rows), basis.shape[1]))
    for block in _blocks(len(rows), progress):
        found[block] = (rows[block] - centre) @ basis
    return found


def _blocks(count: int, progress: Progress | None) -> Iterator[slice]:
    for start in range(0, count, _BLOCK):
        if progress is not None:
            progress(0, 0, _MESSAGE)
        yield slice(start, start + _BLOCK)


def _fitted(rows: np.ndarray, labels: np.ndarray, progress: Progress | None) -> np.ndarray:
    """Return weights (D + 1, classes), the last row added to each answer."""
    from scipy.optimize import minimize

    count, width, classes = len(rows), rows.shape[1], int(labels.max()) + 1
    wanted = np.zeros((count, classes))
    wanted[np.arange(count), labels] = 1.0

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        if progress is not None:
            progress(0, 0, _MESSAGE)
        weights = flat.reshape(width + 1, classes)
        logits = rows @ weights[:-1] + weights[-1]
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        sums = shares.sum(axis=1, keepdims=True)
        entropy = float(np.log(sums).sum() - (logits * wanted).sum())
        errors = shares / sums - wanted
        gradient = np.vstack([rows.T @ errors + weights[:-1], errors.sum(axis=0)])
        penalty = 0.5 * float((weights[:-1] ** 2).sum())
        return (entropy + penalty) / count, gradient.ravel() / count

    start = np.zeros((width + 1) * classes)
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS, "gtol": 1e-5}
    )
    weights: np.ndarray = found.x.reshape(width + 1, classes)
    return weights
