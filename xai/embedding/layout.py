"""From features to a map: checks, the method, the quality."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from xai.embedding import FEWEST
from xai.embedding.components import check, standardized
from xai.embedding.quality import measure
from xai.embedding.results import Embedding, Features, Layout, OnStep
from xai.types import Params


def lay_out(
    features: Features | np.ndarray,
    method: str,
    function: Callable[..., Layout],
    params: Params,
    seed: int,
    on_step: OnStep | None,
) -> Embedding:
    """Lay features out in the plane; see :func:`xai.embedding.run`."""
    given = _checked(features)
    values = given.values.astype(np.float64)
    start = time.perf_counter()
    layout = function(values, params, seed, on_step)
    seconds = time.perf_counter() - start
    points = layout.points.astype(np.float32)
    if not np.isfinite(points).all():
        raise ValueError(f"{method}: the map did not stay finite; try other images or parameters")
    quality = measure(standardized(values), points, given.labels, seed)
    return Embedding(
        points=points,
        method=method,
        params=layout.params,
        seed=seed,
        quality={**quality, **(layout.quality or {})},
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
    )


def _checked(features: Any) -> Features:
    if isinstance(features, np.ndarray):
        if features.dtype.kind not in "fiu":
            raise TypeError(f"features: expected numbers, got {features.dtype}")
        if features.ndim != 2:
            raise ValueError(f"features: expected shape (N, D), got {features.shape}")
        values = features.astype(np.float32)
        width = features.shape[1]
        features = Features(values=values, components=width, raw_dim=width)
    if not isinstance(features, Features):
        raise TypeError(f"features: expected Features, got {type(features).__name__}")
    if len(features) < FEWEST:
        raise ValueError(f"features: a map needs at least {FEWEST} images, got {len(features)}")
    if not features.values.shape[1]:
        raise ValueError("features: expected at least one number an image, got none")
    check(features.values, "features")
    return features
