"""Integrated gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from xai.attribution.aim import Aim
from xai.attribution.gradients.averaging import as_map, mean_gradient, places
from xai.attribution.gradients.baselines import baseline_of
from xai.attribution.gradients.gradient import batch_size
from xai.attribution.result import Finding

if TYPE_CHECKING:
    from xai.attribution.gradients.params import IntegratedGradientsParams
    from xai.attribution.reporting import Reporter
    from xai.models import LoadedModel


def integrated_gradients(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: IntegratedGradientsParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return the image's distance from a baseline times the mean gradient on the way.

    Returns
    -------
    Finding
        Diagnostics: ``baseline_logit``, the explained score of the baseline;
        ``completeness_gap``, the sum of the relevance minus the difference of
        the two scores: 0 if the path is sampled finely enough;
        ``completeness_share``, the size of the gap as a share of the size of
        that difference, absent if there is none. Without ``times_input`` they
        are those of the map with it.

    Notes
    -----
    ``R = (x - x') * 1/n * sum_k df_c/dx (x' + (k + 1/2)/n * (x - x'))`` for
    ``k = 0 … n - 1``: the midpoint rule, whose error shrinks with ``n**2`` on
    smooth pieces, where the paper's right-hand sum shrinks with ``n``. Without
    ``times_input`` the first factor is left out.

    References
    ----------
    M. Sundararajan, A. Taly, Q. Yan: Axiomatic attribution for deep networks,
    2017, arXiv 1703.01365.
    """
    start = baseline_of(x, params.baseline, seed)
    with torch.no_grad():
        logits = model.logits(x)
        settled = aim.settled(logits)
        below = float(settled.score(model.logits(start))[0])
    distance = x - start
    slope = mean_gradient(
        model,
        ((start + part * distance, None) for part in places(x, params.steps).split(batch_size(x))),
        params.steps,
        settled,
        report,
        "points on the path",
        times=distance if params.times_input else None,
    )
    product = distance * slope
    gain = float(settled.score(logits)[0]) - below
    gap = float(product.double().sum()) - gain
    diagnostics = {"baseline_logit": below, "completeness_gap": gap}
    if gain:
        diagnostics["completeness_share"] = abs(gap / gain)
    return Finding(as_map(product if params.times_input else slope), settled, logits, diagnostics)
