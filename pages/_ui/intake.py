"""A file of the reader's: brought from their machine, or lying on that of the app."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from pages._ui import placed
from xai import images, models

if TYPE_CHECKING:
    from collections.abc import Sequence


class Given(NamedTuple):
    """What was brought: its name, and what is in it or where it lies."""

    name: str
    source: bytes | Path

    @property
    def stamp(self) -> str:
        """What tells a file from another, and from itself after a change."""
        if isinstance(self.source, bytes):
            return images.digest(self.source)
        told = self.source.stat()
        return f"{self.source.resolve()} {told.st_size} {told.st_mtime_ns}"


def offer(
    key: str,
    label: str,
    kinds: Sequence[str],
    *,
    turn: int = 0,
    folder: str = "",
    most: int | None = None,
) -> Given | None:
    """Draw an uploader, and a line for a path unless the app is public.

    Parameters
    ----------
    key, turn : str, int
        Of the widgets; another turn forgets what was brought.
    label : str
    kinds : sequence of str
        How the names of such files end, without the dot.
    folder : str
        A file by which a folder is known that may be given, too.
    most : int, optional
        Megabytes that may be uploaded, unless the app is public; None as everywhere.

    Raises
    ------
    ValueError
        If the path is that of nothing such.
    """
    private = models.checkpoints_allowed()
    file = st.file_uploader(
        label,
        type=list(kinds),
        key=f"{key}_file-{turn}",
        max_upload_size=most if private else None,
    )
    place = ""
    # Whoever looks at a public app must not read what lies on its machine.
    if private:
        place = st.text_input(
            "Or its path on the machine that runs the app",
            key=f"{key}_path-{turn}",
            placeholder="larger files, or a folder" if folder else "larger files",
        )
    if file is not None:
        return Given(file.name, file.getvalue())
    if not place:
        return None
    path = _folder(place, folder) if folder else None
    try:
        path = path or placed.file_at(place, tuple(f".{kind}" for kind in kinds))
    except ValueError as error:
        if not folder:
            raise
        raise ValueError(f"{str(error)[:-1]}, or of a folder with {folder}.") from error
    return Given(path.name, path)


def _folder(place: str, known_by: str) -> Path | None:
    """Return the folder that a typed path means; None if it is none of those that may be given."""
    with contextlib.suppress(OSError, ValueError):  # a name that no disk can have
        path = Path(place).expanduser()
        if (path / known_by).is_file():
            return path
    return None
