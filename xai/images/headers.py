"""What a picture file is and promises, before a single pixel of it is decoded."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

#: Largest file that is read, in bytes.
MAX_BYTES = 10 * 2**20
#: Most pixels that are ever held of one image.
MAX_PIXELS = 25_000_000
#: Most pixels of a JPEG that is reduced while it is read.
MAX_REDUCIBLE = 150_000_000
#: Most passes of a progressive JPEG; each costs time anew, and real files have about ten.
MAX_SCANS = 100

#: The accepted formats: Pillow's name and ours.
FORMATS = {
    "JPEG": "JPEG",
    "PNG": "PNG",
    "WEBP": "WebP",
    "BMP": "BMP",
    "GIF": "GIF",
    "TIFF": "TIFF",
}
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*")
_ACCEPTED = "JPEG, PNG, WebP, BMP, GIF and TIFF"
_SUFFIXES = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    **dict.fromkeys((".png", ".apng"), "PNG"),
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
    **dict.fromkeys((".bmp", ".dib"), "BMP"),
    ".webp": "WebP",
    ".gif": "GIF",
    **{f".{name.lower()}": name for name in ("HEIC", "HEIF", "AVIF", "SVG", "PDF", "EPS", "PSD")},
    **{f".{name.lower()}": name for name in ("ICO", "TGA", "JP2", "JXL", "TXT", "HTML", "ZIP")},
}
#: What Pillow's readers were seen to raise, or may by their source, on damaged files.
DAMAGE: tuple[type[Exception], ...] = (OSError, SyntaxError, ValueError, EOFError, LookupError)
DAMAGE += (TypeError, AttributeError, ArithmeticError, RuntimeError, struct.error, zlib.error)
DAMAGE += (Warning,)  # where a program turns warnings into errors


class RefusedError(ValueError):
    """A refusal in words for a person, as told apart from a reader's ValueError."""


def check_bytes(data: bytes) -> None:
    """Refuse what needs no reader to be refused: empty, too large, a known other format.

    Raises
    ------
    RefusedError
        With a sentence for a person.
    """
    if not data:
        raise RefusedError("The file is empty.")
    if len(data) > MAX_BYTES:
        size, limit = len(data) / 2**20, MAX_BYTES // 2**20
        raise RefusedError(f"The file has {size:.1f} MB; at most {limit} MB are accepted.")
    kind = _known_but_refused(data)
    if kind:
        raise RefusedError(f"{kind} files cannot be read; save the picture as PNG or JPEG first.")


def _known_but_refused(data: bytes) -> str | None:
    """Name a format that people take for a picture and that is not accepted."""
    if data[4:8] == b"ftyp":
        brands = data[8:40]
        if b"avif" in brands or b"avis" in brands:
            return "AVIF"
        if any(brand in brands for brand in (b"heic", b"heix", b"hevc", b"heim", b"mif1")):
            return "HEIC"
    text = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!--")) and b"<svg" in text):
        return "SVG"
    if data.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
        return "EPS"
    return "PDF" if data.startswith(b"%PDF") else None


def check_name(name: str, kind: str) -> None:
    """Refuse a file whose extension names another format than ``kind``, its content's.

    Raises
    ------
    RefusedError
        If the extension is that of another format; none, or an unknown one, is fine.
    """
    suffix = PurePath(name.replace("\\", "/")).suffix.lower()
    if _SUFFIXES.get(suffix, kind) != kind:
        raise RefusedError(
            f"The name ends in {suffix}, but the content is {kind}; rename the file."
        )


def open_header(data: bytes) -> tuple[Image.Image, list[str]]:
    """Open a file as far as its header, and check what the header promises.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    image : Image
        Opened, not loaded; a large JPEG is set to be reduced while it is loaded.
    notes : list of str
        What the reader should know, one sentence each.

    Raises
    ------
    RefusedError
        If it is no picture of an accepted format, damaged, without pixels, or of
        too many.
    """
    from PIL import Image

    size = _peek(data)
    if size:
        _check_size(*size)
    try:
        image = Image.open(BytesIO(data), formats=list(FORMATS))
        animated = bool(getattr(image, "is_animated", False)) and image.format != "MPO"
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RefusedError(_too_many("far too many")) from error
    except DAMAGE as error:  # of which the reader's "unidentified" is one
        if data.startswith(_SIGNATURES) or data[8:12] == b"WEBP":
            message = "The file is cut off or damaged: its header cannot be read."
        else:
            message = f"This is not a picture that can be read; accepted are {_ACCEPTED}."
        raise RefusedError(message) from error
    notes = [_first_frame(image)] if animated else []
    if image.format == "PNG" and b"IEND\xaeB`\x82" not in data:
        raise RefusedError("The file is cut off: the end of the PNG is missing.")
    if image.format in ("JPEG", "MPO"):
        notes += _reduce(image, data)
    _check_size(*image.size)
    return image, notes


def _first_frame(image: Image.Image) -> str:
    kind = "page of a document" if image.format == "TIFF" else "frame of an animation"
    return f"Only the first {kind} is used."


def _check_size(width: int, height: int) -> None:
    if min(width, height) < 1:
        raise RefusedError(f"The picture has no pixels ({width} × {height}).")
    if width * height > MAX_PIXELS:
        raise RefusedError(_too_many(f"{width * height / 1e6:.0f}", f" ({width} × {height})"))


def _too_many(count: str, size: str = "") -> str:
    limit = MAX_PIXELS // 1_000_000
    return f"The picture has {count} megapixels{size}; at most {limit} are accepted."


def _peek(data: bytes) -> tuple[int, int] | None:
    """Return width and height where the header is plain, before Pillow is asked.

    Pillow makes room for a WebP's canvas as it opens it, and takes a size of zero
    for a broken file.
    """
    if len(data) < 30:
        return None
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack(">II", data[16:24])
    if data.startswith((b"GIF87a", b"GIF89a")):
        return struct.unpack("<HH", data[6:10])
    if data.startswith(b"BM") and data[14:18] == b"\x28\0\0\0":
        width, height = struct.unpack("<ii", data[18:26])
        return width, abs(height)
    return _peek_webp(data) if data[8:12] == b"WEBP" else None


def _peek_webp(data: bytes) -> tuple[int, int] | None:
    chunk = data[12:16]
    if chunk == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        return width + 1, height + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _reduce(image: Image.Image, data: bytes) -> list[str]:
    """Let a large JPEG be decoded at a half, a quarter or an eighth of its size."""
    if data.count(b"\xff\xda") > MAX_SCANS:
        raise RefusedError("The JPEG is made of very many passes; save it again as a plain JPEG.")
    width, height = image.size
    if not MAX_PIXELS < width * height <= MAX_REDUCIBLE or not _one_pass(data):
        return []
    for scale in (2, 4, 8):
        if -(-width // scale) * -(-height // scale) <= MAX_PIXELS:
            image.draft(None, (width // scale, height // scale))
            break
    return [f"The picture was reduced from {width} × {height} pixels while it was read."]


def _one_pass(data: bytes) -> bool:
    """Whether a JPEG's first pass holds everything, so that it decodes row by row."""
    place, components = 2, 0
    while place + 10 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker in (0xC0, 0xC1):
            components = data[place + 9]
        elif marker == 0xDA:
            return components > 0 and data[place + 4] == components
        place += 2 + length
    return False


def sample_bits(image: Image.Image, data: bytes) -> int:
    """Return how many bits a sample has in the file."""
    if image.format == "PNG":
        return data[24]
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(258, (8,))))  # type: ignore[attr-defined]
    return 8
