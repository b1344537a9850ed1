"""One long computation: its state, and what its work reports to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from xai.jobs.status import JobStatus, State


class Cancelled(Exception):  # noqa: N818 - nothing is wrong when it is raised
    """Raised inside the work, by its report, once nobody wants the result."""


class Job:
    """One computation, made by :meth:`xai.jobs.Jobs.submit` only.

    Its attributes are those of :class:`JobStatus`, for reading; several that
    belong together come from :meth:`snapshot`. Those below are the worker's own
    and change under its lock.

    Attributes
    ----------
    text : str
        The key as text.
    function : callable
        The work; let go of when it is finished.
    keep : bool
        Whether the result goes to the store.
    owners : set of str or None
        Who still wants the result; None stands for those who gave no name.
    cancelling : bool
        Whether it has been told to stop.
    nbytes : int
        Size of what it holds once it is finished.
    """

    def __init__(
        self,
        lock: threading.Condition,
        clock: Callable[[], float],
        position: Callable[[Job], int],
        key: object,
        text: str,
        label: str,
    ) -> None:
        self.key = key
        self.label = label
        self.state: State = "queued"
        self.done = 0
        self.total = 0
        self.message = ""
        self.partial: Any = None
        self.result: Any = None
        self.error: BaseException | None = None
        self.text = text
        self.function: Work = _nothing
        self.keep = False
        self.owners: set[str | None] = set()
        self.cancelling = False
        self.nbytes = 0
        self._lock = lock
        self._clock = clock
        self._position = position
        self._started: float | None = None
        self._ended: float | None = None
        # Where the present phase began and its latest step: (time, done).
        self._phase: tuple[float, int] | None = None
        self._latest: tuple[float, int] = (0.0, 0)
        self._settled = threading.Event()

    @property
    def finished(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return self.state in ("done", "failed", "cancelled")

    @property
    def position(self) -> int:
        """How many computations come before it; 0 once it runs."""
        return self.snapshot().position

    @property
    def elapsed(self) -> float:
        """Seconds it has run, or ran."""
        return self.snapshot().elapsed

    @property
    def remaining(self) -> float | None:
        """Seconds it still needs; None until that can be told."""
        return self.snapshot().remaining

    def snapshot(self) -> JobStatus:
        """Return the whole state, all of it of the same moment."""
        with self._lock:
            now = self._clock()
            ended = now if self._ended is None else self._ended
            return JobStatus(
                key=self.key,
                label=self.label,
                state=self.state,
                stopping=self.cancelling and self.state == "running",
                done=self.done,
                total=self.total,
                message=self.message,
                position=self._position(self),
                elapsed=0.0 if self._started is None else ended - self._started,
                remaining=self._remaining(now),
                partial=self.partial,
                result=self.result,
                error=self.error,
            )

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is finished; return False if ``timeout`` seconds were not enough.

        Inside the work of another job this may wait for ever.
        """
        return self._settled.wait(timeout)

    def start(self) -> None:
        """Note that the work begins; called by the worker."""
        self.state = "running"
        self._started = self._clock()

    def step(self, done: int, total: int, message: str) -> None:
        """Note how far the work is; called by its report."""
        now = self._clock()
        # A smaller count or another total is a new phase, with a pace of its own.
        if self._phase is None or done < self.done or total != self.total:
            self._phase = (now, done)
        self._latest = (now, done)
        self.done, self.total, self.message = done, total, message

    def settle(self, state: State, result: Any, error: BaseException | None) -> None:
        """Note how it ended and let go of the work and its owners; called by the worker."""
        self.state, self.result, self.error = state, result, error
        if state == "done":
            self.done = self.total
        if self._started is not None:
            self._ended = self._clock()
        self.function = _nothing
        self.owners.clear()
        self._settled.set()

    def _remaining(self, now: float) -> float | None:
        if self.state != "running" or self._phase is None:
            return None
        since, first = self._phase
        latest, done = self._latest
        if done <= first or self.total < done:
            return None
        pace = (latest - since) / (done - first)
        return max(0.0, pace * (self.total - done) - (now - latest))


class Report:
    """What the work calls to say how far it is, and learns from when to stop.

    It is a :data:`xai.types.Progress`.
    """

    def __init__(self, job: Job, lock: threading.Condition, wanted: Callable[[Job], bool]) -> None:
        self._job = job
        self._lock = lock
        self._wanted = wanted

    def __call__(self, done: int, total: int, message: str = "") -> None:
        """Say that ``done`` of ``total`` steps are made.

        Raises
        ------
        Cancelled
            If nobody wants the result any more.
        """
        with self._lock:
            if not self._wanted(self._job):
                raise Cancelled("the computation was stopped")
            self._job.step(int(done), int(total), str(message))

    def publish(self, value: Any) -> None:
        """Show a value of the moment, such as the points of a map that still moves.

        It replaces the one before and must not be changed afterwards. It never
        raises, so that the last state can be published while stopping.
        """
        with self._lock:
            if not self._job.finished:
                self._job.partial = value

    @property
    def cancelled(self) -> bool:
        """Whether to stop, for work that ends in its own way instead of by an exception."""
        return not self._wanted(self._job)


#: ``function(report)``, which returns the result.
Work = Callable[[Report], Any]


def _nothing(report: Report) -> None:
    """Stand in for work that is not there yet, or no longer."""
