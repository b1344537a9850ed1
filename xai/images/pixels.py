"""What counts as pixels, and how Pillow is given them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image


def check_pixels(pixels: np.ndarray) -> None:
    """Raise unless these are pixels: uint8, (H, W, C), with 1, 3 or 4 channels.

    Raises
    ------
    TypeError, ValueError
        If they are not.
    """
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        got = getattr(pixels, "dtype", type(pixels).__name__)
        raise TypeError(f"pixels: expected a uint8 array, got {got}")
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or pixels.size == 0:
        shape = "(H, W, C) with 1, 3 or 4 channels"
        raise ValueError(f"pixels: expected shape {shape}, got {pixels.shape}")


def to_pil(pixels: np.ndarray) -> Image.Image:
    """Return pixels as a picture of Pillow.

    Raises
    ------
    TypeError, ValueError
        As :func:`check_pixels`.
    """
    from PIL import Image

    check_pixels(pixels)
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
