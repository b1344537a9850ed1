"""What each regulariser does to a toy image, by the very functions that the runs use."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from xai.types import make_params
from xai.visualization import regularizers as hold
from xai.visualization.canvases import Pixels
from xai.visualization.parameters import REGULARIZERS, VisualizationParams

#: Pixels of a toy's side.
SIDE = 28
# Steps after which fading is shown, and of the flattening.
_FADED, _FLATTENED = 40, 20
# What such a step moves a pixel by, where the price is 1: about a grey level.
_LEVEL = 1 / 255
_MOST_STAGES = 3
# Red, green and blue of the two extremes of what is random: white where both are.
_EXTREMES = ((1.0, 0.55, 0.1), (0.1, 0.55, 1.0))
#: A gradient that is small at most pixels: absolute values, two of them run away.
_SLOPES = (1.0, 0.6, 1.4, 0.9, 0.5, 1.2, 14.0, 0.8, 1.5, 0.6, 1.1, 0.7, 7.0, 1.3, 0.5, 1.0, 0.8,
           1.4, 0.6, 1.2, 0.9)  # fmt: skip


def toy(name: str, value: float, side: int = SIDE) -> tuple[np.ndarray, ...]:
    """Show what a regulariser does.

    Parameters
    ----------
    name : str
        One of :data:`xai.visualization.REGULARIZERS`.
    value : float
        Its strength, in its range.
    side : int
        Longer side of the network's images in pixels: a shift by three means less of a large
        one.

    Returns
    -------
    tuple of ndarray, float32
        Pictures (C, 28, 28) in [0, 1], the first without it; for ``"gradient_clip"`` two
        profiles (21,) of absolute gradients, and for ``"octaves"`` up to three stages, coarse
        to fine. All are equal if the regulariser does nothing.

    Raises
    ------
    TypeError, ValueError
        If there is no such regulariser, or the value is out of its range.

    Notes
    -----
    Fading is that of 40 steps, flattening of 20: one step alone could not be seen. What is
    random is shown at both extremes, one orange and one blue: white is common to both.
    """
    if name not in REGULARIZERS:
        raise ValueError(f"regulariser: expected one of {', '.join(REGULARIZERS)}; got {name!r}")
    if side < 1:
        raise ValueError(f"side: expected at least 1 pixel, got {side}")
    make_params(VisualizationParams, {name: value})
    if name == "gradient_clip":
        slopes = torch.tensor(_SLOPES).reshape(1, 1, 1, -1)
        return tuple(one.reshape(-1).numpy() for one in (slopes, hold.clipped(slopes, value)))
    if name == "octaves":
        return tuple(map(_pixels, _stages(int(value))))
    grainy = name in ("blur_sigma", "total_variation")
    shape = torch.from_numpy(_shape(grainy))[None, None]
    return _pixels(shape), _pixels(_after(name, value, shape, side))


def _after(name: str, value: float, shape: Tensor, side: int) -> Tensor:
    """Return a toy (1, 1, 28, 28) as a regulariser leaves it."""
    if not value:
        return shape
    if name == "weight_decay":
        canvas = Pixels(torch.full((1, 1, 1, 1), 0.5))
        for _ in range(_FADED):
            shape = canvas.faded(shape, value)
        return shape
    if name == "blur_sigma":
        return hold.blurred(shape, value)
    if name == "total_variation":
        return _flattened(shape, value)
    return _thrown(name, value, shape, side)


def _flattened(shape: Tensor, price: float) -> Tensor:
    # In steps of two levels at most: larger ones would swing about the flat image.
    parts = math.ceil(price / 2)
    for _ in range(_FLATTENED * parts):
        shape = (shape - price / parts * _LEVEL * hold.variation_slope(shape)).clamp(0, 1)
    return shape


def _thrown(name: str, value: float, shape: Tensor, side: int) -> Tensor:
    """Return both extremes of a random change, in colours (1, 3, 28, 28)."""
    # Beyond half of the toy it would come back on the other side.
    far = min(max(1, round(value * SIDE / side)), SIDE // 2 - 1)
    found = torch.zeros(1, 3, SIDE, SIDE)
    for way, colour in zip((-1, 1), _EXTREMES, strict=True):
        if name == "jitter":
            copy = hold.shifted(shape, way * far, way * far)
        elif name == "rotation":
            copy = hold.turned(shape, way * value, 1.0)
        else:
            copy = hold.turned(shape, 0.0, 1 + way * value)
        found += copy * torch.tensor(colour).reshape(1, 3, 1, 1)
    return found.clamp(0, 1)


def _stages(octaves: int) -> list[Tensor]:
    """Return what the stages from coarse to fine let through, at most three of them."""
    shape = torch.from_numpy(_shape(False))[None, None]
    count = max(2, min(octaves, _MOST_STAGES))
    places = np.linspace(0, octaves - 1, count).round().astype(int)
    return [hold.coarse(shape, hold.coarseness(int(place), octaves, octaves)) for place in places]


@lru_cache(maxsize=2)
def _shape(grainy: bool) -> np.ndarray:
    """Draw a seven, bright on dark; with grain on both, if asked."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    bar = np.maximum(np.abs(rows - 6.5) - 2.2, np.abs(columns - 13.5) - 7.5)
    # The stem runs from the bar's right end down to the left.
    along = (rows - 6.0) / 17.0
    stem = np.maximum(np.abs(columns - (19.0 - 8.5 * along)) - 2.3, np.abs(rows - 15.0) - 9.0)
    drawn = np.clip(0.5 - np.minimum(bar, stem), 0, 1)
    if grainy:
        noise = np.random.default_rng(0).normal(0, 0.13, drawn.shape)
        drawn = np.clip(0.22 + 0.56 * drawn + noise, 0, 1)
    return drawn.astype(np.float32)


def _pixels(image: Tensor) -> np.ndarray:
    return image[0].numpy()
