"""Pixels as the bytes of a file, and files as addresses."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from xai.images.pixels import check_pixels, to_pil

if TYPE_CHECKING:
    from PIL import Image

# GIF counts time in hundredths of a second; what is shorter than two of them, browsers slow down.
_TICK, _SHORTEST, _LONGEST = 10, 20, 655_350


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


def encode_gif(
    frames: Sequence[np.ndarray], milliseconds: int, *, hold: int = 2000, least: int = 224
) -> bytes:
    """Return frames as the bytes of a GIF file that plays again and again.

    Parameters
    ----------
    frames : sequence of ndarray, uint8, shape (H, W, 1) or (H, W, 3)
        Grey or RGB, all of one shape.
    milliseconds : int
        How long each frame is seen, 20 to 655,350; rounded to hundredths of a second.
    hold : int
        How long the last one is seen, if that is longer.
    least : int
        Pixels that the longer side has at least: smaller frames are enlarged by a whole
        factor, pixel by pixel, so that a digit is not a stamp in whatever shows the file.

    Raises
    ------
    TypeError, ValueError
        If there is no frame, one is of another type or shape, or a number is out of range.

    Notes
    -----
    Grey frames keep every level. A GIF has 256 colours a frame; those of an RGB frame are
    chosen for it alone (by octree), and others are mixed of them dot by dot (Floyd and
    Steinberg), so that areas keep their mean colour.
    """
    _check_frames(frames)
    for name, length in (("milliseconds", milliseconds), ("hold", hold)):
        if not _SHORTEST <= length <= _LONGEST:
            raise ValueError(f"{name}: expected {_SHORTEST} to {_LONGEST:,}, got {length}")
    if least < 1:
        raise ValueError(f"least: expected at least 1 pixel, got {least}")
    factor = -(-least // max(frames[0].shape[:2]))
    first, *others = [_painted(frame, factor) for frame in frames]
    lengths = [milliseconds] * len(others) + [max(hold, milliseconds)]
    buffer = BytesIO()
    first.save(
        buffer,
        "GIF",
        save_all=True,
        append_images=others,
        duration=[_TICK * round(length / _TICK) for length in lengths],
        loop=0,
    )
    return buffer.getvalue()


def _check_frames(frames: Sequence[np.ndarray]) -> None:
    if not len(frames):
        raise ValueError("frames: expected at least one, got none")
    for frame in frames:
        check_pixels(frame)
        if frame.shape != frames[0].shape or frame.shape[2] == 4:
            wanted = (*frames[0].shape[:2], "1 or 3")
            raise ValueError(f"frames: expected all of shape {wanted}, got {frame.shape}")


def _painted(frame: np.ndarray, factor: int) -> Image.Image:
    """Return a frame with a palette of its own, enlarged."""
    from PIL import Image

    picture = to_pil(frame)
    if picture.mode == "RGB":
        palette = picture.quantize(method=Image.Quantize.FASTOCTREE)
        picture = picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    height, width = frame.shape[:2]
    return picture.resize((factor * width, factor * height), Image.Resampling.NEAREST)


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
