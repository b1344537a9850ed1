"""Which heights of a reachability plot part the images: found without looking at classes.

OPTICS gives an order of the rows and, for each, the distance at which it was reached. In
the plot of these distances a cluster is a valley. A cut at one height leaves the valleys
below it; which height is right differs from layer to layer, and within a layer from cluster
to cluster.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Heights that are tried: spread over the plot, and the highest steps one by one.
_SPREAD, _HIGHEST = 40, 40
#: The same within a cluster.
_INNER = 16
#: Standard errors of a density from few neighbours by which half of the clusters have to
#: be denser than what surrounds them. Of tables without clusters about one in ten passes; of
#: single columns, where chance makes gaps, half.
_CONTRAST = 2.5
#: An improvement by less than this is rounding.
_ROUNDING = 1e-12
_TINY = 1e-300
#: Quartiles that are so many times apart fence nothing off.
_FARTHEST = 1e50


@dataclass(frozen=True, eq=False)
class Plot:
    """Rows in the order in which OPTICS visits them.

    Attributes
    ----------
    rows : ndarray, shape (N, D), float64
        Around the origin.
    reach : ndarray, shape (N,), float64
        Distance at which each was reached; that of the first is infinite.
    core : ndarray, shape (N,), float64
        Distance to the last of the nearest rows that make a dense place.
    samples : int
        How many rows, itself among them, ``core`` looks at.
    """

    rows: np.ndarray
    reach: np.ndarray
    core: np.ndarray
    samples: int


def extract(plot: Plot, least: int) -> np.ndarray | None:
    """Read clusters off a reachability plot.

    Parameters
    ----------
    plot : Plot
    least : int
        Smaller clusters are noise; at least 2.

    Returns
    -------
    ndarray, shape (N,), int64, or None
        Cluster of each row of the plot, -1 for noise; None if no height parts them.

    Notes
    -----
    Of the cuts at about 80 heights the one of the best :func:`parting` is taken. Then each
    of its clusters is cut again at heights of its own wherever that improves the whole.

    A cut counts only if half of its clusters stand out: what surrounds a cluster has to be
    sparser than the cluster by more than chance makes it. Density goes with the distance
    to the power of -d, and from s neighbours it is known to a relative error of
    ``1 / sqrt(s)``. So ``d log(h / r) sqrt(s)`` has to be 2.5, with h the lower of the
    heights at the cluster's two ends, r the median height within and d the number of
    directions that share the variance, ``(sum of eigenvalues)^2 / sum of their squares``.
    """
    parting = Parting(plot)
    best, found = 0.0, np.full(len(plot.reach), -1, np.int64)
    for height in heights(plot.reach, _SPREAD, _HIGHEST):
        tried = valleys(plot.reach, plot.core, height, least)
        worth = parting(tried)
        if worth > best + _ROUNDING:
            best, found = worth, tried
    if best == 0.0:
        return None
    open_clusters = list(range(found.max() + 1))
    while open_clusters:
        cluster = open_clusters.pop()
        finer, worth = _refined(plot, parting, found, cluster, least, best)
        if worth > best:
            open_clusters += [cluster, *range(found.max() + 1, finer.max() + 1)]
            best, found = worth, finer
    return found


def _refined(
    plot: Plot, parting: Parting, found: np.ndarray, cluster: int, least: int, best: float
) -> tuple[np.ndarray, float]:
    """Return the best cut of one cluster and its worth, or what was given."""
    members = np.flatnonzero(found == cluster)
    kept = found
    if len(members) < 2 * least:
        return kept, best
    reach, core = plot.reach[members], plot.core[members]
    for height in heights(reach[1:], _INNER, _INNER):
        inner = valleys(reach, core, height, least)
        if inner.max() < 1:
            continue
        tried = found.copy()
        # The first of them keeps the cluster's number; the others get new ones.
        tried[members] = np.where(inner > 0, found.max() + inner, np.where(inner == 0, cluster, -1))
        worth = parting(tried)
        if worth > best + _ROUNDING:
            best, kept = worth, tried
    return kept, best


def together(plot: Plot, least: int) -> np.ndarray:
    """Return one cluster of all rows but those that lie far from the others.

    Parameters
    ----------
    plot : Plot
    least : int
        Fewer rows than this that lie together far away are noise too.

    Returns
    -------
    ndarray, shape (N,), int64
        0, and -1 for noise.

    Notes
    -----
    Far is beyond Tukey's outer fence of the heights' logarithms: the third quartile times
    the cube of its ratio to the first.

    References
    ----------
    J. W. Tukey, "Exploratory Data Analysis", 1977.
    """
    low, high = np.quantile(plot.reach[1:], (0.25, 0.75))
    ratio = high / low if low > 0 else np.inf
    near = valleys(plot.reach, plot.core, high * ratio**3 if ratio < _FARTHEST else np.inf, least)
    return np.minimum(near, 0)


def heights(reach: np.ndarray, spread: int, highest: int) -> np.ndarray:
    """Return heights to cut at, rising: between the steps of a plot."""
    steps = np.unique(reach[np.isfinite(reach)])
    between = (steps[1:] + steps[:-1]) / 2
    if not len(between):
        return steps
    places = np.linspace(0, len(between) - 1, spread).round().astype(int)
    return np.unique(np.concatenate([between[places], between[-highest:]]))


def valleys(reach: np.ndarray, core: np.ndarray, height: float, least: int) -> np.ndarray:
    """Return the clusters below a height, (N,) int64 from 0 in the plot's order; -1 is noise.

    Those of fewer rows than ``least`` are noise.

    Notes
    -----
    scikit-learn's ``cluster_optics_dbscan``, for a part of a plot too: its first row was
    not reached from within.
    """
    far, dense = reach > height, core <= height
    far[0] = True
    found = np.cumsum(far & dense) - 1
    found[far & ~dense] = -1
    inside = found >= 0
    large = np.bincount(found[inside], minlength=1) >= least
    numbers = np.where(large, np.cumsum(large) - 1, -1)
    found[inside] = numbers[found[inside]]
    return found


class Parting:
    """How well clusters part the rows of a plot.

    Notes
    -----
    The mean silhouette of the rows in clusters, times the share of all pairs of rows that
    lie in two different clusters: it is low if clusters touch, if most rows are noise and
    if one cluster holds almost everything.
    """

    def __init__(self, plot: Plot) -> None:
        self._plot = plot
        self._squares = np.einsum("nd,nd->n", plot.rows, plot.rows)
        self._directions = _directions(plot.rows)

    def __call__(self, found: np.ndarray) -> float:
        """Return a number in [0, 1): 0 if there are fewer than two, or they do not stand out."""
        if found.max() < 1 or np.median(self.contrasts(found)) < _CONTRAST:
            return 0.0
        inside = np.flatnonzero(found >= 0)
        clusters = found[inside]
        shares = np.bincount(clusters) / len(found)
        apart = shares.sum() ** 2 - (shares**2).sum()
        tight = silhouettes(self._plot.rows[inside], self._squares[inside], clusters).mean()
        return max(0.0, float(tight * apart))

    def contrasts(self, found: np.ndarray) -> np.ndarray:
        """Return by how many standard errors each cluster is denser than its surroundings."""
        reach = self._plot.reach
        ratios = []
        for cluster in range(found.max() + 1):
            members = np.flatnonzero(found == cluster)
            after = members[-1] + 1
            rim = min(reach[members[0]], reach[after] if after < len(reach) else np.inf)
            ratios.append(rim / max(float(np.median(reach[members[1:]])), _TINY))
        contrast: np.ndarray = np.log(np.maximum(ratios, _TINY))
        return contrast * self._directions * np.sqrt(self._plot.samples)


def silhouettes(rows: np.ndarray, squares: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Return the silhouette of each row by squared distances, (N,) in [-1, 1].

    Parameters
    ----------
    rows : ndarray, shape (N, D), float64
        Around the origin.
    squares : ndarray, shape (N,), float64
        Their squared lengths.
    clusters : ndarray, shape (N,), int64
        From 0, none empty, at least two.

    Notes
    -----
    The mean squared distance of a row to a cluster is that to its mean plus its variance.
    So no distances between rows are needed, and the cost goes with N rather than with its
    square.
    """
    places = np.arange(len(rows))
    sizes = np.bincount(clusters).astype(np.float64)
    members = np.zeros((len(sizes), len(rows)))
    members[clusters, places] = 1.0
    means = members @ rows / sizes[:, None]
    apart = -2.0 * (rows @ means.T)
    apart += squares[:, None]
    apart += np.bincount(clusters, squares) / sizes
    np.maximum(apart, 0.0, out=apart)
    own = apart[places, clusters] * sizes[clusters] / np.maximum(sizes[clusters] - 1, 1)
    apart[places, clusters] = np.inf
    other = apart.min(axis=1)
    found: np.ndarray = (other - own) / np.maximum(np.maximum(own, other), _TINY)
    # A row alone in its cluster has none.
    found[sizes[clusters] == 1] = 0.0
    return found


def _directions(rows: np.ndarray) -> float:
    """Return how many directions share the variance, from 1 to D."""
    table = rows if rows.shape[0] > rows.shape[1] else rows.T
    scatter = table.T @ table
    return float(np.trace(scatter) ** 2 / (scatter**2).sum())
