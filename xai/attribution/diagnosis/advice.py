"""What to say of a map that shows little: why, and what to try, method by method.

Plain words; :mod:`xai.attribution.diagnosis.remarks` decides when they are said. A method
without a row gets the general sentence of each table.
"""

from __future__ import annotations

_BLIND = (
    "every way from the image to the score runs through units that are switched off here. "
    "Try Occlusion, which changes pixels visibly, or LRP, which does not ask for slopes."
)

#: Maps that are 0 everywhere, where the method leaves no number that says more.
EMPTY: dict[str, str] = {
    "gradient": f"No small change of a pixel moves the score: {_BLIND}",
    "input_x_gradient": f"No small change of a pixel moves the score: {_BLIND}",
    "smoothgrad": f"On none of the noisy copies does a pixel move the score: {_BLIND}",
    "integrated_gradients": "The image equals its baseline, or the score is flat on all of the "
    "way between them. Try another baseline.",
    "guided_backprop": "No positive signal gets back through all rectifiers: one of them stops "
    "every way. Try Gradient, which lets negative signals through too.",
    "deconvnet": "Going back from this class no positive signal gets through all rectifiers. Try "
    "Gradient, which lets negative signals through too.",
    "guided_grad_cam": "Grad-CAM and guided backpropagation nowhere overlap. Look at the two "
    "apart, as panels of their own.",
    "occlusion": "No window changes the score. Try a larger window, or another fill: on an even "
    "image its mean colour hides nothing.",
    "rise": "The class has no probability behind any mask. Show more of the image (p), or fill "
    "with the mean colour.",
    "lrp": "No relevance arrives at the pixels: the score is 0, or one layer lost all of it. The "
    "ledger shows where; try another class, or leave the biases out of the rules.",
}
EMPTY_ELSE = "The method found nothing that bears on this score. Try another method or class."

#: Maps that have one value everywhere, but not 0.
CONSTANT: dict[str, str] = {
    "occlusion": "Each place is hidden by the same windows, or by windows that cost the same. "
    "Try a smaller window.",
    "rise": "The masks show all places equally often, as they do where all is shown. Try a "
    "smaller p, or more cells.",
    "deconvnet": "Only maximum pooling would remember this image. Try guided backpropagation.",
}
CONSTANT_ELSE = "A map without differences points at nothing. Try another method or layer."

_GRAINS = "Single pixels of a slope are mostly noise. Try SmoothGrad or Integrated gradients."

#: Maps of which a hundredth of the pixels hold most.
CONCENTRATED: dict[str, str] = {
    "gradient": _GRAINS,
    "input_x_gradient": _GRAINS,
    "guided_backprop": _GRAINS,
    "deconvnet": _GRAINS,
    "integrated_gradients": "Single pixels stand out where the way from the baseline crosses a "
    "kink. Try more steps, another baseline, or SmoothGrad on integrated gradients.",
    "smoothgrad": "The average still hangs on few copies. Try more copies, or more noise.",
    "occlusion": "One small part carries the score, or the windows are too small to hide anything "
    "else. Try a larger window to see whether more appears.",
    "lrp": "Quotients with small denominators make such points. Try a larger epsilon, or "
    "epsilon-plus, and look at the map with less contrast before calling it the reason.",
}
CONCENTRATED_ELSE = (
    "The rest of the map is there, but looks empty on this scale. Try a deeper layer or another "
    "method, and check the stability of the map."
)
