"""Clusters by key: recalled, or made and kept."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xai.features.keys import FeaturesKey, belongs, features_of
from xai.features.result import Features
from xai.flow.clustering.clusters import Clusters
from xai.flow.graph import PIXELS
from xai.models.spec import weights_of
from xai.store.keeping import Keeper, kept
from xai.types import Params, Progress

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel


@dataclass(frozen=True)
class ClustersKey:
    """Everything that the clusters of a layer depend on.

    Attributes
    ----------
    features : FeaturesKey
    method : str
        A key of ``xai.flow.METHODS``.
    params : Params
        Of the method's own class.
    seed : int
    version : int
        Of the way automatic values are found: what an earlier one found is not served.
    """

    features: FeaturesKey
    method: str
    params: Params
    seed: int = 0
    version: int = 1


def features_key(
    model: LoadedModel, images: ImageSet, layer: str, reduce: str = "pca90"
) -> FeaturesKey:
    """Return the key of what the clusters of a column are made of."""
    weights = weights_of(model.spec)
    return FeaturesKey(images.signature, model.spec.name, weights, seen(layer), reduce)


def seen(column: str) -> str | None:
    """Return the layer that a column shows, None for the pixels, as features count them."""
    return None if column == PIXELS else column


def clusters_of(
    key: ClustersKey,
    model: LoadedModel,
    images: ImageSet,
    store: Keeper | None = None,
    *,
    features: Features | None = None,
    progress: Progress | None = None,
) -> Clusters:
    """Return the clusters of a key: from the store, else computed and kept there.

    Parameters
    ----------
    key : ClustersKey
    model : LoadedModel
    images : ImageSet
    store : Keeper, optional
        Clusters are kept without their features, which have a key of their own. None
        keeps nothing.
    features : Features, optional
        Of this key; otherwise they are recalled or made.
    progress : callable, optional
        While the features are made, in images; may raise.

    Raises
    ------
    TypeError, ValueError
        As :func:`xai.features.keys.features_of` and :func:`xai.flow.cluster`.
    """
    belongs(key.features, model, images)
    from xai.flow.clustering import cluster

    known = (
        features_of(key.features, model, images, store, progress=progress)
        if features is None
        else features
    )

    def make() -> Clusters:
        made = cluster(known, key.method, params=key.params, seed=key.seed)
        return dataclasses.replace(made, features=None)

    return dataclasses.replace(kept(key, Clusters, store, make), features=known)
