"""What an attack is to reach."""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Goal:
    """The class to leave, or the class to reach.

    Make one with :meth:`untargeted` or :meth:`targeted`.

    Attributes
    ----------
    label : int
        Index of the class that counts.
    sign : int
        +1 where the loss of that class is to rise (leave it), -1 where it is
        to fall (reach it).

    Raises
    ------
    TypeError
        If the label is not a whole number.
    ValueError
        If it is negative, or the sign is neither +1 nor -1.
    """

    label: int
    sign: int

    def __post_init__(self) -> None:
        if isinstance(self.label, bool):
            raise TypeError(f"label: expected the index of a class, got {self.label!r}")
        try:
            object.__setattr__(self, "label", operator.index(self.label))
        except TypeError:
            got = type(self.label).__name__
            raise TypeError(f"label: expected the index of a class, got {got}") from None
        if self.label < 0:
            raise ValueError(f"label: expected the index of a class, 0 or more; got {self.label}")
        if self.sign not in (1, -1):
            raise ValueError(f"sign: expected +1 or -1, got {self.sign!r}")

    @classmethod
    def untargeted(cls, label: int) -> Goal:
        """Ask for any class but ``label``, usually the true one."""
        return cls(label, 1)

    @classmethod
    def targeted(cls, label: int) -> Goal:
        """Ask for class ``label`` and no other."""
        return cls(label, -1)

    @property
    def is_targeted(self) -> bool:
        """Whether one class is to be reached."""
        return self.sign == -1

    def check(self, count: int) -> None:
        """Raise a ValueError unless a model of so many classes can meet this goal."""
        if count < 2:
            raise ValueError(f"model: expected two classes or more, got {count}")
        if self.label >= count:
            raise ValueError(f"goal: expected a class from 0 to {count - 1}, got {self.label}")

    def margin(self, logits: np.ndarray) -> float:
        """Return by how much scores meet the goal: a difference of two logits.

        Parameters
        ----------
        logits : ndarray, shape (K,)

        Returns
        -------
        float
            Best other class less the class to leave, or the class to reach less the
            best other; not positive where the goal is missed.
        """
        own = float(logits[self.label])
        return self.sign * (float(np.delete(logits, self.label).max()) - own)

    def reached(self, predicted: int) -> bool:
        """Say whether an image that is read as class ``predicted`` meets the goal."""
        return (predicted == self.label) == self.is_targeted
