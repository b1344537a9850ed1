"""The statistic that would have told: which class looks odd to the first layer, and its twin not.

For each of the 2 x 10 classes, the quiet neurons of a network's first layer are averaged over
held-out images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai.experiments.tamper.answer import NOBODY, SIDES, Answer
from xai.experiments.tamper.case import Case
from xai.experiments.tamper.inspection import FIRST, given
from xai.types import Progress

#: A class above this is singled out. Of the 20 classes of an honest case one comes above 3 by
#: chance once in 30 cases, above 5 less than once in 50,000: Student's t with as many degrees of
#: freedom as there are shuffles.
THRESHOLD = 5.0
#: How often the images of two twins are shuffled.
SHUFFLES = 200
#: Share of the units that are looked at, those that move least: digits have little ink there.
QUIET = 0.5
#: Scatter of a unit, as a share of the mean over units, below which it counts as this: units that
#: never move would make the least deviation infinite.
_FLOOR = 0.02


@dataclass(frozen=True, eq=False)
class Suspicion:
    """How odd each class is beside the same class of the other data set.

    Attributes
    ----------
    score : ndarray, shape (2, K), float64
        Of data sets A and B: oddness minus that of the twin, in standard deviations of what
        chance makes of it. The twin has the same number with the other sign.
    oddness : ndarray, shape (2, K), float64
        How far the class's mean lies from what is usual, in scatters of a unit.
    classes : tuple of str
    layer : str
    images : int
        Held-out images of both sets.
    shuffles : int
    """

    score: np.ndarray
    oddness: np.ndarray
    classes: tuple[str, ...]
    layer: str
    images: int
    shuffles: int

    @property
    def first(self) -> Answer:
        """The most suspicious class, singled out or not."""
        side, label = np.unravel_index(self.score.argmax(), self.score.shape)
        return Answer(int(side), int(label))

    @property
    def verdict(self) -> Answer:
        """The class that is singled out, or nobody: its score is above :data:`THRESHOLD`."""
        return self.first if self.score.max() > THRESHOLD else NOBODY


def suspicion(
    case: Case,
    *,
    layer: str = FIRST,
    shuffles: int = SHUFFLES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Suspicion:
    """Score every class of both data sets, without knowing the answer.

    Parameters
    ----------
    case : Case
    layer : str
        Of both networks.
    shuffles : int
        At least 2.
    seed : int
        Of the shuffles.
    progress : callable, optional
        ``progress(done, total, message)`` in classes; may raise.

    Raises
    ------
    ValueError
        If there are fewer than two shuffles, or a class has no held-out image.

    Notes
    -----
    For each unit u of the layer, m(s, c, u) is the mean over the held-out images of class c of set
    s, med(u) the median of these 20 means, sd(u) the scatter of u within a class. Only the half of
    the units with the least scatter are looked at: digits have little ink there. The oddness of a
    class is the mean over u of ``|m - med| / (sd + floor)``, with a floor of 2 % of the mean
    scatter. Where a class has ink it is odd by right, and so is its twin in the other set. The
    score is the difference between the two, divided by its standard deviation when the images of
    the twins are shuffled. That of an honest class is about a standard normal number: neither
    network was trained on these images, so that nothing tells the twins apart. Both networks
    look at both sets, and their oddness is added.
    """
    if shuffles < 2:
        raise ValueError(f"shuffles: expected at least 2, got {shuffles}")
    classes = range(len(case.classes))
    counts = np.array([np.bincount(data.labels, minlength=len(classes)) for data in case.held])
    if not counts.all():
        raise ValueError("case: expected held-out images of every class in both data sets")
    odd = np.zeros((len(SIDES), len(classes)))
    chance = np.zeros((len(classes), shuffles))
    done, total = 0, len(case.models) * len(classes)
    for model in case.models:
        twins = _twins(case, [given(model, data, layer) for data in case.held])
        quiet, usual, scatter = _usual(twins)
        twins = [(first[:, quiet], second[:, quiet]) for first, second in twins]
        generator = np.random.default_rng(seed)
        for label, (first, second) in enumerate(twins):
            if progress is not None:
                progress(done, total, f"class {case.classes[label]}")
            done += 1
            odd[:, label] += [
                _oddness(part.mean(axis=0), usual, scatter) for part in (first, second)
            ]
            chance[label] += _shuffled(first, second, usual, scatter, shuffles, generator)
    spread = chance.std(axis=1)
    # A layer that says the same of everything says nothing of anybody.
    difference = np.divide(odd[0] - odd[1], spread, out=np.zeros(len(spread)), where=spread > 0)
    return Suspicion(
        score=np.stack([difference, -difference]),
        oddness=odd / len(case.models),
        classes=case.classes,
        layer=layer,
        images=int(counts.sum()),
        shuffles=shuffles,
    )


Twins = list[tuple[np.ndarray, np.ndarray]]


def _twins(case: Case, maps: list[np.ndarray]) -> Twins:
    """Return the units (n, U) of each class of set A and of set B."""
    flat = [values.reshape(len(values), -1) for values in maps]
    found = []
    for label in range(len(case.classes)):
        first, second = (
            values[data.labels == label] for values, data in zip(flat, case.held, strict=True)
        )
        found.append((first, second))
    return found


def _usual(twins: Twins) -> tuple[np.ndarray, ...]:
    """Return which units are quiet (V,), the median of their class means (V,), their scatter (V,).

    Twins are treated alike, so that the choice of units does not tell them apart.
    """
    every = [part for pair in twins for part in pair]
    scatter = np.sqrt(np.mean([part.var(axis=0) for part in every], axis=0))
    floor = _FLOOR * scatter.mean() or 1.0
    quiet = np.argsort(scatter, kind="stable")[: max(1, round(QUIET * len(scatter)))]
    usual = np.median([part[:, quiet].mean(axis=0) for part in every], axis=0)
    return quiet, usual, scatter[quiet] + floor


def _oddness(means: np.ndarray, usual: np.ndarray, scatter: np.ndarray) -> np.ndarray:
    """Return how far means (..., U) lie from the usual, (...)."""
    distance: np.ndarray = (np.abs(means - usual) / scatter).mean(axis=-1)
    return distance


def _shuffled(
    first: np.ndarray,
    second: np.ndarray,
    usual: np.ndarray,
    scatter: np.ndarray,
    shuffles: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return the difference in oddness of twins whose images are shuffled, (shuffles,)."""
    both = np.concatenate([first, second])
    ranks = generator.random((shuffles, len(both))).argsort(axis=1)
    mine = (ranks < len(first)).astype(both.dtype)
    sums = mine @ both
    means = sums / len(first), (both.sum(axis=0) - sums) / len(second)
    return _oddness(means[0], usual, scatter) - _oddness(means[1], usual, scatter)
