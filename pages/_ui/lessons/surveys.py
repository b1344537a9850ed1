"""What every unit does at each mark of a run, over its test images: one job, kept mark by mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import cached, progress
from xai import data
from xai.activations.survey import SurveyKey, survey_of
from xai.jobs import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages._ui.lessons.lesson import Lesson
    from xai.activations.survey import Survey
    from xai.datasets import ImageSet
    from xai.store.shelf import Shelf
    from xai.types import Progress

#: Test images that are counted, as far as there are so many.
MOST = 1000


@dataclass(frozen=True)
class SurveysKey:
    """Everything that the surveys of a run depend on, and where they are asked for.

    Two places of a page may ask for the same: each has a bar of its own, and what the first
    has counted the second finds on the shelf.

    Attributes
    ----------
    run : str
        ``Run.digest``.
    data : str
        Signature of the images.
    slot : str
        Place on the page.
    """

    run: str
    data: str
    slot: str


def images(lesson: Lesson) -> ImageSet:
    """Return the test images that are counted: all of them, or a stratified sample."""
    found = lesson.images
    return found if len(found) <= MOST else cached.sample(found.signature, MOST, found)


def surveys(
    lesson: Lesson,
    *,
    slot: str,
    during: Callable[[dict[float, Survey]], None] | None = None,
    reserve: int = 0,
) -> dict[float, Survey] | None:
    """Return what every unit does at each mark, or show how far that is and return None.

    Parameters
    ----------
    lesson : Lesson
    slot : str
        Place on the page, as for :func:`pages._ui.progress.follow`; in the answer of a
        question it begins with the question's key.
    during : callable, optional
        Draws what there is so far: by mark, in rising order.
    reserve : int
        Height in pixels that is kept free for that until there is something.

    Returns
    -------
    dict of float to Survey, or None
        By mark, in rising order, each over :func:`images`. None also where the run has no
        test images, which is said.
    """
    if not len(lesson.images):
        st.info("This run kept no test images, so that nothing can be counted over them.")
        return None
    run, shown, shelf = lesson.run, images(lesson), shelf_of(lesson)

    def count(report: Report) -> dict[float, Survey]:
        found: dict[float, Survey] = {}
        for turn, mark in enumerate(run.marks):
            step = _within(report, turn, len(run.marks), f"epoch {mark:g}")
            step(0, len(shown), "")
            model = run.load(mark)
            key = SurveyKey.of(model, shown)
            found[mark] = survey_of(key, model, shown, shelf, progress=step)
            report.publish(dict(found))
        return found

    made: dict[float, Survey] | None = progress.result(
        SurveysKey(run.digest, shown.signature, slot),
        count,
        label=f"Every unit at {len(run.marks)} marks, over {len(shown):,} images",
        keep=False,
        slot=slot,
        during=during,
        reserve=reserve,
    )
    return made


def _within(report: Report, turn: int, turns: int, message: str) -> Progress:
    """Return what a survey reports to, as one of several."""

    def step(done: int, total: int, _: str) -> None:
        report(turn * total + done, turns * total, message)

    return step


def shelf_of(lesson: Lesson) -> Shelf:
    """Return where results of a run are kept: on disk only of those that ship."""
    shipped = lesson.run.folder.resolve().is_relative_to(data.path("runs").resolve())
    return cached.shelf(not shipped)
