"""What is known of a recorded run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xai.training.runs.recipe import Recipe

if TYPE_CHECKING:
    from xai.models import LoadedModel

__all__ = ["Ending", "Epoch", "Recipe", "Run", "Trace"]

Ending = Literal["finished", "stopped", "diverged"]


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training images gave.

    Attributes
    ----------
    number : int
        From 1.
    loss, accuracy : float
        Mean loss and share right of the training images as they were presented, while the
        weights changed.
    test_loss, test_accuracy : float
        Of the test images after the epoch; NaN without any.
    rate : float
        Learning rate of the last step.
    seconds : float
        What the epoch took, recording included.
    weight_norms : mapping of str to float
        Layer to Frobenius norm of its weight, after the epoch. Batch norms are not folded in.
    gradient_norms : mapping of str to float
        Layer to Frobenius norm of its weight's gradient, mean over the steps of the epoch.
    """

    number: int
    loss: float
    accuracy: float
    test_loss: float = float("nan")
    test_accuracy: float = float("nan")
    rate: float = float("nan")
    seconds: float = float("nan")
    weight_norms: Mapping[str, float] = field(default_factory=dict)
    gradient_norms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Trace:
    """The course within epochs, at about twenty points each.

    Attributes
    ----------
    step : ndarray, shape (S,), int64
        Steps done since the beginning.
    loss, accuracy : ndarray, shape (S,), float32
        Means over the images of the steps since the point before.
    """

    step: np.ndarray
    loss: np.ndarray
    accuracy: np.ndarray

    def __post_init__(self) -> None:
        for values in (self.step, self.loss, self.accuracy):
            values.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Run:
    """A training that was recorded, E epochs with weights at A marks.

    Attributes
    ----------
    recipe : Recipe
    folder : Path
        Where its files are.
    marks : tuple of float, length A
        At which weights are kept, in epochs since the beginning: 0.0 (untrained), 0.1, 0.25,
        0.5, 1.0, 2.0 and so on.
    epochs : tuple of Epoch, length E
    trace : Trace
    ended : str
        ``"finished"``, ``"stopped"`` or ``"diverged"``.
    note : str
        A sentence on how it ended; empty if there is nothing to say.
    labels : ndarray, shape (M,), int64
        Classes of the test images.
    ids : tuple of str, length M
        Of the test images.
    predicted : ndarray, shape (A, M), int16
        Class that each test image was given at each mark; M is 0 without any.
    right : ndarray, shape (E, N), bool
        Whether a training image was right when it was shown in that epoch.
    train_ids : tuple of str, length N
    train_labels : ndarray, shape (N,), int64
    checksums : tuple of str, length A
        SHA-256 of each mark's weights file.
    precision : str
        ``"float32"``, or ``"float16"`` where weights were rounded to be shared.
    keeper : object
        Holds a temporary folder, which goes with the run.
    """

    recipe: Recipe
    folder: Path
    marks: tuple[float, ...]
    epochs: tuple[Epoch, ...]
    trace: Trace
    ended: Ending
    note: str
    labels: np.ndarray
    ids: tuple[str, ...]
    predicted: np.ndarray
    right: np.ndarray
    train_ids: tuple[str, ...]
    train_labels: np.ndarray
    checksums: tuple[str, ...]
    precision: str = "float32"
    keeper: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for values in (self.labels, self.predicted, self.right, self.train_labels):
            values.setflags(write=False)

    @cached_property
    def digest(self) -> str:
        """16 hex digits that stand for the recipe and the weights at all marks."""
        said = json.dumps([self.recipe.digest, self.marks, self.checksums])
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def place(self, epoch: float) -> int:
        """Return which mark an epoch is.

        Parameters
        ----------
        epoch : float
            One of :attr:`marks`; -1 is the last.

        Raises
        ------
        ValueError
            If there are no weights of it; the marks are listed.
        """
        if epoch == -1:
            return len(self.marks) - 1
        if epoch in self.marks:
            return self.marks.index(epoch)
        listing = ", ".join(f"{mark:g}" for mark in self.marks)
        raise ValueError(f"epoch: expected one of {listing}, or -1 for the last; got {epoch!r}")

    def load(self, epoch: float = -1) -> LoadedModel:
        """Return the network as it was at a mark.

        Parameters
        ----------
        epoch : float
            One of :attr:`marks`; -1 is the last.

        Returns
        -------
        LoadedModel
            Of a name that no other weights have; batch norms are folded.

        Raises
        ------
        ValueError
            If there are no weights of it, or they are damaged.
        """
        from xai.training.runs.reviving import revived

        return revived(self, self.place(epoch))

    def accuracy(self, epoch: float = -1) -> float:
        """Return the share of the test images that was right at a mark; NaN without any."""
        found = self.predicted[self.place(epoch)] == self.labels
        return float(found.mean()) if len(found) else float("nan")

    def confusion(self, epoch: float = -1) -> np.ndarray:
        """Return how many test images of a class (row) were taken for each (column).

        Returns
        -------
        ndarray, shape (K, K), int64
        """
        count = len(self.recipe.classes)
        pairs = self.labels * count + self.predicted[self.place(epoch)]
        return np.bincount(pairs, minlength=count * count).reshape(count, count)

    def recall(self, epoch: float = -1) -> np.ndarray:
        """Return the share of each class's test images that was right at a mark.

        Returns
        -------
        ndarray, shape (K,), float64
            NaN of a class without test images.
        """
        table = self.confusion(epoch)
        total = table.sum(axis=1)
        share = np.full(len(table), np.nan)
        return np.divide(np.diag(table), total, out=share, where=total > 0)
