"""The registry of attribution methods, in the order of display.

A new method is one function, a row here and a class of parameters::

    function(model, x, aim, params, seed, report) -> Finding

``x`` is (1, C, H, W) in [0, 1]; ``aim`` is settled by the method once the scores are
known (:meth:`xai.attribution.aim.Aim.settled`), so that none needs a second forward
pass; ``report`` takes the progress and the map as it is so far.
"""

from __future__ import annotations

from xai.attribution import papers
from xai.attribution.black_box.params import OcclusionParams, RiseParams
from xai.attribution.cam.params import (
    GradCamParams,
    GradCamPlusPlusParams,
    LayerCamParams,
    NegativeGradCamParams,
    SmoothGradCamPlusPlusParams,
)
from xai.attribution.gradients.params import (
    DeconvnetParams,
    GradientParams,
    GuidedBackpropParams,
    InputXGradientParams,
    IntegratedGradientsParams,
    SmoothGradParams,
)
from xai.attribution.lrp.params import LrpParams
from xai.types import Method, lazy

METHODS: dict[str, Method] = {
    "gradient": Method(
        label="Gradient",
        function=lazy("xai.attribution.gradients.gradient:gradient"),
        params=GradientParams,
        paper=papers.SALIENCY,
        summary="Where a small change of the pixel would move the score most: sensitivity, not "
        "contribution.",
        formula=r"R_i = \frac{\partial f_c(x)}{\partial x_i}",
    ),
    "input_x_gradient": Method(
        label="Input × gradient",
        function=lazy("xai.attribution.gradients.gradient:input_x_gradient"),
        params=InputXGradientParams,
        paper=papers.INPUT_X_GRADIENT,
        summary="What each pixel adds to the score if the network were linear around this image; "
        "black pixels get nothing.",
        formula=r"R_i = x_i \frac{\partial f_c(x)}{\partial x_i}",
    ),
    "integrated_gradients": Method(
        label="Integrated gradients",
        function=lazy("xai.attribution.gradients.integrated:integrated_gradients"),
        params=IntegratedGradientsParams,
        paper=papers.INTEGRATED_GRADIENTS,
        summary="The gradient collected on the way from a baseline, such as a black image, to this "
        "one: the values add up to what the score gained on that way.",
        formula=r"R_i = (x_i - x'_i) \int_0^1 "
        r"\frac{\partial f_c(x' + \alpha (x - x'))}{\partial x_i} \, d\alpha",
    ),
    "smoothgrad": Method(
        label="SmoothGrad",
        function=lazy("xai.attribution.gradients.smooth:smoothgrad"),
        params=SmoothGradParams,
        paper=papers.SMOOTHGRAD,
        summary="The gradient averaged over noisy copies of the image: what stays is what many "
        "similar images agree on.",
        formula=r"R = \frac{1}{n} \sum_{k=1}^{n} \nabla f_c(x + \varepsilon_k), \quad "
        r"\varepsilon_k \sim \mathcal{N}(0, \sigma^2)",
    ),
    "guided_backprop": Method(
        label="Guided backpropagation",
        function=lazy("xai.attribution.gradients.rectifiers:guided_backprop"),
        params=GuidedBackpropParams,
        paper=papers.GUIDED_BACKPROP,
        summary="A gradient that lets only positive signals back through each ReLU: sharp, but it "
        "shows edges more than reasons.",
        formula=r"g^{l} = \mathbf{1}[a^{l} > 0] \; \mathbf{1}[g^{l+1} > 0] \; g^{l+1}",
        needs=("relu",),
    ),
    "deconvnet": Method(
        label="DeconvNet",
        function=lazy("xai.attribution.gradients.deconvnet:deconvnet"),
        params=DeconvnetParams,
        paper=papers.DECONVNET,
        summary="The score sent backwards through the network, past rectifiers that "
        "forget what they saw: more of the network's own taste than of this image.",
        formula=r"g^{l} = \mathbf{1}[g^{l+1} > 0] \; g^{l+1}",
        needs=("relu",),
    ),
    "grad_cam": Method(
        label="Grad-CAM",
        function=lazy("xai.attribution.cam.grad_cam:grad_cam"),
        params=GradCamParams,
        paper=papers.GRAD_CAM,
        summary="Where the layer saw something that speaks for the class: coarse, positive "
        "evidence only.",
        formula=r"R = \mathrm{ReLU}\Big(\sum_k \alpha_k A^k\Big), \quad "
        r"\alpha_k = \frac{1}{Z} \sum_{ij} \frac{\partial f_c}{\partial A^k_{ij}}",
        needs=("conv",),
        signed=False,
    ),
    "grad_cam_pp": Method(
        label="Grad-CAM++",
        function=lazy("xai.attribution.cam.family:grad_cam_pp"),
        params=GradCamPlusPlusParams,
        paper=papers.GRAD_CAM_PP,
        summary="Grad-CAM that listens only to the places that speak for the class, so that a "
        "second object or a small one is not averaged away.",
        formula=r"R = \mathrm{ReLU}\Big(\sum_k w_k A^k\Big), \quad "
        r"w_k = \sum_{ij} \frac{g_{kij}^2}{2 g_{kij}^2 + g_{kij}^3 \sum_{ab} A^k_{ab}} "
        r"\, \mathrm{ReLU}(g_{kij}), \quad g_{kij} = \frac{\partial f_c}{\partial A^k_{ij}}",
        needs=("conv",),
        signed=False,
    ),
    "smooth_grad_cam_pp": Method(
        label="Smooth Grad-CAM++",
        function=lazy("xai.attribution.cam.family:smooth_grad_cam_pp"),
        params=SmoothGradCamPlusPlusParams,
        paper=papers.SMOOTH_GRAD_CAM_PP,
        summary="Grad-CAM++ with weights that many noisy copies of the image agree on; under a "
        "linear head, as at the last layer of many networks, the noise changes nothing.",
        formula=r"w_k = \sum_{ij} \frac{\overline{g_{kij}^2}}"
        r"{2 \overline{g_{kij}^2} + \overline{g_{kij}^3} \sum_{ab} A^k_{ab}} "
        r"\, \mathrm{ReLU}(\overline{g_{kij}}), \quad "
        r"\overline{g^p} = \frac{1}{n} \sum_{m=1}^{n} g(x + \varepsilon_m)^p",
        needs=("conv",),
        signed=False,
    ),
    "layer_cam": Method(
        label="LayerCAM",
        function=lazy("xai.attribution.cam.family:layer_cam"),
        params=LayerCamParams,
        paper=papers.LAYER_CAM,
        summary="Each cell of the layer weighed by its own positive slope: fine lines at early "
        "layers, where Grad-CAM's mean slope blurs them.",
        formula=r"R_{ij} = \mathrm{ReLU}\Big(\sum_k \mathrm{ReLU}\Big("
        r"\frac{\partial f_c}{\partial A^k_{ij}}\Big) A^k_{ij}\Big)",
        needs=("conv",),
        signed=False,
    ),
    "guided_grad_cam": Method(
        label="Guided Grad-CAM",
        function=lazy("xai.attribution.cam.guided:guided_grad_cam"),
        params=GradCamParams,
        paper=papers.GRAD_CAM,
        summary="Guided backpropagation times Grad-CAM: fine lines, but only where the layer saw "
        "something that speaks for the class.",
        formula=r"R_i = G_i \, M_i, \quad G = \text{ guided backpropagation}, \; "
        r"M = \text{ Grad-CAM, enlarged}",
        needs=("conv", "relu"),
    ),
    "negative_grad_cam": Method(
        label="Negative evidence (Grad-CAM)",
        function=lazy("xai.attribution.cam.family:negative_grad_cam"),
        params=NegativeGradCamParams,
        paper=papers.GRAD_CAM,
        summary="Where the layer saw something that speaks against the class: bright is bad for "
        "the score, and what Grad-CAM hides.",
        formula=r"R = \mathrm{ReLU}\Big(-\sum_k \alpha_k A^k\Big), \quad "
        r"\alpha_k = \frac{1}{Z} \sum_{ij} \frac{\partial f_c}{\partial A^k_{ij}}",
        needs=("conv",),
        signed=False,
    ),
    "occlusion": Method(
        label="Occlusion",
        function=lazy("xai.attribution.black_box.occlusion:occlusion"),
        params=OcclusionParams,
        paper=papers.DECONVNET,
        summary="What the score loses when a window hides this place: an "
        "experiment, which asks nothing of the network but its answer.",
        formula=r"R_i = \frac{1}{|W_i|} \sum_{w \in W_i} \big( f_c(x) - f_c(x_{\setminus w}) \big)",
    ),
    "rise": Method(
        label="RISE",
        function=lazy("xai.attribution.black_box.rise:rise"),
        params=RiseParams,
        paper=papers.RISE,
        summary="How probable the class is on average when this place is seen and the "
        "rest is hidden at random: only differences within the map count.",
        formula=r"R_i = \frac{1}{n \, p} \sum_{k=1}^{n} P_c(x \odot M_k) \, M_{k,i}",
        signed=False,
        relative=True,
    ),
    "lrp": Method(
        label="LRP",
        function=lazy("xai.attribution.lrp.propagation:lrp"),
        params=LrpParams,
        paper=papers.LRP,
        summary="The score itself, handed back layer by layer to those who contributed it, down "
        "to the pixels.",
        formula=r"R_i = \sum_j \frac{a_i w_{ij}}{\sum_{i'} a_{i'} w_{i'j} + b_j} R_j",
        needs=("lrp",),
    ),
}
