"""Long work: one worker, one computation per key however many ask, progress, cancel.

Nothing starts at import, and nothing here knows of the app: a page, a script or
a notebook submits a function and looks at its status as often as it likes.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from xai.jobs.backlog import Backlog, QueueFull
from xai.jobs.job import Cancelled, Job, Report, Work
from xai.jobs.memory import held_bytes, released
from xai.jobs.status import JobStatus
from xai.store import Store
from xai.store.archive import key_text

__all__ = ["Cancelled", "Job", "JobStatus", "Jobs", "QueueFull", "Report"]

_log = logging.getLogger(__name__)


class Jobs:
    """Run long work one after another, each key once, and keep the latest results.

    Parameters
    ----------
    store : Store or None
        Where results are kept for the next start of the process; None keeps
        them in memory only.
    workers : int
        Computations at the same time. Two forward passes gain nothing over one
        after another, so the default is 1.
    max_results : int
        Finished jobs in memory; those not asked for the longest go first.
    max_queue : int
        Computations that may wait.
    max_bytes : int
        Size of the finished jobs' arrays together. The latest one is always held.
    abandon_after : float or None
        Seconds without a :meth:`touch` after which an owner counts as gone;
        None means never. It is noticed at the work's next report. A browser
        slows the timers of a hidden tab to one a minute: choose more than that.
    clock : callable
        Monotonic time in seconds.

    Raises
    ------
    ValueError
        If a bound is not positive.

    Notes
    -----
    Whatever the work raises, ``KeyboardInterrupt`` and ``SystemExit`` included,
    is kept as the job's ``error`` and the worker goes on. Threads are daemons
    and start with the first job. A job that has been told to stop is still
    ``"running"`` (and ``stopping``) until its work has returned; a result that
    it returns then is dropped, since it may be incomplete, and what it published
    stays in ``partial``.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        workers: int = 1,
        max_results: int = 32,
        max_queue: int = 20,
        max_bytes: int = 256 * 2**20,
        abandon_after: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        bounds = {
            "workers": workers,
            "max_results": max_results,
            "max_queue": max_queue,
            "max_bytes": max_bytes,
            "abandon_after": 1 if abandon_after is None else abandon_after,
        }
        for name, value in bounds.items():
            if value <= 0:
                raise ValueError(f"{name}: expected a positive number, got {value}")
        self._store = store
        self._workers = workers
        self._threads: list[threading.Thread] = []
        self._backlog = Backlog(
            max_results=max_results,
            max_queue=max_queue,
            max_bytes=max_bytes,
            abandon_after=abandon_after,
            clock=clock,
        )

    def submit(
        self,
        key: object,
        function: Work,
        *,
        label: str = "",
        keep: bool = True,
        owner: str | None = None,
    ) -> Job:
        """Ask for a computation; join it if it is under way, or take its result.

        Parameters
        ----------
        key : frozen dataclass of primitives
            Everything that the result depends on; see
            :func:`~xai.store.archive.key_text`.
        function : callable
            ``function(report)`` returns the result. It calls
            ``report(done, total, message)`` at each step, which raises
            :class:`Cancelled` once nobody wants the result, and may show its
            latest state with ``report.publish(value)``. It must not wait for
            another job. It is not called if the result is there already.
        label : str
            Name for people.
        keep : bool
            Whether the result is looked for and kept in the store.
        owner : str or None
            Who asks, such as a browser session: the job ends when its last
            owner leaves. None asks for good.

        Returns
        -------
        Job
            The same one for equal keys, unless the former failed or was cancelled.

        Raises
        ------
        TypeError
            If the key holds anything but primitives; the field is named.
        QueueFull
            If too many computations are waiting.
        RuntimeError
            After :meth:`shutdown`.
        """
        text = key_text(key)
        job = self._backlog.join(text, keep, owner)
        if job is not None:
            return job
        # Reading takes a while, so not under the lock; another may come first meanwhile.
        stored = self._store.load(key) if keep and self._store is not None else None
        nbytes = held_bytes(stored)
        with self._backlog.lock:
            job = self._backlog.join(text, keep, owner)
            if job is not None:
                return job
            job = self._backlog.create(key, text, label)
            if stored is not None:
                job.nbytes = nbytes
                self._backlog.settle(job, "done", stored)
                return job
            job.function, job.keep = function, keep
            self._backlog.append(job, owner)
            if len(self._threads) < self._workers:
                name = f"layerscope-job-{len(self._threads)}"
                self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
                self._threads[-1].start()
            return job

    @property
    def busy(self) -> bool:
        """Whether a computation runs or waits."""
        return self._backlog.busy

    @property
    def waiting(self) -> int:
        """How many computations wait for their turn: long work may end in between for them."""
        return self._backlog.waiting

    def get(self, key: object) -> Job | None:
        """Return the latest job of ``key``, finished or not; None if there is none."""
        return self._backlog.get(key_text(key))

    def forget(self, key: object) -> None:
        """Drop a finished result from memory, so that the next submit computes anew."""
        self._backlog.forget(key_text(key))

    def touch(self, owner: str) -> None:
        """Note that ``owner`` is still there; every poll calls it."""
        self._backlog.touch(owner)

    def cancel(self, key: object, owner: str | None = None) -> bool:
        """Give up a computation, for one owner or for all.

        Parameters
        ----------
        key : frozen dataclass of primitives
            The key that was submitted.
        owner : str or None
            Who leaves; the work goes on while another wants it. None stops it
            for everybody.

        Returns
        -------
        bool
            Whether the computation was told to stop.
        """
        job = self._backlog.get(key_text(key))
        return job is not None and self._backlog.leave(job, owner)

    def release(self, owner: str) -> None:
        """Take ``owner`` off every job; those that nobody else wants are cancelled.

        Results stay for others.
        """
        self._backlog.release(owner)

    def shutdown(self, timeout: float | None = None) -> None:
        """Cancel everything and end the workers.

        Parameters
        ----------
        timeout : float or None
            Seconds to wait for each worker, which ends at its work's next
            report; None waits as long as that takes.
        """
        self._backlog.close()
        with self._backlog.lock:
            threads = list(self._threads)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(timeout)

    def _work(self) -> None:
        while self._work_once():
            pass

    def _work_once(self) -> bool:
        """Run the next job; return False when there will be none.

        The job lives in this frame only, so that an idle worker holds no result.
        """
        job = self._backlog.take()
        if job is None:
            return False
        result: Any = None
        error: BaseException | None = None
        try:
            result = job.function(Report(job, self._backlog.lock, self._backlog.wanted))
        except BaseException as raised:  # the worker must outlive whatever the work does
            error = released(raised)
        self._conclude(job, result, error)
        return True

    def _conclude(self, job: Job, result: Any, error: BaseException | None) -> None:
        kind = type(job.key).__name__
        stopped = isinstance(error, Cancelled) or job.cancelling
        if error is None and not stopped:
            self._keep(job, kind, result)
        elif error is not None and not stopped and not isinstance(error, ValueError):
            # The lines and no message: that may quote what a user has given.
            lines = "".join(traceback.format_tb(error.__traceback__))
            _log.error("%s failed with %s\n%s", kind, type(error).__name__, lines)
        job.nbytes = held_bytes(result, job.partial)
        with self._backlog.lock:
            if job.cancelling or isinstance(error, Cancelled):
                self._backlog.settle(job, "cancelled")
            elif error is not None:
                self._backlog.settle(job, "failed", error=error)
            else:
                self._backlog.settle(job, "done", result)

    def _keep(self, job: Job, kind: str, result: Any) -> None:
        # Before the job is done, so that whoever sees it done finds it in the store too.
        if self._store is None or not job.keep or result is None:
            return
        try:
            self._store.save(job.key, result)
        except Exception as error:  # the result is there; that it is not kept costs time only
            _log.error("a result of %s is not kept (%s)", kind, type(error).__name__)
