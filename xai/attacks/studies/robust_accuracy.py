"""What is left of a network's accuracy under attack: the numbers of many images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xai.attacks.studies.intervals import wilson
from xai.types import Params, find

#: Stands for an image that was not attacked yet.
UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Robustness:
    """What a network says of many images, clean and under attack.

    Attributes
    ----------
    model : str
        Name of the model.
    data : str
        Signature of the image set.
    classes : tuple of str
        Names of all of the model's classes.
    methods : tuple of str
        Keys of ``ATTACKS``, and ``"noise"`` for a random change; M of them.
    settings : tuple of Params
        Of each method, without a strength.
    norm : str
        The norm in which strengths are measured.
    strengths : ndarray, shape (S,), float64
        Ascending, for pixels in [0, 1].
    places : ndarray, shape (N,), int64
        Position of each image in the image set.
    labels : ndarray, shape (N,), int64
        True class of each image, as the model counts them.
    clean : ndarray, shape (N,), int64
        What the model says of the clean image; -1 where it was not asked yet.
    predicted : ndarray, shape (M, S, N), int64
        What it says under each attack; -1 where that is not known yet.
    done : int
        The first so many images are done; all shares are about these.
    skipped : int
        Images of the set that were left out, since the model lacks their class.
    seed : int
    """

    model: str
    data: str
    classes: tuple[str, ...]
    methods: tuple[str, ...]
    settings: tuple[Params, ...]
    norm: str
    strengths: np.ndarray
    places: np.ndarray
    labels: np.ndarray
    clean: np.ndarray
    predicted: np.ndarray
    done: int
    skipped: int
    seed: int

    @property
    def total(self) -> int:
        """How many images there are to be attacked."""
        return len(self.labels)

    @property
    def complete(self) -> bool:
        """Whether all images are done."""
        return self.done == self.total

    @property
    def resting(self) -> bool:
        """Whether this is a good moment to let others pass: between two batches it always is."""
        return True

    @property
    def clean_hits(self) -> int:
        """How many of the images that are done the model reads rightly without any attack."""
        return int((self.clean[: self.done] == self.labels[: self.done]).sum())

    def hits(self, method: str) -> np.ndarray:
        """Return how many images are still read rightly, (S,) int64.

        Raises
        ------
        ValueError
            If the method was not run.
        """
        right: np.ndarray = self._right(method).sum(1)
        return right

    def accuracy(self, method: str) -> np.ndarray:
        """Return the robust accuracy, (S,) float64 in [0, 1]; NaN before any image is done.

        Raises
        ------
        ValueError
            If the method was not run.
        """
        return self.hits(method) / self.done if self.done else np.full(len(self.strengths), np.nan)

    def interval(self, method: str) -> np.ndarray:
        """Return Wilson's 95 % interval of the robust accuracy, (S, 2) float64 in [0, 1].

        Raises
        ------
        ValueError
            If the method was not run.
        """
        return np.stack(wilson(self.hits(method), self.done), axis=1)

    @cached_property
    def present(self) -> tuple[int, ...]:
        """Index of each class that an image is of, or is taken for; K' of them, ascending."""
        seen = (self.labels, self.clean[: self.done], self.predicted[:, :, : self.done].ravel())
        return tuple(np.unique(np.concatenate(seen)).tolist())

    @property
    def counts(self) -> np.ndarray:
        """Images of each class of :attr:`present` that are done, (K',) int64."""
        return np.bincount(self.labels[: self.done], minlength=len(self.classes))[
            list(self.present)
        ]

    def by_class(self, method: str) -> np.ndarray:
        """Return the robust accuracy of each class of :attr:`present`.

        Returns
        -------
        ndarray, shape (K', S), float64, in [0, 1]
            NaN for a class without images.

        Raises
        ------
        ValueError
            If the method was not run.
        """
        return self._shares(self._right(method))

    @property
    def clean_by_class(self) -> np.ndarray:
        """Accuracy without any attack of each class of :attr:`present`, (K',) float64."""
        return self._shares(self.clean[None, : self.done] == self.labels[: self.done])[:, 0]

    def seen(self, method: str, strength: float) -> np.ndarray:
        """Return what the model says of each image that is done, (done,) int64.

        Raises
        ------
        ValueError
            If the method was not run, or not at that strength.
        """
        found = np.flatnonzero(np.isclose(self.strengths, strength, rtol=0, atol=1e-9))
        if not len(found):
            listing = ", ".join(f"{value:.4g}" for value in self.strengths)
            raise ValueError(f"strength: expected one of {listing}; got {strength!r}")
        return self.predicted[self._row(method), found[0], : self.done]

    def confusion(self, method: str, strength: float) -> np.ndarray:
        """Count which class falls into which.

        Returns
        -------
        ndarray, shape (K', K'), int64
            Images of each true class (row) that are seen as each class (column), in the
            order of :attr:`present`.

        Raises
        ------
        ValueError
            As :meth:`seen`.
        """
        order = np.array(self.present)
        rows = np.searchsorted(order, self.labels[: self.done])
        columns = np.searchsorted(order, self.seen(method, strength))
        k = len(order)
        return np.bincount(rows * k + columns, minlength=k * k).reshape(k, k)

    def _shares(self, right: np.ndarray) -> np.ndarray:
        """Return the share of rows of hits (S, done) in each class, (K', S)."""
        own = self.labels[: self.done] == np.array(self.present)[:, None]
        hits = own.astype(np.int64) @ right.T.astype(np.int64)
        counts = self.counts[:, None]
        shares: np.ndarray = np.where(counts > 0, hits / np.maximum(counts, 1), np.nan)
        return shares

    def _right(self, method: str) -> np.ndarray:
        seen = self.predicted[self._row(method), :, : self.done]
        right: np.ndarray = seen == self.labels[: self.done]
        return right

    def _row(self, method: str) -> int:
        return find({name: row for row, name in enumerate(self.methods)}, method, "method")
