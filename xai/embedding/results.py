"""Features of images, and maps of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xai.types import Params

#: ``on_step(iteration, total, points)``; returning True stops, and so does raising.
OnStep = Callable[[int, int, np.ndarray], bool | None]


@dataclass(frozen=True, eq=False)
class Features:
    """One row of numbers an image; nothing in it can be written to.

    Attributes
    ----------
    values : ndarray, shape (N, D), float32
        Principal components in the layer's own unit, or its values themselves.
    model : str
        Name of the model; empty for rows that come from elsewhere.
    layer : str or None
        The layer; None for pixels.
    reduce : str
        ``"pca90"`` and the like, or ``"none"``.
    components : int
        D: how many numbers an image were kept.
    explained_variance : float
        Share of the variance that they hold, in [0, 1].
    raw_dim : int
        Numbers an image before the reduction, after averaging.
    ids : tuple of str
        Names of the images; empty if they have none.
    labels : ndarray, shape (N,), int64, or None
        True classes, where they are known.
    classes : tuple of str
        Class names in order of label.
    dataset : str
        Such as ``"mnist/test"``; empty if unknown.
    notes : tuple of str
        What the reader should be told, one sentence each.
    """

    values: np.ndarray
    model: str = ""
    layer: str | None = None
    reduce: str = "none"
    components: int = 0
    explained_variance: float = 1.0
    raw_dim: int = 0
    ids: tuple[str, ...] = ()
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    dataset: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.values.setflags(write=False)

    def __len__(self) -> int:
        return len(self.values)


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
    """

    points: np.ndarray
    params: Params
    iterations: int = 1
    total: int = 1
    stopped: bool = False
    history: tuple[tuple[int, float], ...] = ()
    quality: dict[str, float] | None = None
    notes: tuple[str, ...] = ()


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

    def __post_init__(self) -> None:
        self.points.setflags(write=False)
