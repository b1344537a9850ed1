"""One attack on one image: check what is asked, attack, judge what came back."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from xai import images
from xai.attacks.goal import Goal
from xai.attacks.quantization import quantize
from xai.attacks.result import AttackResult, Sight, Step

if TYPE_CHECKING:
    from xai.attacks.algorithms.perturbed import Perturbed, Trace
    from xai.attacks.parameters import AttackParams
    from xai.models.loaded import LoadedModel
    from xai.types import Prediction, Progress


#: Restart, step, and scores (1, K) of the image before it.
_Saying = tuple[int, int, torch.Tensor]

#: Seconds between two words on how far an attack is.
_PAUSE = 0.05


@dataclass(frozen=True, eq=False)
class Trial:
    """What is attacked, how, and what for.

    Attributes
    ----------
    model : LoadedModel
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        The trial's own copy; read-only.
    goal : Goal
    method : str
    params : AttackParams
        Resolved.
    seed : int
    """

    model: LoadedModel
    image: np.ndarray
    goal: Goal
    method: str
    params: AttackParams
    seed: int


@dataclass(frozen=True, eq=False)
class Claim:
    """What an attack hands in; ``image`` is (C, H, W), not yet clipped or rounded."""

    image: np.ndarray
    steps: int = 0
    queries: int = 0
    restart: int = 0
    vanished: bool = False
    history: tuple[Step, ...] = ()


def prepare(
    model: LoadedModel, image: Any, goal: Any, method: str, params: AttackParams, seed: Any
) -> Trial:
    """Check everything that a caller can get wrong.

    Raises
    ------
    TypeError, ValueError
        If the image does not fit the model or leaves [0, 1], the goal is none
        or names a class that the model lacks, or the seed is no whole number.
    """
    own = model.tensor(image).cpu().numpy()
    if np.ndim(image) != 3:
        raise ValueError(f"image: expected one image (C, H, W), got shape {tuple(image.shape)}")
    low, high = float(own.min()), float(own.max())
    if low < 0 or high > 1:
        raise ValueError(f"image: expected numbers in [0, 1], got {low:.4g} to {high:.4g}")
    if not isinstance(goal, Goal):
        got = type(goal).__name__
        raise TypeError(f"goal: expected Goal.untargeted(label) or Goal.targeted(label), got {got}")
    goal.check(len(model.classes))
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"seed: expected a whole number, got {seed!r}")
    if not 0 <= seed < 2**63:
        raise ValueError(f"seed: expected 0 to 2**63 - 1, got {seed}")
    kept = own[0].copy()
    kept.setflags(write=False)
    return Trial(model, kept, goal, method, params.resolved(model.spec), int(seed))


def attack(
    trial: Trial,
    function: Callable[..., Perturbed],
    progress: Progress | None = None,
    on_step: Callable[[Sight], None] | None = None,
) -> Claim:
    """Let an attack work on the image and write down what it says."""
    if trial.params.ball()[1] == 0:
        return Claim(trial.image)
    writer = _Writer(trial, progress, on_step)
    found = function(
        trial.model,
        trial.model.tensor(trial.image),
        (trial.goal,),
        trial.params,
        seeds=(trial.seed,),
        on_step=writer,
    )
    return Claim(
        found.images[0].cpu().numpy(),
        int(found.steps[0]),
        int(found.queries[0]),
        int(found.restart[0]),
        bool(found.vanished[0]),
        writer.history(),
    )


def judge(trial: Trial, claim: Claim) -> AttackResult:
    """Clip, round and classify a claimed image, and report what is true of it."""
    model, original = trial.model, trial.image
    norm, eps = trial.params.ball()
    raw = np.clip(claim.image, 0, 1).astype(np.float32)
    image = raw
    if trial.params.quantize and eps > 0:
        image = quantize(raw, original, norm, eps)
    before, after = model.predict(original), model.predict(image)
    success = trial.goal.reached(after.label)
    queries = claim.queries + 2
    undone = False
    if not success and not np.array_equal(image, raw):
        undone = trial.goal.reached(model.predict(raw).label)
        queries += 1
    delta = image.astype(np.float64) - original
    count = sum(record.restart == claim.restart for record in claim.history)
    last = _record(claim.restart, count, after, trial.goal)
    image.setflags(write=False)
    return AttackResult(
        image=image,
        success=success,
        linf=float(np.abs(delta).max()),
        l2=float(np.linalg.norm(delta)),
        steps=claim.steps,
        queries=queries,
        params=trial.params,
        before=before,
        after=after,
        history=(*claim.history, last),
        goal=trial.goal,
        method=trial.method,
        seed=trial.seed,
        model=model.spec.name,
        digest=images.digest(original),
        notes=_notes(trial, claim, before, raw, image, undone),
        quantized=_on_grid(image),
    )


class _Writer:
    """Keep what an attack on one image says of its steps; tell it while it works.

    Numbers are worked out when somebody asks: on a small network they would take as long
    as a step.
    """

    def __init__(
        self,
        trial: Trial,
        progress: Progress | None,
        on_step: Callable[[Sight], None] | None,
    ) -> None:
        self._trial = trial
        self._progress = progress
        self._on_step = on_step
        self._said_at: list[_Saying] = []
        self._told = -_PAUSE

    def __call__(self, trace: Trace) -> None:
        # The image is not kept: hundreds of steps of a photograph would be gigabytes.
        self._said_at.append((trace.restart, trace.step, trace.logits[:1]))
        if self._progress is None and self._on_step is None:
            return
        now = time.monotonic()
        due = now - self._told >= _PAUSE or trace.done == trace.total
        if self._progress is not None:
            self._progress(trace.done, trace.total, self._message(trace) if due else self._said)
        if due and self._on_step is not None:
            image = trace.images[0].cpu().numpy().copy()
            self._on_step(Sight(trace.done, trace.total, self.history(), image))
        if due:
            self._told = now

    def _message(self, trace: Trace) -> str:
        (last,) = self._steps(self._said_at[-1:])
        name = self._trial.model.classes[self._trial.goal.label]
        self._said = f"loss {last.loss:.3g}, probability of {name} {last.probability:.1%}"
        return self._said

    def history(self) -> tuple[Step, ...]:
        """Return what was said before each step."""
        return self._steps(self._said_at)

    def _steps(self, sayings: Sequence[_Saying]) -> tuple[Step, ...]:
        if not sayings:
            return ()
        logits = torch.cat([said for _, _, said in sayings]).cpu().numpy()
        loss = _cross_entropy(logits, self._trial.goal.label)
        rows = zip(sayings, loss.tolist(), logits.argmax(1).tolist(), strict=True)
        return tuple(
            Step(restart, step, value, math.exp(-value), label)
            for (restart, step, _), value, label in rows
        )


def _record(restart: int, step: int, said: Prediction, goal: Goal) -> Step:
    (loss,) = _cross_entropy(said.logits[None], goal.label).tolist()
    return Step(restart, step, loss, math.exp(-loss), said.label)


def _cross_entropy(logits: np.ndarray, label: int) -> np.ndarray:
    """Return the cross-entropy of a class in nats, (N, K) to (N,), exact where it is tiny."""
    wide = logits.astype(np.float64)
    margin = np.logaddexp.reduce(np.delete(wide, label, axis=1), axis=1) - wide[:, label]
    loss: np.ndarray = np.logaddexp(0.0, margin)
    return loss


def _on_grid(image: np.ndarray) -> bool:
    return bool(np.array_equal(images.from_uint8(images.to_uint8(image)), image))


def _notes(
    trial: Trial,
    claim: Claim,
    before: Prediction,
    raw: np.ndarray,
    image: np.ndarray,
    undone: bool,
) -> tuple[str, ...]:
    goal, name = trial.goal, before.classes[trial.goal.label]
    moved = not np.array_equal(raw, trial.image)
    saturated = not goal.is_targeted and before.probabilities[goal.label] == 1
    texts = {
        f"the image was already misclassified: it is read as {before.name}, not {name}, "
        "so an untargeted attack has nothing to do": (
            not goal.is_targeted and goal.reached(before.label)
        ),
        f"the image was already read as the target, {name}": (
            goal.is_targeted and goal.reached(before.label)
        ),
        "epsilon 0 returns the image unchanged": trial.params.ball()[1] == 0,
        f"the softmax is saturated: the probability of {name} rounds to 1, "
        "and the attack followed the gradient of the logits": saturated and claim.steps > 0,
        "the gradient vanished: no small change of any pixel moves the network's output": (
            claim.vanished
        ),
        "rounding to 1/255 took the whole perturbation away": (
            moved and np.array_equal(image, trial.image)
        ),
        "rounding to 1/255 undid the attack": undone,
    }
    return tuple(text for text, holds in texts.items() if holds)
