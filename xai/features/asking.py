"""What layers answer to further images, averaged as the features that are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from xai.features.result import Features
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel


def answers(
    model: LoadedModel,
    known: Sequence[Features],
    images: np.ndarray,
    *,
    progress: Progress | None = None,
) -> list[np.ndarray]:
    """Ask each features' layer about images that are none of theirs.

    Parameters
    ----------
    model : LoadedModel
        The one that the features come from; its shared network is not touched.
    known : sequence of Features
    images : ndarray, shape (M, C, H, W), float32 in [0, 1]
    progress : callable, optional
        In images; may raise.

    Returns
    -------
    list of ndarray, each of shape (M, raw_dim), float32
        One for each of the features, as :meth:`Features.project` takes it.

    Raises
    ------
    ValueError
        If an image does not fit the model.

    Notes
    -----
    One pass of the network, unless memory has forced another grid on some layers.
    """
    from xai.features.extraction import extract

    layers: dict[int, list[str | None]] = {}
    for features in known:
        layers.setdefault(features.grid, []).append(features.layer)
    found = {
        grid: extract(model, images, names, grid=grid, progress=progress).values
        for grid, names in layers.items()
    }
    return [found[features.grid][features.layer] for features in known]
