"""How sure a share is that was counted on few images: Wilson's interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

#: Half the width of a 95 % interval, in standard deviations of a normal distribution.
Z = 1.96


def wilson(hits: ArrayLike, count: ArrayLike, z: float = Z) -> tuple[np.ndarray, np.ndarray]:
    r"""Bound a share by Wilson's score interval.

    Parameters
    ----------
    hits : int or array_like of int
        How often it happened; at least 0 and at most ``count``.
    count : int or array_like of int
        How often it was tried; broadcast against ``hits``.
    z : float
        Half the width in standard deviations; 1.96 is the 95 % interval.

    Returns
    -------
    tuple of ndarray, float64
        Lower and upper bound in [0, 1], of the broadcast shape (0-dimensional for
        two numbers). Where nothing was tried the bounds are 0 and 1: nothing is known.

    Raises
    ------
    ValueError
        If a number is negative or there are more hits than trials.

    Notes
    -----
    With the share :math:`p = h / n` the bounds are
    :math:`(p + z^2/2n \pm z \sqrt{p(1-p)/n + z^2/4n^2}) / (1 + z^2/n)`. Unlike
    :math:`p \pm z \sqrt{p(1-p)/n}` they stay within [0, 1], and 0 hits of 10 are
    not reported as certainty.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22 (158), 1927.
    """
    happened, tried = np.broadcast_arrays(np.asarray(hits, float), np.asarray(count, float))
    if (happened < 0).any() or (happened > tried).any():
        raise ValueError("hits: expected 0 <= hits <= count, got a number outside")
    trials = np.maximum(tried, 1)
    share = happened / trials
    middle = share + z**2 / (2 * trials)
    reach = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    low = np.clip((middle - reach) / (1 + z**2 / trials), 0, 1)
    high = np.clip((middle + reach) / (1 + z**2 / trials), 0, 1)
    # At the ends the root is exact in theory only: 0 of n must not start at 1e-17.
    low = np.where(happened == 0, 0.0, low)
    high = np.where(happened == tried, 1.0, high)
    return np.asarray(low), np.asarray(high)
