"""A run from a folder or a zip instead of one that ships or is made here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import intake, progress
from pages._ui.intake import Given
from pages._ui.lessons.lesson import Lesson
from xai.jobs import Report
from xai.training import ARCHITECTURES, Run, examples, open_run
from xai.training.runs.files import schema

if TYPE_CHECKING:
    from xai.datasets import ImageSet

_OPENED = "_run_file"
#: What may be uploaded: half an hour of the larger network.
_MOST_MEGABYTES = 64
#: How many were closed: each leaves its uploader behind, which holds it still.
_CLOSED = "_run_files_closed"


@dataclass(frozen=True)
class ReadKey:
    """A run that is read."""

    digest: str


@dataclass(frozen=True, eq=False)
class Opened:
    """A run that this session has opened.

    Attributes
    ----------
    name, digest : str
        Of the file; of one on the machine of the app, where it lies, and when it was written.
    run : Run
    images : ImageSet
        Its test images.
    altered : bool
        Whether it was made with other pixels than those that are shown.
    """

    name: str
    digest: str
    run: Run
    images: ImageSet
    altered: bool

    @property
    def lesson(self) -> Lesson:
        """What the page looks at."""
        label = ARCHITECTURES[self.run.recipe.architecture].label
        return Lesson(self.run, self.images, f"{label}, {self.name}")


def current() -> Opened | None:
    """Return the run that was opened, or None."""
    found: Opened | None = st.session_state.get(_OPENED)
    return found


def close() -> None:
    """Go back to the runs of the page."""
    st.session_state.pop(_OPENED, None)
    st.session_state[_CLOSED] = st.session_state.get(_CLOSED, 0) + 1


def offer() -> None:
    """Offer to open a run; what is wrong with it is said."""
    # What was closed must not be opened again because its file is still there.
    try:
        given = intake.offer(
            "run",
            "A run as a zip, as this page writes it, or the zipped folder of "
            "`python -m xai train --record`",
            ("zip",),
            turn=st.session_state.get(_CLOSED, 0),
            folder=schema.HEAD,
            most=_MOST_MEGABYTES,
        )
        if given is not None:
            _open(given)
    except ValueError as error:
        st.error(str(error))


def _open(given: Given) -> None:
    """Read a run as a job and show it in the next run of the page.

    Raises
    ------
    ValueError
        If it is none, or its test images are not here.
    """
    known = current()
    stamp = given.stamp
    if known is not None and known.digest == stamp:
        return

    def work(report: Report) -> Opened:
        report(0, 1, "Reading the run")
        run = open_run(given.source)
        images = examples.held_out(run)
        return Opened(given.name, stamp, run, images, examples.altered(run, images))

    found: Opened | None = progress.result(
        ReadKey(stamp), work, label="Reading the run", keep=False, slot="run-file"
    )
    if found is not None:
        st.session_state[_OPENED] = found
        st.rerun()


def tell(opened: Opened) -> None:
    """Say that a run was opened, what it is, and offer to close it."""
    run = opened.run
    recipe = run.recipe
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"This run was read from {opened.name}: {ARCHITECTURES[recipe.architecture].label}, "
            f"{recipe.images:,} images of {recipe.data}, {_epochs(run)}.",
            icon=":material/folder_open:",
        )
        st.button("Close the run", icon=":material/close:", on_click=close)
    if opened.altered:
        st.caption(
            "It was made with images of the same names and other pixels. The pictures on this "
            "page are those of the data set, not those that the network has seen."
        )


def _epochs(run: Run) -> str:
    count = len(run.epochs)
    return f"{count} epoch{'' if count == 1 else 's'}"
