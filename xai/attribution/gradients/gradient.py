"""The gradient of a score with respect to the image, and the gradient times the image."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from xai.attribution.aim import Aim
from xai.attribution.result import Finding

if TYPE_CHECKING:
    from xai.attribution.gradients.params import GradientParams, InputXGradientParams
    from xai.attribution.reporting import Reporter
    from xai.models import LoadedModel

#: Numbers in one batch of images: four photographs, or hundreds of digits. Larger
#: batches are slower on a CPU, since every activation is mapped and unmapped anew.
_BATCH_NUMBERS = 650_000


def batch_size(x: Tensor) -> int:
    """Return how many images like ``x`` (1, C, H, W) go through a network at once."""
    return max(1, _BATCH_NUMBERS // x.numel())


def batch_gradient(network: Callable[[Tensor], Tensor], batch: Tensor, aim: Aim) -> Tensor:
    """Return the gradient of the explained score for each image of a batch.

    Parameters
    ----------
    network : callable
        Takes images in [0, 1] to scores, such as :meth:`LoadedModel.logits`.
    batch : Tensor, shape (N, C, H, W), in [0, 1]
    aim : Aim
        Settled.

    Returns
    -------
    Tensor, shape (N, C, H, W)
    """
    if len(batch) > 1:
        # On a CPU convolutions of several colour images take a fifth less with the
        # channels last; of a single one they take as long either way.
        batch = batch.contiguous(memory_format=torch.channels_last)
    leaf = batch.detach().requires_grad_()
    logits = network(leaf)
    return torch.autograd.grad(logits, leaf, aim.slope(logits))[0]


def single_gradient(
    network: Callable[[Tensor], Tensor], x: Tensor, aim: Aim, times_input: bool
) -> Finding:
    """Return the gradient of the explained score for one image, from a single forward pass.

    Parameters
    ----------
    network : callable
        Takes images in [0, 1] to scores, such as :meth:`LoadedModel.logits`.
    x : Tensor, shape (1, C, H, W), in [0, 1]
    aim : Aim
    times_input : bool
        Whether the gradient is multiplied by the image.
    """
    leaf = x.detach().requires_grad_()
    logits = network(leaf)
    settled = aim.settled(logits)
    (slope,) = torch.autograd.grad(logits, leaf, settled.slope(logits))
    relevance = slope * x if times_input else slope
    return Finding(relevance[0].cpu().numpy(), settled, logits.detach())


def gradient(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: GradientParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return the gradient of the score with respect to the image in [0, 1].

    Notes
    -----
    ``R = df_c / dx``, or ``x * df_c / dx`` with ``times_input``. The paper
    shows the largest absolute value over the colour channels; here sign and
    channels survive.

    References
    ----------
    K. Simonyan, A. Vedaldi, A. Zisserman: Deep inside convolutional networks:
    visualising image classification models and saliency maps, 2013, arXiv 1312.6034.
    """
    return single_gradient(model.logits, x, aim, params.times_input)


def input_x_gradient(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: InputXGradientParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return the gradient times the image, both in [0, 1].

    Notes
    -----
    ``R = x * df_c / dx``, with the image before normalization: black is the
    zero of the product, as it is integrated gradients' default baseline.

    References
    ----------
    A. Shrikumar, P. Greenside, A. Shcherbina, A. Kundaje: Not just a black box:
    learning important features through propagating activation differences,
    2016, arXiv 1605.01713.
    """
    return single_gradient(model.logits, x, aim, times_input=True)
