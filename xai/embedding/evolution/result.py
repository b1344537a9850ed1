"""What a film of maps is: a map of the same images for each epoch, laid over each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai.embedding.frames import Fit, fit
from xai.types import Params


@dataclass(frozen=True, eq=False)
class Evolution:
    """A map of the same images for each epoch, laid over each other.

    Attributes
    ----------
    points : ndarray, shape (E, N, 2), float32
        One unit and one origin for all epochs; the mean of each map is 0.
    still : ndarray, shape (E,), bool
        Epochs whose features no map can be made of: the points stay where they were.
    steps : ndarray, shape (E,), int32
        Steps that each map took from the one before; 0 for PCA.
    turnover : ndarray, shape (E,), float32
        Share of an image's ten nearest others in the layer (fewer among fewer than 21 images)
        that were not so at the epoch before, on average, in [0, 1]; NaN for the first, for
        what is still, and for the one after it.
    moved : ndarray, shape (E,), float32
        Mean way of a point since the epoch before, as a share of the side of all maps; NaN
        for the first.
    quality : dict of str to ndarray, shape (E,), float32
        As :class:`~xai.embedding.results.Embedding` has them, by epoch; NaN where there is none.
    method : str
    params : Params
    seed : int
    ids : tuple of str
    labels : ndarray, shape (N,), int64, or None
    classes : tuple of str
    notes : tuple of str
        What the reader should be told, one sentence each.
    """

    points: np.ndarray
    still: np.ndarray
    steps: np.ndarray
    turnover: np.ndarray
    moved: np.ndarray
    quality: dict[str, np.ndarray]
    method: str
    params: Params
    seed: int
    ids: tuple[str, ...]
    labels: np.ndarray | None
    classes: tuple[str, ...]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        arrays = (self.points, self.still, self.steps, self.turnover, self.moved)
        for array in (*arrays, *self.quality.values()):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.points)

    @property
    def axes(self) -> Fit:
        """How all maps together are fitted into the unit square: the same for each of them."""
        return fit(self.points.reshape(-1, 2))

    def frames(self) -> np.ndarray:
        """Return all maps on fixed axes as whole numbers: (E, N, 2) uint16; see :class:`Fit`."""
        count = self.points.shape[1]
        return self.axes.quantise(self.points.reshape(-1, 2)).reshape(len(self), count, 2)
