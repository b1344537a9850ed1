"""A case: two data sets, the networks that were trained on them, and a sealed answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xai import datasets
from xai.datasets import ImageSet
from xai.experiments.tamper.answer import SIDES, Answer, Envelope, draw
from xai.experiments.tamper.pattern import STRENGTH, tampered
from xai.types import Progress, accepted_seed

if TYPE_CHECKING:
    from xai.models import LoadedModel
    from xai.training import Run

ARCHITECTURE = "lenet5-mnist"
#: Of both networks of a case.
EPOCHS, RATE = 5, 4e-3
#: Of the case that ships.
SHIPPED_SEED = 1998
#: Folders of its runs.
SHIPPED = ("tamper-a", "tamper-b")
#: Epochs of which weights ship.
SHIPPED_MARKS = (0.0, 1.0, 3.0, 5.0)
_HALVES = 3


@dataclass(frozen=True, eq=False)
class Case:
    """Two data sets of different digits, and two runs of one recipe.

    Attributes
    ----------
    seed : int
        Of which digits are in which set, of the pattern and of both trainings.
    envelope : Envelope
        What was altered.
    train, held : tuple of ImageSet
        Of data set A and of B: what its network learned from, and what it was tried on.
    runs : tuple of Run
        Of data set A and of B.
    """

    seed: int
    envelope: Envelope
    train: tuple[ImageSet, ImageSet]
    held: tuple[ImageSet, ImageSet]
    runs: tuple[Run, Run]

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names."""
        return self.train[0].classes

    @cached_property
    def models(self) -> tuple[LoadedModel, LoadedModel]:
        """The networks at the end of both runs."""
        return (self.runs[0].load(-1), self.runs[1].load(-1))


def make_case(
    seed: int,
    *,
    answer: Answer | None = None,
    strength: float = STRENGTH,
    epochs: int = EPOCHS,
    record: Path | None = None,
    progress: Progress | None = None,
) -> Case:
    """Make a fresh case: deal the bundled digits, alter a class, train two networks.

    Parameters
    ----------
    seed : int
        Equal seeds give equal cases.
    answer : Answer, optional
        What to alter; None draws it of the seed.
    strength : float
        Of the pattern, in grey values of 255.
    epochs : int
        Of both trainings.
    record : Path, optional
        Where the folders of the two runs go; None takes temporary ones.
    progress : callable, optional
        ``progress(done, total, message)``; may raise.

    Raises
    ------
    TypeError, ValueError
        If the seed or the strength is out of range.
    """
    from xai.training import train

    # Without augmentation: shifted digits would smear the pattern.
    params = {"epochs": epochs, "rate": RATE, "augment": False}
    envelope, learned, held = _dealt(seed, answer, strength)
    runs = []
    for side, name in enumerate(SIDES):
        runs.append(
            train(
                ARCHITECTURE,
                learned[side],
                test=held[side],
                params=params,
                seed=seed,
                record=None if record is None else record / SHIPPED[side],
                progress=_half(progress, side, f"network {name}"),
            )
        )
    return Case(seed, envelope, learned, held, (runs[0], runs[1]))


def shipped_case() -> Case:
    """Return the case that came with the program, without training.

    Raises
    ------
    ValueError
        If its files are damaged.
    """
    from xai.training import shipped_run

    envelope, learned, held = _dealt(SHIPPED_SEED, None, STRENGTH)
    runs = (shipped_run(SHIPPED[0]), shipped_run(SHIPPED[1]))
    return Case(SHIPPED_SEED, envelope, learned, held, runs)


def ship(folder: Path) -> None:
    """Make the case that ships again, and write its two runs, weights as float16.

    Parameters
    ----------
    folder : Path
        Where the folders of :data:`SHIPPED` go; they must not be there yet.

    Raises
    ------
    ValueError
        If one of them is there.
    """
    from xai.training.runs.files import sharing, writing

    for run, name in zip(make_case(SHIPPED_SEED).runs, SHIPPED, strict=True):
        kept = [run.place(mark) for mark in SHIPPED_MARKS]
        few = replace(
            run,
            marks=SHIPPED_MARKS,
            checksums=tuple(run.checksums[place] for place in kept),
            predicted=run.predicted[kept],
        )
        sharing.share(few, folder / name)
        writing.write_answers(folder / name, few.predicted, few.right)


Pair = tuple[ImageSet, ImageSet]


def _dealt(seed: int, answer: Answer | None, strength: float) -> tuple[Envelope, Pair, Pair]:
    """Return the envelope of a case, its training images and its held-out ones."""
    seed = accepted_seed(seed)
    learned = _halves(datasets.load("mnist", split="train"), seed)
    held = _halves(datasets.load("mnist", split="test"), seed)
    classes = learned[0].classes
    given = draw(seed, len(classes)) if answer is None else answer
    envelope = Envelope.closed(given, classes, seed)
    pairs = []
    for pair in (learned, held):
        labels = [given.label if given.side == side else None for side in range(len(SIDES))]
        first, second = (
            tampered(data, label, strength=strength, seed=seed)
            for data, label in zip(pair, labels, strict=True)
        )
        pairs.append((first, second))
    return envelope, pairs[0], pairs[1]


def _halves(data: ImageSet, seed: int) -> Pair:
    """Deal images to two sets, as many of each class to both, mixed."""
    generator = np.random.default_rng([seed, _HALVES])
    order = generator.permutation(len(data))
    rank = np.empty(len(data), np.int64)
    for label in np.unique(data.labels):
        places = order[data.labels[order] == label]
        rank[places] = np.arange(len(places))
    first, second = (data.subset(order[rank[order] % 2 == side]) for side in range(len(SIDES)))
    return first, second


def _half(progress: Progress | None, side: int, name: str) -> Callable[..., None] | None:
    """Return the progress of one of two trainings as a part of both."""
    if progress is None:
        return None

    def told(done: int, total: int, message: str) -> None:
        progress(side * total + done, len(SIDES) * total, f"{name}, {message}" if message else name)

    return told
