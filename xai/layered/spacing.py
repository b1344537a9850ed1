"""Things in a row as near as possible to where they want to be, without overlap."""

from __future__ import annotations

import numpy as np


def spaced(
    wanted: np.ndarray,
    sizes: np.ndarray,
    gap: float,
    *,
    weights: np.ndarray,
    room: tuple[float, float],
) -> np.ndarray:
    """Place things in a row near to where they want to be.

    Parameters
    ----------
    wanted : ndarray, shape (n,), float
        Where each would like to begin, in the order in which they lie.
    sizes : ndarray, shape (n,), float
    gap : float
        Least distance between two of them.
    weights : ndarray, shape (n,), float
        How much each minds being moved, above 0.
    room : (float, float)
        Where the first may begin and the last must end. What does not fit into it sticks
        out at the end.

    Returns
    -------
    ndarray, shape (n,), float64
        Where each begins: of all ways to place them without overlap the one with the least
        weighted sum of squared distances to ``wanted``.

    Notes
    -----
    Without the room that each takes, they only have to be in order: isotonic regression,
    by merging neighbours that want to pass each other.

    References
    ----------
    M. Ayer, H. D. Brunk, G. M. Ewing, W. T. Reid, E. Silverman, "An empirical distribution
    function for sampling with incomplete information", Annals of Mathematical Statistics
    26, 1955.
    """
    if not len(wanted):
        return np.zeros(0)
    taken = np.concatenate([[0.0], np.cumsum(sizes + gap)[:-1]])
    merged: list[tuple[float, float, int]] = []
    for at, weight in zip((wanted - taken).tolist(), weights.tolist(), strict=True):
        mean, heavy, count = at, weight, 1
        while merged and merged[-1][0] >= mean:
            before, other, more = merged.pop()
            mean = (mean * heavy + before * other) / (heavy + other)
            heavy, count = heavy + other, count + more
        merged.append((mean, heavy, count))
    free = np.repeat([mean for mean, _, _ in merged], [count for _, _, count in merged])
    low = room[0]
    high = max(low, room[1] - taken[-1] - sizes[-1])
    found: np.ndarray = free.clip(low, high) + taken
    return found
