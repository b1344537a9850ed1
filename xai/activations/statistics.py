"""Numbers on each channel of a layer, for one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai.activations.scores import channel_scores


@dataclass(frozen=True, eq=False)
class ChannelStatistics:
    """What each of C channels holds. NaN and infinity are left out and marked.

    Attributes
    ----------
    low, high, mean, std : ndarray, shape (C,), float32
        Of the finite values, the last over all positions (not N - 1). NaN where none is finite.
    score : ndarray, shape (C,), float32
        See :func:`xai.activations.channel_scores`; 0 for a broken channel.
    zeros : ndarray, shape (C,), float32
        Share of positions that are exactly zero, in [0, 1].
    constant : ndarray, shape (C,), bool
        All values are finite and equal; so is each map of one position.
    broken : ndarray, shape (C,), bool
        A value is NaN or infinite.
    """

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    score: np.ndarray
    zeros: np.ndarray
    constant: np.ndarray
    broken: np.ndarray


def statistics(maps: np.ndarray) -> ChannelStatistics:
    """Describe the channels of one image.

    Parameters
    ----------
    maps : ndarray, shape (C, H, W)
        The feature maps of one image.

    Raises
    ------
    TypeError
        If ``maps`` is no array of numbers.
    ValueError
        If it does not have three axes, or one of them is empty.
    """
    score = channel_scores(maps)
    values = maps.reshape(len(maps), -1).astype(np.float64)
    zeros = (values == 0).mean(axis=1).astype(np.float32)
    finite = np.isfinite(values)
    count = finite.sum(axis=1)
    broken = count < values.shape[1]
    none = count == 0
    low = np.where(none, np.nan, np.where(finite, values, np.inf).min(axis=1))
    high = np.where(none, np.nan, np.where(finite, values, -np.inf).max(axis=1))
    constant = ~broken & (low == high)
    # Moments about a value of the channel itself, so that a constant has no spread at all.
    values = np.where(finite, values - np.where(none, 0.0, low)[:, None], 0.0)
    with np.errstate(invalid="ignore"):
        mean = values.sum(axis=1) / count
        spread = np.where(finite, (values - mean[:, None]) ** 2, 0.0).sum(axis=1) / count
    return ChannelStatistics(
        low=low.astype(np.float32),
        high=high.astype(np.float32),
        mean=(mean + low).astype(np.float32),
        std=np.sqrt(spread).astype(np.float32),
        score=score,
        zeros=zeros,
        constant=constant,
        broken=broken,
    )
