"""Gradients of many images, averaged batch by batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from xai.attribution.gradients.gradient import batch_gradient
from xai.models.lending import lean

if TYPE_CHECKING:
    from xai.attribution.aim import Aim
    from xai.attribution.reporting import Reporter
    from xai.models import LoadedModel

#: How often the map is shown while it grows.
_SHOWN = 10


def mean_gradient(
    model: LoadedModel,
    batches: Iterable[tuple[Tensor, Tensor | None]],
    total: int,
    aim: Aim,
    report: Reporter,
    message: str,
    times: Tensor | None = None,
) -> Tensor:
    """Return the mean gradient of the explained score over many images.

    Only one batch is in memory at a time.

    Parameters
    ----------
    model : LoadedModel
    batches : iterable of (Tensor, Tensor or None)
        Images (N, C, H, W), ``total`` of them in all, and what the gradient of each is
        multiplied by; None leaves it as it is.
    total : int
    aim : Aim
        Settled.
    report : Reporter
        Hears of each batch, and is shown the mean of what was done so far.
    message : str
        What is counted.
    times : Tensor, shape (1, C, H, W), optional
        What the map that is shown on the way is multiplied by.

    Returns
    -------
    Tensor, shape (1, C, H, W)

    Notes
    -----
    Batch norms are folded into the convolutions before them, which saves two walks
    through memory each. Scores move by rounding alone; but a unit that is within
    rounding of its kink may take the other side, as with any other order of sums.
    """
    summed: Tensor | None = None
    done = shown = 0
    with lean(model) as network:
        for batch, weights in batches:
            slopes = batch_gradient(network, batch, aim)
            part = (slopes if weights is None else slopes * weights).sum(0, keepdim=True)
            summed = part if summed is None else summed + part
            done += len(batch)
            report(done, total, message)
            if report.watched and done < total and done * _SHOWN // total > shown:
                shown = done * _SHOWN // total
                mean = summed / done
                report.show(as_map(mean if times is None else mean * times))
    if summed is None:
        raise ValueError("batches: expected at least one, got none")
    return summed / total


def as_map(relevance: Tensor) -> np.ndarray:
    """Return a relevance (1, C, H, W) as an array (C, H, W) of its own."""
    return relevance[0].to("cpu", torch.float32).contiguous().numpy()


def places(x: Tensor, steps: int) -> Tensor:
    """Return the middles of equal steps, in (0, 1), shape (steps, 1, 1, 1), for images like x."""
    middles = (torch.arange(steps, dtype=torch.float64) + 0.5) / steps
    return middles.to(x.device, torch.float32).reshape(-1, 1, 1, 1)
