"""What finished jobs hold in memory, and how they let go of it."""

from __future__ import annotations

import dataclasses
import sys
import traceback
from typing import Any

import numpy as np


def held_bytes(*values: Any) -> int:
    """Estimate the memory that values hold, in bytes; what they share counts once."""
    seen: set[int] = set()
    total, waiting = 0, list(values)
    while waiting:
        value = waiting.pop()
        # A view keeps the whole array alive that it looks into.
        while isinstance(value, np.ndarray) and isinstance(value.base, np.ndarray):
            value = value.base
        if id(value) in seen:
            continue
        seen.add(id(value))
        parts: list[Any] = []
        if isinstance(value, dict):
            parts = [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple, set, frozenset)):
            parts = list(value)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            parts = [getattr(value, field.name) for field in dataclasses.fields(value)]
        size = None if parts else getattr(value, "nbytes", None)
        total += size if isinstance(size, int) else sys.getsizeof(value, 0)
        waiting += parts
    return total


def released(error: BaseException) -> BaseException:
    """Return an error whose traceback no longer holds the work's variables.

    Its lines stay, for the log.
    """
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        traceback.clear_frames(link.__traceback__)
        link = link.__cause__ or link.__context__
    # The first entry is the worker's own frame, which is still in use and holds the error.
    first = error.__traceback__
    return error.with_traceback(None if first is None else first.tb_next)
