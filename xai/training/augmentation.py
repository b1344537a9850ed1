"""Small random shifts, turns and scalings of a batch of images."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def jitter(
    images: Tensor,
    generator: torch.Generator,
    *,
    degrees: float = 10.0,
    shift: float = 0.07,
    zoom: float = 0.1,
    shear: float = 0.1,
) -> Tensor:
    """Turn, scale, shear and shift each image a little, at random.

    Parameters
    ----------
    images : Tensor, shape (N, C, H, W), in [0, 1]
        What comes in from outside is black.
    generator : torch.Generator
        Source of all randomness.
    degrees : float
        Largest turn, in degrees, either way.
    shift : float
        Largest shift along each axis, as a share of the side.
    zoom : float
        Largest change of scale: factors lie in [1 - zoom, 1 + zoom].
    shear : float
        Largest shear along x, as the tangent of its angle.
    """
    count = len(images)

    def draw(limit: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * limit

    angle = draw(math.radians(degrees))
    scale = 1 + draw(zoom)
    slant, right, down = draw(shear), draw(2 * shift), draw(2 * shift)
    cosine, sine = angle.cos() / scale, angle.sin() / scale
    matrix = torch.stack(
        [cosine, slant * cosine - sine, right, sine, slant * sine + cosine, down], dim=1
    ).reshape(count, 2, 3)
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)
