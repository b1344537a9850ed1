"""How often attacks on one network fool others: the numbers of many images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai.attacks.studies.intervals import wilson
from xai.types import Params, find

#: What is shown to the networks, in this order.
KINDS = ("clean", "noise", "attacked")


@dataclass(frozen=True, eq=False)
class TransferRate:
    """How often attacks on one network fool others.

    Attributes
    ----------
    models : tuple of str
        Names, M of them: the attacked network first.
    labels : ndarray, shape (N,), int64
        True class of each image.
    predicted : ndarray, shape (M, 3, N), int64
        Class that each network says, by :data:`KINDS`.
    method : str
        Key of the attack.
    params : Params
        Its settings, with the strength that was used.
    skipped : int
        Images left out, since the networks do not have their class.
    seed : int
    """

    models: tuple[str, ...]
    labels: np.ndarray
    predicted: np.ndarray
    method: str
    params: Params
    skipped: int
    seed: int

    @property
    def right(self) -> np.ndarray:
        """How many clean images each network reads rightly, (M,), int64."""
        return (self.predicted[:, 0] == self.labels).sum(1)

    def fooled(self, kind: str) -> np.ndarray:
        """Return how many of those it misreads under noise or attack, (M,), int64.

        Raises
        ------
        TypeError, ValueError
            If ``kind`` is none of :data:`KINDS`.
        """
        place = find({name: place for place, name in enumerate(KINDS)}, kind, "kind")
        right = self.predicted[:, 0] == self.labels
        return (right & (self.predicted[:, place] != self.labels)).sum(1)

    def share(self, kind: str) -> np.ndarray:
        """Return :meth:`fooled` as a share of :attr:`right`, (M,), NaN where that is 0."""
        right = self.right
        return np.where(right > 0, self.fooled(kind) / np.maximum(right, 1), np.nan)

    def interval(self, kind: str) -> np.ndarray:
        """Return the 95 % interval of :meth:`share` by Wilson, (M, 2): low and high."""
        return np.stack(wilson(self.fooled(kind), self.right), axis=1)
