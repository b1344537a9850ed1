"""Pictures of any kind as RGB pixels: enlarged, or with colours laid over them.

*Pixels* are uint8 (H, W, 3), an *image* is float (C, H, W) in [0, 1].
"""

from __future__ import annotations

import numpy as np

from xai.figures.colours import rgb
from xai.figures.summary import check_finite

#: Of frames: no colour table has it, and it stands out from photographs and from ink.
FRAME = "#ffd400"
# What is outside a frame keeps this share of its light.
_SHADE = 0.72


def picture(image: np.ndarray, *, grey: bool = False) -> np.ndarray:
    """Turn an image or pixels of any kind into RGB pixels.

    Parameters
    ----------
    image : ndarray
        Floating, shape (C, H, W) in [0, 1]; or uint8, shape (H, W) or (H, W, C). C is
        1 or 3.
    grey : bool
        Whether to take the colour out, so that an overlay's colours are the only ones.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8

    Raises
    ------
    ValueError
        If it has another shape or holds NaN or infinity.
    """
    array = np.asarray(image)
    if array.dtype != np.uint8:
        check_finite(array)
        array = np.rint(np.moveaxis(array, 0, -1) * 255.0).clip(0, 255).astype(np.uint8)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3) or array.size == 0:
        expected = "float (C, H, W) or uint8 (H, W, C) with 1 or 3 channels"
        raise ValueError(f"image: expected {expected}, got {np.shape(image)}")
    if grey and array.shape[2] == 3:
        array = np.rint(array @ np.array([0.299, 0.587, 0.114]))[:, :, None].astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:2], 3)))


def enlarge(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Repeat every pixel ``factor`` times in both directions, so that digits stay crisp.

    Parameters
    ----------
    pixels : ndarray, shape (H, W) or (H, W, C)
        Any kind of number.
    factor : int
        At least 1.

    Raises
    ------
    ValueError
        If the factor is below 1.
    """
    if factor < 1:
        raise ValueError(f"factor: expected at least 1, got {factor}")
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def fit(pixels: np.ndarray, side: int) -> np.ndarray:
    """Enlarge by the whole factor that brings the longer side nearest to ``side``.

    A picture that is already larger is returned as it is: the browser scales it down
    smoothly, while scaling up would blur.

    Parameters
    ----------
    pixels : ndarray, shape (H, W) or (H, W, C)
        Any kind of number.
    side : int
        Pixels on the screen.
    """
    return enlarge(pixels, max(1, round(side / max(pixels.shape[:2]))))


def overlay(pixels: np.ndarray, colours: np.ndarray, alpha: np.ndarray | float) -> np.ndarray:
    """Lay colours over an image.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), uint8, or floating in [0, 1]
        The image.
    colours : ndarray, shape (H, W, 3), uint8
        What is laid over it.
    alpha : ndarray, shape (H, W), or float
        Opacity in [0, 1]; at 0 the image is left as it is, at 1 only the colour is seen.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8

    Notes
    -----
    ``(1 - alpha) * image + alpha * colour`` in sRGB, as image programs do it.

    Raises
    ------
    ValueError
        If the shapes differ, or the opacity is outside of [0, 1].
    """
    below = np.asarray(pixels)
    if below.ndim != 3 or below.shape[2] != 3 or below.shape != np.shape(colours):
        shapes = f"{below.shape} and {np.shape(colours)}"
        raise ValueError(f"overlay: expected two pictures of shape (H, W, 3), got {shapes}")
    opacity = np.asarray(alpha, np.float64)
    if opacity.ndim and opacity.shape != below.shape[:2]:
        raise ValueError(f"alpha: expected shape {below.shape[:2]}, got {opacity.shape}")
    if not (opacity >= 0).all() or not (opacity <= 1).all():
        raise ValueError("alpha: expected values in [0, 1]")
    if opacity.ndim:
        opacity = opacity[:, :, None]
    base = below.astype(np.float64) * (1 if below.dtype == np.uint8 else 255)
    return np.rint((1 - opacity) * base + opacity * colours).clip(0, 255).astype(np.uint8)


def framed(
    pixels: np.ndarray, box: tuple[int, int, int, int], *, colour: str = FRAME
) -> np.ndarray:
    """Draw a frame around a part of a picture, and darken what is outside a little.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), uint8
    box : tuple of int
        Top, left, bottom and right in pixels, the last two exclusive; inside the picture.
    colour : str
        Of the frame, ``"#rrggbb"``.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8
        The frame lies on the outermost pixels of the part, one in 160 of the longer side wide.

    Raises
    ------
    ValueError
        If the box is empty or reaches out of the picture.
    """
    top, left, bottom, right = box
    height, width = pixels.shape[:2]
    if not (0 <= top < bottom <= height and 0 <= left < right <= width):
        raise ValueError(f"box: expected a part of {height} × {width} pixels, got {box}")
    outside = (pixels.astype(np.float32) * _SHADE).astype(np.uint8)
    outside[top:bottom, left:right] = pixels[top:bottom, left:right]
    thick = max(1, round(max(height, width) / 160))
    inner = (
        slice(top + thick, max(top + thick, bottom - thick)),
        slice(left + thick, max(left + thick, right - thick)),
    )
    kept = outside[inner].copy()
    outside[top:bottom, left:right] = rgb(colour)
    outside[inner] = kept
    return outside
