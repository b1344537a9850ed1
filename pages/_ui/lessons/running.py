"""A run that is trained on the page: asked for, watched, stopped, gone on with."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import cached, turns
from pages._ui.lessons import curves
from xai.training import Epoch, Recipe, Run, Trace, TrainingParams, train
from xai.training.runs.marking import marks

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.jobs import Report

_ASKED = "_trainings_asked"
#: To try the network on an image takes so much of the time that learning from it takes.
_TRIED = 0.3
#: What is written takes so much of all time on top.
_RECORDING = 1.1
LABEL = "Training"


@dataclass(frozen=True)
class Wanted:
    """A run that can be trained here: primitives only.

    Attributes
    ----------
    architecture : str
        A key of ``ARCHITECTURES``.
    data : str
        A data set to train on.
    n : int
        How many of its images.
    params : TrainingParams
    seed : int
    """

    architecture: str
    data: str
    n: int
    params: TrainingParams
    seed: int = 0

    @property
    def images(self) -> tuple[ImageSet, ImageSet]:
        """The images to train on, and those to try the network on."""
        return cached.examples(self.data, self.n)

    @property
    def recipe(self) -> Recipe:
        """Everything that the weights depend on."""
        return cached.recipe(self.architecture, self.data, self.n, self.params, self.seed)

    @property
    def key(self) -> TrainingKey:
        """Of the training."""
        return TrainingKey(self.recipe.digest)


@dataclass(frozen=True)
class TrainingKey:
    """A training: all who want the same recipe share it, and its folder."""

    recipe: str


@dataclass(frozen=True, eq=False)
class Sight:
    """How far a training is.

    Attributes
    ----------
    epochs : tuple of Epoch
    trace : Trace
    steps : int
        In an epoch.
    total : int
        Epochs that there will be.
    resting : bool
        Whether an epoch has just ended, so that others may have a turn.
    run : Run or None
        What came of it.
    """

    epochs: tuple[Epoch, ...]
    trace: Trace
    steps: int
    total: int
    resting: bool = False
    run: Run | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.run is not None


def follow(wanted: Wanted, side: str) -> Run | None:
    """Return the run of a recipe as far as it is recorded, or None while there is none.

    Parameters
    ----------
    wanted : Wanted
    side : str
        ``"a"`` or ``"b"``: which of the two runs of the page it is.

    Notes
    -----
    A recorded run of the recipe is there at once, whoever made it. Otherwise the page says
    what it takes and waits for a click.
    """
    recipe = wanted.recipe
    place = cached.runs_place()
    folder = place.folder / recipe.digest
    if place.note:
        st.caption(f":material/warning: {place.note}")
    if asked().get(side) == wanted:
        try:
            seen = _watched(wanted, folder, side)
        except ValueError as error:
            asked().pop(side, None)
            st.error(str(error))
        else:
            if seen is not None and seen.complete:
                asked().pop(side, None)
            return None if seen is None else cached.recorded(folder)
    try:
        known = cached.recorded(folder)
    except ValueError as error:
        st.warning(f"{error} Trained anew, it begins from nothing.", icon=":material/broken_image:")
        _offer(wanted, recipe, folder, side, None, damaged=True)
        return None
    if known is None or known.ended == "stopped":
        _offer(wanted, recipe, folder, side, known)
    return known


# ---------------------------------------------------------------------- before it begins
def _offer(
    wanted: Wanted,
    recipe: Recipe,
    folder: Path,
    side: str,
    known: Run | None,
    *,
    damaged: bool = False,
) -> None:
    """Say what a run takes, and offer to train it."""
    done = 0 if known is None else len(known.epochs)
    left = wanted.params.epochs - done
    place = st.container(horizontal=True, vertical_alignment="center")
    place.button(
        "Train" if known is None else "Go on training",
        key=f"train-{side}",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_begin,
        args=(side, wanted, folder if damaged else None),
    )
    what = f"{left} epoch{'' if left == 1 else 's'} of {recipe.images:,} images"
    if known is not None:
        what = f"Stopped after {done} of {wanted.params.epochs} epochs. Left: {what}"
    place.markdown(f"{what}: **{duration(cost(wanted, left))}** on this machine.")


def _begin(side: str, wanted: Wanted, damaged: Path | None) -> None:
    if damaged is not None:
        shutil.rmtree(damaged, ignore_errors=True)
    turns.anew(wanted.key, cached.trainings())
    asked()[side] = wanted


def asked() -> dict[str, Wanted]:
    """Return the recipe that this session has asked for on each side."""
    found: dict[str, Wanted] = st.session_state.setdefault(_ASKED, {})
    return found


def cost(wanted: Wanted, epochs: int) -> float:
    """Return about how many seconds the last so many epochs take, from a few timed steps."""
    usual, given = TrainingParams(), wanted.params
    # What does not change the time shares its measurement.
    timed = replace(
        usual,
        batch=given.batch,
        width=given.width,
        augment=given.augment,
        optimizer=given.optimizer,
    )
    each = cached.pace(wanted.architecture, wanted.data, wanted.n, timed)
    data, test = wanted.images
    steps = -(-len(data) // wanted.params.batch)
    begun = wanted.params.epochs - epochs
    tried = sum(mark > begun or not begun for mark in marks(wanted.params.epochs, steps).values())
    return _RECORDING * each * (len(data) * epochs + _TRIED * len(test) * tried)


def duration(seconds: float) -> str:
    """Say about how long something takes."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min"


# ---------------------------------------------------------------------- while it is made
def _watched(wanted: Wanted, folder: Path, side: str) -> Sight | None:
    """Return how far a run is once it is over or was stopped; show it until then."""

    def words(seen: Sight) -> str:
        done = len(seen.epochs)
        return f"Stopped after {done} of {seen.total} epochs; it can go on from there."

    def during(seen: Sight) -> None:
        curves.live(seen.epochs, seen.trace, steps=seen.steps, total=seen.total)

    return turns.follow(
        wanted.key,
        _training(wanted, folder),
        label=LABEL,
        slot=f"run-{side}",
        during=during,
        stopped=words,
        jobs=cached.trainings(),
        reserve=curves.LIVE_HEIGHT,
        on_top=True,
    )


def _training(wanted: Wanted, folder: Path) -> turns.Work[Sight]:
    """Return the work: it goes on where the folder's run is, whoever has begun it."""
    data, test = wanted.images
    total = wanted.params.epochs
    steps = -(-len(data) // wanted.params.batch)

    def work(before: Sight | None, report: Report, on_step: Callable[[Sight], None]) -> Sight:
        cached.make_room(folder)
        seen = [_begun(folder, steps, total)]
        on_step(seen[0])

        def look(**change: object) -> None:
            seen[0] = replace(seen[0], **change)  # type: ignore[arg-type]
            on_step(seen[0])

        def on_epoch(epoch: Epoch) -> None:
            look(epochs=(*seen[0].epochs, epoch), resting=True)

        run = train(
            wanted.architecture,
            data,
            test=test,
            params=wanted.params,
            seed=wanted.seed,
            resume=folder,
            on_epoch=on_epoch,
            on_point=lambda trace: look(trace=trace, resting=False),
            progress=report,
        )
        return Sight(run.epochs, run.trace, steps, total, run=run)

    return work


def _begun(folder: Path, steps: int, total: int) -> Sight:
    """Return what is recorded already."""
    known = cached.recorded(folder)
    if known is None:
        none = np.zeros(0, np.float32)
        return Sight((), Trace(np.zeros(0, np.int64), none, none.copy()), steps, total)
    return Sight(known.epochs, known.trace, steps, total)
