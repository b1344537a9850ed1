"""Maps of images: what a method gives, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xai.embedding.frames import Frames
from xai.types import Params

#: ``on_step(iteration, total, points)``; returning True stops, and so does raising.
OnStep = Callable[[int, int, np.ndarray], bool | None]


@dataclass(frozen=True, eq=False)
class Layout:
    """What a method gives: points and how they came about.

    Attributes
    ----------
    points : ndarray, shape (N, 2), float64
    params : Params
        With what the data forced.
    iterations, total : int
        Steps done and steps planned.
    stopped : bool
        Whether ``on_step`` ended it early.
    history : tuple of (int, float)
        Iteration and objective.
    quality : dict of str to float
        What the method itself knows of its quality.
    notes : tuple of str
    frames : Frames or None
    near : ndarray, shape (N, k), int32, or None
        The nearest other rows in the features, nearest first, if it searched them.
    """

    points: np.ndarray
    params: Params
    iterations: int = 1
    total: int = 1
    stopped: bool = False
    history: tuple[tuple[int, float], ...] = ()
    quality: dict[str, float] | None = None
    notes: tuple[str, ...] = ()
    frames: Frames | None = None
    near: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Embedding:
    """A map: one point in the plane for each image, and how far to trust it.

    Attributes
    ----------
    points : ndarray, shape (N, 2), float32
        Finite; cannot be written to. The unit means something for PCA alone,
        where it is that of the features.
    method : str
        A key of ``METHODS``.
    params : Params
        As used, after what the number of images forced; see ``notes``.
    seed : int
    quality : dict of str to float
        ``trustworthiness`` and ``neighbourhood_preservation`` of ten neighbours,
        in [0, 1]; with labels ``knn_accuracy`` of the map and
        ``knn_accuracy_features`` of the features, in [0, 1]; ``kl`` of t-SNE;
        ``explained_variance`` of PCA.
    history : tuple of (int, float)
        Iteration and Kullback-Leibler divergence of t-SNE; else empty.
    iterations, total : int
        Steps done and steps planned.
    stopped : bool
        Whether ``on_step`` ended it early.
    seconds : float
        Duration of the layout, without the quality.
    model, layer, reduce, dataset, ids, labels, classes
        As of the features.
    notes : tuple of str
        What the reader should be told, one sentence each.
    trust : ndarray, shape (N,), float32
        Trustworthiness of each point's neighbourhood, in [0, 1]; their mean is the map's.
    preserved : ndarray, shape (N,), float32
        Share of each point's ten neighbours in the map that are so in the features,
        in [0, 1]; their mean is the map's neighbourhood preservation.
    frames : Frames or None
        How the map came about, for t-SNE and UMAP.
    """

    points: np.ndarray
    method: str
    params: Params
    seed: int
    quality: dict[str, float]
    history: tuple[tuple[int, float], ...]
    iterations: int
    total: int
    stopped: bool
    seconds: float
    model: str
    layer: str | None
    reduce: str
    dataset: str
    ids: tuple[str, ...]
    labels: np.ndarray | None
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    trust: np.ndarray
    preserved: np.ndarray
    frames: Frames | None = None

    def __post_init__(self) -> None:
        for array in (self.points, self.trust, self.preserved):
            array.setflags(write=False)
