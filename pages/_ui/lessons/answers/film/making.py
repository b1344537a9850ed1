"""The films' computations: recalled if they were made before, else a job that can be watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pages._ui import cached, progress
from pages._ui.lessons import surveys
from pages._ui.lessons.lesson import Lesson
from xai.embedding import METHODS
from xai.embedding.evolution import Evolution
from xai.embedding.evolution.keys import EvolutionKey, evolution_of
from xai.embedding.frames import Fit, fit

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.jobs import Report

#: While the film is made its axes are those of the first map and some room around it.
_ROOM = 1.25
#: Maps that a poll hands to the browser: more than can be made between two polls.
_WINDOW = 12


@dataclass(frozen=True, eq=False)
class Wanted:
    """A film that is asked for: what it depends on, and of which images it is."""

    lesson: Lesson
    key: EvolutionKey
    images: ImageSet

    @property
    def words(self) -> tuple[str, ...]:
        """What each map is called."""
        return tuple(f"epoch {mark:g}" for mark in self.key.marks)


@dataclass(frozen=True, eq=False)
class Reel:
    """Maps of a film on its way: the latest, their places among all, and the axes."""

    places: tuple[int, ...]
    frames: tuple[np.ndarray, ...]
    axes: Fit


def wanted(lesson: Lesson, layer: str, method: str, count: int) -> Wanted:
    """Return what stands for a film of a run's layer."""
    images = cached.sample(lesson.images.signature, count, lesson.images)
    run = lesson.run
    key = EvolutionKey(
        images.signature, run.digest, run.marks, layer, method, METHODS[method].params()
    )
    return Wanted(lesson, key, images)


def made(
    wanted: Wanted,
    slot: str,
    *,
    during: Callable[[Wanted, Reel], None] | None = None,
    reserve: int = 0,
) -> Evolution | None:
    """Return a film from the store, or follow its making and return None.

    Parameters
    ----------
    wanted : Wanted
    slot : str
        Place on the page.
    during : callable, optional
        Draws the maps that there are so far.
    reserve : int
        Height in pixels that is kept free for that.

    Raises
    ------
    ValueError
        If no film can be made.
    """
    shelf = surveys.shelf_of(wanted.lesson)
    known: Evolution | None = shelf.load(wanted.key)
    if known is not None:
        return known
    label = f"Film of {wanted.key.layer}, {len(wanted.images):,} images"
    found: Evolution | None = progress.result(
        wanted.key,
        _making(wanted),
        label=label,
        keep=False,
        slot=slot,
        during=None if during is None else lambda reel: during(wanted, reel),
        reserve=0 if during is None else reserve,
        on_top=True,
    )
    return found


def _making(wanted: Wanted) -> Callable[[Report], Evolution]:
    run, images, shelf = wanted.lesson.run, wanted.images, surveys.shelf_of(wanted.lesson)

    def work(report: Report) -> Evolution:
        reels: list[Reel] = []

        def on_epoch(place: int, points: np.ndarray) -> None:
            reels[:] = [_longer(reels[-1] if reels else None, place, points)]
            report.publish(reels[-1])

        return evolution_of(wanted.key, run.load, images, shelf, progress=report, on_epoch=on_epoch)

    return work


def _longer(reel: Reel | None, place: int, points: np.ndarray) -> Reel:
    """Return a reel with one more map on it."""
    if reel is None or not reel.axes.span:
        own = fit(points)
        reel = Reel((), (), Fit(own.x, own.y, _ROOM * own.span))
    frames = (*reel.frames, reel.axes.quantise(points))[-_WINDOW:]
    return Reel((*reel.places, place)[-_WINDOW:], frames, reel.axes)
