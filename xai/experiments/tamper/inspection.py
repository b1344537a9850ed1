"""What a detective may look at: mean images, mean activations, neurons at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from xai import activations
from xai.experiments.tamper.answer import SIDES
from xai.experiments.tamper.case import Case

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel

#: The first layer that can be off, behind the first convolution.
FIRST = "relu1"
#: Images that are sent through a network at once: all maps of a layer of them are held.
_AT_ONCE = 1000


def image_means(case: Case) -> np.ndarray:
    """Return the mean image of each class of each data set.

    Returns
    -------
    ndarray, shape (2, K, H, W), float64, in [0, 1]
        Of the training images.
    """
    sets = []
    for data in case.train:
        values = data.images[..., 0]
        labels = range(len(data.classes))
        sets.append([values[data.labels == label].mean(axis=0) / 255 for label in labels])
    return np.array(sets)


def class_means(case: Case, reader: int, layer: str = FIRST) -> np.ndarray:
    """Return what a layer gives on average for each class of each data set.

    Parameters
    ----------
    case : Case
    reader : int
        Which of the two networks looks at all the images: only then can they be compared.
    layer : str
        One of its layers.

    Returns
    -------
    ndarray, shape (2, K, C, H, W) or (2, K, D), float32
        Of the held-out images.
    """
    sets = []
    for data in case.held:
        maps = given(case.models[reader], data, layer)
        labels = range(len(data.classes))
        sets.append([maps[data.labels == label].mean(axis=0) for label in labels])
    return np.array(sets)


def share_at_work(case: Case, layers: Sequence[str]) -> dict[str, np.ndarray]:
    """Return how many neurons of each layer are above zero, on average over a class.

    Parameters
    ----------
    case : Case
        Each network looks at the images of its own data set.
    layers : sequence of str
        Layers behind an activation.

    Returns
    -------
    dict of str to ndarray (2, K), float64, in [0, 1]
        Of the held-out images. A channel counts once for each of its positions.
    """
    found = {}
    for layer in layers:
        shares = np.empty((len(SIDES), len(case.classes)))
        for side, (model, data) in enumerate(zip(case.models, case.held, strict=True)):
            maps = given(model, data, layer).reshape(len(data), -1)
            active = (maps > 0).mean(axis=1)
            for label in range(len(data.classes)):
                shares[side, label] = active[data.labels == label].mean()
        found[layer] = shares
    return found


def given(model: LoadedModel, data: ImageSet, layer: str) -> np.ndarray:
    """Return what a layer gives for each image: (N, C, H, W) or (N, D), float32."""
    parts = []
    for start in range(0, len(data), _AT_ONCE):
        chunk = data.images[start : start + _AT_ONCE]
        prepared = np.stack([model.prepare(image) for image in chunk])
        parts.append(activations.capture(model, prepared, [layer])[layer])
    return np.concatenate(parts)
