"""What layers answer, beyond the features that are kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from xai.features.result import Features
from xai.flow.graph import FlowGraph
from xai.flow.keys import seen
from xai.types import Progress

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel

#: Images whose answers are in memory at a time. A multiple of what a pass of the network
#: takes, so that they are those that the features were made of.
_BATCH = 256


def answers(
    model: LoadedModel,
    images: ImageSet,
    graph: FlowGraph,
    *,
    progress: Progress | None = None,
) -> Iterator[tuple[int, Mapping[str, np.ndarray]]]:
    """Yield the averaged answers that a graph's features were made of, batch by batch.

    Parameters
    ----------
    model, images
        Those of the graph.
    graph : FlowGraph
        With features.
    progress : callable, optional
        In images; may raise.

    Yields
    ------
    (int, dict of str to ndarray)
        Place of the first image, and by layer (m, D) float32, at most 256 images at a time.

    Raises
    ------
    ValueError
        If the graph has no features, or is of another model or other images.
    """
    from xai.features.extraction import extract

    grids: dict[int, list[str]] = {}
    for name, one in zip(graph.layers, graph.clusters, strict=True):
        if one.features is None:
            raise ValueError(f"graph: expected features of {name}, got a graph without them")
        grids.setdefault(one.features.grid, []).append(name)
    if (graph.model, graph.ids) != (model.spec.name, images.ids):
        raise ValueError("graph: expected one of this model and these images, got another")
    for start in range(0, len(images), _BATCH):
        stop = min(start + _BATCH, len(images))
        part = images.subset(np.arange(start, stop))
        rows: dict[str, np.ndarray] = {}
        for grid, names in grids.items():
            found = extract(model, part, [seen(name) for name in names], grid=grid).values
            rows |= {name: found[seen(name)] for name in names}
        yield start, rows
        if progress is not None:
            progress(stop, len(images), f"Answers to image {stop} of {len(images)}")


def alike(names: Sequence[str], model: LoadedModel, images: ImageSet) -> dict[str, Features]:
    """Return the features of layers that answer all images alike: the answers themselves.

    Parameters
    ----------
    names : sequence of str
        Columns; each gives one array an image.
    model : LoadedModel
    images : ImageSet
    """
    from xai.features.description import answered
    from xai.features.extraction import extract

    # One value a map is enough of what is the same everywhere.
    found = extract(model, images, [seen(name) for name in names], grid=1)
    made = {name: answered(model, images, seen(name), found, grid=1) for name in names}
    # A view would keep the answers of all layers in memory.
    return {name: replace(one, values=one.values.copy()) for name, one in made.items()}
