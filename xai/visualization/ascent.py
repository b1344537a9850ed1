"""The one loop: gradient ascent on what is shown to a network, a batch of images at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from xai.visualization import regularizers as hold
from xai.visualization.aims import Aim
from xai.visualization.canvases import Canvas, canvas
from xai.visualization.conclusion import conclude
from xai.visualization.course import Climb
from xai.visualization.likeness import crowding
from xai.visualization.result import State, Step, Visualization
from xai.visualization.scoring import Score, scoring
from xai.visualization.starting import LEVEL, begun, checked_seeds, resumed, slope_of
from xai.visualization.telling import OnSights, Teller

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel
    from xai.types import Progress
    from xai.visualization.parameters import VisualizationParams

#: A step that moves the average pixel by more than this, in [0, 1], throws the image about.
_WILD = 0.2
#: So many of them on end without a better score than ever: the learning rate is too high.
_RESTLESS = 10


def grow(
    model: LoadedModel,
    aims: Sequence[Aim],
    params: VisualizationParams,
    seeds: Sequence[int],
    *,
    image: np.ndarray | None = None,
    diversity: float = 0.0,
    states: Sequence[State] | None = None,
    progress: Progress | None = None,
    on_step: OnSights | None = None,
) -> tuple[Visualization, ...]:
    """Grow several images as one batch; see :func:`xai.visualization.run`.

    Parameters
    ----------
    model : LoadedModel
    aims : sequence of N Aim
        Of one objective and one layer.
    params : VisualizationParams
        The same for all.
    seeds : sequence of N int
        Of the starts. Shifts and turns are common to the batch, by the first.
    image : ndarray, shape (C, H, W), in [0, 1], optional
    diversity : float
        How hard the images are pushed apart, as a share of the pull of the objective; by what
        the aims' layer answers, for classes that of the model's ``cam_layer``.
    states : sequence of N State, optional
        Of one step and one batch.
    progress, on_step : callable, optional
        ``on_step`` receives a tuple of N :class:`Sight`.

    Returns
    -------
    tuple of N Visualization

    Raises
    ------
    TypeError, ValueError
        If something is not what it should be.
    """
    if not aims or len(aims) != len(seeds) or (states is not None and len(states) != len(aims)):
        raise ValueError(f"aims: expected as many as seeds and states, got {len(aims)}")
    numbers = checked_seeds(seeds)
    beside = (model.spec.cam_layer or None) if diversity and aims[0].layer is None else None
    # A caller's no_grad or inference_mode must not reach the gradients.
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        scoring(model, aims, beside) as score,
    ):
        drawn = canvas(model, params)
        if states is None:
            climb = begun(model, drawn, params, numbers, image, score)
        else:
            climb = resumed(model, drawn, params, states)
        ascent = Ascent(model, aims, params, drawn, score, climb, diversity)
        ascent.run(Teller(ascent, progress, on_step))
        return conclude(ascent, numbers)


@dataclass(eq=False)
class Ascent:
    """The loop and everything that it needs; ``ended`` says of each row why it stands still."""

    model: LoadedModel
    aims: Sequence[Aim]
    params: VisualizationParams
    canvas: Canvas
    score: Score
    climb: Climb
    diversity: float = 0.0

    def __post_init__(self) -> None:
        self.ended: list[str] = [""] * len(self.climb.z)
        self.image = self.canvas.decode(self.climb.z)

    def run(self, tell: Teller) -> None:
        """Take all steps that are left, unless every row has ended before."""
        tell(first=True)
        while self.climb.step < self.params.steps and not all(self.ended):
            self._step()
            tell()

    # ---------------------------------------------------------------------- one step
    def _step(self) -> None:
        x = self.image.detach().requires_grad_()
        scores, output = self.score(self._moved(x))
        slope = self._slope(scores, output, x)
        scores = scores.detach()
        size = slope.abs().mean((1, 2, 3))
        active = self._judge(scores, size)
        if bool(active.any()):
            self._advance(x.detach(), slope, scores, size, active)
        self._rewind()

    def _advance(
        self, x: Tensor, slope: Tensor, scores: Tensor, size: Tensor, active: Tensor
    ) -> None:
        """Take the step, of the rows that are active, and write it down."""
        climb, params = self.climb, self.params
        pull = self.canvas.pull(x, self._held_back(slope, x, size))
        rate = self._rate(pull, x)
        better = active & (scores > climb.best_score) & ~self.canvas.frozen(x)
        climb.best_score = torch.where(better, scores, climb.best_score)
        climb.best = torch.where(_wide(better, climb.z), climb.z, climb.best)
        climb.velocity = params.momentum * climb.velocity + _wide(rate, pull) * pull
        climb.z = torch.where(_wide(active, climb.z), self._moved_on(), climb.z)
        climb.step += 1
        self.image = self.canvas.decode(climb.z)
        self._write(x, scores, size, better)

    def _rewind(self) -> None:
        """Put rows that diverged back to their best image, at rest: there one may go on."""
        climb = self.climb
        lost = torch.tensor([why == "diverged" for why in self.ended], device=climb.z.device)
        if bool(lost.any()):
            wide = _wide(lost, climb.z)
            climb.z = torch.where(wide, climb.best, climb.z)
            climb.velocity = torch.where(wide, 0.0, climb.velocity)
            climb.restless = torch.where(lost, 0, climb.restless)
            self.image = self.canvas.decode(climb.z)

    def _moved(self, x: Tensor) -> Tensor:
        """Turn, scale and shift the images at random, as the settings allow."""
        params, generator = self.params, self.climb.generator
        if params.rotation or params.scale:
            angle, factor = (torch.rand(2, generator=generator) * 2 - 1).tolist()
            x = hold.turned(x, angle * params.rotation, 1 + factor * params.scale)
        if params.jitter:
            most = params.jitter
            down, right = torch.randint(-most, most + 1, (2,), generator=generator).tolist()
            x = hold.shifted(x, down, right)
        return x

    def _slope(self, scores: Tensor, output: Tensor, x: Tensor) -> Tensor:
        """Return the gradient at the images, those of a batch pushed apart if that is asked."""
        if not self.diversity or len(x) < 2:
            return slope_of(scores, x)
        crowded = crowding(output)
        if not crowded.requires_grad:
            return slope_of(scores, x)
        (apart,) = torch.autograd.grad(crowded, x, retain_graph=True)
        slope = slope_of(scores, x)
        share = slope.abs().mean((1, 2, 3), keepdim=True) / apart.abs().mean().clamp(min=1e-30)
        return slope - self.diversity * share * apart

    def _held_back(self, slope: Tensor, x: Tensor, size: Tensor) -> Tensor:
        """Return the gradient as the regularisers leave it."""
        params, climb = self.params, self.climb
        slope = hold.clipped(slope, params.gradient_clip)
        slope = hold.coarse(slope, hold.coarseness(climb.step, params.steps, params.octaves))
        if params.total_variation:
            price = params.total_variation * _wide(size, slope)
            slope = slope - price * hold.variation_slope(x)
        return slope

    def _rate(self, pull: Tensor, x: Tensor) -> Tensor:
        """Return the learning rate of each row, shape (N,); propose one at the first step."""
        climb, params = self.climb, self.params
        if climb.step == 0 or params.schedule == "renewed":
            moved = self.canvas.push(x, pull).abs().mean((1, 2, 3))
            found = torch.where(moved > 0, LEVEL / moved.clamp(min=1e-38), 0.0)
            if climb.step == 0:
                climb.proposed = found
        if params.learning_rate is not None:
            climb.rate = torch.full_like(climb.proposed, params.learning_rate)
        else:
            now = found if params.schedule == "renewed" else climb.proposed
            climb.rate = params.pace * now
        return climb.rate

    def _moved_on(self) -> Tensor:
        """Return the canvas after the step, faded and blurred."""
        climb, params = self.climb, self.params
        z = climb.z + climb.velocity
        if params.weight_decay:
            z = self.canvas.faded(z, params.weight_decay)
        if params.blur_sigma and (climb.step + 1) % params.blur_every == 0:
            z = self.canvas.blurred(z, params.blur_sigma)
        return self.canvas.held(z)

    # -------------------------------------------------------------- what comes of it
    def _judge(self, scores: Tensor, size: Tensor) -> Tensor:
        """Say which rows go on; note why the others do not."""
        climb = self.climb
        finite = torch.isfinite(scores) & torch.isfinite(size)
        for row, (good, slope) in enumerate(zip(finite.tolist(), size.tolist(), strict=True)):
            if self.ended[row]:
                continue
            if not good or int(climb.restless[row]) >= _RESTLESS:
                self.ended[row] = "diverged"
            elif slope == 0:
                self.ended[row] = "vanished"
        return torch.tensor([not why for why in self.ended], device=scores.device)

    def _write(self, before: Tensor, scores: Tensor, size: Tensor, better: Tensor) -> None:
        """Write the step down for every row that took it."""
        climb = self.climb
        update = (self.image - before).abs().mean((1, 2, 3))
        wild = ((update > _WILD) | self.canvas.frozen(self.image)) & ~better
        climb.restless = torch.where(wild, climb.restless + 1, 0)
        numbers = zip(scores.tolist(), size.tolist(), update.tolist(), strict=True)
        for row, said in enumerate(numbers):
            if not self.ended[row]:
                climb.courses[row].write(Step(climb.step, *said), before[row])


def _wide(values: Tensor, like: Tensor) -> Tensor:
    """Give one value a row the axes of a tensor."""
    return values.reshape(-1, *[1] * (like.dim() - 1))
