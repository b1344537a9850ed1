"""The channels of a layer that carry a decision.

Importing this module loads no torch; its function does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from xai.attribution.lrp.params import LrpParams
    from xai.models import LoadedModel


@dataclass(frozen=True, eq=False)
class ChannelRelevance:
    """How much of a class's score each channel of a layer carries.

    Attributes
    ----------
    layer : str
        Dotted module path.
    target : int
        Index of the class.
    logit : float
        The model's score of that class, before the softmax.
    maps : ndarray, shape (C, H, W) or (D,), float32, read-only
        Relevance at the output of the layer, signed, in units of the logit.
    sums : ndarray, shape (C,), float32, read-only
        Sum of each channel over its positions; for neurons the same as ``maps``.
    conserved : float or None
        Sum of all relevance divided by the score: what of it has arrived at the layer.
        None if the score is 0.
    params : LrpParams
        Composite and its numbers, defaults included.
    model : str
        Name of the model's spec.
    digest : str
        SHA-256 of the image, in hexadecimal.
    contrast : int or None
        Index of the class whose score was taken off; None if it was one class alone.
    contrast_logit : float or None
        The model's score of that class.
    """

    layer: str
    target: int
    logit: float
    maps: np.ndarray
    sums: np.ndarray
    conserved: float | None
    params: LrpParams
    model: str
    digest: str
    contrast: int | None = None
    contrast_logit: float | None = None

    @property
    def score(self) -> float:
        """The explained number: the logit, or the difference of the two."""
        return self.logit - (self.contrast_logit or 0.0)

    def __post_init__(self) -> None:
        self.maps.setflags(write=False)
        self.sums.setflags(write=False)


def channel_relevance(
    model: LoadedModel,
    image: np.ndarray,
    layer: str,
    *,
    target: int | None = None,
    contrast: int | None = None,
    params: LrpParams | Mapping[str, Any] | None = None,
) -> ChannelRelevance:
    """Return the relevance of each channel of a layer for the score of a class.

    Parameters
    ----------
    model : LoadedModel
        May be in use by other threads; nothing of it changes. Must have a rule
        for every module: ``blocked(model, "lrp")`` says.
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        As :meth:`LoadedModel.prepare` makes it.
    layer : str
        Name of one of ``model.layers``.
    target : int, optional
        Index of the class; None is the predicted one.
    contrast : int, optional
        Index of another class, whose score is taken off: what sets the two apart.
    params : LrpParams or mapping, optional
        As for the method ``"lrp"`` of :func:`xai.attribution.run`.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If there is no such layer, class or parameter, if a module has no rule,
        if the score does not depend on the layer, or if scores or relevance are
        not finite.

    Notes
    -----
    Layer-wise relevance propagation, stopped at the output of the layer: the
    relevance there is the sum of what all layers that take this output hand
    back to it. At the last layer it is the score itself.

    The rules work on the network in canonical form, where a batch norm is one
    with the convolution before it. Between the two there is no rule and nothing
    to share, since a channel's scale and shift concern that channel at that
    place alone: a convolution, the batch norm behind it and, because an
    activation passes relevance on unchanged, the activation behind that have
    the same relevance, unless another layer takes an output in between. What
    the batch norm's shift absorbs, it absorbs with the convolution's bias,
    below this layer. A batch norm that follows no convolution has the epsilon
    rule and a relevance of its own.

    Without biases the sums add up to the logit at every layer of a chain (with
    branches: over the branches together). With biases, ``conserved`` says
    what has arrived.

    References
    ----------
    S. Bach, A. Binder, G. Montavon, F. Klauschen, K.-R. Müller, W. Samek: On
    pixel-wise explanations for non-linear classifier decisions by layer-wise
    relevance propagation, PLOS ONE 10 (7), 2015.

    R. Achtibat, M. Dreyer, I. Eisenbraun, S. Bosse, T. Wiegand, W. Samek,
    S. Lapuschkin: From attribution maps to human-understandable explanations
    through concept relevance propagation, 2022, arXiv 2206.03208.
    """
    from xai.attribution.lrp.layer_relevance import relevance_at

    return relevance_at(model, image, layer, (target, contrast), params)
