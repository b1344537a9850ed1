"""Layer-wise relevance propagation, by zennit's rules on a network in canonical form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from zennit.core import Composite

from xai.attribution.canonical import Affine, canonical
from xai.attribution.result import Finding
from xai.attribution.rules import assign
from xai.attribution.target import pick

if TYPE_CHECKING:
    from xai.attribution.params import LrpParams
    from xai.models import LoadedModel
    from xai.types import Progress


def lrp(
    model: LoadedModel,
    x: Tensor,
    target: int | None,
    params: LrpParams,
    seed: int,
    progress: Progress,
) -> Finding:
    """Return the score handed back, layer by layer, to the pixels that contributed it.

    Returns
    -------
    Finding
        Diagnostics: ``conserved``, the sum of the relevance divided by the
        logit (absent if the logit is 0), what of the score reached the pixels;
        ``positive`` and ``negative``, the sums of the two parts;
        ``folding_shift``, by how much the canonical network's logit differs
        (rounding); ``own_norms``, batch norms that could not be folded.

    Notes
    -----
    The relevance of the output is the logit of the class; each module hands
    on what it receives by its rule, ``R_i = sum_j (z_ij / sum_i z_ij) R_j``,
    where the rules differ in what they call the contribution ``z_ij``. See
    :data:`xai.attribution.composites.COMPOSITES` for which is used where.

    Around the rules: batch norms are folded into convolutions; one that
    follows no convolution gets the epsilon rule, its shift acting as a bias.
    Activations pass relevance on, maximum pooling hands it to the maximum,
    averages and residual sums share it by contribution. Relevance is taken at
    the normalised image and not multiplied by the normalization's slope.

    Biases take part as zennit has it: in every rule but flat they have a share
    in the denominator, and that share of the relevance is absorbed.
    ``zero_bias`` leaves them out. The biases of folded batch norms absorb from
    half (a VGG) to nearly all of the score (EfficientNet-Lite, where depthwise
    filters without any positive weight lose more): the picture remains, its
    sum does not.

    References
    ----------
    S. Bach, A. Binder, G. Montavon, F. Klauschen, K.-R. Müller, W. Samek: On
    pixel-wise explanations for non-linear classifier decisions by layer-wise
    relevance propagation, PLOS ONE 10 (7), 2015.

    G. Montavon, A. Binder, S. Lapuschkin, W. Samek, K.-R. Müller: Layer-wise
    relevance propagation: an overview, 2019.

    C. J. Anders, D. Neumann, W. Samek, K.-R. Müller, S. Lapuschkin: Software
    for dataset-wide XAI: from local explanations to global insights with
    Zennit, CoRelAy, and ViRelAy, 2021, arXiv 2106.13200.
    """
    with torch.no_grad():
        logits = model.logits(x)
    index = pick(logits, target)
    logit = float(logits[0, index])
    net = canonical(model)
    relevance, score = _propagate(model, net, x, index, params)
    values = relevance[0].double()
    diagnostics = {
        "positive": float(values.clamp(min=0).sum()),
        "negative": float(values.clamp(max=0).sum()),
        "folding_shift": score - logit,
        "own_norms": float(sum(isinstance(module, Affine) for module in net.modules())),
    }
    if logit != 0:
        diagnostics["conserved"] = float(values.sum()) / logit
    return Finding(relevance[0].cpu().numpy(), index, logit, diagnostics)


def _propagate(
    model: LoadedModel, net: nn.Module, x: Tensor, index: int, params: LrpParams
) -> tuple[Tensor, float]:
    """Return the relevance of the normalised image, and the score that was handed back."""
    rules = assign(model, net, params)
    leaf = model.normalize(x).detach().requires_grad_()
    # Leaving the context drops the rules' tensors, which would else keep the graph alive.
    with Composite(lambda context, name, module: rules.get(name)).context(net):
        scores = net(leaf)
        start = torch.zeros_like(scores)
        start[:, index] = scores[:, index].detach()
        (relevance,) = torch.autograd.grad(scores, leaf, grad_outputs=start)
    return relevance, float(start[0, index])
