"""Doing again what a manifest describes, and whether the same came out."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from xai import models
from xai.attribution import run
from xai.attribution.manifests.manifest import Request, measured
from xai.attribution.result import Attribution
from xai.models.loaded import LoadedModel
from xai.types import Progress

#: How far numbers may be apart, in relation to their size, that were rounded otherwise.
ROUNDING = 1e-4


@dataclass(frozen=True)
class Comparison:
    """How a repeated explanation relates to the first one.

    Attributes
    ----------
    equal : bool
        Whether the two maps agree in every bit; the scores are close then.
    close : bool
        Whether logit, sum, least and largest value agree within :data:`ROUNDING`, of
        the sum in relation to that of the absolute values.
    sentence : str
    """

    equal: bool
    close: bool
    sentence: str


def load(request: Request, weights: bytes | None = None) -> LoadedModel:
    """Load the model that a manifest names.

    Parameters
    ----------
    request : Request
    weights : bytes, optional
        The file, for weights of the user's own.

    Raises
    ------
    ValueError
        If the file is missing, not needed or another one, or the model cannot be
        loaded.
    """
    device = "cpu" if request.device == "cpu" else None
    if not request.own:
        if weights is not None:
            raise ValueError(f"weights: {request.model} has its own, and takes no file")
        return models.load(request.model, device=device)
    if weights is None:
        raise ValueError(
            "weights: the model had weights of the user's own; their file has to be given "
            f"(SHA-256 {request.weights[:12]}…)"
        )
    if hashlib.sha256(weights).hexdigest() != request.weights:
        raise ValueError(
            f"weights: expected the file with SHA-256 {request.weights[:12]}…, got another"
        )
    model = models.load_checkpoint(
        weights,
        request.architecture,
        name=request.model,
        classes=request.classes or None,
        mean=request.mean,
        std=request.std,
        device=device,
    ).model
    if model.spec.name != request.model:
        raise ValueError(f"model: expected {request.model}, got {model.spec.name}")
    return model


def repeat(
    request: Request, model: LoadedModel, *, progress: Progress | None = None
) -> Attribution:
    """Explain again what a manifest describes.

    Parameters
    ----------
    request : Request
    model : LoadedModel
        As :func:`load` gives it.
    progress : callable, optional
        ``progress(done, total, message)``; may raise.

    Raises
    ------
    ValueError
        As :func:`xai.attribution.run`.
    """
    with _threads(request.threads):
        return run(
            model,
            request.image,
            request.method,
            target=request.target,
            contrast=request.contrast,
            params=request.params,
            seed=request.seed,
            progress=progress,
        )


def compare(request: Request, found: Attribution) -> Comparison:
    """Say whether an explanation is what its manifest expects."""
    first, now = request.expected, measured(found)
    size = float(np.abs(found.relevance).sum(dtype=np.float64))
    extent = max(abs(first.min), abs(first.max), abs(now.min), abs(now.max))
    pairs = {
        "logit": (first.logit, now.logit, max(1.0, abs(first.logit))),
        "sum": (first.sum, now.sum, max(size, abs(first.sum))),
        "min": (first.min, now.min, extent),
        "max": (first.max, now.max, extent),
    }
    if first.contrast_logit is not None and now.contrast_logit is not None:
        scale = max(1.0, abs(first.contrast_logit))
        pairs["contrast logit"] = (first.contrast_logit, now.contrast_logit, scale)
    apart = [
        f"{name} {after:.6g} instead of {before:.6g}"
        for name, (before, after, scale) in pairs.items()
        if not math.isclose(before, after, rel_tol=0, abs_tol=ROUNDING * scale)
    ]
    if apart:
        return Comparison(False, False, f"other numbers: {', '.join(apart)}")
    if first.digest == now.digest:
        return Comparison(True, True, "the same array, bit for bit")
    return Comparison(False, True, "the same numbers up to rounding, not bit for bit")


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Compute with as many threads as then, since sums in another order round otherwise."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(count, 256))
    try:
        yield
    finally:
        torch.set_num_threads(before)
