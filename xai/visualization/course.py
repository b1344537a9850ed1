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


@dataclass(eq=False)
class Course:
    """One row of a batch: what it has come through."""

    history: list[Step] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    def write(self, step: Step, before: Tensor) -> None:
        """Keep a step, and the image (C, H, W) from which it was taken if its turn has come."""
        self.history.append(step)
        stride = self.frames[1].step - self.frames[0].step if len(self.frames) > 1 else 1
        behind = step.step - 1
        if behind % stride == 0:
            self.frames.append(Frame(behind, as_pixels(before), step.score))
            if len(self.frames) > MOST_FRAMES:
                self.frames = self.frames[::2]


@dataclass(eq=False)
class Climb:
    """A batch of N runs under way; what moves, moves in place of what was there.

    Attributes
    ----------
    step : int
        Steps taken.
    z, velocity, best : Tensor, first axis N
        Canvas, last step, canvas of the best score.
    best_score, proposed, rate : Tensor, shape (N,)
    restless : Tensor, shape (N,), int64
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
    best_score: Tensor
    proposed: Tensor
    rate: Tensor
    restless: Tensor
    generator: torch.Generator
    courses: list[Course]
    changes: tuple[tuple[int, VisualizationParams], ...]
    parameterization: str
    color: str

    def state(self, row: int) -> State:
        """Return a copy of all that a row needs to go on."""
        course = self.courses[row]
        return State(
            step=self.step,
            parameterization=self.parameterization,
            color=self.color,
            canvas=_kept(self.z[row]),
            velocity=_kept(self.velocity[row]),
            best=_kept(self.best[row]),
            best_score=float(self.best_score[row]),
            proposed=float(self.proposed[row]),
            rate=float(self.rate[row]),
            random=self.generator.get_state().numpy().copy(),
            restless=int(self.restless[row]),
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
    """Return an image (C, H, W) in [0, 1] as (H, W, C) uint8."""
    return images.to_uint8(image.detach().cpu().numpy())


def _kept(tensor: Tensor) -> np.ndarray:
    array = tensor.detach().cpu().numpy().copy()
    array.setflags(write=False)
    return array
