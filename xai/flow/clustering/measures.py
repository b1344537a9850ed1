"""How far clusters agree with the classes, and how tight they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai.features.neighbourhoods import ALONE


@dataclass(frozen=True)
class Agreement:
    """Agreement of clusters with classes; noise counts as one more cluster.

    Attributes
    ----------
    purity : float
        Share of the images whose class is the commonest of their cluster, in (0, 1].
    clustered_purity : float or None
        The same of the images that are not noise; None if all are.
    ari : float
        Adjusted Rand index: 1 is agreement, 0 is chance.
    nmi : float
        Normalised mutual information, in [0, 1].

    References
    ----------
    L. Hubert, P. Arabie, "Comparing partitions", 1985.
    """

    purity: float
    clustered_purity: float | None
    ari: float
    nmi: float


def agreement(found: np.ndarray, labels: np.ndarray) -> Agreement:
    """Compare clusters with classes.

    Parameters
    ----------
    found : ndarray, shape (N,), int64
        Cluster of each image, -1 for noise.
    labels : ndarray, shape (N,), int64
        True classes.
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    clusters, rows = np.unique(found, return_inverse=True)
    classes, columns = np.unique(labels, return_inverse=True)
    counts = np.zeros((len(clusters), len(classes)), np.int64)
    np.add.at(counts, (rows, columns), 1)
    common = counts.max(axis=1)
    inside = clusters >= 0
    return Agreement(
        purity=float(common.sum() / len(found)),
        clustered_purity=(
            float(common[inside].sum() / counts[inside].sum()) if inside.any() else None
        ),
        ari=float(adjusted_rand_score(labels, found)),
        nmi=float(normalized_mutual_info_score(labels, found)),
    )


def silhouette(table: np.ndarray, found: np.ndarray) -> float | None:
    """Return scikit-learn's silhouette of the rows in clusters, in [-1, 1].

    Parameters
    ----------
    table : ndarray, shape (N, D), float64
    found : ndarray, shape (N,), int64
        Cluster of each row, -1 for noise, which is left out.

    Returns
    -------
    float or None
        None with fewer than two clusters, or if each row is one.

    References
    ----------
    P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of
    cluster analysis", 1987.
    """
    inside = found >= 0
    count = len(np.unique(found[inside]))
    if not 2 <= count < inside.sum():
        return None
    from sklearn.metrics import silhouette_score

    with ALONE:
        return float(silhouette_score(table[inside], found[inside]))
