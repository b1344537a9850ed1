"""What an image's attacks do at every strength, beside random noise of the same size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xai import images
from xai.attacks import ATTACKS
from xai.attacks.goal import Goal
from xai.attacks.parameters import EPS_MAX
from xai.attacks.strengths import NOISE, bounded, norms_of
from xai.attacks.studies.shots import Shots, Weakest, fire, lapse, part, settings
from xai.types import Params, Prediction, Progress

if TYPE_CHECKING:
    from xai.attacks.trial import Trial
    from xai.models.loaded import LoadedModel

#: Draws of noise at one strength.
MOST_DRAWS = 64
# How much closer the strengths of a ladder stand near 0, where an attack begins to fool.
_CROWDING = 1.5


@dataclass(frozen=True, eq=False)
class Curve:
    """What one method does as its strength grows.

    Attributes
    ----------
    method : str
        Key of the registry, or ``"noise"``.
    strengths : ndarray, shape (S,), float64
        Ascending, from 0, which is the clean image. Of an attack without a
        strength the one length that it found.
    success : ndarray, shape (S,), float64
        Share of the draws that reached the goal; of an attack 0 or 1.
    probability : ndarray, shape (S,), float64
        Of the goal's class, mean over the draws.
    confidence : ndarray, shape (S,), float64
        Of the most probable class, mean over the draws.
    labels : ndarray, shape (S,), int64
        The most probable class; the commonest of the draws.
    draws : int
        How many images there are at each strength.
    weakest : Weakest or None
        The image of the least strength that succeeded.
    """

    method: str
    strengths: np.ndarray
    success: np.ndarray
    probability: np.ndarray
    confidence: np.ndarray
    labels: np.ndarray
    draws: int
    weakest: Weakest | None

    @property
    def smallest(self) -> float | None:
        """Least of these strengths that reached the goal, in half of the draws or more."""
        return next(iter(self.strengths[self.success >= 0.5].tolist()), None)


@dataclass(frozen=True, eq=False)
class Sweep:
    """Methods over strengths, on one image.

    Attributes
    ----------
    curves : tuple of Curve
        In the order of the registry, random noise last.
    goal : Goal
    norm : str
        In which the strengths are measured.
    clean : Prediction
        Of the image itself.
    model, digest : str
        Name of the model, SHA-256 of the image.
    seed : int
    notes : tuple of str
        Sentences on what a reader should know of this result.
    """

    curves: tuple[Curve, ...]
    goal: Goal
    norm: str
    clean: Prediction
    model: str
    digest: str
    seed: int
    notes: tuple[str, ...]

    def of(self, method: str) -> Curve | None:
        """Return a method's curve, or None if it has none."""
        return next((curve for curve in self.curves if curve.method == method), None)


def joined(sweeps: Sequence[Sweep]) -> Sweep:
    """Return sweeps of one image, goal and norm as one.

    Raises
    ------
    ValueError
        If there is none, or they are not about the same.
    """
    about = {(one.model, one.digest, one.goal, one.norm) for one in sweeps}
    if len(about) != 1:
        raise ValueError(f"sweeps: expected one image, goal and norm, got {len(about)}")
    order = [*ATTACKS, NOISE]
    curves = {curve.method: curve for one in sweeps for curve in one.curves}
    notes = dict.fromkeys(note for one in sweeps for note in one.notes)
    return replace(
        sweeps[0],
        curves=tuple(sorted(curves.values(), key=lambda curve: order.index(curve.method))),
        notes=tuple(notes),
    )


def ladder(most: float, norm: str, count: int = 12) -> tuple[float, ...]:
    """Return strengths from 0 to ``most`` that stand closer to each other near 0.

    Parameters
    ----------
    most : float
        The last strength; in L-infinity it is rounded to a multiple of 1/255.
    norm : {"linf", "l2"}
        In L-infinity all are multiples of 1/255, since a file knows no others.
    count : int
        How many at most, 0 included.
    """
    steps = most * np.linspace(0, 1, count) ** _CROWDING
    if norm == "linf":
        return tuple((np.unique(np.rint(steps * 255)) / 255).tolist())
    return tuple(np.unique(np.round(steps, 3)).tolist())


