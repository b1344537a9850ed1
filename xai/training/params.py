"""How a network is trained: the settings of a run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from xai.types import Params, choice, flag, number

#: Ways to turn gradients into steps.
OPTIMIZERS = ("adamw", "adam", "sgd")
#: Courses that the learning rate takes.
SCHEDULES = ("one cycle", "cosine", "constant")


@dataclass(frozen=True)
class TrainingParams(Params):
    """How a network is trained on cross-entropy, and how wide it is.

    Notes
    -----
    ``"sgd"`` has a momentum of 0.9. Weight decay is decoupled from the gradient in AdamW
    alone; in the others it is added to the gradient.

    References
    ----------
    I. Loshchilov, F. Hutter: Decoupled weight decay regularization, 2019, arXiv 1711.05101.
    L. N. Smith, N. Topin: Super-convergence: very fast training of neural networks using
    large learning rates, 2018, arXiv 1708.07120.
    """

    epochs: int = number(20, 1, 200, 1, help="How often every image is seen.")
    batch: int = number(64, 1, 1024, 1, help="Images in one step.")
    rate: float = number(3e-3, 1e-6, 1.0, 1e-4, help="Highest learning rate of the course.")
    decay: float = number(1e-2, 0.0, 1.0, 1e-3, help="Weight decay: pulls weights towards zero.")
    smoothing: float = number(0.0, 0.0, 0.5, 0.05, help="Share of the label given to all classes.")
    augment: bool = flag(True, help="Small random shifts, turns, shears and scalings.")
    optimizer: str = choice("adamw", OPTIMIZERS, help="How gradients become steps.")
    schedule: str = choice(
        "one cycle", SCHEDULES, help="Course of the learning rate: up and down, down, or level."
    )
    width: float = number(
        1.0, 0.25, 2.0, 0.25, help="Factor on the numbers of channels and neurons of each layer."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        # 1, 1.0 and numpy's 1 are one setting: recipes are told apart by their text.
        for item in dataclasses.fields(self):
            default: Any = item.default
            object.__setattr__(self, item.name, type(default)(getattr(self, item.name)))
