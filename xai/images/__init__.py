"""Pixels and images: resize, crop, convert, name by digest; ``decode`` reads a file.

*Pixels* are uint8 of shape (H, W, C), an *image* is float32 of shape (C, H, W) in
[0, 1]. Pillow is imported by the functions that need it.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np

from xai.images.encoding import data_url, encode_gif, encode_jpeg, encode_png
from xai.images.headers import MAX_BYTES, MAX_PIXELS
from xai.images.intake import DecodedImage, decode
from xai.images.pixels import check_pixels, to_pil

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "DecodedImage",
    "center_crop",
    "data_url",
    "decode",
    "digest",
    "encode_gif",
    "encode_jpeg",
    "encode_png",
    "from_uint8",
    "luma",
    "resize",
    "resize_short",
    "to_uint8",
]

Method = Literal["bicubic", "bilinear"]

#: Longest strip that :func:`resize_short` keeps whole, as longer by shorter side.
MAX_RATIO = 32


# ---------------------------------------------------------------- conversions
def digest(value: np.ndarray | bytes) -> str:
    """Return the SHA-256, in hexadecimal, of bytes or of an array.

    Notes
    -----
    Of an array, type and shape count as well as the values, so that arrays of
    equal bytes and different meaning differ.

    Raises
    ------
    TypeError
        If it is neither, or an array of Python objects.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return hashlib.sha256(value).hexdigest()
    if not isinstance(value, np.ndarray) or value.dtype.hasobject:
        raise TypeError(f"digest: expected bytes or an array of numbers, got {type(value)}")
    found = hashlib.sha256(f"{value.dtype.str}{value.shape}".encode())
    found.update(np.ascontiguousarray(value).data)
    return found.hexdigest()


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Turn an image (C, H, W) in [0, 1] into pixels (H, W, C), uint8, rounding.

    Raises
    ------
    ValueError
        If it is not of three axes, or not finite.
    """
    image = np.asarray(image)
    if image.ndim != 3:
        raise ValueError(f"image: expected shape (C, H, W), got {image.shape}")
    if not np.isfinite(image).all():
        raise ValueError("image: expected finite values, got NaN or infinity")
    scaled = np.rint(image * np.float32(255)).clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(scaled.transpose(1, 2, 0))


def from_uint8(pixels: np.ndarray) -> np.ndarray:
    """Turn pixels (H, W, C), uint8, into an image (C, H, W), float32 in [0, 1].

    Raises
    ------
    TypeError, ValueError
        If the pixels are of another type or shape.
    """
    check_pixels(pixels)
    image = pixels.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    return np.ascontiguousarray(image)


def luma(pixels: np.ndarray) -> np.ndarray:
    """Turn colour (H, W, 3) into grey (H, W, 1), uint8, in Pillow's own integer arithmetic.

    Notes
    -----
    ITU-R 601-2: 0.299 red, 0.587 green, 0.114 blue. Equal channels come out as they are.

    Raises
    ------
    TypeError, ValueError
        If the pixels are of another type, or not of three channels.
    """
    check_pixels(pixels)
    if pixels.shape[2] != 3:
        raise ValueError(f"pixels: expected three channels, got {pixels.shape[2]}")
    weights = np.array([19595, 38470, 7471], dtype=np.int64)
    grey = (pixels.astype(np.int64) @ weights + 0x8000) >> 16
    return grey.astype(np.uint8)[..., None]


# -------------------------------------------------------------------- resizing
def resize(pixels: np.ndarray, size: tuple[int, int], *, method: Method = "bicubic") -> np.ndarray:
    """Resample to ``size``, with the numbers of torchvision's ``Resize`` on Pillow images.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (H, W, C), C in 1, 3, 4
        The image.
    size : tuple of int
        New height and width in pixels.
    method : str
        ``"bicubic"`` or ``"bilinear"``; both smooth when they shrink.

    Returns
    -------
    ndarray, uint8, shape (height, width, C)

    Raises
    ------
    TypeError, ValueError
        If pixels or method are of another kind, a side is below 1, or the result
        would have more than :data:`MAX_PIXELS` pixels.
    """
    from PIL import Image

    methods = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
    if method not in methods:
        raise ValueError(f"method: expected one of {', '.join(methods)}; got {method!r}")
    height, width = size
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise ValueError(f"size: expected 1 to {MAX_PIXELS:,} pixels, got {height} × {width}")
    check_pixels(pixels)
    if pixels.shape[:2] == (height, width):
        return pixels.copy()
    small = np.array(to_pil(pixels).resize((width, height), methods[method]))
    return small.reshape(height, width, -1)


def resize_short(pixels: np.ndarray, short: int, *, method: Method = "bicubic") -> np.ndarray:
    """Resample so that the shorter side has ``short`` pixels; the sides keep their ratio.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (H, W, C)
        The image.
    short : int
        New length of the shorter side in pixels.
    method : str
        As in :func:`resize`.

    Notes
    -----
    The longer side becomes ``int(short * longer / shorter)``, as torchvision has it.
    Of a strip longer than :data:`MAX_RATIO` to 1 (say 1 × 5,000) only the middle is
    resampled, since the whole would be enormous; a centre crop that follows sees no
    difference.

    Raises
    ------
    TypeError, ValueError
        As for :func:`resize`.
    """
    check_pixels(pixels)
    height, width = (min(side, MAX_RATIO * min(pixels.shape[:2])) for side in pixels.shape[:2])
    if (height, width) != pixels.shape[:2]:
        pixels = center_crop(pixels, (height, width))
    if width <= height:
        return resize(pixels, (int(short * height / width), short), method=method)
    return resize(pixels, (short, int(short * width / height)), method=method)


def center_crop(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut out the middle; where the image is smaller, black is added around it.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (H, W, C)
        The image.
    size : tuple of int
        Height and width of the result in pixels.

    Notes
    -----
    The corner is at ``round((side - size) / 2)``, halves to even, as torchvision's
    ``CenterCrop`` has it.

    Raises
    ------
    TypeError, ValueError
        If the pixels are of another kind, or a side is out of range.
    """
    check_pixels(pixels)
    height, width = size
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise ValueError(f"size: expected 1 to {MAX_PIXELS:,} pixels, got {height} × {width}")
    lacks = [max(0, want - have) for want, have in zip(size, pixels.shape[:2], strict=True)]
    if any(lacks):
        pixels = np.pad(pixels, [*((lack // 2, (lack + 1) // 2) for lack in lacks), (0, 0)])
    top, left = (
        round((have - want) / 2) for want, have in zip(size, pixels.shape[:2], strict=True)
    )
    return np.ascontiguousarray(pixels[top : top + height, left : left + width])
