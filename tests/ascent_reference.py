"""A slow, literal version of one step of activation maximisation, to compare ours with.

Everything is float64. What is linear in the image (turning, shifting, waves) is a matrix that
is filled in number by number; slopes through it are PyTorch's own.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
import torch

#: Olah, Mordvintsev and Schubert's colours, the longest column of length 1.
_COLORS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
_COLORS = _COLORS / np.sqrt((_COLORS**2).sum(0)).max()
_LEVEL = 1 / 255


# ----------------------------------------------------------------- what holds it back
def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur (C, H, W) pixel by pixel; outside the image its outermost pixels go on."""
    reach = max(1, math.ceil(3 * sigma))
    weights = [math.exp(-(k**2) / (2 * sigma**2)) for k in range(-reach, reach + 1)]
    total = sum(weights)
    _, height, width = image.shape
    found = np.zeros(image.shape)
    for channel, row, column in np.ndindex(image.shape):
        for down in range(-reach, reach + 1):
            for right in range(-reach, reach + 1):
                there = image[
                    channel,
                    min(max(row + down, 0), height - 1),
                    min(max(column + right, 0), width - 1),
                ]
                share = weights[down + reach] * weights[right + reach] / total**2
                found[channel, row, column] += share * there
    return found


def variation(image: torch.Tensor) -> torch.Tensor:
    """Total variation of (C, H, W), neighbour by neighbour, rounded off below 0.01."""
    channels, height, width = image.shape
    found = torch.zeros((), dtype=image.dtype)
    for c in range(channels):
        for row in range(height):
            for column in range(width):
                here = image[c, row, column]
                if row + 1 < height:
                    found = found + torch.sqrt((image[c, row + 1, column] - here) ** 2 + 0.01**2)
                if column + 1 < width:
                    found = found + torch.sqrt((image[c, row, column + 1] - here) ** 2 + 0.01**2)
    return found


def clipped(slope: np.ndarray, multiple: float) -> np.ndarray:
    """Cut (C, H, W) at a multiple of its mean size."""
    if not multiple:
        return slope
    most = multiple * np.mean([abs(value) for value in slope.ravel()])
    return np.array([max(-most, min(most, value)) for value in slope.ravel()]).reshape(slope.shape)


