"""What stands where a part of the image is hidden."""

from __future__ import annotations

import torch
from torch import Tensor

#: Value of the even fills, in [0, 1].
_EVEN = {"black": 0.0, "grey": 0.5}


def filling(x: Tensor, fill: str, scale: float) -> Tensor:
    """Return the image that is shown in place of what is hidden.

    Parameters
    ----------
    x : Tensor, shape (1, C, H, W), in [0, 1]
    fill : str
        One of :data:`xai.attribution.black_box.params.FILLS`.
    scale : float
        Side of the smallest part that is hidden at once, in pixels: a blur's
        standard deviation is half of it, so that what fits in is gone.

    Returns
    -------
    Tensor, shape (1, C, H, W), in [0, 1]
    """
    if fill == "mean":
        return x.mean(dim=(2, 3), keepdim=True).expand_as(x)
    if fill == "blur":
        rows, columns = (_weights(side, scale / 2, x.device) for side in x.shape[2:])
        return rows @ x @ columns.T
    return torch.full_like(x, _EVEN[fill])


def _weights(side: int, sigma: float, device: torch.device) -> Tensor:
    """Return the weight (side, side) of each pixel in the Gaussian mean around each other.

    Rows add up to 1 at the border too, where padding would bring in a colour.
    """
    places = torch.arange(side, dtype=torch.float32, device=device)
    distance = (places[:, None] - places[None, :]) / sigma
    return torch.softmax(-(distance**2) / 2, dim=1)
