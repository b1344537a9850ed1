"""How high real images score: the yardstick of every grown one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from xai.datasets.batches import batches, count
from xai.datasets.spec import ImageSet
from xai.models.doors import checked_model
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel
    from xai.visualization.aims import Aim

#: Images in one batch, as many as :func:`xai.visualization.scoring.measure` takes in a pass.
_BATCH = 16


@dataclass(frozen=True, eq=False)
class Best:
    """What real images score for an aim.

    Attributes
    ----------
    model, dataset : str
        Names; the second is empty for images that came as an array.
    scores : ndarray, shape (N,), float64
        Of every image, in the units of the objective.
    member : ndarray, shape (N,), bool
        Whether an image is of the class that the aim is about; all of them, if it is about
        none.
    index : ndarray, shape (k,), int64
        The best members, best first; of all images, if the class is ``absent``. Images
        without a finite score are left out.
    absent : bool
        Whether the aim is about a class of which there is no image.
    """

    model: str
    dataset: str
    scores: np.ndarray
    member: np.ndarray
    index: np.ndarray
    absent: bool

    def __post_init__(self) -> None:
        for array in (self.scores, self.member, self.index):
            array.setflags(write=False)

    @property
    def score(self) -> np.ndarray:
        """Scores of the best images, (k,), best first."""
        return self.scores[self.index]

    @cached_property
    def mean(self) -> float:
        """Score of the average image: the zero point of every lead."""
        return float(self.scores[np.isfinite(self.scores)].mean())

    @cached_property
    def ordinary(self) -> int:
        """Place of the image that is nearest to the average, of those that are no members.

        Where all are, of all.
        """
        among = ~self.member if not self.member.all() else self.member
        far = np.where(among & np.isfinite(self.scores), np.abs(self.scores - self.mean), np.inf)
        return int(far.argmin())

    def lead(self, score: float) -> float:
        """Return how far a score is above the average real image."""
        return score - self.mean

    def above(self, score: float) -> int:
        """Return how many of the real images score as high as this, or higher."""
        return int((self.scores >= score).sum())


def best(
    model: LoadedModel,
    wanted: Aim,
    images: ImageSet | np.ndarray,
    *,
    k: int = 5,
    progress: Progress | None = None,
) -> Best:
    """Score real images for an aim, exactly as a grown image is scored.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    wanted : Aim
    images : ImageSet or ndarray, shape (N, C, H, W), in [0, 1]
        An array knows no classes: for an aim about a class, the class is then absent.
    k : int
        How many of the best are named, at least 1; of fewer images all are.
    progress : callable, optional
        ``progress(done, total, message)`` in images; may raise to stop.

    Raises
    ------
    TypeError
        If ``model`` or ``images`` is of another kind.
    ValueError
        If there is no image, one does not fit the model, ``k`` is below 1, or no image has
        a finite score.

    Notes
    -----
    Of two classes apart, the members are those of the class that is wanted. Of equal
    scores the earlier image comes first.
    """
    from xai.visualization.scoring import measure

    checked_model(model)
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"k: expected a whole number of at least 1, got {k!r}")
    total, found = count(images), []
    for batch in batches(model, images, _BATCH):
        found.append(measure(model, wanted, batch.cpu().numpy()))
        if progress is not None:
            done = sum(map(len, found))
            progress(done, total, f"Score of image {done} of {total}")
    scores = np.concatenate(found)
    member = _members(model, wanted, images)
    absent = not member.any()
    index = _ranked(scores, np.ones_like(member) if absent else member)[:k]
    if not len(index):
        raise ValueError("images: expected one with a finite score, got NaN or infinity alone")
    name = images.name if isinstance(images, ImageSet) else ""
    return Best(model.spec.name, name, scores, member, index, absent)


def class_of(wanted: Aim) -> int | None:
    """Return the class that an image is grown for, or None if the aim is about a layer."""
    return wanted.places[0] if wanted.layer is None else None


def _members(model: LoadedModel, wanted: Aim, images: ImageSet | np.ndarray) -> np.ndarray:
    label = class_of(wanted)
    if label is None:
        return np.ones(len(images), bool)
    if not isinstance(images, ImageSet):
        return np.zeros(len(images), bool)
    return images.labels_in(model.classes) == label


def _ranked(scores: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the places of the finite scores that count, the highest first."""
    places = np.flatnonzero(among & np.isfinite(scores))
    return places[np.argsort(-scores[places], kind="stable")]
