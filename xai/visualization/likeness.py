"""How alike images are to a layer: what is pushed apart where several are to differ."""

from __future__ import annotations

import torch
from torch import Tensor


def likeness(output: Tensor) -> Tensor:
    """Return how alike the answers of a layer to several images are.

    Parameters
    ----------
    output : Tensor, shape (N, C, H, W) or (N, D)

    Returns
    -------
    Tensor, shape (N, N)
        Cosines, in [-1, 1], 1 on the diagonal; differentiable.

    Notes
    -----
    Of maps the Gram matrices of the channels are compared: which go together, wherever in the
    image that is. Of neurons the answers themselves.

    References
    ----------
    C. Olah, A. Mordvintsev, L. Schubert: Feature visualization, 2017, Distill: diversity.
    """
    if output.dim() == 4:
        maps = output.flatten(2)
        output = maps @ maps.transpose(1, 2)
    rows = torch.nn.functional.normalize(output.flatten(1), dim=1)
    return rows @ rows.T


def crowding(output: Tensor) -> Tensor:
    """Return the mean likeness of two different images of a batch; 0 of a single one."""
    count = len(output)
    if count < 2:
        return output.sum() * 0
    return (likeness(output).sum() - count) / (count * (count - 1))
