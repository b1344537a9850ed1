"""What the layers of a network answer to images.

Importing this package loads no torch; the first pass does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from xai.activations.divergence import Divergence, divergence
from xai.activations.kinship import Kinship, kinship
from xai.activations.occupancy import DEFINITIONS, Occupancy, occupancy
from xai.activations.scores import BINS, channel_scores
from xai.activations.statistics import ChannelStatistics, statistics
from xai.activations.strongest import Strongest, strongest
from xai.activations.survey import Survey, SurveyKey, survey, survey_of
from xai.models.doors import checked_model
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel

__all__ = [
    "BINS",
    "DEFINITIONS",
    "ChannelStatistics",
    "Divergence",
    "Kinship",
    "Occupancy",
    "Strongest",
    "Survey",
    "SurveyKey",
    "capture",
    "channel_scores",
    "divergence",
    "extent",
    "kinship",
    "occupancy",
    "overview",
    "statistics",
    "strongest",
    "survey",
    "survey_of",
]


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
        If ``model`` is not a loaded model, ``images`` no array, or ``layers`` no sequence of names.
    ValueError
        If an image does not fit the model, ``layers`` is empty or names a layer
        that the model does not have, or a layer does not give one array an image.

    Notes
    -----
    A module that is called twice is recorded at its last call, and of several
    outputs the first tensor. Values are those of the layer itself: what works in
    place behind it does not show. NaN and infinity are returned as they are.
    """
    from xai.activations.recording import record

    return record(checked_model(model), images, layers, progress=progress)


def overview(
    model: LoadedModel, image: np.ndarray, layers: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """Return the mean activation of every unit for one image, in one pass.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    image : ndarray, shape (C, H, W), in [0, 1]
        Prepared; see ``model.prepare``.
    layers : sequence of str, optional
        Dotted module paths; None is every layer of ``model.layers`` that gives one
        array an image.

    Returns
    -------
    dict of str to ndarray
        (C,) float32 for maps, the mean over their positions; (D,) for layers without rows
        and columns. NaN or infinite where a value is. The maps are not kept.

    Raises
    ------
    TypeError
        If ``model`` is not a loaded model, or ``layers`` no sequence of names.
    ValueError
        If the image does not fit the model, or a layer that was asked for is not there
        or does not give one array an image.
    """
    from xai.activations.glimpse import means

    return means(checked_model(model), image, layers)


def extent(
    model: LoadedModel, image: np.ndarray, layers: Sequence[str] | None = None
) -> tuple[float, float]:
    """Return the least and the greatest activation of all layers for one image.

    Parameters
    ----------
    model, image, layers
        As for :func:`overview`.

    Returns
    -------
    tuple of float
        Of the finite values; zeros if there is none. The maps are not kept.

    Raises
    ------
    TypeError, ValueError
        As :func:`overview`.
    """
    from xai.activations.glimpse import ends

    return ends(checked_model(model), image, layers)
