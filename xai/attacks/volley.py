"""Many attacks as one: images, or strengths, side by side in a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from xai.attacks import ATTACKS
from xai.attacks.quantization import held
from xai.attacks.strengths import NOISE, kind_of
from xai.models.room import most

if TYPE_CHECKING:
    from xai.attacks.algorithms.perturbed import Trace
    from xai.attacks.goal import Goal
    from xai.attacks.parameters import AttackParams
    from xai.models.loaded import LoadedModel
    from xai.types import Progress


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of the images of a volley.

    Attributes
    ----------
    images : ndarray, shape (N, C, H, W), float32, in [0, 1]
        Clipped, and rounded to 1/255 where the settings say so.
    logits : ndarray, shape (N, K), float32
        Of a fresh forward pass over exactly these images.
    success : ndarray, shape (N,), bool
        Whether they meet their goals.
    linf, l2 : ndarray, shape (N,), float64
        Largest change of a pixel, and length of the change over all pixels.
    """

    images: np.ndarray
    logits: np.ndarray
    success: np.ndarray
    linf: np.ndarray
    l2: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """The most probable class of each image, (N,), int64."""
        return self.logits.argmax(1)

    @property
    def probabilities(self) -> np.ndarray:
        """Softmax of the logits, (N, K), float32."""
        wide = self.logits.astype(np.float64)
        shares = np.exp(wide - wide.max(1, keepdims=True))
        return (shares / shares.sum(1, keepdims=True)).astype(np.float32)


def seeds(seed: int, count: int, first: int = 0) -> list[int]:
    """Return seeds of the images ``first`` to ``first + count - 1``, unrelated to each other."""
    return [
        int(np.random.SeedSequence((seed, place)).generate_state(1, np.uint64)[0] >> np.uint64(1))
        for place in range(first, first + count)
    ]


def volley(
    model: LoadedModel,
    images: np.ndarray,
    goals: Sequence[Goal],
    method: str,
    params: AttackParams | Sequence[AttackParams],
    *,
    seeds: Sequence[int],
    progress: Progress | None = None,
) -> Outcome:
    """Attack many images and report what the network says of the outcome.

    Parameters
    ----------
    model : LoadedModel
    images : ndarray, shape (N, C, H, W), float32, in [0, 1]
        As :meth:`LoadedModel.prepare` makes them; never changed.
    goals : sequence of N Goal
    method : str
        A key of :data:`xai.attacks.ATTACKS`, or ``"noise"``.
    params : AttackParams or sequence of N
        Resolved; those of a sequence differ in strength and step size alone.
    seeds : sequence of N int
        One for each image: what becomes of it does not depend on its neighbours.
    progress : callable, optional
        ``progress(done, total, message)`` in images, after each step; may raise to stop.

    Raises
    ------
    TypeError, ValueError
        If the images do not fit the model or leave [0, 1], the numbers of images, goals,
        settings and seeds differ, the model lacks a goal's class, the method is unknown, or
        the settings differ in more than they may.
    """
    settings = list(params) if isinstance(params, Sequence) else [params] * len(images)
    _check(model, images, goals, kind_of(method), settings, seeds)
    images = np.asarray(images, np.float32)
    raw = np.empty_like(images)
    for part in _parts(len(images), most(model)):
        said = None if progress is None else partial(_say, progress, part, len(images))
        there = _Part(model, images[part], goals[part], settings[part], seeds[part])
        raw[part] = there.noise() if method == NOISE else there.attack(method, said)
    return _judged(model, images, np.clip(raw, 0, 1), goals, settings)


@dataclass(frozen=True, eq=False)
class _Part:
    """As many images as go into one batch."""

    model: LoadedModel
    images: np.ndarray
    goals: Sequence[Goal]
    settings: Sequence[AttackParams]
    seeds: Sequence[int]

    def attack(self, method: str, on_step: partial[None] | None) -> np.ndarray:
        function = ATTACKS[method].function
        given = self.settings[0] if len(set(self.settings)) == 1 else self.settings
        x = self.model.tensor(self.images)
        found = function(
            self.model, x, self.goals, given, seeds=self.seeds, on_step=on_step
        ).images.cpu()
        moving = torch.tensor([one.ball()[1] > 0 for one in self.settings])
        # A strength of 0 returns the image bit by bit.
        kept: np.ndarray = torch.where(moving.reshape(-1, 1, 1, 1), found, x.cpu()).numpy()
        return kept

    def noise(self) -> np.ndarray:
        from xai.attacks.algorithms.norms import noise

        rows = zip(self.images, self.settings, self.seeds, strict=True)
        made = []
        for image, settings, seed in rows:
            norm, eps = settings.ball()
            made.append(noise(image, eps, norm, seed))
        return np.stack(made)


def _judged(
    model: LoadedModel,
    originals: np.ndarray,
    raw: np.ndarray,
    goals: Sequence[Goal],
    settings: Sequence[AttackParams],
) -> Outcome:
    """Round, classify and measure."""
    norm = settings[0].ball()[0]
    images = raw
    if settings[0].quantize:
        radii = [one.ball()[1] for one in settings]
        moving = np.array(radii) > 0
        images = np.where(moving.reshape(-1, 1, 1, 1), held(raw, originals, norm, radii), originals)
    logits = classified(model, images)
    reached = [
        goal.reached(int(label)) for goal, label in zip(goals, logits.argmax(1), strict=True)
    ]
    delta = (images.astype(np.float64) - originals).reshape(len(images), -1)
    return Outcome(
        images,
        logits,
        np.array(reached, bool),
        np.abs(delta).max(1),
        np.linalg.norm(delta, axis=1),
    )


def classified(model: LoadedModel, images: np.ndarray) -> np.ndarray:
    """Return the scores of images (N, C, H, W), as many at a time as fit: (N, K) float32."""
    found = []
    with torch.no_grad():
        for part in _parts(len(images), most(model)):
            found.append(model.logits(model.tensor(images[part])).cpu().numpy())
    return np.concatenate(found)


def _parts(count: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def _say(progress: Progress, part: slice, count: int, trace: Trace) -> None:
    done = part.start + (part.stop - part.start) * trace.done // trace.total
    progress(done, count, f"step {trace.done} of {trace.total}")


def _check(
    model: LoadedModel,
    images: np.ndarray,
    goals: Sequence[Goal],
    kind: type[AttackParams],
    settings: Sequence[AttackParams],
    seeds: Sequence[int],
) -> None:
    count = len(model.tensor(images))
    if not count or not len(goals) == len(settings) == len(seeds) == count or images.ndim != 4:
        raise ValueError(
            "volley: expected as many goals, settings and seeds as images (N, C, H, W), "
            f"got {len(goals)}, {len(settings)} and {len(seeds)} for {tuple(images.shape)}"
        )
    for goal in goals:
        goal.check(len(model.classes))
    strangers = {type(one).__name__ for one in settings if not isinstance(one, kind)}
    if strangers:
        raise TypeError(f"params: expected {kind.__name__}, got {', '.join(sorted(strangers))}")
    if len({_without_size(one) for one in set(settings)}) > 1:
        raise ValueError("params: expected settings that differ in strength and step size alone")
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 1:
        raise ValueError(f"images: expected numbers in [0, 1], got {low:.4g} to {high:.4g}")


def _without_size(settings: AttackParams) -> AttackParams:
    sizes = [name for name in ("eps", "step_size") if name in settings.infos()]
    return replace(settings, **dict.fromkeys(sizes))
