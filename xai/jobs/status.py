"""What a poll sees of a job: one consistent look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

State = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, eq=False)
class JobStatus:
    """One consistent look at a job.

    Attributes
    ----------
    key : object
        What the job computes.
    label : str
        Name for people.
    state : str
        ``"queued"``, ``"running"``, ``"done"``, ``"failed"`` or ``"cancelled"``.
    stopping : bool
        Whether it still runs but has been told to stop.
    done, total : int
        Steps behind it and steps in all; total is 0 until the work has said it.
    message : str
        What it is doing.
    position : int
        How many computations come before it; 0 once it runs.
    elapsed : float
        Seconds it has run, or ran.
    remaining : float or None
        Seconds it still needs, at the pace of the present phase; None until
        that can be told.
    partial : object
        The latest value that the work published; None before the first.
    result : object
        What the work returned, once the state is ``"done"``. It is shared by
        all who asked: treat its arrays as read-only.
    error : BaseException or None
        What the work raised, if the state is ``"failed"``.
    """

    key: object
    label: str
    state: State
    stopping: bool
    done: int
    total: int
    message: str
    position: int
    elapsed: float
    remaining: float | None
    partial: Any
    result: Any
    error: BaseException | None

    @property
    def finished(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed", "cancelled")
