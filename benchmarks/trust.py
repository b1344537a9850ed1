"""How far each map that ships, and those of the photographs, can be trusted.

python benchmarks/trust.py
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.maps import MODEL, sample
from xai import data, datasets, models
from xai.datasets import ImageSet
from xai.embedding import METHODS, Embedding, TsneParams, maps
from xai.embedding.maps import MapKey
from xai.features.keys import FeaturesKey
from xai.models import LoadedModel
from xai.models.spec import weights_of
from xai.store import Store


def bundled() -> Iterator[tuple[str, Embedding, bool]]:
    """Yield each map that ships, then those of the photographs, and whether it was there."""
    from xai.embedding import shipped

    store = Store(tempfile.mkdtemp(), shipped=data.path("maps"))
    model = models.load(MODEL)
    for count in shipped.COUNTS:
        images = sample(count)
        for key in shipped.keys(images, model.layers[-2].name):
            yield from _one(store, key, model, images)
    photos, model = datasets.load("photos"), models.load("efficientnet-lite0")
    weights = weights_of(model.spec)
    for layer in (None, model.layers[-2].name):
        seen = FeaturesKey(photos.signature, model.spec.name, weights, layer)
        yield from _one(store, MapKey(seen, "tsne", TsneParams()), model, photos)


def _one(
    store: Store, key: MapKey, model: LoadedModel, images: ImageSet
) -> Iterator[tuple[str, Embedding, bool]]:
    there = store.load(key) is not None
    seen = "pixels" if key.features.layer is None else f"layer {key.features.layer}"
    title = f"{len(images):>6,} {images.name:7s} {METHODS[key.method].label:6s} {seen}"
    yield title, maps.map_of(key, model, images, store), there


def trust_table() -> None:
    """Print how far each bundled map can be trusted."""
    print("\nTrustworthiness of the maps (ten neighbours)      trust.  kept   10-NN map / features")
    for title, made, there in bundled():
        figures = made.quality
        accuracy = "  –"
        if "knn_accuracy" in figures:
            accuracy = f"{figures['knn_accuracy']:.3f} / {figures['knn_accuracy_features']:.3f}"
        print(
            f"  {title:46s} {figures['trustworthiness']:7.4f}"
            f"  {figures['neighbourhood_preservation']:.2f}   {accuracy}"
            + ("" if there else "   (made now: not among the shipped files)"),
            flush=True,
        )


if __name__ == "__main__":
    trust_table()
