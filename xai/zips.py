"""Zips of unknown origin: counted, bounded, and never unpacked by their own names."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

# What zipfile and its decompressors raise on damaged files.
_UNZIPPING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error)
_READING = (OSError, EOFError, RuntimeError, ValueError, LookupError)


def opened(data: bytes, *, most_bytes: int, most_entries: int, holds: str) -> zipfile.ZipFile:
    """Open a zip in memory.

    Parameters
    ----------
    data : bytes
    most_bytes : int
        Size of the largest zip that is opened.
    most_entries : int
        Files that it may list.
    holds : str
        What should have been packed, such as ``"the folder with your images"``.

    Raises
    ------
    ValueError
        If it is empty, no zip, damaged, or over a limit: in a sentence.
    """
    if not data:
        raise ValueError("The file is empty.")
    if len(data) > most_bytes:
        size, limit = len(data) / 2**20, most_bytes // 2**20
        raise ValueError(f"The zip has {size:.0f} MB; at most {limit} MB are accepted.")
    if not data.startswith(b"PK"):
        raise ValueError(f"This is not a zip; pack {holds} as a zip.")
    # Counted before the list of contents is read, since each entry of it costs memory.
    if data.count(b"PK\x01\x02") > most_entries:
        raise ValueError(f"The zip lists more than {most_entries:,} files.")
    with _damage_in_words():
        return zipfile.ZipFile(BytesIO(data))


def parts(filename: str) -> list[str]:
    """Split an entry's name, refusing one that leads out of the zip.

    Raises
    ------
    ValueError
        If it does.
    """
    path = filename.replace("\\", "/")
    found = [part for part in path.split("/") if part not in ("", ".")]
    drive = len(path) > 1 and path[1] == ":"
    if path.startswith("/") or drive or ".." in found or "\0" in path:
        raise ValueError("The zip names a place outside of itself; pack it again.")
    return found


def check_open(info: zipfile.ZipInfo) -> None:
    """Refuse an entry that needs a password.

    Raises
    ------
    ValueError
        If it does.
    """
    if info.flag_bits & 1:
        raise ValueError("The zip is encrypted; pack it without a password.")


def unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """Return what is in an entry, and no more of it than one byte beyond the limit.

    Parameters
    ----------
    archive : ZipFile
    info : ZipInfo
    most : int
        Bytes that it may have; what its header promises counts for nothing.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    with _damage_in_words(), archive.open(info) as file:
        return file.read(most + 1)


def without_clutter(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, list[str]]]:
    """Yield each file and the parts of its name, without what a file manager adds.

    Raises
    ------
    ValueError
        If a name leads out of the zip.
    """
    for info in archive.infolist():
        found = parts(info.filename)
        if info.is_dir() or not found:
            continue
        if found[0] == "__MACOSX" or any(part.startswith(".") for part in found):
            continue
        yield info, found


@contextmanager
def _damage_in_words() -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:
        raise ValueError("The zip uses a compression that cannot be read; use Deflate.") from error
    except (*_UNZIPPING, *_READING) as error:
        raise ValueError("The zip is cut off or damaged; pack it again.") from error
