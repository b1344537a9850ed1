"""Layer-wise relevance propagation, by zennit's rules on a network in canonical form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from zennit.core import Composite

from xai.attribution.aim import Aim
from xai.attribution.lrp.assignment import assign
from xai.attribution.lrp.canonical import Affine, canonical
from xai.attribution.lrp.variants import Variants
from xai.attribution.result import Finding
from xai.models.lending import lent

if TYPE_CHECKING:
    from xai.attribution.lrp.params import LrpParams
    from xai.attribution.reporting import Reporter
    from xai.models import LoadedModel


def lrp(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: LrpParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return the score handed back, layer by layer, to the pixels that contributed it.

    Returns
    -------
    Finding
        Diagnostics: ``conserved``, the sum of the relevance divided by the
        score (absent if that is 0), what of it reached the pixels;
        ``positive`` and ``negative``, the sums of the two parts;
        ``folding_shift``, by how much the canonical network's logit differs
        (rounding); ``own_norms``, batch norms that could not be folded.

    Notes
    -----
    The relevance of the output is the logit of the class; each module hands
    on what it receives by its rule, ``R_i = sum_j (z_ij / sum_i z_ij) R_j``,
    where the rules differ in what they call the contribution ``z_ij``. See
    :data:`xai.attribution.lrp.composites.COMPOSITES` for which is used where.

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
    with ruled(model, params) as net:
        leaf = model.normalize(x).detach().requires_grad_()
        scores = net(leaf)
        own_norms = sum(isinstance(module, Affine) for module in net.modules())
        logits = scores.detach()
        if model.norm_pairs or own_norms:
            with torch.no_grad():
                logits = model.logits(x)
        settled = aim.settled(logits)
        start = settled.start(scores.detach())
        (relevance,) = torch.autograd.grad(scores, leaf, grad_outputs=start)
    logit = float(settled.score(logits)[0])
    values = relevance[0].double()
    diagnostics = {
        "positive": float(values.clamp(min=0).sum()),
        "negative": float(values.clamp(max=0).sum()),
        "folding_shift": float(start.sum()) - logit,
        "own_norms": float(own_norms),
    }
    if logit != 0:
        diagnostics["conserved"] = float(values.sum()) / logit
    return Finding(relevance[0].cpu().numpy(), settled, logits, diagnostics)


@contextmanager
def ruled(model: LoadedModel, params: LrpParams) -> Iterator[nn.Module]:
    """Lend a network whose gradient is relevance, for as long as the block runs.

    Parameters
    ----------
    model : LoadedModel
        It is not touched.
    params : LrpParams

    Yields
    ------
    nn.Module
        In canonical form (:func:`xai.attribution.lrp.canonical.canonical`), with the
        rules' hooks. Nobody else has it meanwhile. With ``scores = net(leaf)``,
        ``torch.autograd.grad(scores, leaf, grad_outputs=aim.start(scores.detach()))`` is
        the relevance of ``leaf``, the normalised image, and with an output of a module
        in place of ``leaf`` the relevance of that output.

    Raises
    ------
    ValueError
        If the box rule has no pixels to bound.

    Notes
    -----
    A hook of the caller's own has to be registered inside the block and removed before
    it ends. It sees what the rules hand on in the *output* of a module; what it is given
    as the module's *input* may be cut off from the graph.
    """
    with lent(model, "lrp", _prepare) as prepared:
        rules = assign(model, prepared.net, params, prepared.variants)
        with Composite(lambda context, name, module: rules.get(name)).context(prepared.net):
            yield prepared.net
        prepared.variants.forget_unused()


class _Prepared(NamedTuple):
    """A network in canonical form, and the weights that the last rules wanted of it."""

    net: nn.Module
    variants: Variants


def _prepare(model: LoadedModel) -> _Prepared:
    return _Prepared(canonical(model), Variants())
