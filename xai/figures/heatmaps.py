"""Relevance and activations to pixels, alone or laid over the image.

A *map* is (H, W), a *relevance* (C, H, W), *pixels* are uint8 (H, W, 3). Colours are
made of raw values and a scale that the caller states, so that several panels can
share one.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from xai.figures.colours import DIVERGING, INK, SEQUENTIAL
from xai.figures.pictures import overlay
from xai.figures.summary import check_finite, map_of


# ------------------------------------------------------------------------ scale
def collapse(relevance: np.ndarray) -> np.ndarray:
    """Sum a relevance over its channels.

    Parameters
    ----------
    relevance : ndarray, shape (C, H, W)
        Signed values.

    Returns
    -------
    ndarray, shape (H, W), float32

    Notes
    -----
    The sum keeps sign and total: what the map adds up to is what the relevance adds up
    to. The maximum of the absolute values, another habit, keeps neither.

    Raises
    ------
    ValueError
        If it has another shape, or holds NaN or infinity.
    """
    relevance = np.asarray(relevance)
    if relevance.ndim != 3 or relevance.size == 0:
        raise ValueError(f"relevance: expected shape (C, H, W), got {relevance.shape}")
    check_finite(relevance)
    return relevance.sum(axis=0, dtype=np.float64).astype(np.float32)


def common_scale(maps: Iterable[np.ndarray], *, percentile: float = 100.0) -> float:
    """Return one scale for several maps: the largest absolute value among them.

    Parameters
    ----------
    maps : iterable of ndarray, each of shape (H, W)
        The panels that are compared.
    percentile : float
        Below 100, the percentile of the absolute values that takes the place of the
        maximum, in each map by itself, the largest counting: a few extreme pixels no
        longer fade all others. The legend must then say so.

    Returns
    -------
    float
        0 if there is no map or all are empty.

    Raises
    ------
    ValueError
        If a map has another shape or holds NaN or infinity, or the percentile is not
        above 0 and at most 100.
    """
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile: expected above 0 and at most 100, got {percentile}")
    sizes = [np.abs(map_of(values)) for values in maps]
    highest = max((float(size.max()) for size in sizes), default=0.0)
    if percentile == 100:
        return highest
    robust = max((float(np.percentile(size, percentile)) for size in sizes), default=0.0)
    # A map with few lit pixels has a percentile of 0; its maximum is then the scale.
    return robust or highest


# --------------------------------------------------------------------- colours
def signed(values: np.ndarray, scale: float) -> np.ndarray:
    """Colour a signed map: blue below zero, white at zero, red above.

    Parameters
    ----------
    values : ndarray, shape (H, W) or any other
        Raw values.
    scale : float
        The absolute value that gets the full colour, as :func:`common_scale` finds it;
        larger values are cut. 0 is allowed for empty maps, which are white.

    Returns
    -------
    ndarray, shape values.shape + (3,), uint8

    Raises
    ------
    ValueError
        If a value or the scale is not finite, the scale is negative, or it is 0 and a
        value is not.
    """
    return DIVERGING[np.rint(_parts(values, scale) * 255).astype(np.int16) + 255]


def magnitude(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Colour a map of magnitudes, from black at ``low`` to pale yellow at ``high``.

    Parameters
    ----------
    values : ndarray, shape (H, W) or any other
        Raw values; those outside of the range are cut.
    low, high : float
        The range. If both are equal there is nothing to tell apart, and every value
        gets the lowest colour.

    Returns
    -------
    ndarray, shape values.shape + (3,), uint8

    Raises
    ------
    ValueError
        If a value or the range is not finite, or ``low`` is above ``high``.
    """
    return SEQUENTIAL[np.rint(_levels(values, low, high) * 255).astype(np.uint8)]


def signed_overlay(
    pixels: np.ndarray,
    values: np.ndarray,
    scale: float,
    *,
    opacity: float = 0.9,
    linear: bool = False,
) -> np.ndarray:
    """Lay a signed map over an image: red or blue ink, the thicker the stronger.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), uint8, or floating in [0, 1]
        The image.
    values : ndarray, shape (H, W)
        Raw values.
    scale : float
        As in :func:`signed`.
    opacity : float
        Opacity, in [0, 1], of the strongest evidence; zero is transparent.
    linear : bool
        Whether the opacity is in proportion to the value: for maps of a few large cells.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8

    Notes
    -----
    Between zero and the scale the opacity is ``opacity * sqrt(|value| / scale)``: in
    proportion, evidence of a tenth of the maximum would be lost on a photograph.

    Raises
    ------
    ValueError
        As :func:`signed` and :func:`overlay` do.
    """
    part = _parts(values, scale)
    ink = INK[(part > 0).astype(np.int8)]
    size = np.abs(part) if linear else np.sqrt(np.abs(part))
    return overlay(pixels, ink, size * opacity)


def magnitude_overlay(
    pixels: np.ndarray, values: np.ndarray, low: float, high: float, *, opacity: float = 0.8
) -> np.ndarray:
    """Lay a map of magnitudes over an image; where it is lowest the image shows through.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), uint8, or floating in [0, 1]
        The image.
    values : ndarray, shape (H, W)
        Raw values.
    low, high : float
        As in :func:`magnitude`.
    opacity : float
        Opacity, in [0, 1], of the highest value.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8

    Raises
    ------
    ValueError
        As :func:`magnitude` and :func:`overlay` do.
    """
    level = _levels(values, low, high)
    return overlay(pixels, magnitude(values, low, high), level * opacity)


def _parts(values: np.ndarray, scale: float) -> np.ndarray:
    """Return values as parts of the scale, in [-1, 1]."""
    values = np.asarray(values, np.float64)
    check_finite(values)
    if not np.isfinite(scale) or scale < 0:
        raise ValueError(f"scale: expected a finite number of at least 0, got {scale}")
    if scale == 0:
        if values.any():
            raise ValueError("scale: expected a number above 0 for a map that is not empty")
        return values
    return (values / scale).clip(-1, 1)


def _levels(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return where values lie between low and high, in [0, 1]."""
    values = np.asarray(values, np.float64)
    check_finite(values)
    if not np.isfinite([low, high]).all() or low > high:
        raise ValueError(f"range: expected low ≤ high, both finite; got {low} and {high}")
    if low == high:
        return np.zeros(values.shape)
    return ((values - low) / (np.float64(high) - low)).clip(0, 1)
