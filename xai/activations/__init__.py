"""What the layers of a network answer to images.

Importing this package loads no torch; the first capture does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from xai.activations.scores import BINS, channel_scores
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel

__all__ = ["BINS", "capture", "channel_scores"]


def capture(
    model: LoadedModel,
    images: np.ndarray,
    layers: Sequence[str],
    *,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """Record what layers give for images.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched: the hooks sit on an alias.
    images : ndarray, shape (C, H, W) or (N, C, H, W), in [0, 1]
        Prepared images; see ``model.prepare``.
    layers : sequence of str
        Dotted module paths, such as the names of ``model.layers``.
    progress : callable, optional
        ``progress(done, total, message)`` in images; may raise.

    Returns
    -------
    dict of str to ndarray
        In the order of ``layers``: float32, (N, C, H, W), or (N, D) for layers
        without rows and columns. The arrays are the caller's own.

    Raises
    ------
    TypeError
        If ``images`` is no array, or ``layers`` no sequence of names.
    ValueError
        If an image does not fit the model, ``layers`` is empty or names a layer
        that the model does not have, or a layer does not give one array an image.

    Notes
    -----
    A module that is called twice is recorded at its last call. Values are those
    of the layer itself: a layer behind that works in place does not show. NaN
    and infinity are returned as they are.
    """
    from xai.activations.recording import record

    return record(model, images, layers, progress=progress)
