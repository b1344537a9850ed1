"""Runs as folders and zips; :mod:`xai.training.runs.files.schema` tells what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xai.training.runs.files import schema

if TYPE_CHECKING:
    from xai.training.runs.run import Run


def opened(source: Path | str | bytes) -> Run:
    """Read a run that was recorded.

    Parameters
    ----------
    source : Path, str or bytes
        Where its folder or a zip of it lies, or what is in the zip.

    Raises
    ------
    TypeError
        If it is neither a path nor bytes.
    ValueError
        If it is none, is damaged, of another version or architecture, or over a limit of
        :mod:`xai.training.runs.files.schema`: in one sentence.
    """
    from xai.training.runs.files import reading, sharing

    if isinstance(source, bytes):
        return sharing.unpack(source)
    if not isinstance(source, str | Path):
        raise TypeError(f"run: expected a folder or a zip, got {type(source).__name__}")
    place = Path(source)
    try:
        zipped = place.is_file()
    except OSError:  # a name that no disk can have
        zipped = False
    return sharing.unpack(sharing.zip_at(place)) if zipped else reading.run(place)


def pack(run: Run) -> bytes:
    """Return a zip of a run, its weights rounded to float16; equal runs make equal zips.

    Raises
    ------
    ValueError
        If the folder was damaged meanwhile, or a weight is too large for float16.
    """
    from xai.training.runs.files import sharing

    return sharing.pack(run)


def weights_file(run: Run, mark: float) -> bytes:
    """Return the safetensors file of a mark: the state dict of the network as it is trained.

    Raises
    ------
    ValueError
        If there are no weights of it, or they are damaged.
    """
    from xai.training.runs.files import reading

    place = run.place(mark)
    return reading.weights_content(run.folder, run.marks[place], run.checksums[place])


def table(run: Run, name: str) -> bytes:
    """Return a table of a run: :data:`schema.METRICS` or :data:`schema.TRACE`.

    Raises
    ------
    ValueError
        If it is not there any more.
    """
    from xai.training.runs.files import contents

    return contents.read(run.folder, name, schema.MOST_TABLE)
