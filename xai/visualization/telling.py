"""What is told of a run under way, and how often."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from xai.visualization.result import Sight

if TYPE_CHECKING:
    from xai.types import Progress
    from xai.visualization.ascent import Ascent

OnSights = Callable[[tuple[Sight, ...]], None]

#: Seconds between two looks at a run, at least; and by how much more than a look takes.
_PAUSE, _SPARING = 0.1, 12


class Teller:
    """Tell how far a run is, not more often than it can bear."""

    def __init__(self, ascent: Ascent, progress: Progress | None, on_step: OnSights | None) -> None:
        self._ascent = ascent
        self._progress = progress
        self._on_step = on_step
        self._due = 0.0
        self._said = ""

    def __call__(self, *, first: bool = False) -> None:
        """Tell of the run as it stands, if it is time to."""
        if self._progress is None and self._on_step is None:
            return
        ascent, now = self._ascent, time.monotonic()
        done, total = ascent.climb.step, ascent.params.steps
        due = first or now >= self._due or done == total
        if due:
            last = [one.history[-1].score for one in ascent.climb.courses if one.history]
            self._said = f"objective {sum(last) / len(last):.3g}" if last else ""
        if due and self._on_step is not None:
            self._on_step(sights(ascent, done, total))
        if due:
            self._due = time.monotonic() + max(_PAUSE, _SPARING * (time.monotonic() - now))
        if self._progress is not None and not first:
            self._progress(done, total, self._said)


def sights(ascent: Ascent, done: int, total: int) -> tuple[Sight, ...]:
    """Look at every row of a run under way."""
    with torch.no_grad():
        scores = ascent.score(ascent.image)[0].tolist()
        said = ascent.model.predict_batch(ascent.image)
    pictures = [image.cpu().numpy().copy() for image in ascent.image]
    for picture in pictures:
        picture.setflags(write=False)
    return tuple(
        Sight(done, total, picture, scores[row], said[row], ascent.climb.state(row))
        for row, picture in enumerate(pictures)
    )
