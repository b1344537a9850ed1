"""How much of a map's evidence lies where the answer is known to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Resamples behind an interval.
_DRAWS = 2000


@dataclass(frozen=True)
class Factor:
    """How many times more evidence lies in the tag than random evidence would.

    Attributes
    ----------
    mean : float
        Over the images; 1 is random.
    low, high : float
        The 95 % interval of the mean.
    """

    mean: float
    low: float
    high: float


def inside(values: np.ndarray, mask: np.ndarray) -> float:
    """Return the share of a map's positive evidence that lies inside a mask.

    Parameters
    ----------
    values : ndarray, shape (H, W)
        Signed relevance, summed over the channels.
    mask : ndarray, shape (H, W), bool

    Returns
    -------
    float
        In [0, 1]; NaN if no value of the map is above 0.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if np.shape(values) != mask.shape:
        raise ValueError(f"values: expected shape {mask.shape}, got {np.shape(values)}")
    positive = np.maximum(np.asarray(values, np.float64), 0.0)
    total = float(positive.sum())
    return float(positive[mask].sum()) / total if total > 0 else float("nan")


def factor(shares: np.ndarray, area: float, *, seed: int = 0) -> Factor:
    """Compare shares inside a mask with what evidence at random would put there.

    Parameters
    ----------
    shares : ndarray, shape (n,)
        Of :func:`inside`, one an image, at least one. NaN, a map without positive evidence,
        counts as random does: it points nowhere.
    area : float
        Share of the image that the mask covers, above 0.
    seed : int
        Of the resamples.

    Raises
    ------
    ValueError
        If there is no share, or the area is not above 0.

    Notes
    -----
    Evidence at random falls into the mask in proportion to its area, so that the factor is
    share / area: 1 for random, 1 / area if all evidence lies inside. The interval is the
    percentile bootstrap over the images: it tells how the mean would move with other images
    of the class, not with another training of the network.

    References
    ----------
    B. Efron, R. J. Tibshirani: An introduction to the bootstrap, 1993.
    """
    if not len(shares) or not area > 0:
        raise ValueError("shares: expected at least one, and an area above 0")
    values = np.where(np.isnan(shares), area, shares) / area
    drawn = np.random.default_rng(seed).integers(0, len(values), (_DRAWS, len(values)))
    low, high = np.percentile(values[drawn].mean(1), (2.5, 97.5))
    return Factor(float(values.mean()), float(low), float(high))
