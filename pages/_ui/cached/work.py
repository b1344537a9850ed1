"""The store of results, the queues of long work, and who waits for it."""

from __future__ import annotations

import atexit
from dataclasses import dataclass

import numpy as np
import streamlit as st

from xai import data
from xai.jobs import Jobs
from xai.store import Store
from xai.store.shelf import Shelf

#: Seconds after which a session that polls nothing counts as gone.
_SILENCE = 600.0


@dataclass(frozen=True)
class Probe:
    """Key of a tiny result that is kept to see whether anything can be kept."""

    purpose: str = "can results be kept?"


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """Return the store of results under ``cache/``; its ``writable_error`` is known at once."""
    opened = Store(shipped=tuple(map(data.path, ("maps", "flows", "films"))))
    opened.save(Probe(), {"probe": np.zeros(1, np.float32)})
    return opened


@st.cache_resource(max_entries=2, show_spinner=False)
def shelf(own: bool = False) -> Shelf:
    """Return the store with its latest results in memory.

    What is made of somebody's ``own`` images or model is held in memory alone.
    """
    return Shelf(None if own else store())


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """Return the one queue of long work that all sessions share."""
    return _ending(Jobs(store(), abandon_after=_SILENCE))


@st.cache_resource(show_spinner=False)
def downloads() -> Jobs:
    """Return the queue of downloads: they wait for the network, computations must not."""
    return _ending(Jobs(workers=2))


@st.cache_resource(show_spinner=False)
def trainings() -> Jobs:
    """Return the queue of trainings: they take minutes, and the other pages shall stay alive."""
    return _ending(Jobs(abandon_after=_SILENCE))


def _ending(queue: Jobs) -> Jobs:
    # A thread that is inside a library's own code when the process ends would abort it.
    atexit.register(queue.shutdown, timeout=5.0)
    return queue


class Presence:
    """A browser tab that is open, as far as its long work is concerned.

    Parameters
    ----------
    queues : tuple of Jobs
        Where it asks for work.
    owner : str
        The name under which it does.

    Attributes
    ----------
    owner : str
        As given.
    gone : bool
        Whether the tab has been closed, or has lost its connection.
    """

    def __init__(self, queues: tuple[Jobs, ...], owner: str) -> None:
        self._queues = queues
        self.owner = owner
        self.gone = False

    def leave(self) -> None:
        """Give up all that nobody else waits for. Runs on a thread of the server, at any time."""
        self.gone = True
        for queue in self._queues:
            queue.release(self.owner)

    def touch(self) -> None:
        """Say that it is there, wherever it waits for something: also for another page's work."""
        for queue in self._queues:
            queue.touch(self.owner)


@st.cache_resource(scope="session", on_release=Presence.leave, show_spinner=False)
def presence(owner: str) -> Presence:
    """Return the presence of the session that runs; it ends with its tab, not with its page.

    Downloads are not given up then: what has arrived is of use to the next visitor.
    """
    return Presence((jobs(), trainings()), owner)
