"""Blind pairs of a clean and an attacked image, made by jobs one after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pages._ui import progress
from pages._ui.workbench import Bench
from xai import attacks
from xai.attacks import AttackResult, Goal
from xai.attacks.studies.guessing import Deal
from xai.datasets import ImageSet
from xai.jobs import Report

#: Attacks that can be dealt, with what keeps them quick.
METHODS: dict[str, dict[str, Any]] = {"fgsm": {}, "pgd": {"steps": 10}}
_LABEL = "The next pair"


@dataclass(frozen=True)
class GameKey:
    """What one tally is about: votes on other images or attacks are not added to it."""

    model: str
    images: str
    method: str


@dataclass(frozen=True)
class PairKey:
    """Everything that a pair depends on."""

    game: GameKey
    place: int
    strength: int


@dataclass(frozen=True, eq=False)
class Pair:
    """An image, and what the attack made of it.

    Attributes
    ----------
    clean : ndarray, shape (C, H, W), float32, in [0, 1]
    result : AttackResult
    """

    clean: np.ndarray
    result: AttackResult


def laid(bench: Bench, sample: ImageSet, game: GameKey, dealt: Deal) -> Pair | None:
    """Return the pair on the table, or show that it is being made."""
    key = PairKey(game, dealt.place, dealt.strength)
    work = _making(bench, sample, key)
    found: Pair | None = progress.result(key, work, label=_LABEL, keep=False, slot="guessing")
    return found


def ahead(bench: Bench, sample: ImageSet, game: GameKey, dealt: Deal) -> None:
    """Let a pair be made while the class looks at another."""
    key = PairKey(game, dealt.place, dealt.strength)
    work = _making(bench, sample, key)
    progress.ahead(key, work, label=_LABEL, slot="guessing ahead", patience=0)


def _making(bench: Bench, sample: ImageSet, key: PairKey) -> progress.Work:
    model = bench.model

    def work(report: Report) -> Pair:
        clean = model.prepare(sample.images[key.place])
        # What it says now is to change: whether that is right is another question.
        goal = Goal.untargeted(model.predict(clean).label)
        method = key.game.method
        params = METHODS[method] | {"eps": key.strength / 255}
        found = attacks.run(model, clean, method, goal=goal, params=params, progress=report)
        return Pair(clean, found)

    return work
