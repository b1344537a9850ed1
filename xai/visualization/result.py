"""What a class visualisation is: its image, its course, and the state to go on from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from xai.types import Prediction
    from xai.visualization.parameters import VisualizationParams

#: What an objective is about: a class or channel, a pair, a unit, or nothing for a layer.
Index = int | tuple[int, ...] | None


@dataclass(frozen=True)
class Step:
    """One step uphill.

    Attributes
    ----------
    step : int
        From 1.
    score : float
        Objective before the step, of the image as the network was shown it: shifted or
        turned, where that was asked for.
    gradient : float
        Mean absolute gradient of the score with respect to the pixels, in [0, 1].
    update : float
        Mean absolute change of a pixel by the step, in [0, 1].
    """

    step: int
    score: float
    gradient: float
    update: float


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of the time line.

    Attributes
    ----------
    step : int
        Steps behind it; 0 is the start.
    image : ndarray, shape (H, W, C), uint8
    score : float
        As in the :class:`Step` that began here.
    """

    step: int
    image: np.ndarray
    score: float


@dataclass(frozen=True, eq=False)
class State:
    """Everything that a run needs to go on, bit for bit.

    Attributes
    ----------
    step : int
        Steps taken.
    parameterization : str
    color : str
        ``"decorrelated"`` or ``"independent"``.
    canvas : ndarray, float32
        What the steps move: (C, H, W) pixels, or a spectrum (C, H, W // 2 + 1, 2).
    velocity : ndarray, float32
        The last step, of the canvas's shape.
    best : ndarray, float32
        The canvas of the largest score so far.
    best_score : float
    proposed : float
        The learning rate that the probe proposed at the start.
    rate : float
        The learning rate of the last step; 0 before the first.
    random : ndarray, uint8
        State of the generator of shifts and turns.
    restless : int
        Steps on end that threw the image about without a gain.
    history : tuple of Step
    frames : tuple of Frame
        At most 60; every so many steps, the start first.
    changes : tuple of (int, VisualizationParams)
        The settings in force, and after how many steps each set began.
    """

    step: int
    parameterization: str
    color: str
    canvas: np.ndarray
    velocity: np.ndarray
    best: np.ndarray
    best_score: float
    proposed: float
    rate: float
    random: np.ndarray
    restless: int
    history: tuple[Step, ...]
    frames: tuple[Frame, ...]
    changes: tuple[tuple[int, VisualizationParams], ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that the next steps depend on."""
        numbers = (self.step, self.best_score, self.proposed, self.restless)
        words = (self.parameterization, self.color)
        found = hashlib.sha256(repr((numbers, words)).encode())
        for array in (self.canvas, self.velocity, self.best, self.random):
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()


@dataclass(frozen=True, eq=False)
class Sight:
    """A run at work.

    Attributes
    ----------
    done, total : int
        Steps behind it and in all.
    image : ndarray, shape (C, H, W), float32, in [0, 1]
    score : float
        Objective of this very image.
    prediction : Prediction
        What the network says of it.
    state : State
        To go on from here.
    """

    done: int
    total: int
    image: np.ndarray
    score: float
    prediction: Prediction
    state: State

    @property
    def history(self) -> tuple[Step, ...]:
        """The steps so far."""
        return self.state.history

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The time line so far."""
        return self.state.frames


@dataclass(frozen=True, eq=False)
class Visualization:
    """An image that a part of a network answers to strongly.

    Attributes
    ----------
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        At the model's input size; read-only.
    score : float
        Objective of this very image, from a forward pass of its own.
    prediction : Prediction
        What the network says of it.
    history : tuple of Step
    state : State
        To go on from; see ``resume`` of :func:`xai.visualization.run`.
    objective : str
        Key of ``OBJECTIVES``.
    layer : str or None
    index : int, tuple of int or None
    params : VisualizationParams
    seed : int
    model : str
    rate, proposed : float
        The learning rate used, and that which the probe proposed.
    start_score : float
        Objective before the first step, of the start as the network was shown it: shifted
        or turned, where that was asked for.
    notes : tuple of str
        What a reader must know, in sentences.
    diverged : bool
        Whether the learning rate was too high, so that the run was ended and ``image``
        is the best one before.
    """

    image: np.ndarray
    score: float
    prediction: Prediction
    history: tuple[Step, ...]
    state: State
    objective: str
    layer: str | None
    index: Index
    params: VisualizationParams
    seed: int
    model: str
    rate: float
    proposed: float
    start_score: float
    notes: tuple[str, ...] = ()
    diverged: bool = False

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The time line, the start first."""
        return self.state.frames
