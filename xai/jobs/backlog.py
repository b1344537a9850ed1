"""Which computation comes next, who still wants it, and what is finished: jobs without threads."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable

from xai.jobs.job import Job
from xai.jobs.status import State


class QueueFull(RuntimeError):  # noqa: N818 - named as queue.Full is
    """Too many computations are waiting already."""


class Backlog:
    """Keep the waiting, running and finished jobs, and their owners.

    Every method may be called from any thread. There is one lock, reentrant and
    shared with the jobs and their reports, so there is no order of locks to get
    wrong; nothing slow happens under it.

    Parameters
    ----------
    max_results, max_queue, max_bytes, abandon_after, clock
        See :class:`xai.jobs.Jobs`.
    """

    def __init__(
        self,
        *,
        max_results: int,
        max_queue: int,
        max_bytes: int,
        abandon_after: float | None,
        clock: Callable[[], float],
    ) -> None:
        self.lock = threading.Condition(threading.RLock())
        self._max_results = max_results
        self._max_queue = max_queue
        self._max_bytes = max_bytes
        self._abandon_after = abandon_after
        self._clock = clock
        self._closed = False
        self._queue: deque[Job] = deque()
        self._running: list[Job] = []
        # The latest job of each key, least recently asked for first. A job that is
        # stopping may have been replaced here by a fresh one.
        self._index: OrderedDict[str, Job] = OrderedDict()
        self._seen: dict[str, float] = {}

    def create(self, key: object, text: str, label: str) -> Job:
        """Make a job that is not in the backlog yet."""
        return Job(self.lock, self._clock, self.position, key, text, label)

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits."""
        with self.lock:
            return bool(self._running or self._queue)

    @property
    def waiting(self) -> int:
        """How many jobs wait for their turn."""
        with self.lock:
            return len(self._queue)

    def get(self, text: str) -> Job | None:
        """Return the latest job of a key."""
        with self.lock:
            return self._index.get(text)

    def forget(self, text: str) -> None:
        """Drop the job of a key if it is finished."""
        with self.lock:
            job = self._index.get(text)
            if job is not None and job.finished:
                del self._index[text]

    def join(self, text: str, keep: bool, owner: str | None) -> Job | None:
        """Return the job of a key if it is of use to one more owner.

        Raises
        ------
        RuntimeError
            After :meth:`close`.
        """
        with self.lock:
            if self._closed:
                raise RuntimeError("jobs: expected to be open, but they have been shut down")
            job = self._index.get(text)
            if job is None or job.cancelling or job.state in ("failed", "cancelled"):
                return None
            self._index.move_to_end(text)
            if not job.finished:
                job.keep = job.keep or keep
                self._admit(job, owner)
            return job

    def append(self, job: Job, owner: str | None) -> None:
        """Put a job that has its work at the end of the queue.

        Raises
        ------
        QueueFull
            If too many are waiting.
        """
        with self.lock:
            for waiting in list(self._queue):
                self.wanted(waiting)  # those that were abandoned make room
            if len(self._queue) >= self._max_queue:
                raise QueueFull(
                    f"{len(self._queue)} computations are waiting already. "
                    "Please try again in a moment."
                )
            self._admit(job, owner)
            self._queue.append(job)
            self._file(job)
            self.lock.notify()

    def take(self) -> Job | None:
        """Wait for the next job and start it; return None once the backlog is closed."""
        with self.lock:
            while not self._closed:
                if not self._queue:
                    self.lock.wait()
                elif self.wanted(self._queue[0]):
                    job = self._queue.popleft()
                    self._running.append(job)
                    job.start()
                    return job
            return None

    def settle(
        self, job: Job, state: State, result: object = None, error: BaseException | None = None
    ) -> None:
        """End a job, and drop the oldest finished ones above the bounds."""
        with self.lock:
            if job in self._running:
                self._running.remove(job)
            job.settle(state, result, error)
            if self._index.get(job.text) in (None, job):
                self._file(job)
            wanting = {owner for other in self._index.values() for owner in other.owners}
            self._seen = {owner: t for owner, t in self._seen.items() if owner in wanting}
            self._trim()

    def position(self, job: Job) -> int:
        """Return how many jobs come before one that waits."""
        with self.lock:
            if job.state != "queued" or job not in self._queue:
                return 0
            return len(self._running) + self._queue.index(job)

    def touch(self, owner: str) -> None:
        """Note that an owner is still there."""
        with self.lock:
            if owner in self._seen:
                self._seen[owner] = self._clock()

    def wanted(self, job: Job) -> bool:
        """Return whether to go on with a job; stop it if all its owners are silent."""
        with self.lock:
            if job.finished or job.cancelling:
                return False
            after, now = self._abandon_after, self._clock()
            if after is None:
                return True
            if all(owner is not None and now - self._seen[owner] > after for owner in job.owners):
                self.stop(job)
            return not job.cancelling

    def leave(self, job: Job, owner: str | None) -> bool:
        """Take one owner, or with None all, off a job; return whether that stops it."""
        with self.lock:
            if job.finished or job.cancelling:
                return False
            if owner is not None:
                if owner not in job.owners:
                    return False
                job.owners.remove(owner)
                if job.owners:
                    return False
            self.stop(job)
            return True

    def release(self, owner: str) -> None:
        """Take an owner off every job."""
        with self.lock:
            for job in list(self._index.values()):
                self.leave(job, owner)
            self._seen.pop(owner, None)

    def stop(self, job: Job) -> None:
        """End a job that waits, and tell one that runs to stop."""
        with self.lock:
            job.cancelling = True
            if job.state == "queued":
                self._queue.remove(job)
                self.settle(job, "cancelled")

    def close(self) -> None:
        """Stop everything and accept nothing more."""
        with self.lock:
            self._closed = True
            for job in [*self._queue, *self._running]:
                self.stop(job)
            self.lock.notify_all()

    def _admit(self, job: Job, owner: str | None) -> None:
        job.owners.add(owner)
        if owner is not None:
            self._seen[owner] = self._clock()

    def _file(self, job: Job) -> None:
        self._index[job.text] = job
        self._index.move_to_end(job.text)

    def _trim(self) -> None:
        finished = [job for job in self._index.values() if job.finished]
        count, size = len(finished), sum(job.nbytes for job in finished)
        # The latest always stays: a page that asks again must not compute for ever.
        for old in finished[:-1]:
            if count <= self._max_results and size <= self._max_bytes:
                break
            del self._index[old.text]
            count, size = count - 1, size - old.nbytes
