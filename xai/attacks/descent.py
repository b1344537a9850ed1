"""The one iterative loop: FGSM, BIM and PGD are settings of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from xai.attacks.goal import Goal
from xai.attacks.norms import NORMS, Norm
from xai.attacks.parameters import known

if TYPE_CHECKING:
    from xai.attacks.parameters import BimParams, FgsmParams, PgdParams
    from xai.models.loaded import LoadedModel


@dataclass(frozen=True, eq=False)
class Trace:
    """What the network said of a batch before one step was taken.

    Attributes
    ----------
    done, total : int
        Steps of the whole attack, this one included, and how many there may be.
    restart, step : int
        Which random start (or search), and which step of it, both from 0.
    loss : Tensor, shape (N,)
        Cross-entropy of each goal's class.
    probability : Tensor, shape (N,)
        Probability of each goal's class.
    label : Tensor, shape (N,)
        Most probable class.
    active : Tensor, shape (N,), bool
        Whether the image takes this step, or has been stopped early.
    """

    done: int
    total: int
    restart: int
    step: int
    loss: Tensor
    probability: Tensor
    label: Tensor
    active: Tensor


OnStep = Callable[[Trace], None]


@dataclass(frozen=True, eq=False)
class Perturbed:
    """What an attack claims; :func:`xai.attacks.run` believes none of it.

    Attributes
    ----------
    images : Tensor, shape (N, C, H, W), in [0, 1]
    steps, queries : Tensor, shape (N,)
        Gradient steps taken and forward passes used, over all restarts.
    restart : Tensor, shape (N,)
        The random start that the image comes from.
    vanished : Tensor, shape (N,), bool
        Whether the gradient was zero everywhere at a step of that start.
    """

    images: Tensor
    steps: Tensor
    queries: Tensor
    restart: Tensor
    vanished: Tensor


def soft_margin(logits: Tensor, labels: Tensor) -> Tensor:
    r"""Return how far all other classes together are ahead of one class.

    Parameters
    ----------
    logits : Tensor, shape (N, K)
    labels : Tensor, shape (N,)

    Returns
    -------
    Tensor, shape (N,)

    Notes
    -----
    With logits :math:`z` and class :math:`y` the margin is
    :math:`m = \log \sum_{k \ne y} e^{z_k} - z_y`. The cross-entropy is
    :math:`\log(1 + e^m)`, so its gradient is :math:`\sigma(m) \nabla m`: a positive
    multiple of the margin's. An attack uses only the direction of a gradient, and
    the margin's has it even where the softmax is saturated and the
    cross-entropy's gradient rounds to zero or to a wrong direction.
    """
    return _others(logits, labels).logsumexp(1) - _own(logits, labels)


def hard_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Return how far the best other class is ahead of one class, (N, K) to (N,)."""
    return _others(logits, labels).amax(1) - _own(logits, labels)


def _own(logits: Tensor, labels: Tensor) -> Tensor:
    return logits.gather(1, labels[:, None])[:, 0]


def _others(logits: Tensor, labels: Tensor) -> Tensor:
    return logits.scatter(1, labels[:, None], -torch.inf)


