"""An exact image as text, to be put into a JSON file, and back."""

from __future__ import annotations

import base64
import binascii
import math
import zlib

import numpy as np

from xai import images

#: Most numbers of an enclosed image: three channels of 1024 × 1024.
MAX_NUMBERS = 3 * 1024**2

#: A PNG file begins with eight bytes, a length, a kind, and then its width and height.
_SIZE = slice(16, 24)


def enclose(image: np.ndarray) -> dict[str, object]:
    """Write an image as text, to the last bit.

    Parameters
    ----------
    image : ndarray, shape (C, H, W), float32

    Returns
    -------
    dict
        ``shape``; ``encoding``, ``"png"`` if every value is a whole number of
        255ths, else ``"float32"``: little-endian numbers, deflated; ``data`` in base64.
    """
    encoding, content = "float32", b""
    if image.shape[0] in (1, 3) and np.isfinite(image).all():
        pixels = images.to_uint8(image)
        if images.from_uint8(pixels).tobytes() == image.tobytes():
            encoding, content = "png", images.encode_png(pixels)
    if encoding == "float32":
        content = zlib.compress(np.ascontiguousarray(image, "<f4").tobytes(), 6)
    return {
        "shape": list(image.shape),
        "encoding": encoding,
        "data": base64.b64encode(content).decode("ascii"),
    }


def disclose(shape: tuple[int, ...], encoding: str, data: str) -> np.ndarray:
    """Read an image that :func:`enclose` wrote, perhaps by somebody else's hand.

    Returns
    -------
    ndarray, shape (C, H, W), float32

    Raises
    ------
    ValueError
        If it is too large, damaged, of another shape, or not finite.

    Notes
    -----
    Nothing is unpacked beyond what the shape says.
    """
    if len(shape) != 3 or min(shape) < 1 or math.prod(shape) > MAX_NUMBERS:
        most = f"at most {MAX_NUMBERS:,} numbers"
        raise ValueError(f"image: expected a shape (C, H, W) of {most}, got {shape}")
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("image: expected data in base64, got other characters") from error
    if encoding not in _READERS:
        raise ValueError(f"image: expected one of {', '.join(_READERS)}; got {encoding!r}")
    image = _READERS[encoding](content, shape)
    if not np.isfinite(image).all():
        raise ValueError("image: expected finite numbers, got NaN or infinity")
    return image


def _from_png(content: bytes, shape: tuple[int, ...]) -> np.ndarray:
    channels, height, width = shape
    declared = content[_SIZE]
    if content[:4] != b"\x89PNG" or channels not in (1, 3):
        raise ValueError("image: expected a PNG file of 1 or 3 channels, got something else")
    if declared != width.to_bytes(4) + height.to_bytes(4):
        raise ValueError(f"image: expected a PNG file of {width} × {height}, got another size")
    pixels = images.decode(content).pixels
    if pixels.shape != (height, width, 3):
        raise ValueError(f"image: expected {(height, width, 3)}, got {pixels.shape}")
    return images.from_uint8(pixels[:, :, :channels])


def _from_numbers(content: bytes, shape: tuple[int, ...]) -> np.ndarray:
    size = 4 * math.prod(shape)
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(content, size + 1)
    except zlib.error as error:
        raise ValueError("image: the data is damaged and cannot be unpacked") from error
    if len(raw) != size or not unpacker.eof or unpacker.unused_data:
        raise ValueError(f"image: expected {size} bytes for the shape {shape}, got another number")
    return np.frombuffer(raw, "<f4").reshape(shape).astype(np.float32)


_READERS = {"png": _from_png, "float32": _from_numbers}
