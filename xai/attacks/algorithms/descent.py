"""The one iterative loop: FGSM, BIM and PGD are settings of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from xai.attacks.algorithms.margins import clearly_met, goal_tensors, hard_margin, slope
from xai.attacks.algorithms.norms import NORMS, Norm
from xai.attacks.algorithms.perturbed import OnStep, Perturbed, Trace, peak
from xai.attacks.goal import Goal
from xai.attacks.parameters import known
from xai.attacks.quantization import held
from xai.models.lending import lean

if TYPE_CHECKING:
    from xai.attacks.parameters import BimParams, FgsmParams, PgdParams
    from xai.models.loaded import LoadedModel

Scores = Callable[[Tensor], Tensor]


def perturb(
    model: LoadedModel,
    x: Tensor,
    goals: Sequence[Goal],
    params: FgsmParams | BimParams | PgdParams | Sequence[FgsmParams | BimParams | PgdParams],
    *,
    seeds: Sequence[int],
    on_step: OnStep | None = None,
) -> Perturbed:
    r"""Move images along the gradient until the network errs.

    Parameters
    ----------
    model : LoadedModel
        Only forward passes and gradients with respect to ``x`` are taken.
    x : Tensor, shape (N, C, H, W), in [0, 1]
    goals : sequence of N Goal
    params : FgsmParams, BimParams or PgdParams, or a sequence of N
        Resolved: strength and step size are numbers. Those of a sequence differ in
        nothing else.
    seeds : sequence of N int
        One for each image, so that the random start of an image does not depend
        on the batch that it is in.
    on_step : callable, optional
        Receives a :class:`Trace` after each step; whatever it raises ends the attack.

    Notes
    -----
    With the norm's projection :math:`P`, unit direction :math:`d` and the sign
    :math:`s` of the goal, each step is

    .. math:: x_{t+1} = \operatorname{clip}(x_0 + P(x_t + \alpha d(s \nabla m) - x_0), 0, 1)

    where :math:`m` is :func:`xai.attacks.algorithms.margins.soft_margin`, whose gradient has the
    direction of the cross-entropy's. The result is the last iterate, as in the papers.
    With ``early_stop`` an image that meets its goal takes no further step and leaves the
    batch; where the result is to be rounded, it must meet the goal as a file holds it.
    Of several restarts the one with the largest margin between the classes is kept.
    Restarts without a random start would repeat themselves and are not made.

    References
    ----------
    I. Goodfellow, J. Shlens, C. Szegedy: Explaining and harnessing adversarial
    examples, 2014, arXiv 1412.6572. A. Kurakin, I. Goodfellow, S. Bengio:
    Adversarial examples in the physical world, 2016, arXiv 1607.02533. A. Madry,
    A. Makelov, L. Schmidt, D. Tsipras, A. Vladu: Towards deep learning models
    resistant to adversarial attacks, 2017, arXiv 1706.06083.
    """
    plans = [one.as_pgd() for one in (params if isinstance(params, Sequence) else (params,))]
    plan = plans[0]
    if model.norm_pairs:
        # Convolutions of colour images are faster so; without batch norms there are few of them.
        x = x.contiguous(memory_format=torch.channels_last)
    restarts = plan.restarts if plan.random_start else 1
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    with lean(model) as scores:
        loop = _Loop(scores, x, goals, plans, restarts, on_step)
        best = loop.descend(0, torch.arange(len(x), device=x.device), generators)
        if restarts > 1:
            best = _restarted(loop, best, generators)
    return replace(best, images=best.images.contiguous())


def _restarted(loop: _Loop, best: Perturbed, generators: Sequence[torch.Generator]) -> Perturbed:
    """Return the best of a first descent and all further ones."""
    everything = torch.arange(len(best.images), device=best.images.device)
    best, best_score = loop.scored(best, everything)
    for restart in range(1, loop.restarts):
        rows = everything[best_score <= 0] if loop.plan.early_stop else everything
        if not len(rows):
            break
        found, score = loop.scored(loop.descend(restart, rows, generators), rows)
        tried = torch.zeros_like(best.vanished).index_fill(0, rows, True)
        best = _better(best, found, tried & (score > best_score))
        best_score = torch.where(tried, torch.maximum(score, best_score), best_score)
    return best


@dataclass(eq=False)
class _Front:
    """Those images of a batch that still go on; all tensors have their number of rows.

    ``here`` moves from step to step.

    Strength and step size are plain numbers where all images have the same: that takes
    fewer operations, and on a small network each of them counts.
    """

    rows: Tensor
    x: Tensor
    here: Tensor
    labels: Tensor
    signs: Tensor
    eps: Tensor | float
    length: Tensor | float

    def part(self, chosen: Tensor) -> _Front:
        """Return some of them, by a mask or by places."""
        rows = {
            name: value[chosen] for name, value in vars(self).items() if isinstance(value, Tensor)
        }
        return replace(self, **rows)


class _Loop:
    """One attack on one batch: what stays the same from step to step."""

    def __init__(
        self,
        scores: Scores,
        x: Tensor,
        goals: Sequence[Goal],
        plans: Sequence[PgdParams],
        restarts: int,
        on_step: OnStep | None,
    ) -> None:
        self.plan = plans[0]
        self.restarts = restarts
        self._scores = scores
        self._norm: Norm = NORMS[self.plan.norm]
        labels, signs = goal_tensors(goals, x.device)
        radii = [known(plan.eps) for plan in plans]
        lengths = [known(plan.step_size) for plan in plans]
        rows = torch.arange(len(x), device=x.device)
        eps, length = _number(radii, x, torch.float64), _number(lengths, x, x.dtype)
        self._all = _Front(rows, x, x, labels, signs, eps, length)
        self._radii = radii * len(x) if len(radii) == 1 else radii
        self._on_step = on_step

    def descend(
        self, restart: int, rows: Tensor, generators: Sequence[torch.Generator]
    ) -> Perturbed:
        """Take all steps of some images from one start; the others stay where they were."""
        images = self._start(generators)
        front = replace(self._all, here=images)
        if len(rows) < len(images):
            front = front.part(rows)
        vanished = torch.zeros(len(images), dtype=torch.bool, device=images.device)
        # Of those that leave the batch early it is written down when they leave.
        steps = torch.zeros_like(self._all.labels)
        steps[front.rows] = self.plan.steps
        queries = steps.clone()
        for step in range(self.plan.steps):
            leaf = front.here.detach().requires_grad_(True)
            with torch.enable_grad():
                logits = self._scores(leaf)
            told = logits.detach()
            staying = self._staying(front, told, queries)
            if staying is not None:
                steps[front.rows[~staying]] = step
                queries[front.rows[~staying]] += step + 1 - self.plan.steps
                if not bool(staying.any()):
                    break
            weights = slope(told, front.labels, front.signs)
            (gradient,) = torch.autograd.grad(logits, leaf, weights)
            if staying is not None:
                images = images.index_copy(0, front.rows, front.here)
                front, gradient, told = front.part(staying), gradient[staying], told[staying]
            largest = peak(gradient)
            if largest is not None:
                vanished[front.rows] |= largest == 0
            self._report(restart, step, front, told)
            front.here = self._step(front, gradient)
        images = images.index_copy(0, front.rows, front.here)
        return Perturbed(images, steps, queries, torch.full_like(steps, restart), vanished)

    def scored(self, found: Perturbed, rows: Tensor) -> tuple[Perturbed, Tensor]:
        """Return the margin, (N,), by which each image meets its goal; positive where it does.

        The forward pass that this takes is counted among the queries.
        """
        front = replace(self._all, here=found.images)
        with torch.no_grad():
            logits = self._scores(self._held(front))
        score = front.signs * hard_margin(logits, front.labels)
        return replace(
            found, queries=found.queries.index_add(0, rows, torch.ones_like(rows))
        ), score

    def _start(self, generators: Sequence[torch.Generator]) -> Tensor:
        x = self._all.x
        if not self.plan.random_start:
            return x.clone()
        shape = tuple(x.shape[1:])
        pairs = zip(self._radii, generators, strict=True)
        starts = torch.stack([self._norm.start(shape, eps, one) for eps, one in pairs])
        return (x + starts.to(x.device)).clamp(0, 1)

    def _staying(self, front: _Front, logits: Tensor, queries: Tensor) -> Tensor | None:
        """Return which images go on, or None if all do."""
        if not self.plan.early_stop:
            return None
        met = clearly_met(logits, front.labels, front.signs)
        if not bool(met.any()):
            return None
        if self.plan.quantize:
            there = front.part(met)
            with torch.no_grad():
                logits = self._scores(self._held(there))
            queries[there.rows] += 1
            met[met.clone()] = clearly_met(logits, there.labels, there.signs)
        return ~met

    def _held(self, front: _Front) -> Tensor:
        """Return images as the result will have them."""
        if not self.plan.quantize:
            return front.here
        rounded = held(
            front.here.cpu().numpy(),
            front.x.cpu().numpy(),
            self.plan.norm,
            [self._radii[row] for row in front.rows.tolist()],
        )
        return torch.from_numpy(rounded).to(front.here)

    def _step(self, front: _Front, gradient: Tensor) -> Tensor:
        moved = front.here + front.length * self._norm.direction(gradient)
        return (front.x + self._norm.project(moved - front.x, front.eps)).clamp_(0, 1)

    def _report(self, restart: int, step: int, front: _Front, logits: Tensor) -> None:
        if self._on_step is None:
            return
        done, total = restart * self.plan.steps + step + 1, self.restarts * self.plan.steps
        self._on_step(Trace(done, total, restart, step, front.rows, front.here, logits))


def _better(best: Perturbed, found: Perturbed, wins: Tensor) -> Perturbed:
    return Perturbed(
        torch.where(wins.reshape(-1, 1, 1, 1), found.images, best.images),
        best.steps + found.steps,
        best.queries + found.queries,
        torch.where(wins, found.restart, best.restart),
        torch.where(wins, found.vanished, best.vanished),
    )


def _number(values: list[float], x: Tensor, dtype: torch.dtype) -> Tensor | float:
    """Return a number, or a column (N, 1, 1, 1) if the images differ in it."""
    if len(set(values)) == 1:
        return values[0]
    return torch.tensor(values, dtype=dtype, device=x.device).reshape(-1, 1, 1, 1)
