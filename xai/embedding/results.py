"""Features of images, and maps of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xai.embedding.frames import Frames
from xai.types import Params

#: ``on_step(iteration, total, points)``; returning True stops, and so does raising.
OnStep = Callable[[int, int, np.ndarray], bool | None]
#: Rows that are projected at a time.
_BLOCK = 1024


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
    predicted : ndarray, shape (N,), int64, or None
        The model's most probable class of each image, an index in
        ``model_classes``; None for rows that come from elsewhere.
    confidence : ndarray, shape (N,), float32, or None
        Its probability, in [0, 1].
    model_classes : tuple of str
        What the model can answer, which need not be the data set's ``classes``.
    mean : ndarray, shape (raw_dim,), float32, or None
        What is subtracted before the projection; None without a reduction.
    basis : ndarray, shape (raw_dim, components), float32, or None
        The principal directions, orthonormal; None without a reduction.
    grid : int
        Feature maps were averaged to at most this many values a side; 0 for rows
        that come from elsewhere.
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
    predicted: np.ndarray | None = None
    confidence: np.ndarray | None = None
    model_classes: tuple[str, ...] = ()
    mean: np.ndarray | None = None
    basis: np.ndarray | None = None
    grid: int = 0

    def __post_init__(self) -> None:
        arrays = (self.values, self.labels, self.predicted, self.confidence, self.mean, self.basis)
        for array in arrays:
            if array is not None:
                array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def right(self) -> np.ndarray | None:
        """Whether each prediction names the true class, (N,) bool; None if nobody can tell.

        Names are compared, since a model may number the classes differently. Nobody
        can tell where the model has none of the data set's classes.
        """
        if self.labels is None or self.predicted is None:
            return None
        if not set(self.classes) & set(self.model_classes):
            return None
        true, said = np.array(self.classes), np.array(self.model_classes)
        found: np.ndarray = true[self.labels] == said[self.predicted]
        return found

    def project(self, raw: np.ndarray) -> np.ndarray:
        """Put other images into the space of these features.

        Parameters
        ----------
        raw : ndarray, shape (M, raw_dim)
            Answers of the same layer, averaged to the same grid, as
            ``xai.embedding.extraction.extract`` gives them.

        Returns
        -------
        ndarray, shape (M, components), float32
            For the images of these features it is ``values``, up to rounding.

        Raises
        ------
        ValueError
            If the rows are of another width.
        """
        width = self.raw_dim or self.values.shape[1]
        if raw.ndim != 2 or raw.shape[1] != width:
            raise ValueError(f"features: expected shape (M, {width}), got {raw.shape}")
        if self.basis is None:
            return raw.astype(np.float32)
        return projected(raw, self.mean, self.basis)


def projected(raw: np.ndarray, mean: np.ndarray | None, basis: np.ndarray) -> np.ndarray:
    """Return ``(raw - mean) @ basis`` as float32, a block of rows at a time."""
    found = np.empty((len(raw), basis.shape[1]), np.float32)
    for start in range(0, len(raw), _BLOCK):
        block = raw[start : start + _BLOCK]
        found[start : start + _BLOCK] = (block if mean is None else block - mean) @ basis
    return found


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
