"""Rows sorted into clusters around their means."""

from __future__ import annotations

import numpy as np

from xai.features.neighbourhoods import ALONE


def k_means(table: np.ndarray, count: int, seed: int, starts: int) -> np.ndarray:
    """Sort rows into clusters around their means.

    Parameters
    ----------
    table : ndarray, shape (N, D)
        Scaled; see ``xai.features.components.scaling``. As float32 it takes half as long,
        as float64 rows may be closer than a millionth of the farthest.
    count : int
        From 1 to N.
    seed : int
        Equal seeds give equal clusters.
    starts : int
        Random beginnings, of which the tightest outcome is taken.

    Returns
    -------
    ndarray, shape (N,), int64
        As :func:`numbered` numbers them; fewer than ``count`` where fewer rows differ.
    """
    from sklearn.cluster import KMeans

    differ = len(np.unique(table, axis=0))
    means = KMeans(min(int(count), differ), n_init=starts, random_state=seed)
    with ALONE:
        found = means.fit_predict(table)
    return numbered(found)


def numbered(found: np.ndarray) -> np.ndarray:
    """Return clusters by size, (N,) int64: 0 is the largest; negative ones are noise, -1.

    Clusters of equal size keep the order of their first rows.
    """
    names, first, places, sizes = np.unique(
        found, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -sizes))
    order = order[names[order] >= 0]
    numbers = np.full(len(names), -1, np.int64)
    numbers[order] = np.arange(len(order))
    return numbers[places]
