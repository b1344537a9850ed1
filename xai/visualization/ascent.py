"""The one loop: gradient ascent on what is shown to a network, a batch of images at once."""

from __future__ import annotations

import math
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
from xai.visualization.course import MOST_FRAMES, Climb
from xai.visualization.likeness import crowding
from xai.visualization.result import State, Step, Visualization
from xai.visualization.rows import mean_sizes, merged, pushed, wide
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
#: Other shifts and turns that are tried for an image that is not answered to.
_TRIES = 4
#: Slack of a canvas below which its image stands still: no step brings it back.
_FLAT = 5e-4


def grow(
    model: LoadedModel,
    aims: Sequence[Aim],
    params: VisualizationParams,
    seeds: Sequence[int],
    *,
    image: np.ndarray | None = None,
    diversity: float = 0.0,
    film: int = MOST_FRAMES,
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
    film : int
        Frames that are kept of each image, at the most; at least 2.
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
        for course in climb.courses:
            course.keep(film)
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
        count = len(self.climb.z)
        self.ended: list[str] = [""] * count
        self.image = self.canvas.decode(self.climb.z)
        # At least this far each image can still be moved.
        self._slack = [0.0] * count

    def run(self, tell: Teller) -> None:
        """Take all steps that are left, unless every row has ended before."""
        tell(first=True)
        while self.climb.step < self.params.steps and not all(self.ended):
            self._step()
            tell()

    # ---------------------------------------------------------------------- one step
    def _step(self) -> None:
        slope, said = self._look()
        for _ in range(_TRIES if self._moves else 0):
            if all(size or why for (_, size), why in zip(said, self.ended, strict=True)):
                break
            # Shifted or turned otherwise, the image may be answered to again.
            slope, said = self._look()
        lost = self._judge(said)
        if not all(self.ended):
            self._advance(slope, said)
        if any(lost):
            self._rewind(lost)

    def _look(self) -> tuple[Tensor, list[tuple[float, float]]]:
        """Return the gradient at the images; of each its score, and the gradient's mean size."""
        x = self.image.detach().requires_grad_()
        scores, output = self.score(self._moved(x))
        slope = self._slope(scores, output, x)
        return slope, list(zip(scores.tolist(), mean_sizes(slope), strict=True))

    @property
    def _moves(self) -> bool:
        """Whether images are shifted, turned or scaled at random."""
        return bool(self.params.rotation or self.params.scale or self.params.jitter)

    def _advance(self, slope: Tensor, said: Sequence[tuple[float, float]]) -> None:
        """Take the step, of the rows that are active, and write it down."""
        climb, x, active = self.climb, self.image, [not why for why in self.ended]
        pull = self.canvas.pull(x, self._held_back(slope, said))
        self._rate(pull, x)
        better = [
            on and score > best and not stuck
            for on, (score, _), best, stuck in zip(
                active, said, climb.best_score, self._stuck(), strict=True
            )
        ]
        for row in filter(better.__getitem__, range(len(better))):
            climb.best_score[row] = said[row][0]
        climb.best = merged(better, climb.z, climb.best)
        velocity = pushed(climb.velocity * self.params.momentum, pull, climb.rate)
        climb.velocity = merged(active, velocity, climb.velocity)
        climb.z = merged(active, self._moved_on(), climb.z)
        climb.step += 1
        self.image = self.canvas.decode(climb.z)
        self._write(x, said, better)

    def _rewind(self, lost: Sequence[bool]) -> None:
        """Put rows that diverged back to their best image, at rest: there one may go on."""
        climb = self.climb
        climb.z = merged(lost, climb.best, climb.z)
        climb.velocity = merged(lost, torch.zeros_like(climb.z), climb.velocity)
        for row, gone in enumerate(lost):
            if gone:
                climb.restless[row], self._slack[row] = 0, 0.0
        self.image = self.canvas.decode(climb.z)

    def _moved(self, x: Tensor) -> Tensor:
        """Turn, scale and shift the images at random, as the settings allow."""
        params, most = self.params, self.params.jitter
        if not self._moves:
            return x
        angle, factor, down, right = torch.rand(4, generator=self.climb.generator).tolist()
        return hold.turned(
            x,
            (2 * angle - 1) * params.rotation,
            1 + (2 * factor - 1) * params.scale,
            int(down * (2 * most + 1)) - most,
            int(right * (2 * most + 1)) - most,
        )

    def _slope(self, scores: Tensor, output: Tensor, x: Tensor) -> Tensor:
        """Return the gradient at the images, those of a batch pushed apart if that is asked."""
        if not self.diversity or len(x) < 2:
            return slope_of(scores, x)
        crowded = crowding(output)
        if not crowded.requires_grad:
            return slope_of(scores, x)
        (apart,) = torch.autograd.grad(crowded, x, retain_graph=True)
        # One image whose answer is no number must not take the others with it.
        apart = apart.nan_to_num(0, 0, 0)
        slope = slope_of(scores, x)
        share = slope.abs().mean((1, 2, 3), keepdim=True) / apart.abs().mean().clamp(min=1e-30)
        return slope - self.diversity * share * apart

    def _held_back(self, slope: Tensor, said: Sequence[tuple[float, float]]) -> Tensor:
        """Return the gradient as the regularisers leave it."""
        params, climb = self.params, self.climb
        slope = hold.clipped(slope, params.gradient_clip)
        slope = hold.coarse(slope, hold.coarseness(climb.step, params.steps, params.octaves))
        if params.total_variation:
            prices = slope.new_tensor([params.total_variation * size for _, size in said])
            slope = slope - wide(prices, slope) * hold.variation_slope(self.image)
        return slope

    def _rate(self, pull: Tensor, x: Tensor) -> None:
        """Set the learning rate of each row; propose one at the first step."""
        climb, params = self.climb, self.params
        found = climb.proposed
        if climb.step == 0 or params.schedule == "renewed":
            moved = mean_sizes(self.canvas.push(x, pull))
            found = [LEVEL / max(one, 1e-38) if one > 0 else 0.0 for one in moved]
            if climb.step == 0:
                climb.proposed = found
        if params.learning_rate is None:
            climb.rate = [params.pace * one for one in found]
        else:
            climb.rate = [params.learning_rate] * len(found)

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
    def _judge(self, said: Sequence[tuple[float, float]]) -> list[bool]:
        """Note which rows end here, and why; say which of them diverged."""
        lost = [False] * len(said)
        for row, (score, size) in enumerate(said):
            if self.ended[row]:
                continue
            finite = math.isfinite(score) and math.isfinite(size)
            lost[row] = not finite or self.climb.restless[row] >= _RESTLESS
            if lost[row]:
                self.ended[row] = "diverged"
            elif size == 0:
                self.ended[row] = "vanished"
        return lost

    def _stuck(self) -> list[bool]:
        """Say which images stand at the flat ends of their canvas.

        They are looked at when they may have come near: each step lets the slack shrink by
        no more than the images moved.
        """
        if not all(slack > 2 * _FLAT for slack in self._slack):
            self._slack = self.canvas.slack(self.image).tolist()
        return [slack < _FLAT for slack in self._slack]

    def _write(
        self, before: Tensor, said: Sequence[tuple[float, float]], better: Sequence[bool]
    ) -> None:
        """Write the step down for every row that took it."""
        climb = self.climb
        updates = mean_sizes(self.image - before)
        self._slack = [had - moved for had, moved in zip(self._slack, updates, strict=True)]
        stuck = self._stuck()
        for row, (update, numbers) in enumerate(zip(updates, said, strict=True)):
            if self.ended[row]:
                continue
            wild = (update > _WILD or stuck[row]) and not better[row]
            climb.restless[row] = climb.restless[row] + 1 if wild else 0
            climb.courses[row].write(Step(climb.step, *numbers, update), before[row])
