"""Clusters of images in the features' own space."""

from __future__ import annotations

import numpy as np

from xai.features.components import accepted, scaling
from xai.features.partition import k_means
from xai.features.result import Features
from xai.types import accepted_seed

#: Starts of which the best is taken, for up to this many images; of more there is one.
_STARTS, _MANY = 3, 2000


def clusters(features: Features | np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Sort images into clusters by their features, not by their place on a map.

    Parameters
    ----------
    features : Features or ndarray, shape (N, D)
    count : int
        From 1 to N.
    seed : int
        Equal seeds give equal clusters.

    Returns
    -------
    ndarray, shape (N,), int64
        The number of each image's cluster, 0 being the largest; there may be fewer
        than ``count`` where fewer rows differ.

    Raises
    ------
    TypeError
        If ``count`` or ``seed`` is not a whole number.
    ValueError
        If one is out of range, or the features are none that a map can be made of.

    Notes
    -----
    k-means with the seeding of k-means++: the best of three starts, or one start for
    more than 2,000 images.

    References
    ----------
    D. Arthur, S. Vassilvitskii: k-means++: the advantages of careful seeding, 2007.
    """
    given = accepted(features)
    if isinstance(count, bool) or not isinstance(count, int | np.integer):
        raise TypeError(f"count: expected a whole number, got {count!r}")
    if not 1 <= count <= len(given):
        raise ValueError(f"count: expected 1 to {len(given)}, got {count}")
    seed = accepted_seed(seed)
    starts = _STARTS if len(given) <= _MANY else 1
    table = scaling(given.values).apply(given.values).astype(np.float32)
    return k_means(table, int(count), seed, starts)
