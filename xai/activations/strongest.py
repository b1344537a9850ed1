"""The images of a data set that excite each channel of a layer most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xai.models.doors import checked_model
from xai.types import Progress

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel


@dataclass(frozen=True, eq=False)
class Strongest:
    """For each of C channels the k images of the largest maximum, best first.

    Nothing in it can be written to. Where fewer than k images have a finite value in a
    channel, its last places hold -1, and NaN as value.

    Attributes
    ----------
    model, dataset, layer : str
        Names; the second is empty for images that came as an array.
    images : int
        How many were looked at.
    index : ndarray, shape (C, k), int64
        Positions among the images.
    value : ndarray, shape (C, k), float32
        The maximum over the positions of the map.
    row, column : ndarray, shape (C, k), int64
        Where in the map it is: the first position, row by row. 0 in layers without rows
        and columns.
    """

    model: str
    dataset: str
    layer: str
    images: int
    index: np.ndarray
    value: np.ndarray
    row: np.ndarray
    column: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.index, self.value, self.row, self.column):
            array.setflags(write=False)


def strongest(
    model: LoadedModel,
    images: ImageSet | np.ndarray,
    layer: str,
    *,
    k: int = 10,
    progress: Progress | None = None,
) -> Strongest:
    """Find the images that excite each channel of a layer most, in one pass.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    images : ImageSet or ndarray, shape (N, C, H, W), in [0, 1]
    layer : str
        Dotted module path.
    k : int
        At least 1; of fewer images all are given.
    progress : callable, optional
        ``progress(done, total, message)`` in images; may raise.

    Raises
    ------
    TypeError
        If ``model`` or ``images`` is of another kind.
    ValueError
        If there is no image, one does not fit the model, ``k`` is below 1, or the model
        has no such layer or it does not give one array an image.

    Notes
    -----
    Of equal maxima the earlier image comes first. NaN and infinity do not count.
    The network runs no further than the layer.
    """
    from xai.activations.peaks import find_peaks

    return find_peaks(checked_model(model), images, layer, k, progress)
