"""The map of a data set: what is mapped, computed once as a job, kept on disk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pages._ui import cached, progress
from pages._ui.workbench import Bench
from xai import datasets, embedding
from xai.datasets import ImageSet
from xai.embedding import METHODS, Embedding
from xai.jobs import Report
from xai.types import Params

#: How many images a map can show.
COUNTS = (100, 300, 600, 1000, 2000)


@dataclass(frozen=True)
class MapKey:
    """Everything that a map depends on: ``data`` is the images' signature, no layer is pixels.

    ``weights`` is the checksum of the model's file, or its name where the publisher checks it.
    """

    data: str
    model: str
    weights: str
    n: int
    layer: str | None
    method: str
    params: Params
    seed: int = 0


def sample(bench: Bench, n: int) -> ImageSet:
    """Return the stratified sample of the data set that its map shows."""
    return bench.images.subset(datasets.draw(bench.images.labels, n, 0))


def compute(bench: Bench, key: MapKey) -> Embedding | None:
    """Return a map, or show how far it is."""
    model, images = bench.model, sample(bench, key.n)

    def work(report: Report) -> Embedding:
        report(0, 0, f"{len(images)} images through the network")
        found = embedding.features(model, images, key.layer, progress=report)

        def step(iteration: int, total: int, points: np.ndarray) -> None:
            report(iteration, total, f"step {iteration}")

        drawn = embedding.run(found, key.method, params=key.params, seed=key.seed, on_step=step)
        cached.settle(key.method)
        return drawn

    found: Embedding | None = progress.result(
        key, work, label=f"{METHODS[key.method].label} of {len(images)} images", slot="map"
    )
    return found
