"""A job on a page: its result if it is there, else its bar, the time left and a stop."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import streamlit as st

from pages._ui import cached
from xai.jobs import JobStatus, QueueFull, Report

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
    draw: Callable[[Any], None] | None = None,
    slot: str = "",
    narrow: bool = False,
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
    draw : callable, optional
        Draws what the work published last, under the bar.
    slot : str
        Place on the page: what this session asked for there before gives way,
        since nobody looks at it any more. Empty for work that always goes on.
    narrow : bool
        Whether the stop goes under the bar, for a narrow column.

    Raises
    ------
    Exception
        Whatever the work raised.
    """
    stopped: set[object] = st.session_state.setdefault("_stopped", set())
    if key in stopped:
        if not st.button(
            f"Start again: {label}", key=f"again-{hash(key)}", icon=":material/replay:"
        ):
            st.info(f"{label} was stopped.", icon=":material/stop_circle:")
            return None
        stopped.discard(key)
    _give_way(slot, key)
    try:
        job = cached.jobs().submit(key, work, label=label, keep=keep, owner=owner())
    except QueueFull as error:
        st.warning(str(error), icon=":material/hourglass_top:")
        return None
    job.wait(_PATIENCE)
    status = job.snapshot()
    if status.state == "failed" and status.error is not None:
        raise status.error
    if status.state == "done":
        return status.result
    _bar(key, label, draw, narrow)
    return None


def _give_way(slot: str, key: object) -> None:
    """Give up what was asked for in a place before, unless others want it."""
    slots: dict[str, object] = st.session_state.setdefault("_slots", {})
    before = slots.get(slot)
    if slot and before not in (None, key):
        cached.jobs().cancel(before, owner())
    slots[slot] = key


@st.fragment(run_every=0.4)
def _bar(key: object, label: str, draw: Callable[[Any], None] | None, narrow: bool) -> None:
    """Poll a job; when it has ended, let the whole page run again."""
    job = cached.jobs().get(key)
    if job is None or job.finished:
        st.rerun()
    cached.jobs().touch(owner())
    status = job.snapshot()
    place = st.container(horizontal=not narrow, vertical_alignment="center")
    share = status.done / status.total if status.total else 0.0
    place.progress(min(1.0, share), text=_sentence(status, label))
    if place.button("Stop", key=f"stop-{hash(key)}", icon=":material/stop:"):
        st.session_state["_stopped"].add(key)
        cached.jobs().cancel(key, owner())
        st.rerun()
    if draw is not None and status.partial is not None:
        draw(status.partial)


def _sentence(status: JobStatus, label: str) -> str:
    if status.state == "queued":
        before = status.position
        return f"{label}: waiting, {before} before you" if before else f"{label}: starting"
    parts = [label, status.message] if status.message else [label]
    if status.remaining is not None:
        parts.append(f"about {max(1, round(status.remaining))} s left")
    return " · ".join(parts)
