"""A job on a page: its result if it is there, else its bar, the time left and a stop."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import streamlit as st

from pages._ui import cached
from xai.jobs import Jobs, JobStatus, QueueFull, Report

Work = Callable[[Report], Any]

#: Work that ends this soon (in seconds) never shows a bar.
_PATIENCE = 0.4


def owner() -> str:
    """Return the name under which this session owns jobs."""
    name: str = st.session_state.setdefault("_owner", uuid.uuid4().hex)
    return name


def result(
    key: object,
    work: Work,
    *,
    label: str,
    keep: bool = True,
    slot: str = "",
    narrow: bool = False,
    jobs: Jobs | None = None,
) -> Any | None:
    """Return a computation's result, or show how far it is and return None.

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
    narrow : bool
        Whether the stop goes under the bar, for a narrow column.
    jobs : Jobs, optional
        The queue; None takes the one that all computations share.

    Raises
    ------
    Exception
        Whatever the work raised.
    """
    queue = jobs or cached.jobs()
    stopped: set[object] = st.session_state.setdefault("_stopped", set())
    if key in stopped:
        if not st.button(
            f"Start again: {label}", key=f"again-{hash(key)}", icon=":material/replay:"
        ):
            st.info(f"{label} was stopped.", icon=":material/stop_circle:")
            return None
        stopped.discard(key)
    _give_way(queue, slot, key)
    # A failure that was waited for is told before anything is tried again.
    waited: set[object] = st.session_state.setdefault("_waited", set())
    job = queue.get(key) if key in waited else None
    waited.discard(key)
    if job is None or job.state != "failed":
        try:
            job = queue.submit(key, work, label=label, keep=keep, owner=owner())
        except QueueFull as error:
            _try_later(str(error))
            return None
        job.wait(_PATIENCE)
    status = job.snapshot()
    if status.state == "failed" and status.error is not None:
        raise status.error
    if status.state == "done":
        return status.result
    waited.add(key)
    _bar(queue, key, label, narrow)
    return None


@st.fragment(run_every=3.0)
def _try_later(reason: str) -> None:
    """Say that the queue is full; ask again by itself."""
    st.warning(reason, icon=":material/hourglass_top:")
    # The first drawing belongs to the page's own run, the next to the timer.
    if st.session_state.pop("_queue_was_full", False):
        st.rerun()
    st.session_state["_queue_was_full"] = True


def _give_way(queue: Jobs, slot: str, key: object) -> None:
    """Give up what was asked for in a place before, unless others want it."""
    slots: dict[str, object] = st.session_state.setdefault("_slots", {})
    before = slots.get(slot)
    if slot and before not in (None, key):
        queue.cancel(before, owner())
    slots[slot] = key


@st.fragment(run_every=0.4)
def _bar(queue: Jobs, key: object, label: str, narrow: bool) -> None:
    """Poll a job; when it has ended, let the whole page run again."""
    job = queue.get(key)
    if job is None or job.finished:
        st.rerun()
    queue.touch(owner())
    status = job.snapshot()
    place = st.container(horizontal=not narrow, vertical_alignment="center")
    share = status.done / status.total if status.total else 0.0
    place.progress(min(1.0, share), text=_sentence(status, label))
    if place.button("Stop", key=f"stop-{hash(key)}", icon=":material/stop:"):
        st.session_state["_stopped"].add(key)
        queue.cancel(key, owner())
        st.rerun()


def _sentence(status: JobStatus, label: str) -> str:
    if status.state == "queued":
        before = status.position
        return f"{label}: waiting, {before} before you" if before else f"{label}: starting"
    parts = [label, status.message] if status.message else [label]
    if status.remaining is not None:
        parts.append(f"about {max(1, round(status.remaining))} s left")
    return " · ".join(parts)
