"""How the run has learned, or learns: loss and accuracy over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import panels
from xai.datasets import DATASETS
from xai.figures.learning_curves import Course, learning_curves
from xai.figures.wording import percent
from xai.training import ARCHITECTURES

if TYPE_CHECKING:
    from pages._ui.lessons.lesson import Lesson
    from xai.training import Epoch, Recipe, Run, Trace

#: Of a chart in pixels, and of all that a run at work draws.
_HEIGHT = 300
LIVE_HEIGHT = _HEIGHT + 50

_TRAINING = "Thin: the training images, as they were presented in the steps before."
_TEST = (
    "Thick: test images, which the network never learns from, after each epoch. Where thin goes "
    "on and thick does not, the network learns by heart."
)
_NO_TEST = "Without test images nobody knows what it would make of others."


def show(lesson: Lesson) -> None:
    """Draw the course of a run, or of two, and say what came of it."""
    runs = [lesson] if lesson.other is None else [lesson, lesson.other]
    _told(runs)
    _draw([_course(one) for one in runs])
    stopped = [one.run.note for one in runs if one.run.ended == "stopped" and one.run.note]
    tested = any(len(one.run.labels) for one in runs)
    words = f"{_TRAINING} {_TEST if tested else _NO_TEST}"
    st.caption(" ".join([words, "The axis of the accuracy is stretched towards 100 %.", *stopped]))


def live(epochs: Sequence[Epoch], trace: Trace, *, steps: int, total: int) -> None:
    """Draw a run at work, inside a fragment that polls it."""
    _draw([Course.of(epochs, trace, steps=steps, total=total)])
    if not epochs:
        st.caption("The first epoch is under way.")
        return
    last = epochs[-1]
    st.caption(
        f"After epoch {last.number} of {total}: {percent(last.accuracy)} of the training images "
        f"right while it learned from them, {percent(last.test_accuracy)} of the test images."
    )


def _course(lesson: Lesson) -> Course:
    run = lesson.run
    steps = -(-run.recipe.images // run.recipe.params.batch)
    total = run.recipe.params.epochs
    return Course.of(run.epochs, run.trace, steps=steps, total=total, label=lesson.label)


def _draw(courses: Sequence[Course]) -> None:
    left, right = st.columns(2, gap="medium")
    left.altair_chart(
        learning_curves(courses, "loss", height=_HEIGHT),
        width="stretch",
        alt="loss over the epochs, of training and of test images",
    )
    right.altair_chart(
        learning_curves(courses, "accuracy", height=_HEIGHT),
        width="stretch",
        alt="share right over the epochs, of training and of test images",
    )


def _told(runs: Sequence[Lesson]) -> None:
    """Say what came of the runs, and what went wrong."""
    words, more = st.columns([5.4, 1.1], vertical_alignment="center")
    names = [panels.plain(one.label) for one in runs]
    words.markdown(
        "  \n".join(
            (f"{described(one.run.recipe)}. " if len(runs) == 1 else f"**{name}:** ")
            + _verdict(one.run)
            for one, name in zip(runs, names, strict=True)
        )
    )
    with more.popover("Details", icon=":material/receipt_long:", width="stretch"):
        st.markdown(_recipes(runs))
    for one in runs:
        if one.run.note and one.run.ended != "stopped":
            st.warning(one.run.note, icon=":material/trending_up:")


def described(recipe: Recipe) -> str:
    """Say what learns from what."""
    known = DATASETS.get(recipe.data)
    data = panels.plain(recipe.data) if known is None else known.label
    return f"{ARCHITECTURES[recipe.architecture].label}, {recipe.images:,} images of {data}"


def _verdict(run: Run) -> str:
    """Say in a line how well the network does at the end of a run."""
    if not run.epochs:
        return "Not one epoch is over: there is the untrained network, and what came soon after."
    count, learned = len(run.epochs), percent(run.epochs[-1].accuracy)
    words = f"After {count} epoch{'' if count == 1 else 's'} "
    if not len(run.labels):
        return f"{words}**{learned}** of the training images are right."
    right = percent(run.accuracy())
    return f"{words}**{right}** of the test images are right, **{learned}** of the training images."


def _recipes(runs: Sequence[Lesson]) -> str:
    """Return how runs were made, as a table in Markdown; what differs stands out."""
    columns = [_recipe(one.run) for one in runs]
    lines = []
    for name in columns[0]:
        values = [column[name] for column in columns]
        alike = len(set(values)) == 1
        lines.append([name, *(value if alike else f"**{value}**" for value in values)])
    heads = ["", *(panels.plain(one.label) for one in runs)]
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _recipe(run: Run) -> dict[str, str]:
    recipe = run.recipe
    each = [epoch.seconds for epoch in run.epochs if np.isfinite(epoch.seconds)]
    return {
        "network": ARCHITECTURES[recipe.architecture].label,
        "images": f"{recipe.images:,} of {panels.plain(recipe.data)}",
        "test images": f"{len(run.labels):,}",
        "seed": str(recipe.seed),
        **{name: str(value) for name, value in vars(recipe.params).items()},
        "seconds an epoch": f"{np.median(each):.1f}" if each else "not known",
    }
