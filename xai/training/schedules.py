"""The learning rate at each step, as a function of the step alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from xai.training.params import TrainingParams

#: Share of the steps in which the learning rate of one cycle rises.
_RISE = 0.2
#: By how much its beginning lies under its top, and its end under its beginning.
_BEGIN, _END = 25.0, 1e4
#: Momentum of one cycle at the top of the rate, and at both ends.
_LOW, _HIGH = 0.85, 0.95
_MOMENTUM = 0.9


@dataclass(frozen=True)
class Pace:
    """Learning rate, and momentum (Adam's first beta), of a step."""

    rate: float
    momentum: float


def pace(params: TrainingParams, step: int, total: int) -> Pace:
    """Return the pace of a step.

    Parameters
    ----------
    params : TrainingParams
    step, total : int
        Steps done before it, and steps of the whole training.

    Notes
    -----
    One cycle is torch's ``OneCycleLR`` with a rise over a fifth of the steps, to the last
    bit. Where that fifth is a step or less, the rate begins at its top.
    """
    if params.schedule == "one cycle":
        return _one_cycle(params.rate, step, total)
    if params.schedule == "cosine":
        return Pace(_annealed(params.rate, 0.0, step / total), _MOMENTUM)
    return Pace(params.rate, _MOMENTUM)


def _one_cycle(top: float, step: int, total: int) -> Pace:
    turn = _RISE * total - 1
    low = top / _BEGIN
    if step <= turn and turn > 0:
        share = step / turn
        return Pace(_annealed(low, top, share), _annealed(_HIGH, _LOW, share))
    share = (step - max(turn, 0.0)) / (total - 1 - max(turn, 0.0)) if total > 1 else 0.0
    return Pace(_annealed(top, low / _END, share), _annealed(_LOW, _HIGH, share))


def _annealed(start: float, end: float, share: float) -> float:
    """Go from start to end along half a cosine."""
    return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)
