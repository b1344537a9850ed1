"""A check as a job: its key, its progress and its stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pages._ui import progress
from pages._ui.evidence.grid import Shown
from pages._ui.evidence.maps import AttributionKey
from xai.jobs import Report

#: Parameters of a check, by name.
Settings = tuple[tuple[str, bool | int | float | str], ...]


@dataclass(frozen=True)
class CheckKey:
    """Everything that a check's result depends on."""

    check: str
    maps: tuple[AttributionKey, ...]
    settings: Settings = ()


def asked(
    check: str,
    label: str,
    shown: Sequence[Shown],
    work: Callable[[Report], Any],
    *,
    settings: Settings = (),
    during: progress.During | None = None,
) -> Any | None:
    """Return a check's result, or show how far it is and return None.

    Parameters
    ----------
    check : str
        Its name in the registry of checks.
    label : str
        Name for people.
    shown : sequence of Shown
        The panels that it is about.
    work : callable
        Makes the result.
    settings : tuple of (str, value)
        What else the result depends on.
    during : callable, optional
        Draws what the work has published so far.
    """
    key = CheckKey(check, tuple(one.task.key for one in shown), settings)
    return progress.result(key, work, label=label, keep=False, slot=f"check-{check}", during=during)
