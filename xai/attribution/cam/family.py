"""The children of Grad-CAM: other weights for the maps of a layer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from xai.attribution.cam.grad_cam import by_mean_slope
from xai.attribution.cam.seen import Seen, at_layer, finding
from xai.attribution.gradients.gradient import batch_size

if TYPE_CHECKING:
    from xai.attribution.aim import Aim
    from xai.attribution.cam.params import (
        GradCamPlusPlusParams,
        LayerCamParams,
        NegativeGradCamParams,
        SmoothGradCamPlusPlusParams,
    )
    from xai.attribution.reporting import Reporter
    from xai.attribution.result import Finding
    from xai.models import LoadedModel

#: How often the map is shown while noisy copies are averaged, at most.
_SHOWN = 10


def grad_cam_pp(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: GradCamPlusPlusParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return the maps of a layer, each weighed by a mean of its positive slopes.

    Returns
    -------
    Finding
        Relevance of shape (1, H, W), not negative. Diagnostics as those of
        :func:`~xai.attribution.cam.grad_cam.grad_cam`, and ``unstable_share``: the part
        of the cells with a positive slope whose alpha is not positive. Above 0
        the layer has maps of a negative sum, for which alpha is not made and
        may grow beyond all bounds; a layer behind a ReLU has none.

    Raises
    ------
    ValueError
        As :func:`~xai.attribution.cam.grad_cam.grad_cam`.

    Notes
    -----
    ``R = ReLU(sum_k w_k A_k)``, ``w_k = sum_ij alpha_kij ReLU(g_kij)`` with
    ``g = df_c/dA`` and ``alpha_kij = g_kij^2 / (2 g_kij^2 + sum(A_k) g_kij^3)``,
    ``sum(A_k)`` over all positions: the second and third derivatives of
    ``exp(f_c)`` where the network above the layer is piecewise linear. alpha is
    0 where its denominator is. Deviation: the factor ``exp(f_c)``, one for the
    whole image, is left out of the weights, since it scales the map and
    overflows.

    References
    ----------
    A. Chattopadhyay, A. Sarkar, P. Howlader, V. N. Balasubramanian:
    Grad-CAM++: improved visual explanations for deep convolutional networks,
    2017, arXiv 1710.11063.
    """
    seen = at_layer(model, x, aim, params.layer)
    return _found(seen, _powers(seen.slope), x)


