"""What is one number an image, beside what is a whole image: the rows of a batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def mean_sizes(x: Tensor) -> list[float]:
    """Return the mean absolute value of each image (N, C, H, W)."""
    count = x.numel() // len(x)
    return [size / count for size in torch.linalg.vector_norm(x, 1, (1, 2, 3)).tolist()]


def wide(values: Tensor, like: Tensor) -> Tensor:
    """Give one value a row the axes of a tensor."""
    return values.reshape(-1, *[1] * (like.dim() - 1))


def pushed(velocity: Tensor, pull: Tensor, rates: Sequence[float]) -> Tensor:
    """Add to each row of a velocity that is nobody else's its pull times its rate."""
    if len(rates) == 1:
        return velocity.add_(pull, alpha=rates[0])
    return velocity.addcmul_(pull, wide(pull.new_tensor(rates), pull))


def merged(rows: Sequence[bool], new: Tensor, old: Tensor) -> Tensor:
    """Return what is new in some rows, and old in the others."""
    if all(rows):
        return new
    if not any(rows):
        return old
    return torch.where(wide(torch.tensor(rows, device=new.device), new), new, old)
