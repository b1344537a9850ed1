"""DeconvNet for a class's score: a gradient with another rule at the rectifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from xai.attribution.gradients import rectifiers
from xai.attribution.result import Finding
from xai.models.lending import lent

if TYPE_CHECKING:
    from xai.attribution.aim import Aim
    from xai.attribution.gradients.params import DeconvnetParams
    from xai.attribution.reporting import Reporter
    from xai.models import LoadedModel


def deconvnet(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: DeconvnetParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return the score sent back through rectifiers that forget who was active.

    Notes
    -----
    At each rectifier ``g' = [g > 0] g``, whether or not its input was
    positive; a ReLU6 is treated alike. Convolutions and dense layers send back
    by their transposed weights, maximum pooling to where the maximum was (the
    paper's switches). The image has a say only through those switches: without
    maximum pooling all images give the same map. Deviation: the paper starts
    at a channel of a convolution; this starts with 1 at the class's score. The
    result is signed: the first layer's weights are. With ``times_input`` it is
    multiplied by the image.

    References
    ----------
    M. D. Zeiler, R. Fergus: Visualizing and understanding convolutional
    networks, 2013, arXiv 1311.2901.
    """
    with lent(model, "deconvnet", lambda model: rectifiers.deconvnet(model.private())) as net:
        return rectifiers.slope_through(net, model, x, aim, params.times_input)
