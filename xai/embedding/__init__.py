"""Maps of a data set: features of a layer, and their layout in the plane.

Importing this package loads no torch, openTSNE, scikit-learn or UMAP; they come
when a function first needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.embedding.evolution import Evolution, evolve
from xai.embedding.frames import Frames
from xai.embedding.grouping import clusters
from xai.embedding.methods import METHODS
from xai.embedding.params import LayoutParams, PcaParams, TsneParams, UmapParams
from xai.embedding.placing import Placement, place
from xai.embedding.results import Embedding, Layout, OnStep
from xai.embedding.separation import Separability, separability
from xai.embedding.steadiness import Stability, stability
from xai.embedding.umap import umap_ready, warm_umap
from xai.features.components import FEWEST
from xai.features.neighbourhoods import neighbours
from xai.features.result import Features
from xai.types import Params, Progress, accepted_seed, find, make_params

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel

__all__ = [
    "FEWEST",
    "METHODS",
    "Embedding",
    "Evolution",
    "Features",
    "Frames",
    "LayoutParams",
    "PcaParams",
    "Placement",
    "Separability",
    "Stability",
    "TsneParams",
    "UmapParams",
    "assess",
    "clusters",
    "evolve",
    "features",
    "neighbours",
    "place",
    "run",
    "separability",
    "stability",
    "umap_ready",
    "warm_umap",
]


def features(
    model: LoadedModel,
    images: ImageSet | np.ndarray,
    layer: str | None,
    *,
    reduce: str = "pca90",
    grid: int = 4,
    progress: Progress | None = None,
) -> Features:
    """Describe each image by what a layer answers to it.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    images : ImageSet or ndarray
        Images of any sizes, or prepared ones of shape (N, C, H, W) in [0, 1].
    layer : str or None
        A name of ``model.layers``; None takes the pixels as the model takes them.
    reduce : str
        ``"pca"`` and a whole number from 1 to 99 keeps as many principal components
        as hold more than that share of the variance in per cent; ``"none"`` keeps
        everything.
    grid : int
        Feature maps are averaged to at most ``grid`` by ``grid`` values a channel.
    progress : callable, optional
        ``progress(done, total, message)`` in images; may raise.

    Returns
    -------
    Features

    Raises
    ------
    TypeError
        If ``images`` is neither an image set nor an array.
    ValueError
        If there are fewer than two images, an image or the layer does not fit the
        model, ``reduce`` is unknown, the answers hold NaN or infinity, or all
        images get the same answer.

    Notes
    -----
    Averaging is adaptive: cell i of n covers rows ``floor(i H / n)`` to
    ``ceil((i + 1) H / n)``. Pixels of images larger than 64 are averaged over
    whole squares to at most 64 a side, so that memory stays bounded. Principal
    components are computed in float64, from the covariance or from the Gram
    matrix, whichever is smaller; of each the score of largest magnitude is
    positive.
    """
    from xai.features.description import describe

    return describe(model, images, layer, reduce=reduce, grid=grid, progress=progress)


def run(
    features: Features | np.ndarray,
    method: str,
    *,
    params: Params | Mapping[str, Any] | None = None,
    seed: int = 0,
    on_step: OnStep | None = None,
    progress: Progress | None = None,
) -> Embedding:
    """Lay features out in the plane.

    Parameters
    ----------
    features : Features or ndarray, shape (N, D)
        At least four rows.
    method : str
        A key of :data:`METHODS`.
    params : Params or mapping, optional
        Of the method's own class; None takes the defaults.
    seed : int
        Equal seeds give bit-equal maps.
    on_step : callable, optional
        ``on_step(iteration, total, points)`` with points (N, 2) float32, every ten
        iterations and at the end. If it returns True the work stops and the last
        state is the result; what it raises stops the work and reaches the caller.
    progress : callable, optional
        ``progress(done, total, message)`` before the first step and after the last,
        many times a second; what it raises stops the work and reaches the caller.

    Returns
    -------
    Embedding

    Raises
    ------
    TypeError
        If ``features``, ``params`` or ``seed`` is of the wrong kind.
    ValueError
        If there is no such method or a parameter is out of range, there are fewer
        than four rows, a number is not finite, or all rows are equal.
    """
    row = find(METHODS, method, "method")
    resolved = make_params(row.params, params)
    from xai.embedding.layout import lay_out

    return lay_out(features, method, row.function, resolved, accepted_seed(seed), on_step, progress)


def assess(
    features: Features | np.ndarray,
    points: np.ndarray,
    method: str,
    params: Params | Mapping[str, Any] | None = None,
    seed: int = 0,
    *,
    iterations: int,
    total: int,
    frames: Frames | None = None,
    history: tuple[tuple[int, float], ...] = (),
    progress: Progress | None = None,
) -> Embedding:
    """Measure a state of a map that was stopped on the way.

    Parameters
    ----------
    features : Features or ndarray, shape (N, D)
        Of which the map was made.
    points : ndarray, shape (N, 2)
        The latest that ``on_step`` was given.
    method, params, seed
        As :func:`run` was given them.
    iterations, total : int
        Steps done and steps planned.
    frames : Frames, optional
        How it came about.
    history : tuple of (int, float)
        Iteration and objective, where they are known.
    progress : callable, optional
        ``progress(done, total, message)`` in points; may raise.

    Returns
    -------
    Embedding
        With ``stopped`` True and all figures of quality.

    Raises
    ------
    TypeError
        If ``params`` or ``seed`` is of the wrong kind.
    ValueError
        If the points are not one for each image, or not finite, or the features
        are none that a map can be made of.
    """
    row = find(METHODS, method, "method")
    resolved = make_params(row.params, params)
    from xai.embedding.layout import measured
    from xai.features.components import accepted

    given = accepted(features)
    if not isinstance(points, np.ndarray) or points.shape != (len(given), 2):
        got = getattr(points, "shape", type(points).__name__)
        raise ValueError(f"points: expected shape ({len(given)}, 2), got {got}")
    settled, notes = resolved.within(len(given))
    layout = Layout(
        points=points,
        params=settled,
        iterations=iterations,
        total=total,
        stopped=True,
        history=history,
        quality={"kl": history[-1][1]} if history and history[-1][0] == iterations else {},
        notes=notes,
        frames=frames,
    )
    return measured(given, layout, method, accepted_seed(seed), 0.0, progress)
