"""How a run ended, in a sentence for the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from xai.training.course import Course, DivergedError
    from xai.training.runs.recipe import Recipe
    from xai.training.runs.recorder import Recorder

#: Share of images beyond that of the commonest class which is no more than luck, at most half
#: of what there is beyond it.
_LUCK = 0.01


def _where(course: Course, done: int) -> str:
    number, step = divmod(max(done - 1, 0), course.per_epoch)
    return f"epoch {number + 1}, step {step + 1} of {course.per_epoch}"


def diverged(recipe: Recipe, course: Course, seen: DivergedError) -> str:
    """Say what is seen of it, and what may help."""
    return (
        f"The training diverged in {_where(course, course.done + 1)}: the steps overshot, and "
        f"{seen}. A learning rate below {recipe.params.rate:g} may help. Kept is the network of "
        "the last mark before."
    )


def stopped(recipe: Recipe, course: Course) -> str:
    """Say how far it came."""
    if course.done == 0:
        return "Stopped before the first step."
    planned = recipe.params.epochs
    return f"Stopped after {_where(course, course.done)}; {planned} epochs were planned."


def finished(recorder: Recorder) -> str:
    """Say if nothing was learned; else nothing."""
    run = recorder.run("finished", "")
    commonest = np.bincount(run.train_labels).max() / len(run.train_labels)
    if run.epochs[-1].accuracy > commonest + min(_LUCK, (1 - commonest) / 2):
        return ""
    return (
        "Nothing was learned: the network is right no more often than who always says the "
        "commonest class. Another learning rate or more epochs may help."
    )
