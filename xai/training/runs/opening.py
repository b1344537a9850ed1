"""The folder of a run that is about to be made."""

from __future__ import annotations

import dataclasses
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xai.training.runs import files
from xai.training.runs.files import schema
from xai.training.runs.recipe import Recipe
from xai.training.runs.recorder import unwritable
from xai.training.runs.run import Run

#: What a write that was broken off leaves, see :func:`xai.store.replacing.replacing`.
_UNFINISHED = re.compile(r"\..+\.[0-9a-f]{16}")

_busy: set[Path] = set()
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Place:
    """Where a run is recorded.

    Attributes
    ----------
    folder : Path
    keeper : object
        Holds it, if it is a temporary one.
    resumed : bool
        Whether a run may be there already.
    """

    folder: Path
    keeper: Any
    resumed: bool


def place(record: Path | str | None, resume: Run | Path | str | None) -> Place:
    """Return where to record.

    Raises
    ------
    TypeError, ValueError
        If the arguments are no folders, or two different ones.
    """
    if isinstance(resume, Run):
        found = Place(resume.folder, resume.keeper, True)
    elif resume is not None:
        found = Place(_path(resume, "resume"), None, True)
    elif record is not None:
        return Place(_path(record, "record"), None, False)
    else:
        try:
            keeper = tempfile.TemporaryDirectory(prefix="run-")
        except OSError as error:
            raise ValueError(unwritable(Path(tempfile.gettempdir()), error)) from error
        return Place(Path(keeper.name), keeper, False)
    if record is not None and _path(record, "record") != found.folder:
        raise ValueError(
            f"record: expected the folder of the run that goes on, {found.folder}; got {record}"
        )
    return found


def _path(given: Any, what: str) -> Path:
    if not isinstance(given, Path | str):
        raise TypeError(f"{what}: expected a folder, got {type(given).__name__}")
    return Path(given).expanduser().absolute()


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold a folder against other threads that want to record into it.

    Raises
    ------
    ValueError
        If another has it.
    """
    real = folder.resolve()
    with _lock:
        if real in _busy:
            raise ValueError(f"record: another training records into {folder} right now")
        _busy.add(real)
    try:
        yield
    finally:
        with _lock:
            _busy.discard(real)


def begun(where: Place, recipe: Recipe) -> Run | None:
    """Return the run that is in a folder, or None if the folder is free.

    Raises
    ------
    ValueError
        If the run is damaged, of another recipe or not to be gone on with, or if there are
        files of others.
    """
    folder = where.folder
    try:
        entries = list(folder.iterdir())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(unwritable(folder, error)) from error
    if not (folder / schema.HEAD).exists():
        _check_own(folder, entries)
        return None
    if not where.resumed:
        raise ValueError(
            f"record: expected a new or empty folder, got one with a run ({folder}); give it as "
            "resume to go on with that"
        )
    run = files.opened(folder)
    _check_same(run.recipe, recipe)
    return dataclasses.replace(run, keeper=where.keeper)


def _check_own(folder: Path, entries: list[Path]) -> None:
    """Refuse a folder with anything that a run broken off at its beginning does not leave."""
    own = {schema.METRICS, schema.TRACE, schema.IMAGES, schema.ANSWERS, schema.WEIGHTS}
    foreign = sorted(
        path.name for path in entries if path.name not in own and not _UNFINISHED.match(path.name)
    )
    if foreign:
        raise ValueError(
            f"record: expected a new or empty folder, got one with other files ({folder}), such "
            f"as {foreign[0]!r}"
        )


def _check_same(found: Recipe, wanted: Recipe) -> None:
    if found == wanted:
        return
    differences = [
        f"{name} {mine!r:.60} instead of {other!r:.60}"
        for name, mine, other in _fields(found, wanted)
        if mine != other
    ]
    raise ValueError(
        "resume: expected a run of the same recipe, got one with " + ", ".join(differences[:3])
    )


def _fields(found: Recipe, wanted: Recipe) -> Iterator[tuple[str, Any, Any]]:
    """Yield each setting of two recipes: its name, and what it is in either."""
    mine, other = dataclasses.asdict(found), dataclasses.asdict(wanted)
    for name in mine:
        if name == "params":
            for key in mine[name]:
                yield key, mine[name][key], other[name][key]
        else:
            yield name, mine[name], other[name]