def coarse(slope: np.ndarray, factor: int) -> np.ndarray:
    """Means of (C, H, W) over cells, and straight lines between the cells' centres."""
    if factor == 1:
        return slope
    channels, height, width = slope.shape
    down, across = max(1, height // factor), max(1, width // factor)
    cells = np.zeros((channels, down, across))
    for c, i, j in np.ndindex(cells.shape):
        rows = slice(i * height // down, -(-(i + 1) * height // down))
        columns = slice(j * width // across, -(-(j + 1) * width // across))
        cells[c, i, j] = slope[c, rows, columns].mean()
    found = np.zeros(slope.shape)
    for row in range(height):
        for column in range(width):
            y = max(0.0, (row + 0.5) * down / height - 0.5)
            x = max(0.0, (column + 0.5) * across / width - 0.5)
            found[:, row, column] = _between(cells, y, x)
    return found


def _between(image: np.ndarray, y: float, x: float) -> np.ndarray:
    """Read (C, H, W) between its pixels; beyond the last ones nothing changes."""
    height, width = image.shape[1:]
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    top, left = int(y), int(x)
    low, right = min(top + 1, height - 1), min(left + 1, width - 1)
    upper = (1 - x + left) * image[:, top, left] + (x - left) * image[:, top, right]
    lower = (1 - x + left) * image[:, low, left] + (x - left) * image[:, low, right]
    return (1 - y + top) * upper + (y - top) * lower


def turned(image: np.ndarray, degrees: float, factor: float) -> np.ndarray:
    """Turn (C, H, W) anticlockwise as it is displayed, the first row on top, and enlarge it."""
    height, width = image.shape[1:]
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    angle = math.radians(degrees)
    found = np.zeros(image.shape)
    for row in range(height):
        for column in range(width):
            # Upwards is positive here, as in a book on geometry; the pixel came from where it
            # is before the turn.
            right, up = column - middle_x, middle_y - row
            before_right = (math.cos(angle) * right + math.sin(angle) * up) / factor
            before_up = (-math.sin(angle) * right + math.cos(angle) * up) / factor
            there = (middle_y - before_up, middle_x + before_right)
            found[:, row, column] = _between(image, *there)
    return found


def shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """Move each pixel of (C, H, W); what leaves comes in on the other side."""
    found = np.zeros(image.shape)
    height, width = image.shape[1:]
    for row in range(height):
        for column in range(width):
            found[:, (row + down) % height, (column + right) % width] = image[:, row, column]
    return found


# ----------------------------------------------------------------------- waves
def frequencies(height: int, width: int) -> np.ndarray:
    """Cycles a pixel of each number of a spectrum, (H, W // 2 + 1)."""
    found = np.zeros((height, width // 2 + 1))
    for k, l in np.ndindex(found.shape):  # noqa: E741
        found[k, l] = math.hypot((k if k <= (height - 1) // 2 else k - height) / height, l / width)
    return found


def sum_of_waves(height: int, width: int) -> np.ndarray:
    """The matrix (H W, H (W // 2 + 1) 2) that adds up plane waves of real images."""
    half = width // 2 + 1
    found = np.zeros((height, width, height, half, 2))
    for row, column, k, l in np.ndindex(height, width, height, half):  # noqa: E741
        angle = 2 * math.pi * (k * row / height + l * column / width)
        # A wave and its mirror image, unless it is its own.
        count = 1 if l == 0 or 2 * l == width else 2
        found[row, column, k, l] = (count * math.cos(angle), -count * math.sin(angle))
    return found.reshape(height * width, -1) / (height * width)


def decoded(
    z: torch.Tensor, width: int, mean: tuple[float, ...], decorrelated: bool
) -> torch.Tensor:
    """The image (C, H, W) that a spectrum (C, H, W // 2 + 1, 2) stands for."""
    height = z.shape[1]
    waves = sum_of_waves(height, width)
    scale = 1 / np.maximum(frequencies(height, width), 1 / max(height, width))
    weight = np.repeat(scale[..., None], 2, axis=2).ravel()
    # The variance of a pixel for standard normal numbers; it is the same for every pixel.
    spread = math.sqrt(((waves[0] * weight) ** 2).sum())
    matrix = torch.tensor(waves * weight / spread)
    sums = torch.stack([(matrix @ one.reshape(-1)).reshape(height, width) for one in z])
    if decorrelated:
        sums = torch.stack([sum(_COLORS[d, c] * sums[c] for c in range(3)) for d in range(3)])
    middle = torch.tensor([math.log(m / (1 - m)) for m in mean]).reshape(-1, 1, 1)
    return 1 / (1 + torch.exp(-(sums + middle)))


# ------------------------------------------------------------------------- one step
class LiteralStep:
    """One step uphill, as the settings say it in words.

    ``score`` takes an image (1, C, H, W) in float64 to a number; ``draws`` are the angle in
    degrees, the factor, and the shifts down and right of this step.
    """

    def __init__(self, score: Callable, width: int, mean: tuple[float, ...], params) -> None:
        self.score, self.width, self.mean, self.params = score, width, mean, params

    def image(self, z: np.ndarray) -> np.ndarray:
        return self._decode(torch.tensor(z)).numpy()

    def take(self, z, velocity, step, draws, rate=None):
        """The canvas, the velocity and the learning rate after a step; ``step`` is from 0."""
        params = self.params
        z = z.astype(np.float64)
        slope = self._held_back(self._slope(self.image(z), draws), self.image(z), step)
        numbers = torch.tensor(z, requires_grad=True)
        weighed = (self._decode(numbers) * torch.tensor(slope)).sum()
        pull = torch.autograd.grad(weighed, numbers)[0].numpy()
        if rate is None:
            tiny = 1e-6 / abs(pull).max()
            there, back = self.image(z + tiny * pull), self.image(z - tiny * pull)
            rate = params.pace * _LEVEL / np.mean(abs(there - back) / (2 * tiny))
        velocity = params.momentum * velocity.astype(np.float64) + rate * pull
        return self._settled(z + velocity, step), velocity, rate

    def _decode(self, z: torch.Tensor) -> torch.Tensor:
        if self.params.parameterization == "pixels":
            return z
        colors = len(self.mean) == 3 and self.params.color != "independent"
        return decoded(z, self.width, self.mean, colors)

    def _slope(self, image: np.ndarray, draws) -> np.ndarray:
        angle, factor, down, right = draws
        moved = _matrix(lambda one: shifted(turned(one, angle, factor), down, right), image.shape)
        x = torch.tensor(image.ravel(), requires_grad=True)
        shown = (torch.tensor(moved) @ x).reshape(1, *image.shape)
        return torch.autograd.grad(self.score(shown), x)[0].numpy().reshape(image.shape)

    def _held_back(self, slope: np.ndarray, image: np.ndarray, step: int) -> np.ndarray:
        params, size = self.params, abs(slope).mean()
        slope = clipped(slope, params.gradient_clip)
        stage = step * params.octaves // params.steps
        slope = coarse(slope, 2 ** (params.octaves - 1 - stage))
        x = torch.tensor(image, requires_grad=True)
        rough = torch.autograd.grad(variation(x), x)[0].numpy()
        return slope - params.total_variation * size * rough

    def _settled(self, z: np.ndarray, step: int) -> np.ndarray:
        params = self.params
        blur = params.blur_sigma if (step + 1) % params.blur_every == 0 else 0
        if params.parameterization == "pixels":
            mean = np.array(self.mean).reshape(-1, 1, 1)
            z = z + params.weight_decay * (mean - z)
            return np.clip(blurred(z, blur) if blur else z, 0, 1)
        passed = np.exp(-2 * (math.pi * blur * frequencies(z.shape[1], self.width)) ** 2)
        return (1 - params.weight_decay) * z * passed[..., None]


def _matrix(move: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Return the matrix of something linear, column by column."""
    size = math.prod(shape)
    columns = [move(one.reshape(shape)).ravel() for one in np.eye(size)]
    return np.stack(columns, axis=1)


def in_float64(model, objective: str, index) -> Callable[[torch.Tensor], torch.Tensor]:
    """Score images by the model's whole network: a class, or the lead of one over another."""
    net = copy.deepcopy(model.net).double()
    mean = torch.tensor(model.spec.mean, dtype=torch.float64).reshape(1, -1, 1, 1)
    std = torch.tensor(model.spec.std, dtype=torch.float64).reshape(1, -1, 1, 1)

    def score(x: torch.Tensor) -> torch.Tensor:
        logits = net((x - mean) / std)[0]
        return logits[index] if objective == "class" else logits[index[0]] - logits[index[1]]

    return score
