"""One unit of a layer seen in the pixels.

Importing this module loads no torch; its functions do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xai.attribution import papers
from xai.types import Method, Params, find, lazy

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Ways back from a unit to the pixels. ``function(net)`` puts the rule into an alias.
BACKPROJECTIONS: dict[str, Method] = {
    "deconvnet": Method(
        label="DeconvNet",
        function=lazy("xai.attribution.gradients.rectifiers:deconvnet"),
        params=Params,
        paper=papers.DECONVNET,
        summary="The unit run backwards through the network: what in the image it answers to. "
        "Only the maximum pooling remembers this image, so a silent unit has a picture too.",
        formula=r"g^{l} = \mathbf{1}[g^{l+1} > 0] \; g^{l+1}",
        needs=("relu",),
    ),
    "guided": Method(
        label="Guided backpropagation",
        function=lazy("xai.attribution.gradients.rectifiers:guided"),
        params=Params,
        paper=papers.GUIDED_BACKPROP,
        summary="As DeconvNet, but only through units that were active for this image: sharper, "
        "and empty for a unit that was silent.",
        formula=r"g^{l} = \mathbf{1}[a^{l} > 0] \; \mathbf{1}[g^{l+1} > 0] \; g^{l+1}",
        needs=("relu",),
    ),
    "gradient": Method(
        label="Gradient",
        function=lazy("xai.attribution.gradients.rectifiers:unchanged"),
        params=Params,
        paper=papers.SALIENCY,
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
