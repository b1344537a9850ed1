"""What was altered, and the envelope that it lies in until all have voted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xai.types import accepted_seed

#: The two data sets, as people call them.
SIDES = ("A", "B")
#: Of fresh cases, so many are honest: neither set was altered.
_HONEST = 1 / 6
#: What the numbers that are drawn of a seed are for, so that none serves two ends.
_ANSWER, _SALT = 1, 2


@dataclass(frozen=True)
class Answer:
    """Which class of which data set was altered.

    Attributes
    ----------
    side : int or None
        0 for data set A, 1 for B; None where nothing was altered.
    label : int or None
        The class; None where nothing was altered.

    Raises
    ------
    ValueError
        If only one of the two is None, or the side is another number.
    """

    side: int | None
    label: int | None

    def __post_init__(self) -> None:
        if (self.side is None) != (self.label is None):
            raise ValueError("answer: expected both a data set and a class, or neither")
        if self.side not in (None, 0, 1):
            raise ValueError(f"side: expected 0, 1 or None, got {self.side}")
        if self.label is not None and self.label < 0:
            raise ValueError(f"label: expected 0 or more, got {self.label}")

    def words(self, classes: tuple[str, ...]) -> str:
        """Return the answer for people, such as ``"data set A, class 3"``."""
        if self.side is None or self.label is None:
            return "neither data set"
        return f"data set {SIDES[self.side]}, class {classes[self.label]}"


#: Nothing was altered.
NOBODY = Answer(None, None)


def draw(seed: int, classes: int) -> Answer:
    """Return the answer of a fresh case.

    Parameters
    ----------
    seed : int
        Equal seeds give equal answers.
    classes : int
        How many there are.

    Notes
    -----
    One case in six is honest. Else data set and class are drawn, each as likely as another.
    """
    generator = np.random.default_rng([accepted_seed(seed), _ANSWER])
    if generator.random() < _HONEST:
        return NOBODY
    return Answer(int(generator.integers(2)), int(generator.integers(classes)))


@dataclass(frozen=True)
class Envelope:
    """An answer that is fixed, and not to be read at a glance.

    Attributes
    ----------
    salt : str
        Random letters in front of the answer, so that equal answers look different.
    seal : str
        SHA-256 of salt and answer, 64 hex digits.
    classes : tuple of str

    Notes
    -----
    A commitment: whoever sees the seal before the vote can check after it that the answer was not
    changed in between. It hides nothing from somebody who computes: there are a few answers only,
    and :meth:`open` tries them all.
    """

    salt: str
    seal: str
    classes: tuple[str, ...]

    @classmethod
    def closed(cls, answer: Answer, classes: tuple[str, ...], seed: int) -> Envelope:
        """Put an answer into an envelope, with a salt of a seed."""
        generator = np.random.default_rng([accepted_seed(seed), _SALT])
        salt = generator.bytes(8).hex()
        return cls(salt, _sealed(salt, answer, classes), classes)

    @property
    def letter(self) -> str:
        """The text whose SHA-256 is the seal: salt and answer in words."""
        return _letter(self.salt, self.open(), self.classes)

    def open(self) -> Answer:
        """Return the answer.

        Raises
        ------
        ValueError
            If no answer fits the seal: it was broken.
        """
        for answer in _possible(len(self.classes)):
            if _sealed(self.salt, answer, self.classes) == self.seal:
                return answer
        raise ValueError("envelope: no answer fits its seal, so that it was changed")


def _possible(classes: int) -> Iterator[Answer]:
    yield NOBODY
    for side in range(len(SIDES)):
        yield from (Answer(side, label) for label in range(classes))


def _letter(salt: str, answer: Answer, classes: tuple[str, ...]) -> str:
    return f"{salt}: {answer.words(classes)}"


def _sealed(salt: str, answer: Answer, classes: tuple[str, ...]) -> str:
    return hashlib.sha256(_letter(salt, answer, classes).encode()).hexdigest()
