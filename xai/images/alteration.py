"""What happens to a picture on its way: blurred, moved, made smaller, made grey.

All take and give pixels, uint8 of shape (H, W, C), and keep their shape.
"""

from __future__ import annotations

import math

import numpy as np

from xai import images

#: A Gaussian is cut off at so many standard deviations.
_REACH = 4.0


def blur(pixels: np.ndarray, sigma: float) -> np.ndarray:
    """Blur with a Gaussian.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (H, W, C)
    sigma : float
        Standard deviation in pixels, above 0 and at most 100.

    Raises
    ------
    TypeError, ValueError
        If the pixels are of another type or shape, or sigma is out of range.

    Notes
    -----
    A true Gaussian, sampled at whole pixels, cut off at four standard deviations and
    made to sum to 1; beyond its border the picture goes on as it ends there.
    (Pillow's filter of that name is an approximation by boxes.)
    """
    if not 0 < sigma <= 100:
        raise ValueError(f"sigma: expected above 0 and at most 100 pixels, got {sigma}")
    image = images.from_uint8(pixels).astype(np.float64)
    reach = math.ceil(_REACH * sigma)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    for axis in (1, 2):
        image = _filtered(image, weights / weights.sum(), axis)
    return images.to_uint8(image)


def _filtered(image: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    """Weigh each number of a (C, H, W) array with its neighbours along an axis."""
    reach, side = len(weights) // 2, image.shape[axis]
    result = np.zeros_like(image)
    for step, weight in zip(range(-reach, reach + 1), weights, strict=True):
        places = np.clip(np.arange(side) + step, 0, side - 1)
        result += weight * image.take(places, axis)
    return result


def shift(pixels: np.ndarray, *, right: int = 0, down: int = 0) -> np.ndarray:
    """Move a picture by whole pixels; what comes into view repeats its border.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (H, W, C)
    right, down : int
        By how many pixels; negative to the left and up.

    Raises
    ------
    ValueError
        If the array has another number of axes.
    """
    if pixels.ndim != 3:
        raise ValueError(f"pixels: expected shape (H, W, C), got {pixels.shape}")
    height, width = pixels.shape[:2]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return pixels[rows][:, columns]


def halved(pixels: np.ndarray) -> np.ndarray:
    """Resample to half the size and back, bilinearly: fine detail is lost.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (H, W, C)
        A side of one pixel stays one.

    Raises
    ------
    TypeError, ValueError
        If the pixels are of another type or shape.
    """
    height, width = pixels.shape[:2]
    half = (max(1, height // 2), max(1, width // 2))
    return images.resize(
        images.resize(pixels, half, method="bilinear"), (height, width), method="bilinear"
    )


def grey(pixels: np.ndarray) -> np.ndarray:
    """Take the colour out of RGB pixels; all three channels stay, and are equal.

    Raises
    ------
    TypeError, ValueError
        If the pixels are of another type, or not of three channels.
    """
    return np.repeat(images.luma(pixels), 3, axis=2)
