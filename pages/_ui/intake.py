"""A file of the reader's: brought from their machine, or lying on that of the app.

What is in it is shown instead of what the page makes, until it is closed.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import streamlit as st

from pages._ui import placed, progress
from xai import images, models

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xai.jobs import Report

Content = TypeVar("Content")


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


@dataclass(frozen=True)
class ReadKey:
    """A file that is read."""

    kind: str
    stamp: str


@dataclass(frozen=True, eq=False)
class Opened(Generic[Content]):
    """A file that this session has opened.

    Attributes
    ----------
    name, digest : str
        Of the file; of one on the machine of the app, where it lies, and when it was written.
    content : object
        What was read.
    """

    name: str
    digest: str
    content: Content


@dataclass(frozen=True)
class Place(Generic[Content]):
    """Where a session keeps the one file of a kind that it has opened.

    Attributes
    ----------
    kind : str
        What such a file holds, such as ``"flow"``.
    read : callable
        Reads what was given; a ``ValueError`` says what is wrong with it.
    """

    kind: str
    read: Callable[[Given], Content]

    @property
    def _opened(self) -> str:
        return f"_{self.kind}_file"

    @property
    def _closed(self) -> str:
        """Counts what was closed: each file leaves its uploader behind, which holds it still."""
        return f"_{self.kind}_files_closed"

    def current(self) -> Opened[Content] | None:
        """Return what was opened, or None."""
        found: Opened[Content] | None = st.session_state.get(self._opened)
        return found

    def close(self) -> None:
        """Go back to what the page makes."""
        st.session_state.pop(self._opened, None)
        st.session_state[self._closed] = st.session_state.get(self._closed, 0) + 1

    def offer(
        self, label: str, kinds: Sequence[str], *, folder: str = "", most: int | None = None
    ) -> None:
        """Offer to open a file, as :func:`offer` does; what is wrong with it is said."""
        # What was closed must not be opened again because its file is still there.
        turn = st.session_state.get(self._closed, 0)
        try:
            given = offer(self.kind, label, kinds, turn=turn, folder=folder, most=most)
            if given is not None:
                self._open(given)
        except ValueError as error:
            st.error(str(error))

    def _open(self, given: Given) -> None:
        """Read a file as a job and show it in the next run of the page."""
        known, stamp = self.current(), given.stamp
        if known is not None and known.digest == stamp:
            return
        label = f"Reading the {self.kind}"

        def work(report: Report) -> Content:
            report(0, 1, label)
            return self.read(given)

        key = ReadKey(self.kind, stamp)
        found: Content | None = progress.result(
            key, work, label=label, keep=False, slot=f"{self.kind}-file"
        )
        if found is not None:
            st.session_state[self._opened] = Opened(given.name, stamp, found)
            st.rerun()


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
