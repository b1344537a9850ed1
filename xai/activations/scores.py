"""How much there is to see in a channel."""

from __future__ import annotations

import numpy as np

#: Number of bins of the histogram that the entropy is taken of.
BINS = 10


def channel_scores(maps: np.ndarray) -> np.ndarray:
    """Score channels by variety and strength: entropy times mean magnitude.

    Parameters
    ----------
    maps : ndarray, shape (C, H, W)
        The feature maps of one image.

    Returns
    -------
    ndarray, shape (C,), float32
        0 or more, in units of the maps times nats. 0 for a constant channel, and
        for a channel that holds NaN or infinity, which has no histogram: both
        go to the end of the list.

    Raises
    ------
    TypeError
        If ``maps`` is no array of numbers.
    ValueError
        If it does not have three axes, or one of them is empty.

    Notes
    -----
    ``score = -sum(p * ln(p)) * mean(|x|)``, where ``p`` is the share of values
    in each of ten equal bins between the channel's least and greatest value.
    """
    if not isinstance(maps, np.ndarray) or maps.dtype.kind not in "fiu":
        got = getattr(maps, "dtype", type(maps).__name__)
        raise TypeError(f"maps: expected an array of numbers, got {got}")
    if maps.ndim != 3 or not maps.size:
        raise ValueError(f"maps: expected shape (C, H, W), got {maps.shape}")
    values = maps.reshape(len(maps), -1).astype(np.float64)
    finite = np.isfinite(values).all(axis=1)
    values[~finite] = 0.0
    scores = _entropy(values) * np.abs(values).mean(axis=1)
    return scores.astype(np.float32)


def _entropy(values: np.ndarray) -> np.ndarray:
    """Return the entropy in nats of each row's histogram over its own range."""
    low, high = values.min(axis=1), values.max(axis=1)
    edges = np.linspace(low, high, BINS + 1, axis=1)
    # How many values reach each inner edge; the differences are the histogram.
    reach = [np.count_nonzero(values >= edges[:, k, None], axis=1) for k in range(1, BINS)]
    size = np.full(len(values), values.shape[1])
    counts = -np.diff(np.stack([size, *reach, np.zeros_like(size)]), axis=0)
    shares = counts / values.shape[1]
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy = -(shares * logs).sum(axis=0)
    return np.where(high > low, np.maximum(entropy, 0.0), 0.0)
