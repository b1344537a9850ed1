"""What an attack gives back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai.attacks.goal import Goal
from xai.types import Params, Prediction


@dataclass(frozen=True)
class Step:
    """What the network said at one point of an attack.

    Attributes
    ----------
    restart : int
        Which random start, or which search of Carlini and Wagner's, from 0.
    step : int
        How many steps were taken from it.
    loss : float
        Cross-entropy of the goal's class, in nats.
    probability : float
        Probability of the goal's class, in [0, 1].
    label : int
        Most probable class.
    """

    restart: int
    step: int
    loss: float
    probability: float
    label: int


@dataclass(frozen=True, eq=False)
class AttackResult:
    """One attacked image and what the network really says of it.

    Attributes
    ----------
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        The attacked image; read-only.
    success : bool
        Whether ``after`` meets the goal.
    linf, l2 : float
        Largest change of a pixel, and length of the change over all pixels,
        between the given and the attacked image, for pixels in [0, 1].
    steps : int
        Gradient steps taken, over all restarts.
    queries : int
        Forward passes of the network, those before and after the attack included.
    params : Params
        The settings, with the strength and step size that were used.
    before, after : Prediction
        Of the given image and of exactly ``image``, each a forward pass of its own.
    history : tuple of Step
        Before each step of each restart; the last record describes ``image``.
    goal : Goal
    method : str
        Key of the registry, or ``"noise"``.
    seed : int
    model : str
        Name of the model.
    digest : str
        SHA-256 of the given image.
    notes : tuple of str
        Sentences on what a reader should know of this result.
    quantized : bool
        Whether every number of ``image`` is a multiple of 1/255, so that an
        8-bit file holds it exactly.
    """

    image: np.ndarray
    success: bool
    linf: float
    l2: float
    steps: int
    queries: int
    params: Params
    before: Prediction
    after: Prediction
    history: tuple[Step, ...]
    goal: Goal
    method: str
    seed: int
    model: str
    digest: str
    notes: tuple[str, ...]
    quantized: bool

    @property
    def margin_before(self) -> float:
        """By how much the given image meets the goal, as a difference of logits."""
        return self.goal.margin(self.before.logits)

    @property
    def margin_after(self) -> float:
        """By how much ``image`` meets the goal; not positive where it is missed."""
        return self.goal.margin(self.after.logits)


@dataclass(frozen=True, eq=False)
class Sight:
    """An attack at work.

    Attributes
    ----------
    done, total : int
        Steps taken, and how many there may be.
    history : tuple of Step
        So far.
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        Where it is; not rounded.
    """

    done: int
    total: int
    history: tuple[Step, ...]
    image: np.ndarray