def goal_tensors(goals: Sequence[Goal], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the labels (N,) and the signs (N,) of goals."""
    labels = torch.tensor([goal.label for goal in goals], device=device)
    signs = torch.tensor([goal.sign for goal in goals], device=device)
    return labels, signs


def reached(logits: Tensor, labels: Tensor, signs: Tensor) -> Tensor:
    """Say of each row of logits (N, K) whether it meets its goal."""
    return (logits.argmax(1) == labels) == (signs < 0)


def perturb(
    model: LoadedModel,
    x: Tensor,
    goals: Sequence[Goal],
    params: FgsmParams | BimParams | PgdParams,
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
    params : FgsmParams, BimParams or PgdParams
        Resolved: strength and step size are numbers.
    seeds : sequence of N int
        One for each image, so that the random start of an image does not depend
        on the batch that it is in.
    on_step : callable, optional
        Receives a :class:`Trace` after each step; whatever it raises ends the attack.

    Notes
    -----
    With the norm's projection :math:`P`, unit direction :math:`d` and the sign
    :math:`s` of the goal, each step is

    .. math:: x_{t+1} = \operatorname{clip}(x_0 + P(x_t + s \alpha d(\nabla m) - x_0), 0, 1)

    where :math:`m` is :func:`soft_margin`, whose gradient has the direction of
    the cross-entropy's. The result is the last iterate, as in the papers. Of
    several restarts the one with the largest margin between the classes is kept.
    Restarts without a random start would repeat themselves and are not made.

    References
    ----------
    I. Goodfellow, J. Shlens, C. Szegedy: Explaining and harnessing adversarial
    examples, 2014, arXiv 1412.6572. A. Kurakin, I. Goodfellow, S. Bengio:
    Adversarial examples in the physical world, 2016, arXiv 1607.02533. A. Madry,
    A. Makelov, L. Schmidt, D. Tsipras, A. Vladu: Towards deep learning models
    resistant to adversarial attacks, 2017, arXiv 1706.06083.
    """
    plan = params.as_pgd()
    restarts = plan.restarts if plan.random_start else 1
    loop = _Loop(model, x, *goal_tensors(goals, x.device), plan, restarts, on_step)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    everything = torch.ones(len(x), dtype=torch.bool, device=x.device)
    best = loop.descend(0, everything, generators)
    if restarts == 1:
        return best
    best, best_score = loop.scored(best, everything)
    for restart in range(1, restarts):
        active = best_score <= 0 if plan.early_stop else everything
        if not bool(active.any()):
            break
        found, score = loop.scored(loop.descend(restart, active, generators), active)
        best = _better(best, found, active & (score > best_score))
        best_score = torch.where(active, torch.maximum(score, best_score), best_score)
    return best


@dataclass(frozen=True, eq=False)
class _Loop:
    """One attack on one batch: what stays the same from step to step."""

    model: LoadedModel
    x: Tensor
    labels: Tensor
    signs: Tensor
    plan: PgdParams
    restarts: int
    on_step: OnStep | None

    def descend(
        self, restart: int, active: Tensor, generators: Sequence[torch.Generator]
    ) -> Perturbed:
        """Take all steps from one start."""
        plan, norm = self.plan, NORMS[self.plan.norm]
        here = self._start(norm, generators)
        steps = torch.zeros_like(self.labels)
        queries = torch.zeros_like(self.labels)
        vanished = torch.zeros_like(active)
        for step in range(plan.steps):
            with torch.enable_grad():
                leaf = here.detach().requires_grad_(True)
                logits = self.model.logits(leaf)
                queries += active
                if plan.early_stop:
                    active = active & ~reached(logits, self.labels, self.signs)
                    if not bool(active.any()):
                        break
                margin = soft_margin(logits, self.labels)
                (gradient,) = torch.autograd.grad(margin.sum(), leaf)
            vanished |= active & (peak(gradient) == 0)
            moved = self._step(norm, here, gradient)
            here = torch.where(active.reshape(-1, 1, 1, 1), moved, here)
            steps += active
            self._report(restart, step, logits.detach(), margin.detach(), active)
        return Perturbed(here, steps, queries, torch.full_like(steps, restart), vanished)

    def scored(self, found: Perturbed, active: Tensor) -> tuple[Perturbed, Tensor]:
        """Return the margin, (N,), by which each image meets its goal; positive where it does.

        The forward pass that this takes is counted among the queries.
        """
        with torch.no_grad():
            score = self.signs * hard_margin(self.model.logits(found.images), self.labels)
        return replace(found, queries=found.queries + active), score

    def _start(self, norm: Norm, generators: Sequence[torch.Generator]) -> Tensor:
        if not self.plan.random_start:
            return self.x
        shape, eps = tuple(self.x.shape[1:]), known(self.plan.eps)
        starts = torch.stack([norm.start(shape, eps, generator) for generator in generators])
        return (self.x + starts.to(self.x.device)).clamp(0, 1)

    def _step(self, norm: Norm, here: Tensor, gradient: Tensor) -> Tensor:
        length = self.signs.reshape(-1, 1, 1, 1) * known(self.plan.step_size)
        delta = here + length * norm.direction(gradient) - self.x
        return (self.x + norm.project(delta, known(self.plan.eps))).clamp(0, 1)

    def _report(
        self, restart: int, step: int, logits: Tensor, margin: Tensor, active: Tensor
    ) -> None:
        if self.on_step is None:
            return
        done, total = restart * self.plan.steps + step + 1, self.restarts * self.plan.steps
        loss = F.softplus(margin.double())
        trace = Trace(done, total, restart, step, loss, (-loss).exp(), logits.argmax(1), active)
        self.on_step(trace)


def peak(gradient: Tensor) -> Tensor:
    """Return the largest entry of each image's gradient, (N,).

    Raises
    ------
    ValueError
        If it is not finite.
    """
    largest = gradient.flatten(1).abs().amax(1)
    if not bool(torch.isfinite(largest).all()):
        raise ValueError(
            "model: expected a finite gradient, got NaN or infinity; "
            "the network's numbers overflow on this image"
        )
    return largest


def _better(best: Perturbed, found: Perturbed, wins: Tensor) -> Perturbed:
    return Perturbed(
        torch.where(wins.reshape(-1, 1, 1, 1), found.images, best.images),
        best.steps + found.steps,
        best.queries + found.queries,
        torch.where(wins, found.restart, best.restart),
        torch.where(wins, found.vanished, best.vanished),
    )
