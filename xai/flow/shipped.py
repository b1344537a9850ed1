"""The clusters that ship: which they are, and how they are made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from xai import datasets, models
from xai.flow.clustering.clusters import Clusters
from xai.flow.clustering.methods import METHODS
from xai.flow.columns import default_layers
from xai.flow.keys import ClustersKey, features_key
from xai.flow.pipeline import run
from xai.store import Store

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel

MODEL = "lenet5-mnist"
DATASET = "mnist"
COUNT = 1_000
METHOD = "optics"


def keys(model: LoadedModel, images: ImageSet) -> dict[str, ClustersKey]:
    """Return the keys of the shipped clusters by column: the pixels and all layers."""
    params = METHODS[METHOD].params()
    return {
        name: ClustersKey(features_key(model, images, name), METHOD, params)
        for name in default_layers(model)
    }


def make(folder: Path) -> Iterator[str]:
    """Compute the clusters that ship into a folder, replacing those in it.

    Yields
    ------
    str
        The row of the data card for each layer that is done.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    store = Store(folder)
    store.clear()
    model = models.load(MODEL, device="cpu")
    images = datasets.pool_sample(datasets.load_all(DATASET), COUNT)
    wanted = keys(model, images)
    graph = run(model, images, tuple(wanted), method=METHOD).graph
    for name, made in zip(graph.layers, graph.clusters, strict=True):
        if not store.save(wanted[name], dataclasses.replace(made, features=None)):
            raise OSError(store.writable_error)
        yield row(name, made)


def row(name: str, made: Clusters) -> str:
    """Return what the data card says of a layer's clusters."""
    measures = (made.purity, made.ari, made.nmi, made.silhouette)
    cells = (
        name,
        f"{made.count}",
        f"{100 * made.noise:.1f} %",
        *("" if value is None else f"{value:.3f}" for value in measures),
    )
    return f"| {' | '.join(cells)} |"
