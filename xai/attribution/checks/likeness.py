"""How alike two maps are: by the order of their pixels, and by their structure."""

from __future__ import annotations

import numpy as np

# Wang et al.: the window's side and spread in pixels, and what keeps the ratios finite.
_SIDE, _SPREAD = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2
# Of the absolute values; what is above it is cut. See ssim.
_PERCENTILE = 99.0


def ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value, from 1; equal values share the mean of their ranks.

    Parameters
    ----------
    values : ndarray of any shape
        Finite numbers.

    Returns
    -------
    ndarray, shape (N,), float64
    """
    _, place, count = np.unique(np.ravel(values), return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place.ravel()]


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Return Spearman's rank correlation of two maps.

    Parameters
    ----------
    a, b : ndarray, of one shape
        Finite numbers, on any scales.

    Returns
    -------
    float
        From -1 to 1; NaN if a map is constant and has no order.

    Raises
    ------
    ValueError
        If the shapes differ, a map is empty, or a number is not finite.

    Notes
    -----
    Pearson's correlation of the ranks, equal values sharing their mean rank. Maps with
    many equal pixels, such as the black ground of a digit, are compared fairly that way.

    References
    ----------
    C. Spearman: The proof and measurement of association between two things, 1904.
    """
    return float(spearman_matrix(np.stack(_pair(a, b)))[0, 1])


def spearman_matrix(maps: np.ndarray) -> np.ndarray:
    """Return Spearman's rank correlation of every pair of some maps.

    Parameters
    ----------
    maps : ndarray, shape (M, ...)
        Finite numbers.

    Returns
    -------
    ndarray, shape (M, M), float64
        Symmetric; 1 on the diagonal, NaN in the row and column of a constant map.
    """
    rows = np.stack([ranks(values) for values in maps])
    rows -= rows.mean(axis=1, keepdims=True)
    length = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    length[length == 0] = np.nan
    rows /= length
    found = (rows @ rows.T).clip(-1, 1)
    known = np.isfinite(np.diagonal(found))
    found[known, known] = 1.0
    return found


def displaced(a: np.ndarray, b: np.ndarray) -> float:
    """Return which share of one map's mass lies elsewhere in another, or has changed sign.

    Parameters
    ----------
    a, b : ndarray, of one shape
        Finite numbers, on any scales.

    Returns
    -------
    float
        0 for maps that are equal but for a positive factor, 1 for maps that share no pixel
        or have opposite signs wherever they share one; NaN if a map is empty.

    Raises
    ------
    ValueError
        If the shapes differ, a map is empty of pixels, or a number is not finite.

    Notes
    -----
    Half the sum of ``|p - q|`` with each map divided by the sum of its absolute values: for
    maps without sign the total variation distance, the least share that has to be moved to
    make one of the other. A rank correlation asks for the order of all pixels, also of the
    many pale ones; this asks where the strong ones are.
    """
    first, second = _pair(a, b)
    masses = np.abs(first).sum(), np.abs(second).sum()
    if not all(masses):
        return float("nan")
    return float(np.abs(first / masses[0] - second / masses[1]).sum() / 2)


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Return the mean structural similarity of two maps, each on a scale of its own.

    Parameters
    ----------
    a, b : ndarray, shape (H, W)
        Finite numbers, on any scales.

    Returns
    -------
    float
        1 for maps that look alike, about 0 for maps that have nothing in common, below 0
        where one is bright when the other is dark.

    Raises
    ------
    ValueError
        If the shapes differ or are not (H, W), or a number is not finite.

    Notes
    -----
    As Wang et al. with their constants (0.01 and 0.03 of the range) and their Gaussian
    window of 11 by 11 pixels, sigma 1.5, at all places where it lies inside the map; for
    a map below 11 pixels the window is the largest odd one that fits.

    Each map is first brought to [0, 1]: divided by the 99th percentile of its absolute
    values (by the maximum, where that is 0), cut to [-1, 1], and, if one of the two has
    negative values, both moved so that 0 becomes 0.5. Scaled by the maximum, a
    gradient is nearly flat but for a few pixels, and the constants would call any two such
    maps alike. A constant map becomes 0, 1 or, beside negative values, 0.5, so that two
    of equal sign are alike.

    References
    ----------
    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli: Image quality assessment: from
    error visibility to structural similarity, 2004.
    """
    first, second = _pair(a, b)
    if first.ndim != 2:
        raise ValueError(f"map: expected shape (H, W), got {first.shape}")
    centred = bool(min(first.min(), second.min()) < 0)
    x, y = _unit(first, centred), _unit(second, centred)
    window = _window(min(x.shape))
    mean_x, mean_y = _blurred(x, window), _blurred(y, window)
    # Rounding may leave a variance slightly below zero.
    spread_x = (_blurred(x * x, window) - mean_x**2).clip(min=0)
    spread_y = (_blurred(y * y, window) - mean_y**2).clip(min=0)
    shared = _blurred(x * y, window) - mean_x * mean_y
    light = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    structure = (2 * shared + _C2) / (spread_x + spread_y + _C2)
    return float((light * structure).mean())


def _pair(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.shape != second.shape or first.size == 0:
        raise ValueError(f"maps: expected two of one shape, got {first.shape} and {second.shape}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("maps: expected finite numbers, got NaN or infinity")
    return first, second


def _unit(values: np.ndarray, centred: bool) -> np.ndarray:
    size = np.abs(values)
    # A map with few lit pixels has a percentile of 0.
    scale = float(np.percentile(size, _PERCENTILE)) or float(size.max())
    part = (values / scale).clip(-1, 1) if scale else values
    return (part + 1) / 2 if centred else part


def _window(side: int) -> np.ndarray:
    """Return one axis of the window, for maps whose shorter side is ``side``."""
    width = min(_SIDE, side - 1 + side % 2)
    weights = np.exp(-0.5 * ((np.arange(width) - width // 2) / _SPREAD) ** 2)
    return weights / weights.sum()


def _blurred(values: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Return the mean under the window at each place where it lies inside the map."""
    return _slid(_slid(values, window).T, window).T


def _slid(values: np.ndarray, window: np.ndarray) -> np.ndarray:
    rows = len(values) - len(window) + 1
    total = window[0] * values[:rows]
    for place, weight in enumerate(window[1:], 1):
        total += weight * values[place : place + rows]
    return total
