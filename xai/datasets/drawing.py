"""A drawing made into a digit like MNIST's."""

from __future__ import annotations

import numpy as np

_FIELD = 28
_BOX = 20
_MIDDLE = 14


def centre_digit(pixels: np.ndarray) -> np.ndarray:
    """Crop, scale and centre a drawn digit as the digits of MNIST were.

    Parameters
    ----------
    pixels : ndarray, shape (H, W), uint8
        Bright ink on black, of any size, the digit anywhere in it.

    Returns
    -------
    ndarray, shape (28, 28), uint8
        The digit, its longer side 20 pixels, its centre of mass in the middle.

    Raises
    ------
    TypeError
        If the pixels are not a uint8 array.
    ValueError
        If they are not of two axes, or nothing is drawn on them.

    Notes
    -----
    MNIST's digits "were size normalized to fit in a 20x20 pixel box while preserving their
    aspect ratio" and "centered in a 28x28 image by computing the center of mass of the
    pixels, and translating the image so as to position this point at the center". What the
    description leaves open is done as the published digits show it: the move is by whole
    pixels, which puts the centre of mass within half a pixel of row and column 14,
    counted from 0, and the brightest pixel is 255. A pixel of the result is the average of
    the area that it covers.

    Two deviations. Ink is what is brighter than a tenth of the brightest pixel, so that the haze
    around a soft brush does not widen the box. And a digit so lopsided that part of it would
    leave the field is moved only as far as its edge.

    References
    ----------
    Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", 1998.
    """
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        got = getattr(pixels, "dtype", type(pixels).__name__)
        raise TypeError(f"drawing: expected a uint8 array, got {got}")
    if pixels.ndim != 2:
        raise ValueError(f"drawing: expected shape (H, W), got {pixels.shape}")
    ink = pixels > pixels.max(initial=0) / 10
    if not ink.any():
        raise ValueError("The drawing is empty: draw a digit first.")
    digit = _fit(pixels[_span(ink.any(axis=1)), _span(ink.any(axis=0))])
    height, width = digit.shape
    rows, columns = np.arange(height), np.arange(width)
    mass = digit.sum()
    top = _offset(float(rows @ digit.sum(axis=1) / mass), height)
    left = _offset(float(columns @ digit.sum(axis=0) / mass), width)
    field = np.zeros((_FIELD, _FIELD), np.uint8)
    field[top : top + height, left : left + width] = np.rint(digit)
    return field


def _span(marked: np.ndarray) -> slice:
    places = np.flatnonzero(marked)
    return slice(int(places[0]), int(places[-1]) + 1)


def _fit(crop: np.ndarray) -> np.ndarray:
    """Scale to a longer side of 20 and a brightest pixel of 255, as float32."""
    longer = max(crop.shape)
    rows, columns = (_averages(side, max(1, round(_BOX * side / longer))) for side in crop.shape)
    # In floats throughout: on a large sheet a thin line is less than one part in 255
    # of the pixel it ends in.
    small = rows @ crop.astype(np.float32) @ columns.T
    return small * (255 / small.max())


def _averages(old: int, new: int) -> np.ndarray:
    """Return the (new, old) weights that average a side of ``old`` pixels down to ``new``."""
    edges = np.linspace(0, old, new + 1)[:, None]
    pixels = np.arange(old)
    overlap = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    return (overlap.clip(0) * (new / old)).astype(np.float32)


def _offset(centre: float, side: int) -> int:
    return min(max(round(_MIDDLE - centre), 0), _FIELD - side)
