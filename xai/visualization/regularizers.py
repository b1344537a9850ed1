"""What holds a growing image back: each a function of tensors, without a state."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

#: Differences of neighbours below this count as smooth, in [0, 1].
_SMOOTH = 0.01


@lru_cache(maxsize=32)
def _kernel(sigma: float) -> Tensor:
    reach = max(1, math.ceil(3 * sigma))
    # Made in somebody's inference mode, it could serve nobody's gradient.
    with torch.inference_mode(False):
        places = torch.arange(-reach, reach + 1, dtype=torch.float32)
        weights = torch.exp(-(places**2) / (2 * sigma**2))
        return weights / weights.sum()


def blurred(x: Tensor, sigma: float) -> Tensor:
    """Blur images by a Gaussian.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
    sigma : float
        In pixels; 0 returns the images.

    Notes
    -----
    Cut off at three sigma; at the border the outermost pixel is repeated.
    """
    if sigma <= 0:
        return x
    weights = _kernel(sigma).to(x.device)
    reach = len(weights) // 2
    count, channels = x.shape[:2]
    rows = x.reshape(count * channels, 1, *x.shape[2:])
    rows = F.conv2d(F.pad(rows, (reach, reach, 0, 0), mode="replicate"), weights[None, None, None])
    rows = F.conv2d(
        F.pad(rows, (0, 0, reach, reach), mode="replicate"), weights[None, None, :, None]
    )
    return rows.reshape(x.shape)


def variation_slope(x: Tensor) -> Tensor:
    r"""Return the gradient of the total variation of images.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W), in [0, 1]

    Returns
    -------
    Tensor, shape (N, C, H, W)
        Of :math:`\sum \sqrt{d^2 + \epsilon^2}` over the differences :math:`d` of all
        neighbours in a row or a column, where :math:`\epsilon` is 0.01: between -4 and 4.

    References
    ----------
    L. Rudin, S. Osher, E. Fatemi: Nonlinear total variation based noise removal
    algorithms, 1992.
    """
    slope = torch.zeros_like(x)
    for axis in (2, 3):
        difference = x.diff(dim=axis)
        pull = difference / torch.sqrt(difference**2 + _SMOOTH**2)
        size = x.shape[axis]
        slope.narrow(axis, 1, size - 1).add_(pull)
        slope.narrow(axis, 0, size - 1).sub_(pull)
    return slope


def shifted(x: Tensor, down: int, right: int) -> Tensor:
    """Shift images; what leaves on one side comes back on the other."""
    return torch.roll(x, (down, right), (2, 3)) if down or right else x


def turned(x: Tensor, degrees: float, factor: float, down: int = 0, right: int = 0) -> Tensor:
    """Turn images about their centre, anticlockwise, and enlarge them, then shift them.

    Differentiable with respect to the images.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
    degrees : float
    factor : float
        Above 1 the content grows.
    down, right : int
        As in :func:`shifted`, in pixels.

    Notes
    -----
    Bilinear; beyond the border its outermost pixels are repeated.
    """
    if degrees == 0 and factor == 1:
        return shifted(x, down, right)
    angle, (height, width) = math.radians(degrees), x.shape[2:]
    cosine, sine = math.cos(angle) / factor, math.sin(angle) / factor
    # Coordinates run from -1 to 1 on either axis: of an oblong image the units differ.
    turn = torch.tensor(
        ((cosine, sine * width / height), (-sine * height / width, cosine)), device=x.device
    )
    # The image is looked up at places that are shifted themselves: a copy less.
    places = _places(height, width, down % height, right % width, x.device).mm(turn)
    grid = places.view(1, height, width, 2).expand(len(x), -1, -1, -1)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


@lru_cache(maxsize=32)
def _places(height: int, width: int, down: int, right: int, device: torch.device) -> Tensor:
    """Return column and row of each pixel of a shifted image, (H * W, 2), from -1 to 1."""
    # Made in somebody's inference mode, it could serve nobody's gradient.
    with torch.inference_mode(False):
        rows, columns = (
            (torch.arange(size, dtype=torch.float32) * 2 + 1) / size - 1 for size in (height, width)
        )
        grid = torch.meshgrid(columns.roll(right), rows.roll(down), indexing="xy")
        return torch.stack(grid, dim=-1).reshape(-1, 2).to(device)


def clipped(slope: Tensor, multiple: float) -> Tensor:
    """Cut a gradient where it exceeds a multiple of its mean absolute value, image by image.

    Parameters
    ----------
    slope : Tensor, shape (N, C, H, W)
    multiple : float
        0 leaves it as it is.
    """
    if multiple <= 0:
        return slope
    most = multiple * slope.abs().mean((1, 2, 3), keepdim=True)
    return torch.minimum(torch.maximum(slope, -most), most)


def coarse(slope: Tensor, factor: int) -> Tensor:
    """Keep of a gradient what is as coarse as cells of ``factor`` pixels.

    Parameters
    ----------
    slope : Tensor, shape (N, C, H, W)
    factor : int
        1 leaves it as it is.
    """
    if factor <= 1:
        return slope
    height, width = slope.shape[2:]
    cells = (max(1, height // factor), max(1, width // factor))
    means = F.adaptive_avg_pool2d(slope, cells)
    return F.interpolate(means, (height, width), mode="bilinear", align_corners=False)


def coarseness(step: int, steps: int, octaves: int) -> int:
    """Return the side of the cells, in pixels, to which a step is confined.

    Parameters
    ----------
    step : int
        From 0.
    steps : int
        In all.
    octaves : int
        Stages of equal length; in the last one the side is 1.
    """
    stage = min(octaves - 1, step * octaves // max(1, steps))
    return int(2 ** (octaves - 1 - stage))
