"""A run from a folder or a zip instead of one that ships or is made here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui.intake import Given, Opened, Place
from pages._ui.lessons.lesson import Lesson
from xai.training import ARCHITECTURES, Run, examples, open_run
from xai.training.runs.files import schema

if TYPE_CHECKING:
    from xai.datasets import ImageSet

#: What may be uploaded: half an hour of the larger network.
_MOST_MEGABYTES = 64


@dataclass(frozen=True, eq=False)
class Read:
    """A run that was read, and its test images.

    Attributes
    ----------
    run : Run
    images : ImageSet
    altered : bool
        Whether it was made with other pixels than those that are shown.
    """

    run: Run
    images: ImageSet
    altered: bool


def _read(given: Given) -> Read:
    run = open_run(given.source)
    images = examples.held_out(run)
    return Read(run, images, examples.altered(run, images))


_PLACE = Place("run", _read)
current = _PLACE.current


def offer() -> None:
    """Offer to open a run; what is wrong with it is said."""
    _PLACE.offer(
        "A run as a zip, as this page writes it, or the zipped folder of "
        "`python -m xai train --record`",
        ("zip",),
        folder=schema.HEAD,
        most=_MOST_MEGABYTES,
    )


def lesson(opened: Opened[Read]) -> Lesson:
    """Return what the page looks at."""
    run = opened.content.run
    label = ARCHITECTURES[run.recipe.architecture].label
    return Lesson(run, opened.content.images, f"{label}, {opened.name}")


def tell(opened: Opened[Read]) -> None:
    """Say that a run was opened, what it is, and offer to close it."""
    run = opened.content.run
    recipe = run.recipe
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"This run was read from {opened.name}: {ARCHITECTURES[recipe.architecture].label}, "
            f"{recipe.images:,} images of {recipe.data}, {_epochs(run)}.",
            icon=":material/folder_open:",
        )
        st.button("Close the run", icon=":material/close:", on_click=_PLACE.close)
    if opened.content.altered:
        st.caption(
            "It was made with images of the same names and other pixels. The pictures on this "
            "page are those of the data set, not those that the network has seen."
        )


def _epochs(run: Run) -> str:
    count = len(run.epochs)
    return f"{count} epoch{'' if count == 1 else 's'}"
