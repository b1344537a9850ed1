"""Pixels as the bytes of a file, and files as addresses."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO

import numpy as np

from xai.images.pixels import check_pixels, to_pil


def encode_png(pixels: np.ndarray) -> bytes:
    """Return pixels as the bytes of a PNG file.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)
        Grey, RGB or RGBA.

    Raises
    ------
    TypeError, ValueError
        If the pixels are of another type or shape.
    """
    buffer = BytesIO()
    picture = to_pil(pixels[:, :, None] if getattr(pixels, "ndim", 0) == 2 else pixels)
    # Pages encode at each rerun: the usual level 6 takes thrice the time for a tenth of the size.
    picture.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def encode_jpeg(pixels: np.ndarray, quality: int) -> bytes:
    """Return pixels as the bytes of a JPEG file.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (H, W, 1) or (H, W, 3)
        Grey or RGB.
    quality : int
        1 to 95, in the scale of the Independent JPEG Group.

    Raises
    ------
    TypeError, ValueError
        If the pixels are of another type or shape, or the quality is out of range.

    Notes
    -----
    Colour is kept at half the resolution in both directions (4:2:0), as cameras and
    image programs do by default.
    """
    if not 1 <= quality <= 95:
        raise ValueError(f"quality: expected 1 to 95, got {quality}")
    check_pixels(pixels)
    if pixels.shape[2] == 4:
        raise ValueError("pixels: expected 1 or 3 channels, got 4; JPEG knows no transparency")
    buffer = BytesIO()
    to_pil(pixels).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return buffer.getvalue()


def data_url(picture: bytes) -> str:
    """Return a PNG or WebP file as an address that holds it.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        kind = "png"
    elif picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        kind = "webp"
    else:
        raise ValueError("picture: expected the bytes of a PNG or WebP file, got something else")
    return f"data:image/{kind};base64,{b64encode(picture).decode('ascii')}"
