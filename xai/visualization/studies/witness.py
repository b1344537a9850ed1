"""What other networks say of a grown image: whether its own is alone with what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xai import images as pictures
from xai.models import partners
from xai.types import Prediction, Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel


@dataclass(frozen=True, eq=False)
class Witness:
    """What one network says of several images.

    Attributes
    ----------
    model, label : str
        Name of the network; name for people.
    said : tuple of Prediction
        One for each image.
    ranks : tuple of int
        Where the class that was asked for comes among all, from 1; none if none was.
    resized : bool
        Whether the network takes another size, so that it saw the images resampled.
    """

    model: str
    label: str
    said: tuple[Prediction, ...]
    ranks: tuple[int, ...]
    resized: bool

    @property
    def agrees(self) -> bool | None:
        """Whether the first image is taken for the class; None if none was asked for."""
        return self.ranks[0] == 1 if self.ranks else None


def witnesses(
    models: Sequence[LoadedModel],
    images: np.ndarray,
    label: int | None = None,
    *,
    progress: Progress | None = None,
) -> tuple[Witness, ...]:
    """Show images to networks, as the pictures that people see.

    Parameters
    ----------
    models : sequence of LoadedModel
        Networks with the same classes.
    images : ndarray, shape (N, C, H, W), float32, in [0, 1]
        At the size of the network that they were made for.
    label : int, optional
        The class that the first image was made for.
    progress : callable, optional
        ``progress(done, total, message)`` after each network; may raise to stop.

    Raises
    ------
    ValueError
        If a network lacks the class.

    Notes
    -----
    Images are rounded to 8 bit; for a network of another size they are opened as a file is
    (:func:`xai.models.partners.fitted`). Of equal logits the earlier class ranks first.
    """
    batch = np.stack([pictures.from_uint8(pictures.to_uint8(image)) for image in images])
    found = []
    for done, model in enumerate(models, start=1):
        if label is not None and not 0 <= label < len(model.classes):
            raise ValueError(f"models: expected the class {label} in {model.spec.name}")
        said = model.predict_batch(partners.fitted(model, batch))
        ranks = () if label is None else tuple(rank(one, label) for one in said)
        resized = partners.resized(model, batch)
        found.append(Witness(model.spec.name, model.spec.label, said, ranks, resized))
        if progress is not None:
            progress(done, len(models), model.spec.label)
    return tuple(found)


def rank(said: Prediction, label: int) -> int:
    """Return where a class comes among all, from 1."""
    return said.top(len(said.logits)).index(label) + 1
