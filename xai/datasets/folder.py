"""The user's own images: a zip with one folder a class, or images in one folder.

The zip is read in memory and nothing of it is written to disk.
"""

from __future__ import annotations

import hashlib
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xai import zips
from xai.datasets.spec import DatasetSpec, ImageSet, Source, pack
from xai.types import Progress

#: Largest zip, in bytes.
MAX_ZIP_BYTES = 50 * 2**20
#: Most entries that a zip may list, folders and other files included.
MAX_ENTRIES = 10_000
#: Most images.
MAX_IMAGES = 2_000
#: Most bytes of all unpacked files, and of all pixels that are kept.
MAX_UNPACKED_BYTES = 200 * 2**20
#: Images are kept at this shorter side, in pixels, as the bundled photographs are.
SHORT_SIDE = 256

_PICTURES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
_UNLABELLED = "unlabelled"


def upload_first(spec: DatasetSpec, split: str) -> Source:
    """Refuse: there is no folder before one is uploaded.

    Raises
    ------
    ValueError
        Always, and it says what to do.
    """
    raise ValueError(
        "Own images have to be uploaded first: a zip with one folder a class, or with images in"
        " one folder (xai.datasets.load_folder takes its bytes)."
    )


def load_folder(data: bytes, *, name: str = "folder", progress: Progress | None = None) -> ImageSet:
    """Read the images of a zip.

    Parameters
    ----------
    data : bytes
        The zip file.
    name : str
        Name of the resulting set.
    progress : callable, optional
        ``progress(done, total, message)``, in images. What it raises stops the
        reading.

    Returns
    -------
    ImageSet
        RGB images whose shorter side is at most :data:`SHORT_SIDE`. The class of an
        image is the folder it lies in; if all lie in one, the only class is
        ``"unlabelled"``. An id is made of the image file's SHA-256, so the same file
        has the same id in every zip. What was left out stands in ``notes``.

    Raises
    ------
    TypeError
        If ``data`` is not bytes.
    ValueError
        If it is no zip, damaged, encrypted, over a limit, names a place outside of
        itself, or holds no readable image.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"zip: expected bytes, got {type(data).__name__}")
    data = bytes(data)
    with zips.opened(
        data,
        most_bytes=MAX_ZIP_BYTES,
        most_entries=MAX_ENTRIES,
        holds="the folder with your images",
    ) as archive:
        entries, others = _choose(archive)
        read = _read_all(archive, entries, progress)
    return _image_set(name, read, others)


@dataclass(frozen=True)
class _Entry:
    info: zipfile.ZipInfo
    folder: str


@dataclass(frozen=True)
class _Read:
    """What came of reading the entries: images by id, and what was wrong with others."""

    images: dict[str, np.ndarray]
    folders: dict[str, str]
    faults: list[str]
    repeated: int


def _choose(archive: zipfile.ZipFile) -> tuple[list[_Entry], int]:
    """Pick the images by name, in order of class and name; count other files.

    Raises
    ------
    ValueError
        If an entry is unsafe, or the headers promise more than the limits allow.
    """
    entries, left_out = [], 0
    for info, parts in zips.without_clutter(archive):
        if not parts[-1].lower().endswith(_PICTURES):
            left_out += 1
            continue
        zips.check_open(info)
        entries.append(_Entry(info, _label(parts[-2]) if len(parts) > 1 else _UNLABELLED))
    if not entries:
        raise ValueError("The zip holds no picture files.")
    if len(entries) > MAX_IMAGES:
        raise ValueError(
            f"The zip holds {len(entries):,} images; at most {MAX_IMAGES:,} are accepted."
        )
    if sum(entry.info.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise ValueError(_too_big())
    return sorted(entries, key=lambda entry: (entry.folder, entry.info.filename)), left_out


def _label(folder: str) -> str:
    """Return a folder's name without characters that could disturb a page."""
    clean = "".join(char for char in folder if unicodedata.category(char)[0] != "C")
    return clean.strip()[:80] or _UNLABELLED


def _too_big() -> str:
    limit = MAX_UNPACKED_BYTES // 2**20
    return f"The images take more than {limit} MB when they are unpacked; pack fewer or smaller."


def _read_all(archive: zipfile.ZipFile, entries: list[_Entry], progress: Progress | None) -> _Read:
    from xai.images import decode, resize_short

    images: dict[str, np.ndarray] = {}
    folders: dict[str, str] = {}
    faults: list[str] = []
    repeated = kept = 0
    for done, (entry, data) in enumerate(_contents(archive, entries), start=1):
        id = f"folder-{hashlib.sha256(data).hexdigest()[:12]}"
        repeated += id in images
        try:
            pixels = decode(data, name=entry.info.filename).pixels
        except ValueError as error:
            faults.append(str(error))
        else:
            if min(pixels.shape[:2]) > SHORT_SIDE:
                pixels = resize_short(pixels, SHORT_SIDE)
            kept += pixels.nbytes if id not in images else 0
            images.setdefault(id, pixels)
            folders.setdefault(id, entry.folder)
        if kept > MAX_UNPACKED_BYTES:
            raise ValueError(_too_big())
        if progress is not None:
            progress(done, len(entries), "Reading the images")
    return _Read(images, folders, faults, repeated)


def _contents(archive: zipfile.ZipFile, entries: list[_Entry]) -> Iterator[tuple[_Entry, bytes]]:
    """Yield each entry's bytes, and stop a zip whose headers promised less."""
    from xai.images import MAX_BYTES

    total = 0
    for entry in entries:
        data = zips.unpacked(archive, entry.info, MAX_BYTES)
        total += len(data)
        if total > MAX_UNPACKED_BYTES:
            raise ValueError(_too_big())
        yield entry, data


def _image_set(name: str, read: _Read, others: int) -> ImageSet:
    if not read.images:
        raise ValueError(f"The zip holds no readable image. The first one: {read.faults[0]}")
    classes = tuple(sorted(set(read.folders.values())))
    labels = [classes.index(folder) for folder in read.folders.values()]
    if len(classes) == 1:
        classes = (_UNLABELLED,)
    return ImageSet(
        images=pack(list(read.images.values())),
        labels=np.array(labels, dtype=np.int64),
        classes=classes,
        ids=tuple(read.images),
        name=name,
        split="test",
        notes=_notes(read, others),
    )


def _notes(read: _Read, others: int) -> tuple[str, ...]:
    notes = []
    if read.faults:
        count = len(read.faults)
        was = "1 image was" if count == 1 else f"{count:,} images were"
        notes.append(f"{was} left out as unreadable. The first one: {read.faults[0]}")
    if read.repeated:
        notes.append(f"Files that occur twice were left out: {read.repeated:,}.")
    if others:
        notes.append(f"Files that are no pictures by their name were left out: {others:,}.")
    return tuple(notes)