def smooth_grad_cam_pp(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: SmoothGradCamPlusPlusParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return Grad-CAM++ with weights from the mean slopes of noisy copies.

    Returns
    -------
    Finding
        Relevance of shape (1, H, W), not negative. Diagnostics as those of
        :func:`grad_cam_pp`, whose ``unstable_share`` may here be above 0 behind
        a ReLU too, where slopes of both signs average; and ``slope_spread``,
        the part of the slopes' mean square, in [0, 1], that is due to their
        difference between copies: 0 means that the noise changed nothing.

    Raises
    ------
    ValueError
        As :func:`~xai.attribution.cam.grad_cam.grad_cam`.

    Notes
    -----
    As :func:`grad_cam_pp`, with ``g``, ``g^2`` and ``g^3`` each replaced by its
    mean over ``n`` copies of the image with noise ``N(0, sigma^2)``; the maps
    and the class are those of the clean image. Deviations: the numerator of
    alpha is the mean of ``g^2``, where the paper prints that of ``g``, so that
    one copy without noise gives Grad-CAM++; ``sigma`` is a fraction of the
    range [0, 1]. Noisy copies are not clipped. Equal seeds give equal noise
    whatever the device and the batch size.

    Where all above the layer is linear, such as a mean over positions and one
    dense layer, no slope depends on the image: the map is that of Grad-CAM++
    whatever the noise. An earlier layer shows the difference.

    References
    ----------
    D. Omeiza, S. Speakman, C. Cintas, K. Weldermariam: Smooth Grad-CAM++: an
    enhanced inference level visualization technique for deep convolutional
    neural network models, 2019, arXiv 1908.01224.
    """
    clean = at_layer(model, x, aim, params.layer)
    generator = torch.Generator().manual_seed(seed)
    totals = [torch.zeros_like(power) for power in _powers(clean.slope)]
    size = batch_size(x)
    for start in range(0, params.n, size):
        count = min(size, params.n - start)
        noise = torch.stack([torch.randn(x.shape[1:], generator=generator) for _ in range(count)])
        batch = x + params.sigma * noise.to(x.device)
        slope = at_layer(model, batch, clean.aim, params.layer).slope
        for total, power in zip(totals, _powers(slope), strict=True):
            total += power.sum(0, keepdim=True)
        done = start + count
        due = _SHOWN * done // params.n > _SHOWN * start // params.n
        if report.watched and due and done < params.n:
            report.show(_found(clean, [total / done for total in totals], x).relevance)
        report(done, params.n, "noisy copies")
    means = [total / params.n for total in totals]
    found = _found(clean, means, x)
    return replace(found, diagnostics=found.diagnostics | {"slope_spread": _spread(means)})


def layer_cam(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: LayerCamParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return the maps of a layer, each cell weighed by its own positive slope.

    Returns
    -------
    Finding
        Relevance of shape (1, H, W), not negative. Diagnostics as those of
        :func:`~xai.attribution.cam.grad_cam.grad_cam`.

    Raises
    ------
    ValueError
        As :func:`~xai.attribution.cam.grad_cam.grad_cam`.

    Notes
    -----
    ``R = ReLU(sum_k ReLU(df_c/dA_k) A_k)``, cell by cell. The paper also joins
    the maps of several layers and lifts the early ones by a tanh first; here
    is one layer, unscaled.

    References
    ----------
    P.-T. Jiang, C.-B. Zhang, Q. Hou, M.-M. Cheng, Y. Wei: LayerCAM: exploring
    hierarchical class activation maps for localization, IEEE Transactions on
    Image Processing 30, 2021.
    """
    seen = at_layer(model, x, aim, params.layer)
    return finding(by_rising_cells(seen), seen, x)


def negative_grad_cam(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: NegativeGradCamParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return Grad-CAM of the negated score: what speaks against the class.

    Returns
    -------
    Finding
        Relevance of shape (1, H, W), not negative: the larger, the more the
        place lowers the score. Diagnostics as those of
        :func:`~xai.attribution.cam.grad_cam.grad_cam`, of the negated map: with a
        ``positive_share`` of 0 no evidence at this layer is negative. The
        logit is the class's own, not negated.

    Raises
    ------
    ValueError
        As :func:`~xai.attribution.cam.grad_cam.grad_cam`.

    Notes
    -----
    ``R = ReLU(sum_k alpha_k A_k)`` with ``alpha_k`` the mean of ``-df_c/dA_k``:
    the counterfactual explanations of the Grad-CAM paper. Grad-CAM minus this
    map is the map before its ReLU, enlarged.

    References
    ----------
    R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh, D. Batra:
    Grad-CAM: visual explanations from deep networks via gradient-based
    localization, 2017, arXiv 1610.02391.
    """
    seen = at_layer(model, x, aim, params.layer)
    return finding(by_negated_slope(seen), seen, x)


def _powers(slope: Tensor) -> list[Tensor]:
    """Return slopes, their squares and cubes, in float64: small ones vanish in float32."""
    # On the CPU, since not every accelerator knows float64.
    first = slope.cpu().double()
    return [first, first**2, first**3]


def by_alpha(seen: Seen) -> Tensor:
    """Return the maps of a layer weighed as Grad-CAM++ does, summed, (1, 1, h, w)."""
    return _plus_plus(seen, _powers(seen.slope))[0]


def by_rising_cells(seen: Seen) -> Tensor:
    """Return the cells of a layer weighed by their positive slopes, summed, (1, 1, h, w)."""
    return (seen.slope.clamp(min=0) * seen.activation).sum(1, keepdim=True)


def by_negated_slope(seen: Seen) -> Tensor:
    """Return the maps of a layer weighed by what lowers the score, summed, (1, 1, h, w)."""
    return -by_mean_slope(seen)


def _found(seen: Seen, powers: list[Tensor], x: Tensor) -> Finding:
    raw, unstable = _plus_plus(seen, powers)
    found = finding(raw, seen, x)
    return replace(found, diagnostics=found.diagnostics | {"unstable_share": unstable})


def _plus_plus(seen: Seen, powers: list[Tensor]) -> tuple[Tensor, float]:
    """Weigh the maps as Grad-CAM++ does, given (means of) the powers of the slopes.

    Returns
    -------
    tuple of Tensor and float
        The sum, (1, 1, h, w), and the share of the cells with a positive slope whose
        alpha is not positive.
    """
    first, second, third = powers
    maps = seen.activation.cpu().double()
    below = 2 * second + maps.sum((2, 3), keepdim=True) * third
    alpha = torch.where(below == 0, 0.0, second / below)
    rising = first > 0
    weights = (alpha * first.clamp(min=0)).sum((2, 3), keepdim=True)
    unstable = float((rising & (alpha <= 0)).sum() / rising.sum().clamp(min=1))
    return (weights * maps).sum(1, keepdim=True).float(), unstable


def _spread(means: list[Tensor]) -> float:
    """Return the share of a mean square that is variance, 0 where there is neither."""
    square, total = float((means[0] ** 2).sum()), float(means[1].sum())
    return max(0.0, 1 - square / total) if total else 0.0
