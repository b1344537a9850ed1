"""Attribution: which parts of the image the decision for a class rests on.

Importing this package loads no torch; :func:`run` does. A new method is a module
with one function, a row here and a class in :mod:`xai.attribution.params`::

    function(model, x, target, params, seed, progress) -> Finding

``x`` is (1, C, H, W) in [0, 1]; ``target`` may be None, which
:func:`xai.attribution.target.pick` settles once the scores are known, so that
no method needs a second forward pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xai.attribution.channels import ChannelRelevance, channel_relevance
from xai.attribution.params import (
    GradCamParams,
    GradientParams,
    GuidedBackpropParams,
    IntegratedGradientsParams,
    LrpParams,
    SmoothGradParams,
)
from xai.attribution.result import Attribution
from xai.attribution.units import (
    BACKPROJECTIONS,
    Backprojection,
    backproject,
    backprojection_blocked,
)
from xai.types import Method, Paper, Params, Progress, find, lazy

if TYPE_CHECKING:
    import numpy as np

    from xai.models import LoadedModel

__all__ = [
    "BACKPROJECTIONS",
    "METHODS",
    "Attribution",
    "Backprojection",
    "ChannelRelevance",
    "backproject",
    "backprojection_blocked",
    "blocked",
    "channel_relevance",
    "run",
]

METHODS: dict[str, Method] = {
    "gradient": Method(
        label="Gradient",
        function=lazy("xai.attribution.gradients:gradient"),
        params=GradientParams,
        paper=Paper(
            "K. Simonyan, A. Vedaldi, A. Zisserman",
            "Deep inside convolutional networks: visualising image classification models and "
            "saliency maps",
            2013,
            "1312.6034",
        ),
        summary="Where a small change of the pixel would move the score most: sensitivity, not "
        "contribution.",
        formula=r"R_i = \frac{\partial f_c(x)}{\partial x_i}",
    ),
    "input_x_gradient": Method(
        label="Input × gradient",
        function=lazy("xai.attribution.gradients:input_x_gradient"),
        params=GradientParams,
        paper=Paper(
            "A. Shrikumar, P. Greenside, A. Shcherbina, A. Kundaje",
            "Not just a black box: learning important features through propagating activation "
            "differences",
            2016,
            "1605.01713",
        ),
        summary="What each pixel adds to the score if the network were linear around this image; "
        "black pixels get nothing.",
        formula=r"R_i = x_i \frac{\partial f_c(x)}{\partial x_i}",
    ),
    "integrated_gradients": Method(
        label="Integrated gradients",
        function=lazy("xai.attribution.integrated:integrated_gradients"),
        params=IntegratedGradientsParams,
        paper=Paper(
            "M. Sundararajan, A. Taly, Q. Yan",
            "Axiomatic attribution for deep networks",
            2017,
            "1703.01365",
        ),
        summary="The gradient collected on the way from a black image to this one: the values add "
        "up to what the score gained on that way.",
        formula=r"R_i = (x_i - x'_i) \int_0^1 "
        r"\frac{\partial f_c(x' + \alpha (x - x'))}{\partial x_i} \, d\alpha",
    ),
    "smoothgrad": Method(
        label="SmoothGrad",
        function=lazy("xai.attribution.smooth:smoothgrad"),
        params=SmoothGradParams,
        paper=Paper(
            "D. Smilkov, N. Thorat, B. Kim, F. Viégas, M. Wattenberg",
            "SmoothGrad: removing noise by adding noise",
            2017,
            "1706.03825",
        ),
        summary="The gradient averaged over noisy copies of the image: what stays is what many "
        "similar images agree on.",
        formula=r"R = \frac{1}{n} \sum_{k=1}^{n} \nabla f_c(x + \varepsilon_k), \quad "
        r"\varepsilon_k \sim \mathcal{N}(0, \sigma^2)",
    ),
    "guided_backprop": Method(
        label="Guided backpropagation",
        function=lazy("xai.attribution.rectifiers:guided_backprop"),
        params=GuidedBackpropParams,
        paper=Paper(
            "J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller",
            "Striving for simplicity: the all convolutional net",
            2014,
            "1412.6806",
        ),
        summary="A gradient that lets only positive signals back through each ReLU: sharp, but it "
        "shows edges more than reasons.",
        formula=r"g^{l} = \mathbf{1}[a^{l} > 0] \; \mathbf{1}[g^{l+1} > 0] \; g^{l+1}",
        needs=("relu",),
    ),
    "grad_cam": Method(
        label="Grad-CAM",
        function=lazy("xai.attribution.cam:grad_cam"),
        params=GradCamParams,
        paper=Paper(
            "R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh, D. Batra",
            "Grad-CAM: visual explanations from deep networks via gradient-based localization",
            2017,
            "1610.02391",
        ),
        summary="Where the layer saw something that speaks for the class: coarse, positive "
        "evidence only.",
        formula=r"R = \mathrm{ReLU}\Big(\sum_k \alpha_k A^k\Big), \quad "
        r"\alpha_k = \frac{1}{Z} \sum_{ij} \frac{\partial f_c}{\partial A^k_{ij}}",
        needs=("conv",),
        signed=False,
    ),
    "guided_grad_cam": Method(
        label="Guided Grad-CAM",
        function=lazy("xai.attribution.guided_cam:guided_grad_cam"),
        params=GradCamParams,
        paper=Paper(
            "R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh, D. Batra",
            "Grad-CAM: visual explanations from deep networks via gradient-based localization",
            2017,
            "1610.02391",
        ),
        summary="Guided backpropagation times Grad-CAM: fine lines, but only where the layer saw "
        "something that speaks for the class.",
        formula=r"R_i = G_i \, M_i, \quad G = \text{ guided backpropagation}, \; "
        r"M = \text{ Grad-CAM, enlarged}",
        needs=("conv", "relu"),
    ),
    "lrp": Method(
        label="LRP",
        function=lazy("xai.attribution.lrp:lrp"),
        params=LrpParams,
        paper=Paper(
            "S. Bach, A. Binder, G. Montavon, F. Klauschen, K.-R. Müller, W. Samek",
            "On pixel-wise explanations for non-linear classifier decisions by layer-wise "
            "relevance propagation",
            2015,
        ),
        summary="The score itself, handed back layer by layer to those who contributed it, down "
        "to the pixels.",
        formula=r"R_i = \sum_j \frac{a_i w_{ij}}{\sum_{i'} a_{i'} w_{i'j} + b_j} R_j",
        needs=("lrp",),
    ),
}


def run(
    model: LoadedModel,
    image: np.ndarray,
    method: str,
    *,
    target: int | None = None,
    params: Params | Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Attribution:
    """Explain the score of one class for one image.

    Parameters
    ----------
    model : LoadedModel
        May be in use by other threads; nothing of it changes.
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        As :meth:`LoadedModel.prepare` makes it.
    method : str
        A key of :data:`METHODS`.
    target : int, optional
        Index of the class; None explains the predicted one.
    params : Params or mapping, optional
        An instance of the method's parameter class, or its fields by name.
    seed : int
        Of methods that draw random numbers; the process's own are not touched.
    progress : callable, optional
        ``progress(done, total, message)``. May raise, which stops the work and
        leaves the model clean.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If the method, target, image or a parameter is not among what is
        possible, if the model lacks what the method needs (see
        :func:`blocked`), or if its scores or the relevance are not finite.

    Notes
    -----
    Gradients are taken with respect to the image in [0, 1]: the normalization
    belongs to the model. LRP's relevance is that of the normalised image,
    pixel by pixel the same place; relevance is a share, not a slope, and needs
    no factor.
    """
    row = find(METHODS, method, "method")
    from xai.attribution.explanation import explain

    return explain(
        model, image, method, row, target=target, params=params, seed=seed, progress=progress
    )


def blocked(model: LoadedModel, method: str) -> str:
    """Say why a model cannot be explained by a method, before it is offered.

    Parameters
    ----------
    model : LoadedModel
    method : str
        A key of :data:`METHODS`.

    Returns
    -------
    str
        ``""`` if all is fine, else a sentence that names the module in the way.

    Raises
    ------
    TypeError, ValueError
        If there is no such method.
    """
    row = find(METHODS, method, "method")
    from xai.attribution.requirements import first_missing

    return first_missing(model, row)
