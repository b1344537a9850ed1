"""One image attacked at several strengths, all in one batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.attacks.parameters import EPS_MAX, AttackParams
from xai.attacks.strengths import NOISE, ROUNDED, amount, bounded, kind_of, norms_of
from xai.types import Params, Prediction, Progress, find, make_params

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xai.attacks.trial import Trial

#: Parts that an image's share of a progress bar is counted in.
_PARTS = 100


@dataclass(frozen=True, eq=False)
class Weakest:
    """The attacked image of the least strength that reached its goal.

    Attributes
    ----------
    strength : float
        The strength that was allowed, in the norm.
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        Read-only.
    after : Prediction
        What the network says of exactly ``image``.
    linf, l2 : float
        Largest change of a pixel, and length of the change, for pixels in [0, 1].
    """

    strength: float
    image: np.ndarray
    after: Prediction
    linf: float
    l2: float

    def size(self, norm: str) -> float:
        """Return how large the change really is, in a norm."""
        return self.linf if norm == "linf" else self.l2


@dataclass(frozen=True, eq=False)
class Shots:
    """What one method made of one image, strength by strength; one image is kept.

    Attributes
    ----------
    strengths : ndarray, shape (S,), float64
        In the norm; of an attack without a strength, the length of its change.
    success : ndarray, shape (S,), bool
    probability : ndarray, shape (S,), float64
        Of the goal's class, in [0, 1].
    confidence : ndarray, shape (S,), float64
        Of the most probable class, in [0, 1].
    labels : ndarray, shape (S,), int64
        The most probable class.
    weakest : Weakest or None
        Of the least strength that succeeded; None if none did.
    """

    strengths: np.ndarray
    success: np.ndarray
    probability: np.ndarray
    confidence: np.ndarray
    labels: np.ndarray
    weakest: Weakest | None

    @classmethod
    def joined(cls, parts: Sequence[Shots]) -> Shots:
        """Return several as one; the first that succeeded is the weakest."""
        names = ("strengths", "success", "probability", "confidence", "labels")
        arrays: dict[str, Any] = {
            name: np.concatenate([getattr(one, name) for one in parts]) for name in names
        }
        first = next((one.weakest for one in parts if one.weakest is not None), None)
        return cls(**arrays, weakest=first)

    @classmethod
    def untouched(cls, trial: Trial, clean: Prediction, count: int) -> Shots:
        """Return what a strength of 0 makes of an image: nothing, ``count`` times."""
        met = trial.goal.reached(clean.label)
        probability = float(clean.probabilities[trial.goal.label])
        return cls(
            np.zeros(count),
            np.full(count, met),
            np.full(count, probability),
            np.full(count, clean.confidence),
            np.full(count, clean.label),
            Weakest(0.0, trial.image, clean, 0.0, 0.0) if met else None,
        )


def lapse(strengths: np.ndarray, success: np.ndarray, norm: str) -> str:
    """Say where an attack failed above a strength that was enough; empty if nowhere.

    Parameters
    ----------
    strengths : ndarray, shape (S,)
        Ascending.
    success : ndarray, shape (S,), bool
    norm : {"linf", "l2"}
    """
    if not success.any():
        return ""
    first = int(np.argmax(success))
    enough = amount(float(strengths[first]), norm)
    failed = [amount(one, norm) for one in strengths[first:][~success[first:]].tolist()]
    # Lengths that are written alike are no difference to a reader.
    other = next((one for one in failed if one != enough), "")
    if not other:
        return ""
    return f"{enough} was enough, {other} was not: more strength is not always more error"


def settings(
    method: str, norm: str, given: Params | Mapping[str, Any] | None = None
) -> AttackParams:
    """Return an attack's settings in a norm; those of ``given`` where there are any.

    Raises
    ------
    TypeError, ValueError
        If the attack or a setting is not what it should be, or the attack has
        no such norm.
    """
    find(EPS_MAX, norm, "norm")
    if method != NOISE and norm not in norms_of(method):
        raise ValueError(
            f"norm: expected one of {', '.join(norms_of(method))} for {method}; got {norm!r}"
        )
    params: Any = make_params(kind_of(method), given)
    infos = params.infos()
    if "norm" in infos and params.norm != norm:
        # A strength or a step of the other norm would mean something else.
        emptied = {name: None for name in ("eps", "step_size") if name in infos}
        params = replace(params, norm=norm, **emptied)
    if method == NOISE and given is None:
        params = replace(params, quantize=norm in ROUNDED)
    return params


def fire(
    trial: Trial,
    params: AttackParams,
    strengths: Sequence[float],
    seeds: Sequence[int],
    progress: Progress | None = None,
) -> Shots:
    """Attack an image once for each strength, as few batches as memory allows.

    Parameters
    ----------
    trial : Trial
        Model, image, goal and method; its settings and its seed are not looked at.
    params : AttackParams
        Settings of the method.
    strengths : sequence of S float
        Above 0, ascending; for an attack without a strength any single number.
    seeds : sequence of S int
    progress : callable, optional
        ``progress(done, total, message)``; may raise to stop.
    """
    from xai.attacks import volley

    spec, method = trial.model.spec, trial.method
    each: list[Any] = [
        replace(params, eps=float(strength)) if bounded(method) else params  # type: ignore[call-arg]
        for strength in strengths
    ]
    asked = [one.resolved(spec) for one in each]
    found = []
    for here, report in _batches(len(asked), volley.most(trial.model), progress):
        outcome = volley.volley(
            trial.model,
            np.repeat(trial.image[None], len(asked[here]), axis=0),
            [trial.goal] * len(asked[here]),
            method,
            asked[here],
            seeds=list(seeds[here]),
            progress=report,
        )
        amounts = np.array(strengths[here], np.float64) if bounded(method) else outcome.l2
        found.append(_shots(trial, outcome, amounts))
        if report is not None:
            report(1, 1, "")
    return Shots.joined(found)


def _batches(
    count: int, most: int, progress: Progress | None
) -> Iterator[tuple[slice, Progress | None]]:
    """Cut a number of images into batches, each with its part of the progress."""
    for start in range(0, count, most):
        size = min(most, count - start)
        yield slice(start, start + size), part(progress, start, size, count)


def part(progress: Progress | None, before: int, size: int, whole: int) -> Progress | None:
    """Return the progress of a part of some work.

    Parameters
    ----------
    progress : callable or None
        The progress of the whole.
    before, size, whole : int
        Images done before this part, in this part, and in all.
    """
    if progress is None:
        return None

    def report(done: int, total: int, message: str) -> None:
        share = done / total if total else 1.0
        progress(round(_PARTS * (before + size * share)), _PARTS * whole, message)

    return report


def _shots(trial: Trial, outcome: Any, amounts: np.ndarray) -> Shots:
    shares = outcome.probabilities.astype(np.float64)
    weakest = None
    if outcome.success.any():
        # A copy: a view would keep the whole batch alive.
        place = int(np.flatnonzero(outcome.success)[0])
        image = outcome.images[place].copy()
        image.setflags(write=False)
        after = Prediction(
            outcome.logits[place].copy(), outcome.probabilities[place], trial.model.classes
        )
        weakest = Weakest(
            float(amounts[place]),
            image,
            after,
            float(outcome.linf[place]),
            float(outcome.l2[place]),
        )
    return Shots(
        amounts,
        outcome.success,
        shares[:, trial.goal.label],
        shares.max(1),
        outcome.labels,
        weakest,
    )