def sweep(
    model: LoadedModel,
    image: np.ndarray,
    methods: Sequence[str],
    *,
    goal: Goal,
    norm: str = "linf",
    strengths: Sequence[float],
    params: Mapping[str, Params] | None = None,
    draws: int = 8,
    seed: int = 0,
    progress: Progress | None = None,
) -> Sweep:
    """Attack one image at several strengths.

    Parameters
    ----------
    model : LoadedModel
    image : ndarray, shape (C, H, W), float32, in [0, 1]
    methods : sequence of str
        Keys of ``ATTACKS``. Those without the norm are left out, and a note says so.
    goal : Goal
    norm : {"linf", "l2"}
    strengths : sequence of float
        In [0, ``EPS_MAX[norm]``]; 0 is always among them.
    params : mapping of str to Params, optional
        Settings by method; their strength is not looked at.
    draws : int
        Draws of random noise at each strength; 0 leaves the noise out.
    seed : int
        Every strength has the same seed, so that an attack's random start and a draw
        of noise only grow.
    progress : callable, optional
        ``progress(done, total, message)``; may raise to stop.

    Returns
    -------
    Sweep

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it should be.

    Notes
    -----
    All strengths of a method are one batch, and each is an attack of its own: nothing
    that a smaller strength found is used for a larger one. An attack may therefore
    fail at a strength above one that was enough, and a note says where.
    """
    from xai.attacks.trial import prepare

    if not isinstance(draws, int) or not 0 <= draws <= MOST_DRAWS:
        raise ValueError(f"draws: expected 0 to {MOST_DRAWS}, got {draws!r}")
    asked = prepare(model, image, goal, NOISE, settings(NOISE, norm), seed)
    amounts = _amounts(strengths, norm)
    able = [name for name in ATTACKS if name in methods and norm in norms_of(name)]
    left = [name for name in dict.fromkeys(methods) if norm not in norms_of(name)]
    clean = model.predict(asked.image)
    counts = {name: len(amounts) if bounded(name) else 1 for name in able}
    if draws:
        counts[NOISE] = len(amounts) * draws
    curves, done, whole = [], 0, sum(counts.values())
    for name, count in counts.items():
        given = settings(name, norm, (params or {}).get(name))
        report = part(progress, done, count, whole)
        again = draws if name == NOISE else 1
        curves.append(_curve(replace(asked, method=name), given, amounts, again, clean, report))
        done += count
    return Sweep(
        tuple(curves),
        goal,
        norm,
        clean,
        model.spec.name,
        images.digest(asked.image),
        asked.seed,
        (
            *(f"{ATTACKS[name].label} has no strength in the norm {norm}" for name in left),
            *_lapses(curves, norm),
        ),
    )


def _amounts(strengths: Sequence[float], norm: str) -> np.ndarray:
    """Return the strengths above 0, ascending, each once."""
    amounts = np.unique(np.asarray(strengths, np.float64))
    most = EPS_MAX[norm]
    if amounts.ndim != 1 or not len(amounts) or not np.isfinite(amounts).all():
        raise ValueError(f"strengths: expected numbers, got {list(strengths)}")
    if amounts[0] < 0 or amounts[-1] > most:
        raise ValueError(f"strengths: expected 0 to {most}, got {amounts[0]} to {amounts[-1]}")
    return amounts[amounts > 0]


def _curve(
    trial: Trial,
    params: Any,
    amounts: np.ndarray,
    draws: int,
    clean: Prediction,
    progress: Progress | None,
) -> Curve:
    """Return a method's curve: the clean image, then all strengths, ``draws`` times each."""
    from xai.attacks import volley

    if not bounded(trial.method):
        return _averaged(trial.method, fire(trial, params, [0.0], [trial.seed], progress), 1)
    # An attack has the seed that it has by itself, so that both come to the same.
    seeds = volley.seeds(trial.seed, draws) if trial.method == NOISE else [trial.seed]
    parts = [Shots.untouched(trial, clean, draws)]
    if len(amounts):
        every = np.repeat(amounts, draws).tolist()
        parts.append(fire(trial, params, every, seeds * len(amounts), progress))
    return _averaged(trial.method, Shots.joined(parts), draws)


def _averaged(method: str, shots: Shots, draws: int) -> Curve:
    """Return the means over the draws."""
    names = ("success", "probability", "confidence")
    means = {name: getattr(shots, name).reshape(-1, draws).mean(1) for name in names}
    winners = [int(np.bincount(row).argmax()) for row in shots.labels.reshape(-1, draws)]
    return Curve(
        method,
        shots.strengths[::draws],
        **means,
        labels=np.array(winners),
        draws=draws,
        weakest=shots.weakest,
    )


def _lapses(curves: Sequence[Curve], norm: str) -> list[str]:
    found = []
    for curve in curves:
        if curve.method == NOISE:
            continue
        sentence = lapse(curve.strengths, curve.success > 0, norm)
        if sentence:
            found.append(f"{ATTACKS[curve.method].label}: {sentence}")
    return found
