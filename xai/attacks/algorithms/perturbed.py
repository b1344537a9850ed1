"""What an attack tells while it works, and what it claims in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Trace:
    """What the network said of those images of a batch that take one step, before it.

    Attributes
    ----------
    done, total : int
        Steps of the whole attack, this one included, and how many there may be.
    restart, step : int
        Which random start (or search), and which step of it, both from 0.
    rows : Tensor, shape (n,), int64
        Their places in the batch: others have been stopped early.
    images : Tensor, shape (n, C, H, W)
        The images.
    logits : Tensor, shape (n, K)
        Scores of the images.
    """

    done: int
    total: int
    restart: int
    step: int
    rows: Tensor
    images: Tensor
    logits: Tensor


OnStep = Callable[[Trace], None]


@dataclass(frozen=True, eq=False)
class Perturbed:
    """What an attack claims; :func:`xai.attacks.run` believes none of it.

    Attributes
    ----------
    images : Tensor, shape (N, C, H, W), in [0, 1]
    steps, queries : Tensor, shape (N,)
        Gradient steps taken and forward passes used, over all restarts.
    restart : Tensor, shape (N,)
        The random start that the image comes from.
    vanished : Tensor, shape (N,), bool
        Whether the gradient was zero everywhere at a step of that start.
    """

    images: Tensor
    steps: Tensor
    queries: Tensor
    restart: Tensor
    vanished: Tensor


def peak(gradient: Tensor) -> Tensor | None:
    """Return the largest entry of each image's gradient, (N,), or None if none is zero.

    Raises
    ------
    ValueError
        If one is not finite.
    """
    largest = torch.linalg.vector_norm(gradient, torch.inf, (1, 2, 3))
    ends = torch.stack((largest.min(), largest.max())).tolist() if len(largest) > 1 else None
    low, high = ends or [float(largest)] * 2
    if not high < torch.inf:
        raise ValueError(
            "model: expected a finite gradient, got NaN or infinity; "
            "the network's numbers overflow on this image"
        )
    return largest if low == 0 else None
