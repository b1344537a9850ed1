"""The work of attacking many images: in turns, so that it can be stopped and gone on with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from pages._ui import cached, progress
from pages._ui.assault.answers import toll
from pages._ui.workbench import Bench
from xai.attacks import ATTACKS
from xai.attacks.studies.pace import pace
from xai.attacks.studies.robust_accuracy import Robustness
from xai.attacks.studies.robustness import passes, robustness
from xai.datasets import ImageSet
from xai.jobs import Report

_COURSES = "_many_courses"
#: Runs of which a session keeps what there is.
_MOST_COURSES = 3
#: Seconds that one batch may take: then there is something to see, and others may have a turn.
_GLANCE = 4.0
#: Images that a batch has all the same, if as many fit: fewer take longer for each.
_FEWEST = 16
_LABEL = "Robust accuracy"


@dataclass(frozen=True)
class PaceKey:
    """How long a gradient step of a model takes, for one image among others."""

    model: str


@dataclass(frozen=True)
class ManyKey:
    """Everything that the robust accuracy depends on."""

    model: str
    data: str
    methods: tuple[str, ...]
    norm: str
    strengths: tuple[float, ...]
    steps: int
    seed: int = 0


@dataclass(frozen=True)
class TurnKey:
    """A part of the work: from so many images on, in the so many-th turn."""

    run: ManyKey
    begun: int
    turn: int


@dataclass(frozen=True, eq=False)
class _Course:
    """How far a run of this session is.

    Attributes
    ----------
    state : Robustness or None
        Where the turn of the moment began.
    latest : Robustness or None
        What was published last.
    turn : int
    """

    state: Robustness | None = None
    latest: Robustness | None = None
    turn: int = 0

    def next(self) -> _Course:
        """Return the course whose next turn begins where this one has come to."""
        return _Course(self.latest, self.latest, self.turn + 1)


class _TurnOver(Exception):  # noqa: N818 - nothing is wrong when it is raised
    """Raised inside the work when others wait for their turn."""


def settings(key: ManyKey) -> dict[str, dict[str, int]]:
    """Return the settings of the methods of a run that take several steps."""
    several = [
        name for name in key.methods if name in ATTACKS and "steps" in ATTACKS[name].params.infos()
    ]
    return {name: {"steps": key.steps} for name in several}


def forecast(bench: Bench, key: ManyKey, images: ImageSet) -> float | None:
    """Return the seconds that a run takes at most, from one timed batch; None before it is."""
    model = bench.model
    each: float | None = progress.result(
        PaceKey(key.model),
        lambda report: pace(model, images),
        label="Timing one batch",
        keep=False,
        slot="many-pace",
    )
    return None if each is None else each * len(images) * _passes(key)


def _passes(key: ManyKey) -> int:
    """Return the gradient steps of all methods and strengths for one image, at most."""
    given = settings(key)
    kinds = [replace(ATTACKS[name].params(), **given.get(name, {})) for name in key.methods[:-1]]
    return len(key.strengths) * (1 + sum(passes(kind) for kind in kinds))


def follow(
    bench: Bench, key: ManyKey, images: ImageSet, seconds: float, present: float | None
) -> Robustness | None:
    """Return what there is, if the run is complete or was stopped on the way.

    Parameters
    ----------
    bench : Bench
    key : ManyKey
    images : ImageSet
    seconds : float
        What it takes at most.
    present : float or None
        The workbench's strength, to be marked.
    """
    while True:
        course = _courses().get(key, _Course())
        turn = TurnKey(key, 0 if course.state is None else course.state.done, course.turn)
        if progress.is_stopped(turn) and course.latest is not None:
            _offer(key, course)
            return course.latest
        found: Robustness | None = progress.result(
            turn,
            _making(bench, key, images, course.state, seconds),
            label=_LABEL,
            keep=False,
            slot="attack-many",
            during=lambda partial: _during(key, partial, present),
        )
        if found is None or found.complete:
            return found
        _keep(key, replace(course, latest=found).next())


def _offer(key: ManyKey, course: _Course) -> None:
    """Say that a run was stopped, and offer to go on."""
    found = course.latest
    if found is None:
        return
    place = st.container(horizontal=True, vertical_alignment="center")
    place.info(
        f"Stopped: {found.done:,} of {found.total:,} images were attacked. All numbers below are "
        "about these.",
        icon=":material/stop_circle:",
    )
    place.button(
        "Go on",
        key="many.on",
        icon=":material/play_arrow:",
        on_click=_keep,
        args=(key, course.next()),
    )


def _during(key: ManyKey, partial: Robustness, present: float | None) -> None:
    course = _courses().get(key, _Course())
    _keep(key, replace(course, latest=partial))
    toll.curves(partial, present)
    st.caption(f"After {partial.done:,} of {partial.total:,} images.")


def _courses() -> dict[ManyKey, _Course]:
    courses: dict[ManyKey, _Course] = st.session_state.setdefault(_COURSES, {})
    return courses


def _keep(key: ManyKey, course: _Course) -> None:
    courses = _courses()
    courses.pop(key, None)
    courses[key] = course
    for oldest in list(courses)[:-_MOST_COURSES]:
        del courses[oldest]


def _making(
    bench: Bench, key: ManyKey, images: ImageSet, state: Robustness | None, seconds: float
) -> Callable[[Report], Robustness]:
    model, queue = bench.model, cached.jobs()
    batch = max(_FEWEST, int(_GLANCE * len(images) / max(seconds, 1e-6)))

    def work(report: Report) -> Robustness:
        reached: list[Robustness] = []

        def on_batch(found: Robustness) -> None:
            reached[:] = [found]
            report.publish(found)
            if queue.waiting and not found.complete:
                raise _TurnOver

        try:
            return robustness(
                model,
                images,
                methods=key.methods,
                strengths=key.strengths,
                norm=key.norm,
                params=settings(key),
                seed=key.seed,
                batch=batch,
                state=state,
                progress=report,
                on_batch=on_batch,
            )
        except _TurnOver:
            return reached[0]

    return work
