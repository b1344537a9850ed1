"""Features and maps by key: taken from a store if they were made before, else made and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xai import embedding
from xai.embedding.results import Embedding, Features, OnStep
from xai.embedding.separation import Separability
from xai.models.spec import weights_of
from xai.store.keeping import Keeper, kept
from xai.types import Params, Progress

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel


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


@dataclass(frozen=True)
class MapKey:
    """Everything that a map depends on.

    Attributes
    ----------
    features : FeaturesKey
    method : str
        A key of ``xai.embedding.METHODS``.
    params : Params
        Of the method's own class.
    seed : int
    """

    features: FeaturesKey
    method: str
    params: Params
    seed: int = 0


@dataclass(frozen=True)
class StabilityKey:
    """How a map moves with the seed."""

    map: MapKey


@dataclass(frozen=True)
class SeparabilityKey:
    """How well each layer of a model separates the classes of some images.

    Attributes
    ----------
    data, model, weights : str
        As in :class:`FeaturesKey`.
    version : int
        Of the way they are judged: what was kept by an earlier one is not served.
    """

    data: str
    model: str
    weights: str
    version: int = 2


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

    def make() -> Features:
        return embedding.features(
            model, images, key.layer, reduce=key.reduce, grid=key.grid, progress=progress
        )

    found: Features = kept(key, Features, store, make)
    return found


def map_of(
    key: MapKey,
    model: LoadedModel,
    images: ImageSet,
    store: Keeper | None = None,
    *,
    progress: Progress | None = None,
    on_step: OnStep | None = None,
) -> Embedding:
    """Return the map of a key: from the store, else computed and kept there.

    Parameters
    ----------
    key : MapKey
    model : LoadedModel
    images : ImageSet
    store : Store, optional
        None keeps nothing.
    progress : callable, optional
        While the features are made, in images, and then by
        :func:`xai.embedding.run`; may raise.
    on_step : callable, optional
        As :func:`xai.embedding.run` takes it. A map that it stops is returned and
        not kept.

    Raises
    ------
    ValueError
        As :func:`features_of` and :func:`xai.embedding.run`.
    """
    belongs(key.features, model, images)

    def make() -> Embedding:
        features = features_of(key.features, model, images, store, progress=progress)
        return embedding.run(
            features,
            key.method,
            params=key.params,
            seed=key.seed,
            on_step=on_step,
            progress=progress,
        )

    found: Embedding = kept(key, Embedding, store, make)
    return found


def separability_of(
    key: SeparabilityKey,
    model: LoadedModel,
    images: ImageSet,
    store: Keeper | None = None,
    *,
    progress: Progress | None = None,
) -> Separability:
    """Return the separability of a key: from the store, else computed and kept there.

    Parameters
    ----------
    key : SeparabilityKey
    model : LoadedModel
    images : ImageSet
    store : Store, optional
        None keeps nothing.
    progress : callable, optional
        May raise.

    Raises
    ------
    ValueError
        As :func:`features_of` and :func:`xai.embedding.separability`.
    """
    belongs(key, model, images)

    def make() -> Separability:
        return embedding.separability(model, images, progress=progress)

    found: Separability = kept(key, Separability, store, make)
    return found


def belongs(key: FeaturesKey | SeparabilityKey, model: LoadedModel, images: ImageSet) -> None:
    """Refuse to file results under a key that is not theirs."""
    if (model.spec.name, weights_of(model.spec)) != (key.model, key.weights):
        raise ValueError(f"key: expected the model {key.model}, got {model.spec.name}")
    if images.signature != key.data:
        raise ValueError(f"key: expected the images {key.data}, got {images.signature}")
