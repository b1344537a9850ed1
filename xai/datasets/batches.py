"""Images as a network takes them, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.datasets.spec import ImageSet

if TYPE_CHECKING:
    from torch import Tensor

    from xai.models import LoadedModel


def count(images: Any) -> int:
    """Return how many images there are.

    Raises
    ------
    TypeError
        If it is neither an image set nor an array.
    ValueError
        If the array has another number of axes, or there is no image.
    """
    if not isinstance(images, ImageSet | np.ndarray):
        got = type(images).__name__
        raise TypeError(f"images: expected an image set or an array (N, C, H, W), got {got}")
    if isinstance(images, np.ndarray) and images.ndim != 4:
        raise ValueError(f"images: expected shape (N, C, H, W), got {images.shape}")
    if not len(images):
        raise ValueError("images: expected at least one, got none")
    return len(images)


def batches(model: LoadedModel, images: ImageSet | np.ndarray, size: int) -> Iterator[Tensor]:
    """Yield prepared images, ``size`` at a time: float32 (N, C, H, W) in [0, 1]."""
    for start in range(0, len(images), size):
        if isinstance(images, ImageSet):
            chosen = images.images[start : start + size]
            yield model.tensor(np.stack([model.prepare(image) for image in chosen]))
        else:
            yield model.tensor(images[start : start + size])
