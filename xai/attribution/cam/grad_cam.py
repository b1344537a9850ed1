"""Grad-CAM: where a layer saw what speaks for the class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from xai.attribution.cam.seen import Seen, at_layer, finding

if TYPE_CHECKING:
    from xai.attribution.aim import Aim
    from xai.attribution.cam.params import GradCamParams
    from xai.attribution.reporting import Reporter
    from xai.attribution.result import Finding
    from xai.models import LoadedModel


def grad_cam(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: GradCamParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return the maps of a layer, weighed by their mean gradients, positive part.

    Returns
    -------
    Finding
        Relevance of shape (1, H, W), not negative. Diagnostics, all of the
        layer's own coarse map before the ReLU: ``raw_min``, ``raw_max``,
        ``positive_share``, the part of its cells above zero (0 means an empty
        map: all evidence at this layer is negative), ``rows`` and ``columns``.

    Raises
    ------
    ValueError
        If the layer does not exist, has no rows and columns, or the score does
        not depend on it.

    Notes
    -----
    ``R = ReLU(sum_k alpha_k A_k)`` with ``alpha_k`` the mean of ``df_c/dA_k``
    over all positions, then bilinear interpolation to the input's size. The
    ReLU is the paper's: what speaks against the class is not seen.

    References
    ----------
    R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh, D. Batra:
    Grad-CAM: visual explanations from deep networks via gradient-based
    localization, 2017, arXiv 1610.02391.
    """
    seen = at_layer(model, x, aim, params.layer)
    return finding(by_mean_slope(seen), seen, x)


def by_mean_slope(seen: Seen) -> Tensor:
    """Return the maps of a layer weighed by their mean slopes, summed, (1, 1, h, w)."""
    return (seen.slope.mean((2, 3), keepdim=True) * seen.activation).sum(1, keepdim=True)
