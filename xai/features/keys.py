"""Features by key: taken from a store if they were made before, else made and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from xai.features.result import Features
from xai.models.spec import weights_of
from xai.store.keeping import Keeper, kept
from xai.types import Progress

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel


class Belonging(Protocol):
    """A key of something that was made of some images by a model."""

    @property
    def data(self) -> str:
        """``ImageSet.signature``."""

    @property
    def model(self) -> str:
        """Name of the model."""

    @property
    def weights(self) -> str:
        """What its weights are."""


@dataclass(frozen=True)
class FeaturesKey:
    """Everything that features depend on.

    Attributes
    ----------
    data : str
        ``ImageSet.signature``.
    model, weights : str
        Name of the model and what its weights are, see :func:`xai.models.spec.weights_of`.
    layer : str or None
        None stands for the pixels.
    reduce, grid : str, int
        As :func:`xai.embedding.features` takes them.
    """

    data: str
    model: str
    weights: str
    layer: str | None
    reduce: str = "pca90"
    grid: int = 4


def features_of(
    key: FeaturesKey,
    model: LoadedModel,
    images: ImageSet,
    store: Keeper | None = None,
    *,
    progress: Progress | None = None,
) -> Features:
    """Return the features of a key: from the store, else computed and kept there.

    Parameters
    ----------
    key : FeaturesKey
    model : LoadedModel
    images : ImageSet
    store : Store, optional
        None keeps nothing.
    progress : callable, optional
        In images; may raise.

    Raises
    ------
    ValueError
        If the model or the images are not those of the key, or they cannot be
        described; see :func:`xai.embedding.features`.
    """
    belongs(key, model, images)
    from xai.features.description import describe

    def make() -> Features:
        return describe(
            model, images, key.layer, reduce=key.reduce, grid=key.grid, progress=progress
        )

    found: Features = kept(key, Features, store, make)
    return found


def belongs(key: Belonging, model: LoadedModel, images: ImageSet) -> None:
    """Refuse to file results under a key that is not theirs.

    Raises
    ------
    ValueError
        If the model or the images are not those of the key.
    """
    if (model.spec.name, weights_of(model.spec)) != (key.model, key.weights):
        raise ValueError(f"key: expected the model {key.model}, got {model.spec.name}")
    if images.signature != key.data:
        raise ValueError(f"key: expected the images {key.data}, got {images.signature}")
