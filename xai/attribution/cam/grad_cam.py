"""Class activation maps: where a layer saw what speaks for the class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from xai.attribution.result import Finding
from xai.attribution.target import pick
from xai.hooks import recording

if TYPE_CHECKING:
    from xai.attribution.params import GradCamParams
    from xai.models import LoadedModel
    from xai.types import Progress


def grad_cam(
    model: LoadedModel,
    x: Tensor,
    target: int | None,
    params: GradCamParams,
    seed: int,
    progress: Progress,
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
    activation, slope, logits, index = _at_layer(model, x, target, params.layer)
    weights = slope.mean((2, 3), keepdim=True)
    raw = (weights * activation).sum(1, keepdim=True)
    relevance = _enlarged(raw.clamp(min=0), x)
    return Finding(
        relevance[0].cpu().numpy(),
        index,
        float(logits[0, index]),
        {
            "raw_min": float(raw.min()),
            "raw_max": float(raw.max()),
            "positive_share": float((raw > 0).float().mean()),
            "rows": float(raw.shape[2]),
            "columns": float(raw.shape[3]),
        },
    )


def _at_layer(
    model: LoadedModel, x: Tensor, target: int | None, layer: str
) -> tuple[Tensor, Tensor, Tensor, int]:
    """Return a layer's output, the score's gradient there, the logits and the class."""
    name = layer or model.spec.cam_layer
    net = model.private()
    leaf = x.detach().requires_grad_()
    with recording(net, [name]) as outputs:
        logits = net(model.normalize(leaf))
    index = pick(logits, target)
    activation = outputs.get(name)
    if activation is None:
        raise ValueError(f"layer: the network never calls {name!r} as a layer; pick one inside it")
    _check_spatial(name, activation)
    (slope,) = torch.autograd.grad(logits[:, index].sum(), activation, allow_unused=True)
    if slope is None:
        raise ValueError(f"layer: the score of class {index} does not depend on {name!r}")
    return activation.detach(), slope, logits.detach(), index


def _check_spatial(name: str, activation: Tensor) -> None:
    if activation.dim() != 4 or activation.shape[2] * activation.shape[3] == 1:
        shape = tuple(activation.shape[1:])
        raise ValueError(
            f"layer: expected one with rows and columns, got {name!r} with output {shape}: "
            "nothing in it can be pointed at; pick an earlier layer"
        )


def _enlarged(coarse: Tensor, x: Tensor) -> Tensor:
    """Interpolate a (1, 1, h, w) map to the rows and columns of the input."""
    return F.interpolate(coarse, size=tuple(x.shape[2:]), mode="bilinear", align_corners=False)
