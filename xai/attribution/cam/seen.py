"""What layers saw in an image, and how the score leans on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from xai.attribution.aim import Aim
from xai.attribution.result import Finding
from xai.hooks import rooting
from xai.models.lending import lent
from xai.models.loaded import LoadedModel


@dataclass(frozen=True, eq=False)
class Seen:
    """What a layer saw in a batch of images, and how the score leans on it.

    Attributes
    ----------
    activation : Tensor, shape (N, K, h, w)
        The layer's output, detached.
    slope : Tensor, shape (N, K, h, w)
        Gradient of the explained score with respect to it.
    logits : Tensor, shape (N, classes)
        Detached.
    aim : Aim
        Settled.
    """

    activation: Tensor
    slope: Tensor
    logits: Tensor
    aim: Aim


def at_layer(model: LoadedModel, x: Tensor, aim: Aim, layer: str) -> Seen:
    """Return a layer's output and the gradient of the explained score there.

    Parameters
    ----------
    model : LoadedModel
    x : Tensor, shape (N, C, H, W), in [0, 1]
    aim : Aim
    layer : str
        Dotted module path; empty takes the model's own.

    Raises
    ------
    ValueError
        If the layer does not exist, has no rows and columns, or the score does
        not depend on it.
    """
    return at_layers(model, x, aim, [layer or model.spec.cam_layer])[0]


def at_layers(model: LoadedModel, x: Tensor, aim: Aim, layers: Sequence[str]) -> tuple[Seen, ...]:
    """Return the same of several layers, from one pass forwards and one backwards.

    Notes
    -----
    What lies below the first of the layers is passed forwards only: no graph is kept of
    it and no gradient goes there.
    """
    with lent(model, "plain", LoadedModel.private) as net, rooting(net, layers) as outputs:
        logits = net(model.normalize(x.detach()))
    settled = aim.settled(logits)
    activations = [_spatial(name, outputs) for name in layers]
    slopes = _slopes(settled.score(logits).sum(), activations)
    made: list[Seen] = []
    for name, activation, slope in zip(layers, activations, slopes, strict=True):
        if slope is None:
            what = f"the score of class {settled.index}"
            raise ValueError(f"layer: {what} does not depend on {name!r}")
        made.append(Seen(activation.detach(), slope, logits.detach(), settled))
    return tuple(made)


def _spatial(name: str, outputs: dict[str, Any]) -> Tensor:
    """Return a layer's output if something in it can be pointed at."""
    if name not in outputs:
        raise ValueError(f"layer: the network never calls {name!r} as a layer; pick one inside it")
    activation = outputs[name]
    if not isinstance(activation, Tensor):
        kind = type(activation).__name__
        raise ValueError(f"layer: expected one with a single output, got {name!r} with a {kind}")
    if activation.dim() != 4 or activation.shape[2] * activation.shape[3] == 1:
        shape = tuple(activation.shape[1:])
        raise ValueError(
            f"layer: expected one with rows and columns, got {name!r} with output {shape}: "
            "nothing in it can be pointed at; pick an earlier layer"
        )
    return activation


def _slopes(score: Tensor, activations: list[Tensor]) -> list[Tensor | None]:
    """Return the gradient at each activation, None where the score does not depend on it."""
    rooted = [one for one in activations if one.requires_grad]
    if not score.requires_grad or not rooted:
        return [None] * len(activations)
    found = iter(torch.autograd.grad(score, rooted, allow_unused=True))
    return [next(found) if one.requires_grad else None for one in activations]


def finding(raw: Tensor, seen: Seen, x: Tensor) -> Finding:
    """Return the positive part of a layer's coarse map, at the input's size.

    Parameters
    ----------
    raw : Tensor, shape (1, 1, h, w)
        The weighed sum of the layer's maps, signed.
    seen : Seen
        Where the score and the class come from.
    x : Tensor, shape (1, C, H, W)
        The image, for its size.
    """
    relevance = F.interpolate(
        raw.clamp(min=0), size=tuple(x.shape[2:]), mode="bilinear", align_corners=False
    )
    return Finding(
        relevance[0].cpu().numpy(),
        seen.aim,
        seen.logits[:1],
        {
            "raw_min": float(raw.min()),
            "raw_max": float(raw.max()),
            "positive_share": float((raw > 0).float().mean()),
            "rows": float(raw.shape[2]),
            "columns": float(raw.shape[3]),
        },
    )
