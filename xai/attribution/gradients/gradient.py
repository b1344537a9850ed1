"""The gradient of a score with respect to the image, and the gradient times the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from xai.attribution.result import Finding
from xai.attribution.target import pick

if TYPE_CHECKING:
    from xai.attribution.params import GradientParams
    from xai.models import LoadedModel
    from xai.types import Progress

#: Numbers in one batch of images: four photographs, or hundreds of digits. Larger
#: batches are slower on a CPU, since every activation is mapped and unmapped anew.
_BATCH_NUMBERS = 650_000


def batch_size(x: Tensor) -> int:
    """Return how many images like ``x`` (1, C, H, W) go through a network at once."""
    return max(1, _BATCH_NUMBERS // x.numel())


def batch_gradient(model: LoadedModel, batch: Tensor, target: int) -> Tensor:
    """Return the gradient of one class's score for each image of a batch.

    Parameters
    ----------
    model : LoadedModel
    batch : Tensor, shape (N, C, H, W), in [0, 1]
    target : int

    Returns
    -------
    Tensor, shape (N, C, H, W)
    """
    leaf = batch.detach().requires_grad_()
    score = model.logits(leaf)[:, target].sum()
    return torch.autograd.grad(score, leaf)[0]


def _gradient(model: LoadedModel, x: Tensor, target: int | None) -> tuple[Tensor, Finding]:
    """Return the gradient as a tensor and as a finding, from a single forward pass."""
    leaf = x.detach().requires_grad_()
    logits = model.logits(leaf)
    index = pick(logits, target)
    (slope,) = torch.autograd.grad(logits[:, index].sum(), leaf)
    return slope, Finding(slope[0].cpu().numpy(), index, float(logits[0, index].detach()))


def gradient(
    model: LoadedModel,
    x: Tensor,
    target: int | None,
    params: GradientParams,
    seed: int,
    progress: Progress,
) -> Finding:
    """Return the gradient of the score with respect to the image in [0, 1].

    Notes
    -----
    ``R = df_c / dx``. The paper shows the largest absolute value over the
    colour channels; here sign and channels survive.

    References
    ----------
    K. Simonyan, A. Vedaldi, A. Zisserman: Deep inside convolutional networks:
    visualising image classification models and saliency maps, 2013, arXiv 1312.6034.
    """
    return _gradient(model, x, target)[1]


def input_x_gradient(
    model: LoadedModel,
    x: Tensor,
    target: int | None,
    params: GradientParams,
    seed: int,
    progress: Progress,
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
    slope, found = _gradient(model, x, target)
    return Finding((slope * x)[0].cpu().numpy(), found.target, found.logit)
