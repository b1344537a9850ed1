"""The strip: one class activation map at every stage of the network.

Importing this module loads no torch; its function does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Methods that a strip can show: those that need one pass and no more.
STRIP_METHODS = ("grad_cam", "grad_cam_pp", "layer_cam", "negative_grad_cam")


@dataclass(frozen=True, eq=False)
class Stage:
    """The map at one layer.

    Attributes
    ----------
    layer : str
        Dotted module path.
    kind : str
        Class of the module.
    shape : tuple of int
        Shape (K, h, w) of the layer's output.
    relevance : ndarray, shape (1, H, W), float32, not negative, read-only
        At the input's size, unscaled: those of two stages differ in unit and size.
    raw_min, raw_max : float
        Of the layer's own coarse map before its ReLU.
    positive_share : float
        Part of that map's cells above zero, in [0, 1]; 0 means an empty map.
    """

    layer: str
    kind: str
    shape: tuple[int, ...]
    relevance: np.ndarray
    raw_min: float
    raw_max: float
    positive_share: float

    def __post_init__(self) -> None:
        self.relevance.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Strip:
    """The maps of one method along the network.

    Attributes
    ----------
    stages : tuple of Stage
        From the image to the scores, or in the order that was asked for.
    method : str
        One of :data:`STRIP_METHODS`.
    target : int
        Index of the explained class.
    logit : float
        The model's score of that class, before the softmax.
    model : str
        Name of the model's spec.
    digest : str
        SHA-256 of the explained image, in hexadecimal.
    contrast : int or None
        Index of the class whose score was taken off; None if it was one class alone.
    contrast_logit : float or None
        The model's score of that class.
    """

    stages: tuple[Stage, ...]
    method: str
    target: int
    logit: float
    model: str
    digest: str
    contrast: int | None = None
    contrast_logit: float | None = None


def strip(
    model: LoadedModel,
    image: np.ndarray,
    *,
    method: str = "grad_cam",
    target: int | None = None,
    contrast: int | None = None,
    layers: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Strip:
    """Return the class activation map at every stage of a network, from a single pass.

    Parameters
    ----------
    model : LoadedModel
        May be in use by other threads; nothing of it changes.
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        As :meth:`LoadedModel.prepare` makes it.
    method : str
        One of :data:`STRIP_METHODS`.
    target : int, optional
        Index of the class; None explains the predicted one.
    contrast : int, optional
        Index of another class, whose score is taken off: what sets the two apart.
    layers : sequence of str, optional
        Dotted module paths; None takes the model's stages.
    progress : callable, optional
        ``progress(done, total, message)``, called before and after the pass and with
        each stage. May raise, which stops the work and leaves the model clean.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If the method, target, image or a layer is not among what is possible, if no layer
        has rows and columns, or if the scores or a map are not finite.

    Notes
    -----
    Each map equals that of :func:`xai.attribution.run` with the same method at this
    layer. The model's stages are chosen among the layers that everything passes through
    on its way to the scores, so that none shows one branch of a block alone: the last
    one of each block, or of each size of map, whichever gives more, but twelve at most.
    Where the layer that the model's maps are usually made at is among them, it stands
    for its block.
    """
    from xai.attribution.cam.stages import strip_of

    return strip_of(
        model,
        image,
        method,
        aim=(target, contrast),
        layers=layers,
        progress=progress,
    )
