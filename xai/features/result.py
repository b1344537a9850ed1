"""Features: one row of numbers an image, as a layer answers it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
            ``xai.features.extraction.extract`` gives them.

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
