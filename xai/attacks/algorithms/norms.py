"""What the norms differ in: four pure functions each, and the noise of a given size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xai.types import find


@dataclass(frozen=True)
class Norm:
    """A way to measure a perturbation, as the iterative loop needs it.

    Attributes
    ----------
    name : str
        Key of :data:`NORMS`.
    size : callable
        ``size(delta)``: (N, C, H, W) to (N,).
    project : callable
        ``project(delta, eps)``: the nearest perturbation of size at most ``eps``, a number
        or a tensor (N, 1, 1, 1).
    direction : callable
        ``direction(gradient)``: the perturbation of size 1 along which a linear
        function with this gradient rises most; zero where the gradient is zero.
    start : callable
        ``start(shape, eps, generator)``: a point drawn uniformly from the ball
        of radius ``eps``, of shape (C, H, W), on the CPU.
    """

    name: str
    size: Callable[[Tensor], Tensor]
    project: Callable[[Tensor, float | Tensor], Tensor]
    direction: Callable[[Tensor], Tensor]
    start: Callable[[tuple[int, ...], float, torch.Generator], Tensor]


def _linf_size(delta: Tensor) -> Tensor:
    return delta.flatten(1).abs().amax(1)


def _linf_project(delta: Tensor, eps: float | Tensor) -> Tensor:
    if isinstance(eps, Tensor):
        return torch.clamp(delta, -eps.to(delta.dtype), eps.to(delta.dtype))
    return delta.clamp(-eps, eps)


def _linf_start(shape: tuple[int, ...], eps: float, generator: torch.Generator) -> Tensor:
    return (2 * torch.rand(shape, generator=generator) - 1) * eps


def _l2_size(delta: Tensor) -> Tensor:
    # In float32 the sum over the 150,528 numbers of a photograph would be off by more
    # than the tolerance that a bound is checked with.
    return delta.flatten(1).double().norm(dim=1)


def _l2_project(delta: Tensor, eps: float | Tensor) -> Tensor:
    size = _per_image(_l2_size(delta)).clamp_min(torch.finfo(torch.float64).tiny)
    return delta * (eps / size).clamp(max=1).to(delta.dtype)


def _l2_direction(gradient: Tensor) -> Tensor:
    # Divided by the largest entry first: the squares of tiny or huge gradients leave float32.
    peak = gradient.flatten(1).abs().amax(1).clamp_min(torch.finfo(gradient.dtype).tiny)
    scaled = gradient / _per_image(peak)
    return scaled / _per_image(scaled.flatten(1).norm(dim=1).clamp_min(1))


def _l2_start(shape: tuple[int, ...], eps: float, generator: torch.Generator) -> Tensor:
    direction = torch.randn(shape, generator=generator)
    radius = eps * torch.rand((), generator=generator) ** (1 / direction.numel())
    return direction * (radius / direction.norm())


def _per_image(value: Tensor) -> Tensor:
    return value.reshape(-1, 1, 1, 1)


#: The norms, by name.
NORMS: Mapping[str, Norm] = {
    "linf": Norm("linf", _linf_size, _linf_project, torch.sign, _linf_start),
    "l2": Norm("l2", _l2_size, _l2_project, _l2_direction, _l2_start),
}


def noise(image: np.ndarray, eps: float, norm: str = "linf", seed: int = 0) -> np.ndarray:
    """Add random noise of a given size, the baseline of every attack.

    Parameters
    ----------
    image : ndarray, float32, in [0, 1]
        Of any shape.
    eps : float
        Size of the noise in the norm.
    norm : {"linf", "l2"}
        ``linf`` moves every pixel to one end or the other of what it may be: ``eps``
        up or down, or to black or white where that is nearer; ``l2`` draws a uniform
        direction and gives it the length ``eps``.
    seed : int
        Of the noise's own generator.

    Returns
    -------
    ndarray, float32, in [0, 1]
        The image with its noise, of the image's shape.

    Raises
    ------
    ValueError
        If the norm is unknown.

    Notes
    -----
    ``linf``: a corner of the box that an attack may search, drawn at random. ``l2``:
    where a pixel would leave [0, 1] its noise is turned round, and what is still
    cut off is made up for by the others, so that the noise has the length that was
    asked for unless [0, 1] has no room for it. Plain clipping would take about
    half of it from an image whose background is black, and an attack would be
    compared with a weaker opponent.
    """
    find(NORMS, norm, "norm")
    generator = np.random.default_rng(seed)
    clean = image.astype(np.float64)
    if norm == "linf":
        noisy = np.clip(clean + eps * generator.choice((-1.0, 1.0), clean.shape), 0, 1)
    else:
        delta = generator.standard_normal(clean.shape)
        delta = _inward(clean, delta * (eps / np.linalg.norm(delta)))
        noisy = _lengthened(clean, delta, eps)
    return noisy.astype(np.float32)


def _inward(clean: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """Turn the noise round where that brings it back into [0, 1]."""
    outside = (clean + delta < 0) | (clean + delta > 1)
    return np.where(outside, -delta, delta)


def _lengthened(clean: np.ndarray, delta: np.ndarray, eps: float) -> np.ndarray:
    """Scale the noise until its length within [0, 1] is ``eps``, by bisection."""
    low, high = 1.0, 1.0
    noisy = np.clip(clean + delta, 0, 1)
    while np.linalg.norm(noisy - clean) < eps and high < 1e3:
        high *= 2
        noisy = np.clip(clean + high * delta, 0, 1)
    for _ in range(40):
        middle = (low + high) / 2
        noisy = np.clip(clean + middle * delta, 0, 1)
        if np.linalg.norm(noisy - clean) > eps:
            high = middle
        else:
            low = middle
    return np.clip(clean + low * delta, 0, 1)
