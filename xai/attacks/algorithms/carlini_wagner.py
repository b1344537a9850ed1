"""The attack of Carlini and Wagner: the shortest perturbation that still fools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from xai.attacks.algorithms.margins import CLEAR, goal_tensors, hard_margin
from xai.attacks.algorithms.perturbed import OnStep, Perturbed, Trace, peak
from xai.attacks.goal import Goal
from xai.models.lending import lean

if TYPE_CHECKING:
    from xai.attacks.parameters import CwParams
    from xai.models.loaded import LoadedModel

#: Beyond this the error's gradient, squared, would leave float32.
_MAX_WEIGHT = 1e10


def perturb(
    model: LoadedModel,
    x: Tensor,
    goals: Sequence[Goal],
    params: CwParams,
    *,
    seeds: Sequence[int] = (),
    on_step: OnStep | None = None,
) -> Perturbed:
    r"""Look for the nearest images, in the L2 norm, that the network gets wrong.

    Parameters
    ----------
    model : LoadedModel
        Only forward passes and gradients with respect to the images are taken.
    x : Tensor, shape (N, C, H, W), in [0, 1]
    goals : sequence of N Goal
    params : CwParams
        Resolved: the learning rate is a number.
    seeds : sequence of int
        Not used: nothing here is random.
    on_step : callable, optional
        Receives a :class:`Trace` after each step, the search in the place of the
        restart; whatever it raises ends the attack.

    Notes
    -----
    With :math:`h` the margin by which an image meets its goal (the difference of
    two logits) and :math:`\kappa` the confidence, each search minimises

    .. math:: \|x' - x\|_2^2 + c \, \max(\kappa - h(x'), 0)

    by Adam, and the searches find the smallest :math:`c` that succeeds: tenfold
    until one does, halving the interval from then on. The nearest of all images
    met on the way is kept; where there is none, the last.

    Deviations: the paper keeps pixels in [0, 1] by the change of variables
    :math:`x' = (\tanh w + 1) / 2`, from which a black or white pixel needs hundreds
    of steps to move; here Adam works on the pixels and they are clipped after each
    step (one of the paper's alternatives), which finds shorter perturbations in as
    many steps as a reader will wait for. The step size falls in a straight line to
    zero over each search: a few dozen steps would else end in a swing about the nearest
    image. With ``quantize`` the network sees every image rounded to 1/255 and the
    gradient passes the rounding as if it were not there, so that what is found
    survives being written to a file.

    References
    ----------
    N. Carlini, D. Wagner: Towards evaluating the robustness of neural networks,
    2016, arXiv 1608.04644. D. Kingma, J. Ba: Adam: a method for stochastic
    optimization, 2014, arXiv 1412.6980.
    """
    labels, signs = goal_tensors(goals, x.device)
    weight = torch.full((len(x),), params.initial_const, device=x.device)
    low, high = torch.zeros_like(weight), torch.full_like(weight, torch.inf)
    best = _Nearest.none(x)
    for index in range(params.searches):
        with lean(model) as scores:
            found = _Search(scores, x, labels, signs, weight, params, index, on_step).minimise()
        met = torch.isfinite(found.distance)
        high, low = torch.where(met, weight, high), torch.where(met, low, weight)
        weight = torch.where(torch.isfinite(high), (low + high) / 2, weight * 10).clamp(
            max=_MAX_WEIGHT
        )
        best = best.or_nearer(found)
    count = torch.full_like(labels, params.searches * params.steps)
    return Perturbed(best.images, count, count, best.search, best.vanished)


@dataclass(frozen=True, eq=False)
class _Nearest:
    """The nearest images that meet their goals, at distance infinity the last that do not."""

    images: Tensor
    distance: Tensor
    search: Tensor
    vanished: Tensor

    @classmethod
    def none(cls, x: Tensor, index: int = 0) -> _Nearest:
        distance = torch.full((len(x),), torch.inf, device=x.device)
        search = torch.full((len(x),), index, device=x.device)
        return cls(x, distance, search, torch.zeros_like(search, dtype=torch.bool))

    def or_nearer(self, other: _Nearest) -> _Nearest:
        wins = (other.distance < self.distance) | torch.isinf(self.distance)
        return _Nearest(
            torch.where(wins.reshape(-1, 1, 1, 1), other.images, self.images),
            torch.where(wins, other.distance, self.distance),
            torch.where(wins, other.search, self.search),
            torch.where(wins, other.vanished, self.vanished),
        )


@dataclass(frozen=True, eq=False)
class _Search:
    """One minimisation, with one weight of the goal for each image."""

    scores: Callable[[Tensor], Tensor]
    x: Tensor
    labels: Tensor
    signs: Tensor
    weight: Tensor
    params: CwParams
    index: int
    on_step: OnStep | None

    def minimise(self) -> _Nearest:
        """Take all steps and return the nearest image met on the way."""
        here, best = self.x, _Nearest.none(self.x, self.index)
        mean, square = torch.zeros_like(here), torch.zeros_like(here)
        for step in range(1, self.params.steps + 1):
            gradient, met = self._evaluate(here, step)
            best = best.or_nearer(met)
            mean = 0.9 * mean + 0.1 * gradient
            square = 0.999 * square + 0.001 * gradient.square()
            spread = (square / (1 - 0.999**step)).sqrt() + 1e-8
            rate = self.params.rate() * (1 - (step - 1) / self.params.steps)
            here = (here - rate * (mean / (1 - 0.9**step)) / spread).clamp(0, 1)
        return best

    @property
    def _lead(self) -> float:
        """By how much the goal must be met."""
        return max(self.params.confidence, CLEAR)

    def _evaluate(self, here: Tensor, step: int) -> tuple[Tensor, _Nearest]:
        """Return the objective's gradient, and what the network makes of the images."""
        with torch.enable_grad():
            leaf = here.detach().requires_grad_(True)
            images = _rounded(leaf) if self.params.quantize else leaf
            logits = self.scores(images)
            distance = (images - self.x).flatten(1).square().sum(1)
            score = self.signs * hard_margin(logits, self.labels)
            objective = distance + self.weight * (self._lead - score).relu()
            (gradient,) = torch.autograd.grad(objective.sum(), leaf)
        self._report(step, here, logits.detach())
        met = score >= self._lead
        largest = peak(gradient)
        vanished = torch.zeros_like(met) if largest is None else ~met & (largest == 0)
        far = torch.where(met, distance, torch.inf).detach()
        search = torch.full_like(self.labels, self.index)
        return gradient, _Nearest(images.detach(), far, search, vanished)

    def _report(self, step: int, here: Tensor, logits: Tensor) -> None:
        if self.on_step is None:
            return
        done = self.index * self.params.steps + step
        total = self.params.searches * self.params.steps
        rows = torch.arange(len(here), device=here.device)
        self.on_step(Trace(done, total, self.index, step - 1, rows, here, logits))


def _rounded(images: Tensor) -> Tensor:
    """Round to multiples of 1/255 and let the gradient through as it is."""
    exact = images.detach()
    # The difference is exactly zero, so that the sum is exactly what a file holds.
    return (exact * 255).round() / 255 + (images - exact)
