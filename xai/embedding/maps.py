"""Maps by key: taken from a store if they were made before, else made and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xai import embedding
from xai.embedding.results import Embedding, OnStep
from xai.embedding.separation import Separability
from xai.features.keys import FeaturesKey, belongs, features_of
from xai.store.keeping import Keeper, kept
from xai.types import Params, Progress

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel


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
