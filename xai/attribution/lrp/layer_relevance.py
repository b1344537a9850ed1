"""Relevance at the output of a layer: which of its channels carry a score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from xai import images
from xai.attribution.aim import Aim
from xai.attribution.explanation import check_aim, check_model
from xai.attribution.lrp.channels import ChannelRelevance
from xai.attribution.lrp.params import LrpParams
from xai.attribution.lrp.propagation import ruled
from xai.attribution.requirements import first_missing
from xai.hooks import recording, submodule
from xai.types import Params, make_params

if TYPE_CHECKING:
    from xai.models import LoadedModel


def relevance_at(
    model: LoadedModel,
    image: np.ndarray,
    layer: str,
    aim: tuple[Any, Any],
    params: Params | Mapping[str, Any] | None,
) -> ChannelRelevance:
    """Check, propagate down to the layer, pack; see :func:`xai.attribution.channel_relevance`."""
    check_model(model)
    chosen = make_params(LrpParams, params)
    wanted = check_aim(*aim, len(model.classes))
    # A caller's no_grad or inference_mode must not reach the gradients.
    with torch.inference_mode(False), torch.enable_grad():
        x = model.single(image).detach()
        _check_pairing(model, layer)
        with torch.no_grad():
            logits = model.logits(x)
        settled = wanted.settled(logits)
        relevance = _propagate(model, x, layer, settled, chosen)
    maps = np.ascontiguousarray(relevance[0].cpu().numpy(), dtype=np.float32)
    if not np.isfinite(maps).all():
        raise ValueError("LRP: expected finite relevance, got NaN or infinity")
    scores, contrast = logits[0].tolist(), settled.contrast
    score = float(settled.score(logits)[0])
    sums = maps.reshape(len(maps), -1).sum(axis=1, dtype=np.float64)
    return ChannelRelevance(
        layer=layer,
        target=settled.index,
        logit=scores[settled.index],
        maps=maps,
        sums=sums.astype(np.float32),
        conserved=float(sums.sum()) / score if score != 0 else None,
        params=chosen,
        model=model.spec.name,
        digest=images.digest(x[0].cpu().numpy()),
        contrast=contrast,
        contrast_logit=None if contrast is None else scores[contrast],
    )


def _check_pairing(model: LoadedModel, layer: str) -> None:
    from xai.attribution import METHODS

    reason = first_missing(model, METHODS["lrp"])
    if reason:
        raise ValueError(f"LRP cannot explain {model.spec.label}: {reason}")
    if layer not in {one.name for one in model.layers}:
        # Modules that only pad, reshape or hold others have no output of their own here.
        submodule(model.net, layer)
        raise ValueError(f"layer: expected one of the model's layers, got {layer!r}")


def _propagate(model: LoadedModel, x: Tensor, layer: str, aim: Aim, params: LrpParams) -> Tensor:
    """Return the relevance of a layer's output, (1, C, H, W) or (1, D)."""
    leaf = model.normalize(x).detach().requires_grad_()
    # The record is made inside the context, so that it holds what the rules hand on.
    with ruled(model, params) as net:
        with recording(net, [layer]) as outputs:
            scores = net(leaf)
        start = aim.start(scores.detach())
        output = outputs.pop(layer)
        (relevance,) = torch.autograd.grad(scores, output, grad_outputs=start, allow_unused=True)
    if relevance is None:
        raise ValueError(f"layer: the score of class {aim.index} does not depend on {layer!r}")
    return relevance
