"""One unit of a layer seen in the pixels, and the channels that carry a decision.

Importing this module loads no torch; its functions do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.types import Method, Paper, Params, find, lazy

if TYPE_CHECKING:
    from xai.attribution.params import LrpParams
    from xai.models import LoadedModel

#: Ways back from a unit to the pixels. ``function(net)`` puts the rule into an alias.
BACKPROJECTIONS: dict[str, Method] = {
    "deconvnet": Method(
        label="DeconvNet",
        function=lazy("xai.attribution.rectifiers:deconvnet"),
        params=Params,
        paper=Paper(
            "M. D. Zeiler, R. Fergus",
            "Visualizing and understanding convolutional networks",
            2013,
            "1311.2901",
        ),
        summary="The unit run backwards through the network: what in the image it answers to. "
        "Only the maximum pooling remembers this image, so a silent unit has a picture too.",
        formula=r"g^{l} = \mathbf{1}[g^{l+1} > 0] \; g^{l+1}",
        needs=("relu",),
    ),
    "guided": Method(
        label="Guided backpropagation",
        function=lazy("xai.attribution.rectifiers:guided"),
        params=Params,
        paper=Paper(
            "J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller",
            "Striving for simplicity: the all convolutional net",
            2014,
            "1412.6806",
        ),
        summary="As DeconvNet, but only through units that were active for this image: sharper, "
        "and empty for a unit that was silent.",
        formula=r"g^{l} = \mathbf{1}[a^{l} > 0] \; \mathbf{1}[g^{l+1} > 0] \; g^{l+1}",
        needs=("relu",),
    ),
    "gradient": Method(
        label="Gradient",
        function=lazy("xai.attribution.rectifiers:unchanged"),
        params=Params,
        paper=Paper(
            "K. Simonyan, A. Vedaldi, A. Zisserman",
            "Deep inside convolutional networks: visualising image classification models and "
            "saliency maps",
            2013,
            "1312.6034",
        ),
        summary="Where a small change of the pixel would move the unit most, up or down.",
        formula=r"R_i = \frac{\partial a}{\partial x_i}",
    ),
}


@dataclass(frozen=True, eq=False)
class Backprojection:
    """One unit of a layer, brought back to the pixels.

    Attributes
    ----------
    relevance : ndarray, shape (C, H, W), float32, read-only
        At the input's size, signed and unscaled: what one unit of activation
        brings, with respect to the image in [0, 1].
    layer : str
        Dotted module path.
    channel : int
        Index of the channel, or of the neuron.
    row, column : int or None
        Place of the unit in its map; None for a neuron.
    value : float
        What the unit answers to the image.
    rule : str
        Key of :data:`BACKPROJECTIONS`.
    box : tuple of int, or None
        Top, left, bottom and right of the pixels that are not zero in some
        colour, in input pixels, bottom and right exclusive; None if all are zero.
    model : str
        Name of the model's spec.
    digest : str
        SHA-256 of the image, in hexadecimal.
    """

    relevance: np.ndarray
    layer: str
    channel: int
    row: int | None
    column: int | None
    value: float
    rule: str
    box: tuple[int, int, int, int] | None
    model: str
    digest: str

    def __post_init__(self) -> None:
        self.relevance.setflags(write=False)


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
        Sum of all relevance divided by the logit: what of the score has arrived
        at the layer. None if the logit is 0.
    params : LrpParams
        Composite and its numbers, defaults included.
    model : str
        Name of the model's spec.
    digest : str
        SHA-256 of the image, in hexadecimal.
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

    def __post_init__(self) -> None:
        self.maps.setflags(write=False)
        self.sums.setflags(write=False)


def backproject(
    model: LoadedModel,
    image: np.ndarray,
    layer: str,
    channel: int,
    *,
    row: int | None = None,
    column: int | None = None,
    rule: str = "deconvnet",
) -> Backprojection:
    """Bring one unit of a layer back to the pixels.

    Parameters
    ----------
    model : LoadedModel
        May be in use by other threads; nothing of it changes.
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        As :meth:`LoadedModel.prepare` makes it.
    layer : str
        Dotted path of a module with maps or neurons.
    channel : int
        Index of the channel, or of the neuron.
    row, column : int, optional
        Place of the unit in its map; both or neither. Neither takes the largest
        value of the channel (the first one, if there are several), and is what
        a neuron has.
    rule : str
        A key of :data:`BACKPROJECTIONS`.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If there is no such layer, channel, place or rule, if the network has
        what the rule does not know (see :func:`backprojection_blocked`), or if
        the unit or its picture is not finite.

    Notes
    -----
    All rules are the gradient of the unit with respect to the image in [0, 1]
    and differ in what a rectifier hands back: the gradient where it was active;
    DeconvNet the positive part of what arrives, active or not; guided
    backpropagation the positive part where it was active. Maximum pooling hands
    back to the place that won (DeconvNet's switches), convolutions by their
    transpose, batch norms by their scale. A ReLU6 counts as inactive above 6,
    which DeconvNet ignores as it ignores the rest of the forward pass.

    Deviations from DeconvNet's paper: the way back starts with 1 and not with
    the unit's value, so maps differ from the paper's by that factor; there is
    no contrast normalization to undo; the normalization of the image belongs
    to the model, so its slope is part of the map.

    A module that is called more than once counts at its last call, and its
    outputs of earlier calls are on the way of it.

    References
    ----------
    M. D. Zeiler, R. Fergus: Visualizing and understanding convolutional
    networks, ECCV 2014, arXiv 1311.2901.

    J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller: Striving for
    simplicity: the all convolutional net, 2014, arXiv 1412.6806.
    """
    from xai.attribution.backprojection import project

    return project(model, image, layer, channel, (row, column), rule)


def backprojection_blocked(model: LoadedModel, rule: str) -> str:
    """Say why no unit of a model can be brought back by a rule, before it is offered.

    Parameters
    ----------
    model : LoadedModel
    rule : str
        A key of :data:`BACKPROJECTIONS`.

    Returns
    -------
    str
        ``""`` if all is fine, else a sentence that names the module in the way.

    Raises
    ------
    TypeError, ValueError
        If there is no such rule.
    """
    method = find(BACKPROJECTIONS, rule, "rule")
    from xai.attribution.requirements import first_missing

    return first_missing(model, method)


def channel_relevance(
    model: LoadedModel,
    image: np.ndarray,
    layer: str,
    *,
    target: int | None = None,
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
    from xai.attribution.channels import relevance_at

    return relevance_at(model, image, layer, target, params)
