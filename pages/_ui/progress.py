"""A job on a page: its result if it is there, else its bar, the time left and a stop."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages._ui import cached
from xai.jobs import Jobs, JobStatus, QueueFull, Report

Work = Callable[[Report], Any]
#: Draws what a computation has published so far.
During = Callable[[Any], None]

#: Seconds between two tries while the queue is full.
_AGAIN = 2.5
#: Work that ends this soon (in seconds) never shows a bar.
_PATIENCE = 0.4


def owner() -> str:
    """Return the name under which this session owns jobs, which end when its tab is closed."""
    return _presence().owner


def _presence() -> cached.Presence:
    here = cached.presence(st.session_state.setdefault("_owner", uuid.uuid4().hex))
    # A run that outlives its tab would have made a presence that nothing ends. Streamlit
    # stops such a run where it touches the session's state, so that is done once more.
    st.session_state["_owner"] = here.owner
    return here


def result(
    key: object,
    work: Work,
    *,
    label: str,
    keep: bool = True,
    slot: str = "",
    narrow: bool = False,
    silent: bool = False,
    patience: float = _PATIENCE,
    during: During | None = None,
    reserve: int = 0,
    on_top: bool = False,
    before: object = None,
    jobs: Jobs | None = None,
) -> Any | None:
    """Return a computation's result, or show how far it is and return None.

    Parameters
    ----------
    key, work, label, keep, slot, jobs
        As in :func:`follow`.
    narrow : bool
        Whether the stop goes under the bar, for a narrow column.
    silent : bool
        Whether no bar is drawn, since that of a later job on the page covers this one.
    patience : float
        Seconds to wait for its end before a bar is drawn.
    during : callable, optional
        Draws what the work has published so far, above the bar.
    reserve : int
        Height in pixels that is kept free for that until there is something.
    on_top : bool
        Whether the bar goes above that.
    before : object, optional
        What there was already: drawn as long as nothing has been published.

    Raises
    ------
    Exception
        Whatever the work raised.
    """
    status = follow(key, work, label=label, keep=keep, slot=slot, patience=patience, jobs=jobs)
    if status is None or status.state == "done":
        return None if status is None else status.result
    if not silent:
        _bar(jobs or cached.jobs(), key, label, narrow, during, reserve, on_top, before)
    return None


def ahead(key: object, work: Work, *, label: str, slot: str, patience: float = _PATIENCE) -> bool:
    """Ask for a computation without drawing anything; return False while it is under way."""
    queue = cached.jobs()
    if key in st.session_state.setdefault("_stopped", set()):
        return True
    before = queue.get(key) if key in st.session_state.get("_waited", ()) else None
    if before is not None and before.state == "failed":
        return True  # told where it was waited for, before it is tried again
    _give_way(queue, slot, key)
    try:
        job = queue.submit(key, work, label=label, keep=False, owner=owner())
    except QueueFull:
        return True
    return job.wait(patience)


def in_fragment_run() -> bool:
    """Tell whether a fragment runs by itself, and not the page with all that is on it."""
    context = get_script_run_ctx()
    return context is not None and bool(context.fragment_ids_this_run)


def follow(
    key: object,
    work: Work,
    *,
    label: str,
    keep: bool = True,
    slot: str = "",
    patience: float = 0.0,
    jobs: Jobs | None = None,
) -> JobStatus | None:
    """Ask for a computation, or join it, and return how far it is.

    Parameters
    ----------
    key : frozen dataclass of primitives
        Everything that the result depends on.
    work : callable
        ``work(report)``; runs on the job thread, never touches Streamlit.
    label : str
        Name for people.
    keep : bool
        Whether the result is kept on disk.
    slot : str
        Place on the page: what this session asked for there before gives way,
        since nobody looks at it any more. Empty for work that always goes on.
    patience : float
        Seconds to wait for its end.
    jobs : Jobs, optional
        The queue; None takes the one that all computations share.

    Returns
    -------
    JobStatus or None
        None if it stands still: the reader stopped it, or the queue is full. That is said
        on the page.

    Raises
    ------
    Exception
        Whatever the work raised.
    """
    queue = jobs or cached.jobs()
    here = _presence()
    stopped: set[object] = st.session_state.setdefault("_stopped", set())
    if key in stopped:
        # The call-back comes before the next run, so that the button does not stay beside the bar.
        st.button(
            f"Start again: {label}",
            key=f"again-{hash(key)}",
            icon=":material/replay:",
            on_click=stopped.discard,
            args=(key,),
        )
        st.info(f"{label} was stopped.", icon=":material/stop_circle:")
        return None
    _give_way(queue, slot, key)
    # A failure that was waited for is told before anything is tried again.
    waited: set[object] = st.session_state.setdefault("_waited", set())
    job = queue.get(key) if key in waited else None
    waited.discard(key)
    if job is None or job.state != "failed":
        try:
            job = queue.submit(key, work, label=label, keep=keep, owner=here.owner)
        except QueueFull as error:
            _try_later(str(error))
            return None
        if here.gone:  # the tab was closed in between: nothing else would end the work
            here.leave()
        job.wait(patience)
    here.touch()
    status = job.snapshot()
    if status.state == "failed" and status.error is not None:
        raise status.error
    if status.state != "done":
        waited.add(key)
    return status


def is_stopped(key: object) -> bool:
    """Say whether this session has given a computation up."""
    return key in st.session_state.get("_stopped", ())


def allow(key: object) -> None:
    """Let a computation that this session gave up be asked for again."""
    st.session_state.get("_stopped", set()).discard(key)


def gave_way(key: object, jobs: Jobs | None = None) -> bool:
    """Say whether a computation was given up since the reader looked elsewhere."""
    job = (jobs or cached.jobs()).get(key)
    status = None if job is None else job.snapshot()
    return status is None or status.stopping or status.state == "cancelled"


def stop(key: object, jobs: Jobs | None = None) -> None:
    """Give a computation up for this session; the page offers to start it again."""
    st.session_state.setdefault("_stopped", set()).add(key)
    (jobs or cached.jobs()).cancel(key, owner())


@st.fragment(run_every=3.0)
def _try_later(reason: str) -> None:
    """Say that the queue is full; ask again by itself."""
    st.warning(reason, icon=":material/hourglass_top:")
    # Drawn by several places of a page and by the timer: none may run the page at once.
    now = time.monotonic()
    if now - st.session_state.setdefault("_asked_again", now) > _AGAIN:
        st.session_state["_asked_again"] = now
        st.rerun()


def _give_way(queue: Jobs, slot: str, key: object) -> None:
    """Give up what was asked for in a place before, unless others want it."""
    slots: dict[str, object] = st.session_state.setdefault("_slots", {})
    before = slots.get(slot)
    if slot and before not in (None, key):
        queue.cancel(before, owner())
    slots[slot] = key


def vacate(prefixes: tuple[str, ...]) -> None:
    """Give up what was asked for in the places whose names begin so, unless others want it."""
    slots: dict[str, object] = st.session_state.get("_slots", {})
    for slot in [slot for slot in slots if slot.startswith(prefixes)]:
        given_up = slots.pop(slot)
        for queue in (cached.jobs(), cached.trainings()):
            queue.cancel(given_up, owner())


@st.fragment(run_every=0.4)
def _bar(
    queue: Jobs,
    key: object,
    label: str,
    narrow: bool,
    during: During | None = None,
    reserve: int = 0,
    on_top: bool = False,
    before: object = None,
) -> None:
    """Poll a job; when it has ended, let the whole page run again."""
    job = queue.get(key)
    # A late tick after "Stop" would be drawn over the offer to start again.
    if job is None or job.finished or is_stopped(key):
        st.rerun()
    _presence().touch()
    status = job.snapshot()
    place = st.container(horizontal=not narrow, vertical_alignment="center") if on_top else None
    seen = before if status.partial is None else status.partial
    if during is not None and seen is not None:
        during(seen)
    elif reserve:
        st.skeleton(reserve)
    place = place or st.container(horizontal=not narrow, vertical_alignment="center")
    share = status.done / status.total if status.total else 0.0
    place.progress(min(1.0, share), text=sentence(status, label))
    if place.button("Stop", key=f"stop-{hash(key)}", icon=":material/stop:"):
        stop(key, queue)
        st.rerun()


def sentence(status: JobStatus, label: str) -> str:
    """Say how far a job is."""
    if status.state == "queued":
        before = status.position
        return f"{label}: waiting, {before} before you" if before else f"{label}: starting"
    parts = [label, status.message] if status.message else [label]
    if status.remaining is not None:
        parts.append(f"about {max(1, round(status.remaining))} s left")
    return " · ".join(parts)
