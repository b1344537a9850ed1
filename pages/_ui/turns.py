"""Long work in turns: it stops where the reader says, goes on from there, and lets others pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import streamlit as st

from pages._ui import cached, progress
from xai.jobs import Jobs, JobStatus, Report

_COURSES = "_turns"
#: Works of which a session keeps what there is.
_MOST = 4
#: Seconds that work which was told to stop has for its last words.
_LAST = 2.0


class Partial(Protocol):
    """What a piece of work has come to."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""

    @property
    def resting(self) -> bool:
        """Whether this is a good moment to let others have a turn."""


P = TypeVar("P", bound=Partial)
#: ``work(state, report, on_step)`` goes on from a state, None at first, and tells how far it is.
Work = Callable[[P | None, Report, Callable[[P], None]], P]


@dataclass(frozen=True)
class TurnKey:
    """A part of a piece of work: the so many-th turn."""

    work: object
    turn: int


@dataclass(frozen=True, eq=False)
class _Course:
    """Where the turn of the moment began, what was seen last, and which turn it is."""

    state: object = None
    latest: object = None
    turn: int = 0

    def next(self) -> _Course:
        """Return the course whose next turn begins where this one has come to."""
        return _Course(self.latest, self.latest, self.turn + 1)


class _TurnOver(Exception):  # noqa: N818 - nothing is wrong when it is raised
    """Raised inside the work when others wait for their turn."""


def follow(
    key: object,
    work: Work[P],
    *,
    label: str,
    slot: str,
    during: Callable[[P], None],
    stopped: Callable[[P], str],
    jobs: Jobs | None = None,
    **place: Any,
) -> P | None:
    """Return what a piece of work has come to: all of it, or what there was when it was stopped.

    Parameters
    ----------
    key : frozen dataclass of primitives
        Everything that the result depends on.
    work : callable
        Runs on the job thread, never touches Streamlit.
    label, slot : str
        As in :func:`pages._ui.progress.result`.
    during : callable
        Draws what there is so far.
    stopped : callable
        Says in a sentence what there is, where the work was stopped.
    jobs : Jobs, optional
        As in :func:`pages._ui.progress.result`.
    place : bool, int
        How the bar stands, as there.

    Returns
    -------
    object or None
        None while it is under way.

    Raises
    ------
    Exception
        Whatever the work raised.
    """
    while True:
        course = _courses().get(key, _Course())
        turn = TurnKey(key, course.turn)
        latest: P | None = course.latest  # type: ignore[assignment]
        if latest is not None and progress.is_stopped(turn):
            course = _last_words(key, course, jobs or cached.jobs())
            latest = course.latest  # type: ignore[assignment]
            _offer(key, course, stopped(latest))
            return latest
        if latest is not course.state and progress.gave_way(turn, jobs):
            _keep(key, course.next())
            continue

        def seen(partial: P, course: _Course = course) -> None:
            _keep(key, replace(course, latest=partial))
            during(partial)

        found: P | None = progress.result(
            turn,
            _turn(work, course.state, jobs or cached.jobs()),
            label=label,
            keep=False,
            slot=slot,
            during=seen,
            before=latest,
            jobs=jobs,
            **place,
        )
        if found is None or found.complete:
            return found
        _keep(key, replace(course, latest=found).next())


def under_way(key: object, jobs: Jobs | None = None) -> JobStatus | None:
    """Return how far a piece of work of this session is; None if nothing is done about it."""
    turn = TurnKey(key, _courses().get(key, _Course()).turn)
    job = (jobs or cached.jobs()).get(turn)
    return None if job is None or job.finished or progress.is_stopped(turn) else job.snapshot()


def stop(key: object, jobs: Jobs | None = None) -> None:
    """Stop a piece of work that may not be in sight; for call-backs."""
    progress.stop(TurnKey(key, _courses().get(key, _Course()).turn), jobs)


def anew(key: object, jobs: Jobs | None = None) -> None:
    """Forget what has come of a piece of work, so that it is begun once more; for call-backs."""
    course = _courses().pop(key, _Course())
    for number in range(course.turn + 1):
        turn = TurnKey(key, number)
        progress.allow(turn)
        (jobs or cached.jobs()).forget(turn)


def _last_words(key: object, course: _Course, queue: Jobs) -> _Course:
    """Wait a moment for what work publishes while it stops; others may still want it to go on."""
    job = queue.get(TurnKey(key, course.turn))
    if job is None or not (job.finished or job.snapshot().stopping):
        return course
    job.wait(_LAST)
    said = job.snapshot().partial
    if said is not None and said is not course.latest:
        course = replace(course, latest=said)
        _keep(key, course)
    return course


def _turn(work: Work[P], state: object, queue: Jobs) -> Callable[[Report], P]:
    """Return the work of one turn, which ends early if others wait."""

    def run(report: Report) -> P:
        reached: list[P] = []

        def on_step(there: P) -> None:
            reached[:] = [there]
            report.publish(there)
            if queue.waiting and there.resting and not there.complete:
                raise _TurnOver

        try:
            return work(state, report, on_step)  # type: ignore[arg-type]
        except _TurnOver:
            return reached[0]

    return run


def _offer(key: object, course: _Course, words: str) -> None:
    """Say that the work was stopped, and offer to go on."""
    place = st.container(horizontal=True, vertical_alignment="center")
    place.info(words, icon=":material/stop_circle:")
    place.button(
        "Go on",
        key=f"turns-{hash(key)}",
        icon=":material/play_arrow:",
        on_click=_keep,
        args=(key, course.next()),
    )


def _courses() -> dict[object, _Course]:
    courses: dict[object, _Course] = st.session_state.setdefault(_COURSES, {})
    return courses


def _keep(key: object, course: _Course) -> None:
    courses = _courses()
    courses.pop(key, None)
    courses[key] = course
    for oldest in list(courses)[:-_MOST]:
        del courses[oldest]
