"""From features to a map: checks, the method, the quality."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from xai.embedding.quality import measure
from xai.embedding.results import Embedding, Layout, OnStep
from xai.features.components import accepted
from xai.features.result import Features
from xai.types import Params, Progress


def lay_out(
    features: Features | np.ndarray,
    method: str,
    function: Callable[..., Layout],
    params: Params,
    seed: int,
    on_step: OnStep | None,
    progress: Progress | None,
) -> Embedding:
    """Lay features out in the plane; see :func:`xai.embedding.run`."""
    given = accepted(features)
    start = time.perf_counter()
    layout = function(given.values, params, seed, on_step, progress)
    seconds = time.perf_counter() - start
    return measured(given, layout, method, seed, seconds, progress)


def measured(
    given: Features,
    layout: Layout,
    method: str,
    seed: int,
    seconds: float,
    progress: Progress | None,
) -> Embedding:
    """Put a map, its quality and what the features know of the images together."""
    points = layout.points.astype(np.float32)
    if not np.isfinite(points).all():
        raise ValueError(f"{method}: the map did not stay finite; try other images or parameters")
    quality = measure(given.values, points, given.labels, near=layout.near, progress=progress)
    return Embedding(
        points=points,
        method=method,
        params=layout.params,
        seed=seed,
        quality={**quality.figures, **(layout.quality or {})},
        history=layout.history,
        iterations=layout.iterations,
        total=layout.total,
        stopped=layout.stopped,
        seconds=seconds,
        model=given.model,
        layer=given.layer,
        reduce=given.reduce,
        dataset=given.dataset,
        ids=given.ids,
        labels=given.labels,
        classes=given.classes,
        notes=(*given.notes, *layout.notes),
        trust=quality.trust,
        preserved=quality.preserved,
        frames=layout.frames,
    )
