"""How far an explanation is, and what it looks like so far."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xai.types import Progress

#: Takes a relevance (C, H, W) or (1, H, W), float32, that is not the last word yet.
OnMap = Callable[[np.ndarray], None]


class Reporter:
    """What a method calls while it works. Whatever the callbacks raise stops it.

    Parameters
    ----------
    progress : callable, optional
        ``progress(done, total, message)``.
    on_map : callable, optional
        Takes the map as it is so far.
    """

    def __init__(self, progress: Progress | None = None, on_map: OnMap | None = None) -> None:
        self._progress = progress
        self._on_map = on_map

    def __call__(self, done: int, total: int, message: str) -> None:
        """Say that ``done`` of ``total`` steps are made."""
        if self._progress is not None:
            self._progress(done, total, message)

    @property
    def watched(self) -> bool:
        """Whether anybody wants the map as it is so far."""
        return self._on_map is not None

    def show(self, relevance: np.ndarray) -> None:
        """Show the map as it is so far; it must not be changed afterwards."""
        if self._on_map is not None:
            self._on_map(relevance)
