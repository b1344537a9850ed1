"""Guided Grad-CAM: the fine lines of guided backpropagation where Grad-CAM points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from xai.attribution.cam.grad_cam import grad_cam
from xai.attribution.gradients.params import GuidedBackpropParams
from xai.attribution.gradients.rectifiers import guided_backprop
from xai.attribution.result import Finding

if TYPE_CHECKING:
    from xai.attribution.aim import Aim
    from xai.attribution.cam.params import GradCamParams
    from xai.attribution.reporting import Reporter
    from xai.models import LoadedModel


def guided_grad_cam(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: GradCamParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return guided backpropagation times the enlarged map of Grad-CAM.

    Returns
    -------
    Finding
        Relevance of shape (C, H, W), signed. Diagnostics as those of
        :func:`~xai.attribution.cam.grad_cam.grad_cam`: with a ``positive_share`` of 0
        the map is empty.

    Raises
    ------
    ValueError
        As :func:`~xai.attribution.cam.grad_cam.grad_cam`.

    Notes
    -----
    ``R = G * M`` at every pixel, with ``G`` the signed guided backpropagation
    of each channel and ``M``, which is not negative, Grad-CAM's map after its
    interpolation. Class and place are known as coarsely as the layer's cells;
    within a cell the lines are guided backpropagation's own.

    References
    ----------
    R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh, D. Batra:
    Grad-CAM: visual explanations from deep networks via gradient-based
    localization, 2017, arXiv 1610.02391.
    """
    where = grad_cam(model, x, aim, params, seed, report)
    report(1, 2, "guided backpropagation")
    lines = guided_backprop(model, x, where.aim, GuidedBackpropParams(), seed, report)
    return Finding(lines.relevance * where.relevance, where.aim, where.logits, where.diagnostics)
