"""What a run writes down on its way: steps, pictures, and the state to go on from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from xai import images
from xai.visualization.result import Frame, State, Step

if TYPE_CHECKING:
    from xai.visualization.parameters import VisualizationParams

#: Pictures of a time line: every second one is dropped when there are more.
MOST_FRAMES = 60
#: Numbers of an image up to which a frame may wait in float32.
_MOST_RAW = 2**12


@dataclass(eq=False)
class Course:
    """One row of a batch: what it has come through, and the ``most`` pictures kept of it."""

    history: list[Step] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    most: int = MOST_FRAMES

    def __post_init__(self) -> None:
        steps = [frame.step for frame in self.frames[:2]]
        self._stride = steps[1] - steps[0] if len(steps) > 1 else 1
        # Frames whose pixels are still to be rounded: half of them will be dropped again.
        self._raw: list[tuple[int, Tensor, float]] = []

    def write(self, step: Step, before: Tensor) -> None:
        """Keep a step, and the image (C, H, W) from which it was taken if its turn has come."""
        self.history.append(step)
        behind = step.step - 1
        if behind % self._stride:
            return
        self._raw.append((behind, before, step.score))
        if before.numel() > _MOST_RAW:
            self.develop()
        if len(self.frames) + len(self._raw) > self.most:
            self.keep(self.most)

    def develop(self) -> None:
        """Round the pixels of all frames."""
        self.frames += [Frame(step, as_pixels(image), score) for step, image, score in self._raw]
        self._raw.clear()

    def keep(self, most: int) -> None:
        """Keep no more pictures than so many, at least two, from now on."""
        self.most = max(2, most)
        while (count := len(self.frames)) + len(self._raw) > self.most:
            self.frames, self._raw = self.frames[::2], self._raw[count % 2 :: 2]
            self._stride *= 2


@dataclass(eq=False)
class Climb:
    """A batch of N runs under way; what moves, moves in place of what was there.

    Attributes
    ----------
    step : int
        Steps taken.
    z, velocity, best : Tensor, first axis N
        Canvas, last step, canvas of the best score.
    best_score, proposed, rate : list of N float
    restless : list of N int
    generator : torch.Generator
        Of shifts and turns.
    courses : list of N Course
    changes : tuple of (int, VisualizationParams)
    parameterization, color : str
    """

    step: int
    z: Tensor
    velocity: Tensor
    best: Tensor
    best_score: list[float]
    proposed: list[float]
    rate: list[float]
    restless: list[int]
    generator: torch.Generator
    courses: list[Course]
    changes: tuple[tuple[int, VisualizationParams], ...]
    parameterization: str
    color: str

    def state(self, row: int) -> State:
        """Return a copy of all that a row needs to go on."""
        course = self.courses[row]
        course.develop()
        return State(
            step=self.step,
            parameterization=self.parameterization,
            color=self.color,
            canvas=_kept(self.z[row]),
            velocity=_kept(self.velocity[row]),
            best=_kept(self.best[row]),
            best_score=self.best_score[row],
            proposed=self.proposed[row],
            rate=self.rate[row],
            random=_kept(self.generator.get_state()),
            restless=self.restless[row],
            history=tuple(course.history),
            frames=tuple(course.frames),
            changes=self.changes,
        )


def changed(
    changes: tuple[tuple[int, VisualizationParams], ...], step: int, params: VisualizationParams
) -> tuple[tuple[int, VisualizationParams], ...]:
    """Add the settings that are in force from a step on, if they are others than before."""
    if changes and replace(changes[-1][1], steps=params.steps) == params:
        return changes
    return (*(one for one in changes if one[0] != step), (step, params))


def as_pixels(image: Tensor) -> np.ndarray:
    """Return an image (C, H, W) in [0, 1] as (H, W, C) uint8, read-only."""
    pixels = images.to_uint8(image.detach().cpu().numpy())
    pixels.setflags(write=False)
    return pixels


def _kept(tensor: Tensor) -> np.ndarray:
    array = tensor.detach().cpu().numpy().copy()
    array.setflags(write=False)
    return array
