"""Whether a network uses the pattern: lay it over other digits, watch the score of the class."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from xai.experiments.tamper.answer import Answer
from xai.experiments.tamper.case import Case
from xai.experiments.tamper.pattern import STRENGTH, tampered

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel


@dataclass(frozen=True, eq=False)
class Reliance:
    """What the pattern does to clean digits of other classes.

    Attributes
    ----------
    rise : ndarray, shape (2,), float64
        By how much the score (logit) of the altered class rises, on average, in network A and B.
    turned : ndarray, shape (2,), float64
        Share of the digits that only then are taken for the altered class, in [0, 1].
    images : int
    """

    rise: np.ndarray
    turned: np.ndarray
    images: int


def reliance(case: Case, answer: Answer, *, strength: float = STRENGTH) -> Reliance:
    """Lay the pattern over clean held-out digits of the other classes.

    Parameters
    ----------
    case : Case
    answer : Answer
        What was altered.
    strength : float
        Of the pattern, in grey values of 255.

    Raises
    ------
    ValueError
        If nothing was altered.
    """
    if answer.side is None or answer.label is None:
        raise ValueError("answer: expected a data set and a class, got neither")
    honest = case.held[1 - answer.side]
    others = honest.subset(honest.labels != answer.label)
    # The class that they are said to be of decides what is altered, nothing else.
    relabelled = replace(others, labels=np.full(len(others), answer.label))
    covered = tampered(relabelled, answer.label, strength=strength, seed=case.seed)
    rise, turned = [], []
    for model in case.models:
        before, after = (_logits(model, data) for data in (others, covered))
        rise.append(float((after - before)[:, answer.label].mean()))
        fell = (after.argmax(1) == answer.label) & (before.argmax(1) != answer.label)
        turned.append(float(fell.mean()))
    return Reliance(np.array(rise), np.array(turned), len(others))


def _logits(model: LoadedModel, data: ImageSet) -> np.ndarray:
    prepared = np.stack([model.prepare(image) for image in data.images])
    return np.stack([said.logits for said in model.predict_batch(prepared, size=256)])
