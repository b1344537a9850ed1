"""The folder of a run that is about to be made."""

from __future__ import annotations

import dataclasses
import errno
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xai.training.runs import files
from xai.training.runs.files import schema
from xai.training.runs.recipe import Recipe
from xai.training.runs.recorder import unwritable
from xai.training.runs.run import Run

try:
    import fcntl
except ImportError:  # a system without such locks
    fcntl = None  # type: ignore[assignment]

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
    origin : Path or None
        The folder of a run that goes on in this one instead, and stays as it is.
    """

    folder: Path
    keeper: Any
    resumed: bool
    origin: Path | None = None


def place(record: Path | str | None, resume: Run | Path | str | None, recipe: Recipe) -> Place:
    """Return where to record.

    Raises
    ------
    TypeError, ValueError
        If the arguments are no folders, the run to go on with is damaged, or it is a shorter
        one and the longer is to replace it.
    """
    if resume is None:
        return _fresh(record)
    if isinstance(resume, Run):
        found = Place(resume.folder, resume.keeper, True)
    else:
        found = Place(_path(resume, "resume"), None, True)
    elsewhere = record is not None and _path(record, "record") != found.folder
    if _is_shorter(found.folder, recipe):
        if record is not None and not elsewhere:
            raise ValueError(
                "record: expected a folder of its own for the longer run, got that of the shorter "
                f"({found.folder})"
            )
        return _fresh(record)
    if record is not None and elsewhere:
        return Place(_path(record, "record"), None, True, found.folder)
    return found


def _fresh(record: Path | str | None) -> Place:
    if record is not None:
        return Place(_path(record, "record"), None, False)
    try:
        keeper = tempfile.TemporaryDirectory(prefix="run-")
    except OSError as error:
        raise ValueError(unwritable(Path(tempfile.gettempdir()), error)) from error
    return Place(Path(keeper.name), keeper, False)


def _is_shorter(folder: Path, recipe: Recipe) -> bool:
    """Say whether a folder has the run of a recipe that differs in having fewer epochs alone."""
    if not _has_run(folder):
        return False
    found = files.opened(folder).recipe
    epochs = recipe.params.epochs
    longer = dataclasses.replace(found, params=dataclasses.replace(found.params, epochs=epochs))
    return found.params.epochs < epochs and longer == recipe


def _has_run(folder: Path) -> bool:
    try:
        return (folder / schema.HEAD).exists()
    except OSError as error:
        raise ValueError(unwritable(folder, error)) from error


def _path(given: Any, what: str) -> Path:
    if not isinstance(given, Path | str):
        raise TypeError(f"{what}: expected a folder, got {type(given).__name__}")
    place = os.path.expanduser(given)  # noqa: PTH111  that of pathlib raises for nobody's home
    if "\0" in place:
        raise ValueError(f"{what}: expected a folder, got {place!r}")
    return Path(place).absolute()


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Make a folder if it is not there, and hold it against all who would record into it too.

    Raises
    ------
    ValueError
        If another thread or process has it, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(unwritable(folder, error)) from error
    real = folder.resolve()
    with _lock:
        if real in _busy:
            raise ValueError(_taken(folder))
        _busy.add(real)
    try:
        with _locked(folder):
            yield
    finally:
        with _lock:
            _busy.discard(real)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes, where the system has such locks."""
    if fcntl is None:
        yield
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ValueError(unwritable(folder, error)) from error
    try:
        # It goes with the process, however that ends. A disk that knows no locks has none.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            os.close(descriptor)
            raise ValueError(_taken(folder)) from error
    try:
        yield
    finally:
        os.close(descriptor)


def _taken(folder: Path) -> str:
    return f"record: another training records into {folder} right now"


def begun(where: Place, recipe: Recipe) -> Run | None:
    """Return the run that is in a folder, or None if the folder is free.

    Raises
    ------
    ValueError
        If the run is damaged, of another recipe or not to be gone on with, or if there are
        files of others.
    """
    folder = where.folder
    has_run = _has_run(folder)
    if has_run and (not where.resumed or where.origin is not None):
        raise ValueError(
            f"record: expected a new or empty folder, got one with a run ({folder}); give it as "
            "resume to go on with that"
        )
    if not has_run:
        _check_own(folder)
        if where.origin is None or not _has_run(where.origin):
            return None
        _bring(where.origin, folder, recipe)
    run = files.opened(folder)
    _check_same(run.recipe, recipe)
    if run.ended == "stopped":
        _sweep(folder)
    return dataclasses.replace(run, keeper=where.keeper)


def _bring(origin: Path, folder: Path, recipe: Recipe) -> None:
    """Copy the run of a recipe into an empty folder: what says that it is there comes last."""
    with claimed(origin):
        _check_same(files.opened(origin).recipe, recipe)
        weights = sorted(path.name for path in (origin / schema.WEIGHTS).iterdir())
        names = [*(f"{schema.WEIGHTS}/{name}" for name in weights), *schema.MOST, schema.STATE]
        try:
            (folder / schema.WEIGHTS).mkdir(exist_ok=True)
            for name in [*names, schema.HEAD]:
                if (origin / name).is_file():
                    shutil.copyfile(origin / name, folder / name)
        except OSError as error:
            raise ValueError(unwritable(folder, error)) from error


def _check_own(folder: Path) -> None:
    """Refuse a folder with anything that a run broken off at its beginning does not leave.

    Others have a ``metrics.csv`` and ``weights``, too: they are ours where the table of images
    is, which comes first, and the only weights are those of the untrained network.
    """
    known: set[str] = set()
    if _has_images(folder):
        untrained = schema.weights_name(0)
        known = {schema.IMAGES, schema.WEIGHTS, untrained, *schema.MOST}
    found = (path for path in folder.rglob("*") if not _UNFINISHED.fullmatch(path.name))
    foreign = sorted({path.relative_to(folder).as_posix() for path in found} - known)
    if foreign:
        raise ValueError(
            f"record: expected a new or empty folder, got one with other files ({folder}), such "
            f"as {foreign[0]!r}"
        )
    _sweep(folder)


def _has_images(folder: Path) -> bool:
    header = ",".join(schema.LISTED).encode() + b"\n"
    try:
        with (folder / schema.IMAGES).open("rb") as file:
            return file.read(len(header)) == header
    except OSError:
        return False


def _sweep(folder: Path) -> None:
    """Remove what writes left that were broken off."""
    for place in (folder, folder / schema.WEIGHTS):
        for path in place.glob(".*"):
            if _UNFINISHED.fullmatch(path.name):
                with suppress(OSError):
                    path.unlink()


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
