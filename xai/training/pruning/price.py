"""What masking units costs: the result, and its key."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xai.models.spec import weights_of

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel
    from xai.training.pruning.ranking import Ranking

#: Shares of the units that are masked, closer together where little is gone.
SHARES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
#: Random orders that a rule is compared with.
DRAWS = 5


@dataclass(frozen=True, eq=False)
class Price:
    """Accuracy and recall while more and more units are masked; nothing can be written to.

    S stands for the numbers of units by the rule, R for those at random, D for the random
    orders, K for the classes of the model. NaN in an accuracy is not measured yet.

    Attributes
    ----------
    rule : str
    layers : tuple of str
        Whose units are masked.
    units : int
        How many these layers have.
    images : int
        That were classified.
    classes : tuple of str
        Of the model.
    class_counts : ndarray, shape (K,), int64
        Images of each class.
    counts : ndarray, shape (S,), int64
        Units that are masked, ascending from 0.
    accuracy : ndarray, shape (S,), float64
        Share of the images that is classified rightly, in [0, 1].
    recall : ndarray, shape (S, K), float64
        The same of each true class; NaN for a class without images.
    random_counts : ndarray, shape (R,), int64
    random_accuracy : ndarray, shape (D, R), float64
    random_recall : ndarray, shape (D, R, K), float64
    """

    rule: str
    layers: tuple[str, ...]
    units: int
    images: int
    classes: tuple[str, ...]
    class_counts: np.ndarray
    counts: np.ndarray
    accuracy: np.ndarray
    recall: np.ndarray
    random_counts: np.ndarray
    random_accuracy: np.ndarray
    random_recall: np.ndarray

    def __post_init__(self) -> None:
        for array in vars(self).values():
            if isinstance(array, np.ndarray):
                array.setflags(write=False)

    @property
    def chance(self) -> float:
        """Accuracy of always answering the commonest class, in [0, 1]."""
        return float(self.class_counts.max() / self.images)

    def at(self, count: int) -> int:
        """Return the place of a number of units by the rule.

        Raises
        ------
        ValueError
            If it was not tried.
        """
        found = np.flatnonzero(self.counts == count)
        if not len(found):
            raise ValueError(f"count: expected one of {self.counts.tolist()}, got {count}")
        return int(found[0])

    def random_at(self, count: int) -> np.ndarray:
        """Return the accuracies of the random orders that are known at a number, (D',) float64.

        Raises
        ------
        ValueError
            If the number was not tried.
        """
        column = self.random_accuracy[:, self.random_counts == count]
        if not column.shape[1]:
            raise ValueError(f"count: expected one of {self.random_counts.tolist()}, got {count}")
        return column[np.isfinite(column)]


@dataclass(frozen=True)
class PriceKey:
    """Everything that a price depends on.

    Attributes
    ----------
    data : str
        ``ImageSet.signature``.
    model, weights : str
        Name of the model and what its weights are.
    ranking : str
        Digest of rule, layers and units in their order.
    shares : tuple of float
    draws, seed : int
    version : int
        Of the way it is measured.
    """

    data: str
    model: str
    weights: str
    ranking: str
    shares: tuple[float, ...] = SHARES
    draws: int = DRAWS
    seed: int = 0
    version: int = 1

    @classmethod
    def of(cls, model: LoadedModel, images: ImageSet, ranking: Ranking) -> PriceKey:
        """Return the key of a model, a data set and a ranking."""
        units = [ranking.layer.tolist(), ranking.unit.tolist()]
        said = json.dumps([ranking.rule, ranking.layers, ranking.sizes, *units])
        digest = hashlib.sha256(said.encode()).hexdigest()[:16]
        return cls(images.signature, model.spec.name, weights_of(model.spec), digest)
