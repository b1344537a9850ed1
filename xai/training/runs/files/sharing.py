"""A run that is given to others: as a folder, or as a zip of one, and back."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xai import zips
from xai.training.runs.files import contents, reading, schema, writing
from xai.training.runs.files.contents import RefusedError

if TYPE_CHECKING:
    from xai.training.runs.run import Run

#: Size of the largest zip that is opened, and of all that is in it.
MOST_ZIP = 256 * 2**20
MOST_UNPACKED = 512 * 2**20
MOST_ENTRIES = schema.MOST_MARKS + 50
#: Every file gets this date, so that equal runs make equal zips; a zip knows none before 1980.
_DATE = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16


def files(run: Run, precision: str = "float16") -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file of a run that others are given.

    Parameters
    ----------
    run : Run
    precision : str
        Of the weights, ``"float16"`` or ``"float32"``; those that are kept as float16 stay so.

    Raises
    ------
    ValueError
        If the folder was damaged meanwhile, or a weight is too large for float16.

    Notes
    -----
    ``run.json`` is read first and given last: a run that is still growing gives what it had
    when it was asked, and a copy that was cut off is none. What is needed to go on is left out.
    """
    head = contents.document(schema.HEAD, contents.read(run.folder, schema.HEAD, schema.MOST_HEAD))
    checksums = []
    for mark, checksum in zip(run.marks, run.checksums, strict=True):
        content = _weights(run, mark, checksum, precision)
        checksums.append(hashlib.sha256(content).hexdigest())
        yield schema.weights_name(mark), content
    for name, most in schema.MOST.items():
        yield name, contents.read(run.folder, name, most)
    # What goes on elsewhere has only stopped here.
    head |= {
        "precision": run.precision if run.precision == "float16" else precision,
        "marks": writing.marked(zip(run.marks, checksums, strict=True)),
        "ended": run.ended,
        "note": run.note,
    }
    yield schema.HEAD, writing.head_content(head)


def share(run: Run, folder: Path, precision: str = "float16") -> None:
    """Write a run to a new folder, as others are given it.

    Raises
    ------
    ValueError
        As :func:`files`, and if there is something of that name.
    OSError
        If it cannot be written.
    """
    if folder.exists():
        raise ValueError(f"run: expected a folder that is not there yet, got {str(folder)!r}")
    (folder / schema.WEIGHTS).mkdir(parents=True)
    for name, content in files(run, precision):
        writing.write(folder / name, content)


def pack(run: Run, precision: str = "float16") -> bytes:
    """Return a zip of a run; equal runs make equal zips.

    Raises
    ------
    ValueError
        As :func:`files`.
    """
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, content in files(run, precision):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = _READABLE
            # Weights look like noise: compressing them costs time and saves nothing.
            weights = name.startswith(schema.WEIGHTS)
            entry.compress_type = zipfile.ZIP_STORED if weights else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return memory.getvalue()


def unpack(data: bytes) -> Run:
    """Read the zip of a run; it lies in a temporary folder that goes with the run.

    Parameters
    ----------
    data : bytes
        Of a zip with the files of a run, or with the folder that holds them.

    Raises
    ------
    ValueError
        If it is none, is damaged, or is over a limit: in a sentence.
    """
    with zips.opened(
        data, most_bytes=MOST_ZIP, most_entries=MOST_ENTRIES, holds="the folder of the run"
    ) as archive:
        entries = _entries(archive)
        try:
            keeper = _written(archive, entries)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "it cannot be written"
            raise RefusedError(f"The run cannot be unpacked here: {reason}.") from error
    return dataclasses.replace(reading.run(Path(keeper.name)), keeper=keeper)


def _written(
    archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo]
) -> tempfile.TemporaryDirectory[str]:
    """Unpack entries into a new temporary folder."""
    keeper = tempfile.TemporaryDirectory(prefix="run-")
    folder = Path(keeper.name)
    (folder / schema.WEIGHTS).mkdir()
    left = MOST_UNPACKED
    for name, info in entries.items():
        content = zips.unpacked(archive, info, left)
        left -= len(content)
        if left < 0:
            raise _too_large()
        # The name is one of ours, not one that the zip made up.
        (folder / name).write_bytes(content)
    return keeper


def zip_at(place: Path) -> bytes:
    """Return what is in a zip on this machine.

    Raises
    ------
    ValueError
        If it cannot be read, or is too large.
    """
    # A link to a zip is as good as the zip; only what is inside of it must not lead out.
    return contents.read(place.resolve().parent, place.resolve().name, MOST_ZIP)


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the entries that are files of a run, by their name in its folder."""
    found = list(zips.without_clutter(archive))
    heads = [parts[:-1] for _, parts in found if parts[-1] == schema.HEAD]
    if len(heads) != 1 or len(heads[0]) > 1:
        raise RefusedError(f"The zip holds no run: expected one {schema.HEAD} in it.")
    depth = len(heads[0])
    entries: dict[str, zipfile.ZipInfo] = {}
    for info, parts in found:
        name = "/".join(parts[depth:])
        if parts[:depth] != heads[0] or not schema.belongs(name):
            continue
        zips.check_open(info)
        if name in entries:
            raise RefusedError(f"The zip holds {name} twice.")
        entries[name] = info
    if sum(info.file_size for info in entries.values()) > MOST_UNPACKED:
        raise _too_large()
    return entries


def _too_large() -> RefusedError:
    return RefusedError(f"The run takes more than {MOST_UNPACKED // 2**20} MB when it is unpacked.")


def _weights(run: Run, mark: float, checksum: str, precision: str) -> bytes:
    """Return the file of a mark's weights, in the precision that is asked for."""
    from safetensors.numpy import save

    name = schema.weights_name(mark)
    content = reading.weights_content(run.folder, mark, checksum)
    if precision == run.precision or run.precision == "float16":
        return content
    halves = {}
    for key, values in contents.tensors(name, content).items():
        if values.dtype == np.float32:
            with np.errstate(over="ignore"):
                values = values.astype(np.float16)
            if not np.isfinite(values).all():
                raise RefusedError(f"run: {name}: {key} has weights beyond the range of float16")
        halves[key] = values
    return save(halves)
