"""When each image was learned, and how often it was forgotten again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from xai.training.runs.run import Run


@dataclass(frozen=True, eq=False)
class Learning:
    """When each of N images was learned, over E looks at them.

    Attributes
    ----------
    right : ndarray, shape (E, N), bool
        Whether the network named an image's class at a look.
    epochs : ndarray, shape (E,), float64
        The epoch of each look, rising.
    labels : ndarray, shape (N,), int64
    classes : tuple of str
    ids : tuple of str
        Names of the images; empty if they have none.
    """

    right: np.ndarray
    epochs: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for values in (self.right, self.epochs, self.labels):
            values.setflags(write=False)

    def __len__(self) -> int:
        return self.right.shape[1]

    @cached_property
    def first(self) -> np.ndarray:
        """Look at which an image was right for the first time: (N,) int64, -1 for never."""
        return np.where(self.right.any(axis=0), self.right.argmax(axis=0), -1)

    @cached_property
    def good(self) -> np.ndarray:
        """First look from which on an image was always right: (N,) int64.

        -1 for those that were wrong at the last look.
        """
        looks = len(self.right)
        tail = np.where(self.right.all(axis=0), looks, (~self.right[::-1]).argmax(axis=0))
        return np.where(tail > 0, looks - tail, -1)

    @cached_property
    def forgotten(self) -> np.ndarray:
        """How often an image was wrong right after it had been right: (N,) int64."""
        return (self.right[:-1] & ~self.right[1:]).sum(axis=0)

    @cached_property
    def never(self) -> np.ndarray:
        """Whether an image was right at no look: (N,) bool."""
        return np.asarray(~self.right.any(axis=0))

    @cached_property
    def unforgettable(self) -> np.ndarray:
        """Whether an image was learned and never forgotten: (N,) bool."""
        return np.asarray(~self.never & (self.forgotten == 0))

    def courses(self) -> dict[str, np.ndarray]:
        """Return shares of the images by look, each (E,) float64 in [0, 1].

        ``"ever"``: right at this look or before; ``"now"``: right at this look; ``"good"``:
        right at this and at all later ones. The first never falls, nor does the last, and
        the second lies between them.
        """
        ever = np.maximum.accumulate(self.right, axis=0)
        good = np.minimum.accumulate(self.right[::-1], axis=0)[::-1]
        parts = {"ever": ever, "now": self.right, "good": good}
        return {name: values.mean(axis=1) for name, values in parts.items()}

    def by_class(self) -> np.ndarray:
        """Return the share of each class's images that were forgotten, or never learned.

        Returns
        -------
        ndarray, shape (K,), float64
            In [0, 1]; NaN of a class without images.
        """
        total = np.bincount(self.labels, minlength=len(self.classes))
        hard = np.bincount(self.labels[~self.unforgettable], minlength=len(self.classes))
        share = np.full(len(self.classes), np.nan)
        return np.divide(hard, total, out=share, where=total > 0)

    def hardest(self) -> np.ndarray:
        """Return all images, the hardest first.

        Returns
        -------
        ndarray, shape (N,), int64
            By falling number of times forgotten; of equal numbers those first that were
            wrong at more looks, then in the order of the images.
        """
        wrong = (~self.right).sum(axis=0)
        return np.lexsort((np.arange(len(self)), -wrong, -self.forgotten))


def learning(
    right: np.ndarray,
    labels: np.ndarray,
    classes: tuple[str, ...],
    *,
    epochs: np.ndarray | None = None,
    ids: tuple[str, ...] = (),
) -> Learning:
    """Return when images were learned and how often they were forgotten.

    Parameters
    ----------
    right : ndarray, shape (E, N), bool
        Whether image n was classified right at look e.
    labels : ndarray, shape (N,), int
        True classes, as places in ``classes``.
    classes : tuple of str
    epochs : ndarray, shape (E,), optional
        The epoch of each look; None counts 1, 2, …
    ids : tuple of str
        Names of the images.

    Raises
    ------
    TypeError
        If ``right`` is not of booleans.
    ValueError
        If there is no look or no image, numbers differ, a label is out of range, or epochs
        do not rise.

    Notes
    -----
    A forgetting event is a look at which an image is wrong that was right at the look
    before. An image that is never right has none: it was never learned, which is told
    apart here; the paper sorts it above all forgotten ones.

    References
    ----------
    M. Toneva, A. Sordoni, R. Tachet des Combes, A. Trischler, Y. Bengio, G. J. Gordon:
    An empirical study of example forgetting during deep neural network learning, 2019,
    arXiv 1812.05159.
    """
    right, labels = np.asarray(right), np.asarray(labels)
    if right.dtype != bool:
        raise TypeError(f"right: expected booleans, got {right.dtype}")
    if right.ndim != 2 or not right.size:
        raise ValueError(f"right: expected looks and images, got shape {right.shape}")
    looks, count = right.shape
    fits = labels.shape == (count,) and np.issubdtype(labels.dtype, np.integer)
    if not fits or labels.min() < 0 or labels.max() >= len(classes):
        raise ValueError(f"labels: expected {count} places in the {len(classes)} classes")
    if ids and len(ids) != count:
        raise ValueError(f"ids: expected {count}, got {len(ids)}")
    when = np.arange(1.0, looks + 1) if epochs is None else np.asarray(epochs, np.float64)
    if when.shape != (looks,) or not (np.isfinite(when).all() and (np.diff(when) > 0).all()):
        raise ValueError(f"epochs: expected {looks} rising numbers")
    return Learning(right.copy(), when.copy(), labels.astype(np.int64), tuple(classes), tuple(ids))


def of_training(run: Run) -> Learning:
    """Return the learning of a run's training images.

    Notes
    -----
    They were looked at when they were presented: once an epoch, altered if the recipe alters
    images, by the weights of that moment.

    Raises
    ------
    ValueError
        If the run has no whole epoch.
    """
    if not len(run.right):
        raise ValueError("The run has no whole epoch, so that nothing can be said of learning.")
    return learning(run.right, run.train_labels, run.recipe.classes, ids=run.train_ids)


def of_tests(run: Run) -> Learning:
    """Return the learning of a run's test images: at the end of each epoch, unaltered.

    Raises
    ------
    ValueError
        If the run has no test images or no whole epoch.
    """
    if not len(run.labels):
        raise ValueError("The run kept no test images.")
    places = [place for place, mark in enumerate(run.marks) if mark >= 1 and mark == int(mark)]
    if not places:
        raise ValueError("The run has no whole epoch, so that nothing can be said of learning.")
    return learning(
        run.predicted[places] == run.labels,
        run.labels,
        run.recipe.classes,
        epochs=np.array([run.marks[place] for place in places]),
        ids=run.ids,
    )
