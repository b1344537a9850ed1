"""Integrated gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from xai.attribution.gradients import batch_gradient, batch_size
from xai.attribution.result import Finding
from xai.attribution.target import pick

if TYPE_CHECKING:
    from xai.attribution.params import IntegratedGradientsParams
    from xai.models import LoadedModel
    from xai.types import Progress

#: Pixel value of each baseline, in [0, 1].
_BASELINES = {"black": 0.0, "white": 1.0}


def integrated_gradients(
    model: LoadedModel,
    x: Tensor,
    target: int | None,
    params: IntegratedGradientsParams,
    seed: int,
    progress: Progress,
) -> Finding:
    """Return the image's distance from a baseline times the mean gradient on the way.

    Returns
    -------
    Finding
        Diagnostics: ``baseline_logit``, the class's score of the baseline;
        ``completeness_gap``, the sum of the relevance minus the difference of
        the two scores: 0 if the path is sampled finely enough.

    Notes
    -----
    ``R = (x - x') * 1/n * sum_k df_c/dx (x' + (k + 1/2)/n * (x - x'))`` for
    ``k = 0 … n - 1``: the midpoint rule, whose error shrinks with ``n**2`` on
    smooth pieces, where the paper's right-hand sum shrinks with ``n``.

    References
    ----------
    M. Sundararajan, A. Taly, Q. Yan: Axiomatic attribution for deep networks,
    2017, arXiv 1703.01365.
    """
    baseline = torch.full_like(x, _BASELINES[params.baseline])
    with torch.no_grad():
        logits = model.logits(x)
        index = pick(logits, target)
        start = float(model.logits(baseline)[0, index])
    distance = x - baseline
    places = (torch.arange(params.steps, dtype=torch.float32, device=x.device) + 0.5) / params.steps
    total = torch.zeros_like(x)
    done = 0
    for chunk in places.split(batch_size(x)):
        path = baseline + chunk.reshape(-1, 1, 1, 1) * distance
        total += batch_gradient(model, path, index).sum(0, keepdim=True)
        done += len(chunk)
        progress(done, params.steps, "points on the path")
    relevance = (distance * total / params.steps)[0]
    logit = float(logits[0, index])
    gap = float(relevance.double().sum()) - (logit - start)
    return Finding(
        relevance.cpu().numpy(), index, logit, {"baseline_logit": start, "completeness_gap": gap}
    )
