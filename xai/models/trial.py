"""A dry run of a model with weights nobody has seen: does it answer, and what works with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from xai.models.loaded import LoadedModel


@dataclass(frozen=True)
class Finding:
    """Whether one thing works with a model.

    Attributes
    ----------
    feature : str
        Name for people, such as ``"Grad-CAM"``.
    works : bool
    reason : str
        One sentence: what was tried, or what stands in the way.
    """

    feature: str
    works: bool
    reason: str


@dataclass(frozen=True)
class Report:
    """What a dry run found.

    Attributes
    ----------
    parameters : int
        Trainable numbers of the network.
    classes : int
        Number of outputs.
    accuracy : float or None
        Always None: without labelled images nobody knows.
    findings : tuple of Finding
    """

    parameters: int
    classes: int
    accuracy: float | None
    findings: tuple[Finding, ...]


def dry_run(model: LoadedModel) -> Report:
    """Show the model a black image and noise, and say what works with it.

    Raises
    ------
    ValueError
        If it answers with NaN or infinity.
    """
    noise = torch.rand(model.input_shape, generator=torch.Generator().manual_seed(0))
    batch = model.tensor(torch.stack([torch.zeros_like(noise), noise])).requires_grad_(True)
    logits = model.logits(batch)
    if not bool(torch.isfinite(logits).all()):
        raise ValueError("weights: the network answers with NaN or infinity")
    (slope,) = torch.autograd.grad(logits.max(1).values.sum(), batch)
    black, random = logits.detach()
    parameters = sum(parameter.numel() for parameter in model.net.parameters())
    return Report(
        parameters=parameters,
        classes=len(model.classes),
        accuracy=None,
        findings=(
            _prediction(bool(torch.equal(black, random))),
            _gradients(slope),
            _layers(model),
            _cam(model),
            _relevance(model),
        ),
    )


def _prediction(alike: bool) -> Finding:
    reason = "a black image and noise get finite scores that differ"
    if alike:
        reason = "a black image and noise get the same scores: it does not look at the image"
    return Finding("Prediction", not alike, reason)


def _gradients(slope: Tensor) -> Finding:
    works = bool(torch.isfinite(slope).all()) and bool(slope[1].any())
    reason = "the score changes with the pixels" if works else "no pixel changes the score"
    return Finding("Gradients and attacks", works, reason)


def _layers(model: LoadedModel) -> Finding:
    return Finding("Layers and feature maps", True, f"{len(model.layers)} layers can be opened")


def _cam(model: LoadedModel) -> Finding:
    wanted = model.spec.cam_layer
    layer = next(layer for layer in model.layers if layer.name == wanted)
    rows, columns = layer.shape[1:]
    return Finding("Grad-CAM", True, f"weighs the {rows} × {columns} maps of {wanted}")


def _relevance(model: LoadedModel) -> Finding:
    norms = sum(layer.kind == "BatchNorm2d" for layer in model.layers)
    left = norms - len(model.norm_pairs)
    reason = "every layer has a rule"
    if left:
        reason = (
            f"{left} of {norms} batch norms do not follow a convolution and cannot be merged "
            "into one: sums of relevance are approximate"
        )
    return Finding("Relevance (LRP)", not left, reason)
