"""Other networks that can be asked about a network's images, and the images as they take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xai import images
from xai.models.registry import MODELS
from xai.models.spec import ModelSpec

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel


def partners(spec: ModelSpec, data: str) -> tuple[ModelSpec, ...]:
    """Return the models of the registry that can be asked about a model's images.

    Parameters
    ----------
    spec : ModelSpec
        The model that the images were made for.
    data : str
        Key of the data set that they come from.

    Returns
    -------
    tuple of ModelSpec
        Those with the same classes that fit the data set; never the model itself.
        Their weights may still have to be fetched.
    """
    return tuple(
        other
        for other in MODELS.values()
        if other.name != spec.name and data in other.fits and other.classes == spec.classes
    )


def resized(model: LoadedModel, batch: np.ndarray) -> bool:
    """Say whether a network takes another size or other colours than images (N, C, H, W) have."""
    return tuple(batch.shape[1:]) != model.input_shape


def fitted(model: LoadedModel, batch: np.ndarray) -> np.ndarray:
    """Return images as another network takes them.

    Parameters
    ----------
    model : LoadedModel
        The network that is asked.
    batch : ndarray, shape (N, C, H, W), float32, in [0, 1]
        As the network takes them that they were made for.

    Returns
    -------
    ndarray, shape (N, C', H', W'), float32, in [0, 1]

    Notes
    -----
    A network of the same input gets the very numbers. For another one the images are
    rounded to 8 bit and opened as a file is: :meth:`LoadedModel.prepare`.
    """
    if not resized(model, batch):
        return batch
    return np.stack([model.prepare(images.to_uint8(image)) for image in batch])
