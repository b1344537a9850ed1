"""A file's bytes to clean pixels, or to a sentence that says why not.

Whatever a person uploads ends here as upright 8-bit RGB without metadata, or as
a ``ValueError`` whose words can be shown to that person as they are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from xai.images.headers import (
    DAMAGE,
    FORMATS,
    RefusedError,
    check_bytes,
    check_name,
    open_header,
    sample_bits,
)

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """A file's picture, ready for any model.

    Attributes
    ----------
    pixels : ndarray, shape (H, W, 3), uint8
        Upright RGB, read-only; a grey source has three equal channels.
    digest : str
        SHA-256 of the file's bytes, in hexadecimal.
    format : str
        ``"JPEG"``, ``"PNG"``, ``"WebP"``, ``"BMP"``, ``"GIF"`` or ``"TIFF"``.
    mode : str
        Pillow's name of the source's pixels, such as ``"L"``, ``"P"`` or ``"CMYK"``.
    notes : tuple of str
        What was changed on the way, one sentence each.
    """

    pixels: np.ndarray
    digest: str
    format: str
    mode: str
    notes: tuple[str, ...]


def decode(data: bytes, *, name: str = "") -> DecodedImage:
    """Read the picture in a file's bytes.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        The file's name, if known: an extension that contradicts the content is
        refused. It is never used as a path.

    Raises
    ------
    TypeError
        If ``data`` is not bytes.
    ValueError
        If the file is empty, cut off, damaged, too large, of another format than
        its name says, or not a picture of an accepted format.

    Notes
    -----
    Sizes are read from the header and checked before any pixel is decoded. Only
    a JPEG in one pass can be reduced while it is read; it may have up to
    :data:`xai.images.headers.MAX_REDUCIBLE` pixels. Pillow's own limits against decompression bombs
    are process-wide settings, so they are left as they are: they lie above ours,
    and what they raise means the same. Colour profiles are dropped with the rest
    of the metadata, as in the data that ImageNet networks were trained on.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"image file: expected bytes, got {type(data).__name__}")
    data = bytes(data)
    check_bytes(data)
    image, notes = open_header(data)
    kind = FORMATS.get(str(image.format), "JPEG")  # phones write MPO, a pair of JPEGs
    check_name(name, kind)
    try:
        pixels, more = _pixels(image, sample_bits(image, data))
    except DAMAGE as error:
        if isinstance(error, RefusedError):
            raise
        raise RefusedError("The file is cut off or damaged: its pixels cannot be read.") from error
    pixels.setflags(write=False)
    return DecodedImage(
        pixels=pixels,
        digest=hashlib.sha256(data).hexdigest(),
        format=kind,
        mode=image.mode,
        notes=(*notes, *more),
    )


def _pixels(image: Image.Image, bits: int) -> tuple[np.ndarray, list[str]]:
    """Decode an opened file to upright RGB, uint8 (H, W, 3), with notes."""
    tiff = image.format == "TIFF"
    turn = _orientation(image) if tiff else 1  # loading turns a TIFF and drops its tag
    image.load()
    if not tiff:
        turn = _orientation(image)  # only now, since a PNG may say it at its end
    deep = image.mode.startswith(("I", "F"))
    pixels, notes = _deep(image, bits) if deep else _eight_bit(image, bits)
    if turn != 1:
        notes.append("The picture was turned upright by its EXIF tag.")
    return np.ascontiguousarray(pixels if tiff else _upright(pixels, turn)), notes


def _eight_bit(image: Image.Image, bits: int) -> tuple[np.ndarray, list[str]]:
    """Convert what Pillow holds in 8-bit channels, whatever the colours."""
    from PIL import Image

    notes = []
    if bits > 8:
        notes.append(f"{bits}-bit values were scaled to 8 bit.")
    if image.mode == "CMYK":
        notes.append("Its print colours (CMYK) may look different here.")
    if image.has_transparency_data:
        clear = image if image.mode == "RGBA" else image.convert("RGBA")
        if cast("tuple[tuple[int, int], ...]", clear.getextrema())[3] != (255, 255):
            notes.append("Transparent parts stand on white.")
        image = Image.new("RGB", clear.size, "white")
        image.paste(clear, mask=clear)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB")), notes


def _deep(image: Image.Image, bits: int) -> tuple[np.ndarray, list[str]]:
    """Scale grey values of more than 8 bit, or of floating point."""
    values = np.asarray(image)
    if image.mode == "F" and not np.isfinite(values).all():
        raise RefusedError("The picture holds values that are not numbers (NaN or infinity).")
    low, high = values.min(), values.max()
    if image.mode.startswith("I;16"):
        span, said = (0.0, 2.0**bits - 1), f"{bits}-bit values were"
    elif image.mode == "F" and low >= 0 and high <= 1:
        span, said = (0.0, 1.0), "Values from 0 to 1 were"
    elif image.mode == "I" and low >= 0 and high < 2**16:
        span, said = (0.0, 2.0**16 - 1), "16-bit values were"
    else:
        span, said = (float(low), float(high)), f"Values from {low:g} to {high:g} were"
    scaled = values.astype(np.float64)
    scaled -= span[0]
    scaled *= 255 / max(span[1] - span[0], 1e-300)
    grey = np.rint(scaled, out=scaled).astype(np.uint8)
    if image.mode == "I;16" and isinstance(image.info.get("transparency"), int):
        grey[values == image.info["transparency"]] = 255
    return np.repeat(grey[:, :, None], 3, axis=2), [f"{said} scaled to 8 bit."]


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 (upright) where it is missing or broken."""
    try:
        turn = image.getexif().get(0x0112, 1)
    except DAMAGE:
        return 1
    return turn if turn in range(1, 9) else 1


def _upright(pixels: np.ndarray, turn: int) -> np.ndarray:
    """Undo an EXIF orientation on pixels of shape (H, W, C)."""
    if turn in (5, 7):
        pixels = pixels.swapaxes(0, 1)
    quarters = {3: 2, 6: 3, 7: 2, 8: 1}.get(turn, 0)
    flipped = {2: pixels[:, ::-1], 4: pixels[::-1]}.get(turn, pixels)
    return np.rot90(flipped, quarters)
