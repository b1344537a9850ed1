"""The maps that ship: which they are, and how they are made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from xai import datasets, models
from xai.datasets import ImageSet
from xai.embedding.frames import Frames
from xai.embedding.maps import MapKey, map_of
from xai.embedding.methods import METHODS
from xai.embedding.results import Embedding
from xai.features.keys import FeaturesKey
from xai.models import MODELS
from xai.models.spec import weights_of
from xai.store import Store

MODEL = "lenet5-mnist"
DATASET = "mnist"
COUNTS = (1_000, 10_000)
SHIPPED_METHODS = ("tsne", "umap")
#: Bytes that the frames of one map may take.
_FRAME_BYTES = 800_000


def keys(images: ImageSet, layer: str) -> tuple[MapKey, ...]:
    """Return the keys of the shipped maps of some images: of the pixels and of a layer."""
    weights = weights_of(MODELS[MODEL])
    return tuple(
        MapKey(
            FeaturesKey(images.signature, MODEL, weights, seen), method, METHODS[method].params()
        )
        for seen in (None, layer)
        for method in SHIPPED_METHODS
    )


def make(folder: Path) -> Iterator[str]:
    """Compute the maps that ship into a folder, replacing those in it.

    Yields
    ------
    str
        The row of the data card for each map that is done.
    """
    store = Store(folder)
    store.clear()
    model = models.load(MODEL, device="cpu")
    pool = datasets.load_all(DATASET, most=max(COUNTS))
    for count in COUNTS:
        images = datasets.pool_sample(pool, count)
        for key in keys(images, model.layers[-2].name):
            made = map_of(key, model, images)
            if not store.save(key, dataclasses.replace(made, frames=thinned(made.frames))):
                raise OSError(store.writable_error)
            yield row(made)


def row(made: Embedding) -> str:
    """Return what the data card says of a map."""
    quality = made.quality
    cells = (
        f"{len(made.points):,}",
        made.layer or "pixels",
        METHODS[made.method].label,
        f"{quality['trustworthiness']:.3f}",
        f"{quality['neighbourhood_preservation']:.3f}",
        f"{100 * quality['knn_accuracy']:.1f} %",
        f"{100 * quality['knn_accuracy_features']:.1f} %",
    )
    return f"| {' | '.join(cells)} |"


def thinned(frames: Frames | None) -> Frames | None:
    """Return fewer frames of a large map, evenly taken, the first and the last kept."""
    if frames is None or frames.points.nbytes <= _FRAME_BYTES:
        return frames
    most = max(2, _FRAME_BYTES // frames.points[0].nbytes)
    chosen = np.unique(np.linspace(0, len(frames) - 1, most).round().astype(int))
    return Frames(frames.iterations[chosen], frames.points[chosen])
