"""Where a run begins: from noise, grey or an image, or from where another one stopped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from xai.visualization.canvases import Canvas, canvas, resolved_color
from xai.visualization.course import Climb, Course, changed

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel
    from xai.visualization.parameters import VisualizationParams
    from xai.visualization.result import State
    from xai.visualization.scoring import Score

#: Standard deviations of the noise at the start, in [0, 1]. The first is faint; where a
#: network does not answer to it at all, the others are tried.
_AMPLITUDES = (0.05, 0.12, 0.3)
#: What a step moves a pixel by on average, at the proposed rate: one grey level.
LEVEL = 1 / 255


def checked_seeds(seeds: Sequence[Any]) -> tuple[int, ...]:
    """Return the seeds if they are whole numbers from 0.

    Raises
    ------
    TypeError, ValueError
        If one is not.
    """
    for seed in seeds:
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise TypeError(f"seed: expected a whole number, got {seed!r}")
        if not 0 <= seed < 2**63:
            raise ValueError(f"seed: expected 0 to 2**63 - 1, got {seed}")
    return tuple(int(seed) for seed in seeds)


def started(
    model: LoadedModel,
    drawn: Canvas,
    params: VisualizationParams,
    seeds: Sequence[int],
    image: np.ndarray | None,
    score: Score,
) -> Tensor:
    """Return the canvas at the start, one row a seed.

    Raises
    ------
    TypeError, ValueError
        If an image is needed and there is none, or it does not fit the model.
    """
    if params.start == "image":
        if image is None:
            raise ValueError("image: expected one, since start is 'image'; got None")
        given = model.single(image).expand(len(seeds), -1, -1, -1)
        if bool((given < 0).any()) or bool((given > 1).any()):
            raise ValueError("image: expected numbers in [0, 1]")
        return drawn.encode(given)
    mean = torch.tensor(model.spec.mean, device=model.device).reshape(1, -1, 1, 1)
    shape = (len(seeds), *model.input_shape)
    if params.start == "grey":
        return drawn.encode(torch.full(shape, 0.5, device=model.device))
    noises = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        noises.append(torch.randn(model.input_shape, generator=generator))
    noise = torch.stack(noises).to(model.device)
    found = drawn.encode((mean + _AMPLITUDES[0] * noise).clamp(0, 1))
    silent = _slope(drawn, found, score) == 0
    for amplitude in _AMPLITUDES[1:]:
        if not bool(silent.any()):
            break
        louder = drawn.encode((mean + amplitude * noise).clamp(0, 1))
        found[silent] = louder[silent]
        silent = _slope(drawn, found, score) == 0
    return found


def _slope(drawn: Canvas, z: Tensor, score: Score) -> Tensor:
    """Return the mean absolute gradient of each image, shape (N,)."""
    x = drawn.decode(z).detach().requires_grad_()
    return slope_of(score(x)[0], x).abs().mean((1, 2, 3))


def slope_of(scores: Tensor, x: Tensor) -> Tensor:
    """Return the gradient of scores with respect to images, zeros where nothing depends."""
    if not scores.requires_grad:
        return torch.zeros_like(x)
    total = scores if len(scores) == 1 else scores.sum()
    (slope,) = torch.autograd.grad(total, x, allow_unused=True)
    return torch.zeros_like(x) if slope is None else slope


def begun(
    model: LoadedModel,
    drawn: Canvas,
    params: VisualizationParams,
    seeds: tuple[int, ...],
    image: np.ndarray | None,
    score: Score,
) -> Climb:
    """Return a batch before its first step.

    Raises
    ------
    TypeError, ValueError
        As :func:`started`.
    """
    z = started(model, drawn, params, seeds, image, score)
    count = len(seeds)
    return Climb(
        step=0,
        z=z,
        velocity=torch.zeros_like(z),
        best=z.clone(),
        best_score=[-math.inf] * count,
        proposed=[0.0] * count,
        rate=[0.0] * count,
        restless=[0] * count,
        generator=torch.Generator().manual_seed(seeds[0]),
        courses=[Course() for _ in seeds],
        changes=((0, params),),
        parameterization=params.parameterization,
        color=resolved_color(model, params),
    )


def resumed(
    model: LoadedModel, drawn: Canvas, params: VisualizationParams, states: Sequence[State]
) -> Climb:
    """Go on from states; what was drawn on another canvas is carried over to this one.

    Raises
    ------
    ValueError
        If the states are of several steps or batches, or of another model.
    """
    first = states[0]
    alike = {(one.step, one.parameterization, one.color, one.random.tobytes()) for one in states}
    if len(alike) > 1:
        raise ValueError("states: expected all of one step of one batch, got several")
    channels, height, width = model.input_shape
    waves = first.parameterization == "fourier"
    shape = (channels, height, width // 2 + 1, 2) if waves else (channels, height, width)
    if any(one.canvas.shape != shape for one in states):
        raise ValueError(
            f"resume: expected a state of images {model.input_shape}, got one of another model"
        )
    generator = torch.Generator()
    generator.set_state(torch.from_numpy(first.random.copy()))

    def stacked(name: str) -> Tensor:
        arrays = [getattr(one, name) for one in states]
        return torch.from_numpy(np.stack(arrays)).to(model.device)

    climb = Climb(
        step=first.step,
        z=stacked("canvas"),
        velocity=stacked("velocity"),
        best=stacked("best"),
        best_score=[one.best_score for one in states],
        proposed=[one.proposed for one in states],
        rate=[one.rate for one in states],
        restless=[one.restless for one in states],
        generator=generator,
        courses=[Course(list(one.history), list(one.frames)) for one in states],
        changes=changed(first.changes, first.step, params),
        parameterization=params.parameterization,
        color=resolved_color(model, params),
    )
    before = first.changes[-1][1]
    if (first.parameterization, first.color) != (climb.parameterization, climb.color):
        former = canvas(model, before)
        climb.z = drawn.encode(former.decode(climb.z))
        climb.best = drawn.encode(former.decode(climb.best))
        climb.velocity = torch.zeros_like(climb.z)
    return climb
