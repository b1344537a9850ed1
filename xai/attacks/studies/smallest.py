"""The smallest strength at which an attack reaches its goal on one image."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.attacks import ATTACKS
from xai.attacks.goal import Goal
from xai.attacks.parameters import EPS_MAX, AttackParams
from xai.attacks.strengths import NOISE, bounded
from xai.attacks.studies.shots import Shots, Weakest, fire, lapse, settings
from xai.attacks.studies.strength import MOST_DRAWS, Curve
from xai.types import Params, Progress, find

if TYPE_CHECKING:
    from xai.attacks.trial import Trial
    from xai.models.loaded import LoadedModel

#: Strengths tried at once: their batch costs little more than one of them.
_SECTIONS = 7
#: How finely a length is known, as a share of itself.
_FINE = 0.01
#: A length that float32 pixels hardly know: nothing is looked for below it.
_NOTHING = 1e-6
#: Slack, in grey levels, for strengths that are on the grid but for float64.
_SLACK = 1e-6


@dataclass(frozen=True, eq=False)
class Smallest:
    """How little is enough.

    Attributes
    ----------
    method : str
        Key of the registry.
    norm : str
    goal : Goal
    most : float
        The largest strength that was allowed; in L-infinity a multiple of 1/255.
    weakest : Weakest or None
        The image at the smallest strength; None if none up to ``most`` reached the goal.
    strengths : ndarray, shape (T,), float64
        All that were tried, ascending.
    success : ndarray, shape (T,), bool
        Which of them reached the goal.
    draws, hits : int
        Draws of random noise as large as the weakest change, and how many of them
        reached the goal.
    seed : int
    notes : tuple of str
        Sentences on what a reader should know of this result.
    """

    method: str
    norm: str
    goal: Goal
    most: float
    weakest: Weakest | None
    strengths: np.ndarray
    success: np.ndarray
    draws: int
    hits: int
    seed: int
    notes: tuple[str, ...]

    @property
    def strength(self) -> float | None:
        """The smallest strength, or None."""
        return None if self.weakest is None else self.weakest.strength


def smallest(
    model: LoadedModel,
    image: np.ndarray,
    method: str,
    *,
    goal: Goal,
    norm: str,
    params: Params | Mapping[str, Any] | None = None,
    most: float,
    begun: Curve | None = None,
    draws: int = 8,
    seed: int = 0,
    progress: Progress | None = None,
) -> Smallest:
    """Look for the smallest strength at which an attack reaches its goal.

    Parameters
    ----------
    model : LoadedModel
    image : ndarray, shape (C, H, W), float32, in [0, 1]
    method : str
        A key of ``ATTACKS``.
    goal : Goal
    norm : {"linf", "l2"}
    params : Params or mapping, optional
        Settings of the method; their strength is not looked at.
    most : float
        The largest strength to be tried; not looked at for an attack without a strength.
    begun : Curve, optional
        The same attack, with the same settings, goal and seed, over some strengths: the
        search goes on from there, and never ends above the least that succeeded.
    draws : int
        Draws of random noise to compare with.
    seed : int
    progress : callable, optional
        ``progress(done, total, message)``; may raise to stop.

    Returns
    -------
    Smallest

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it should be.

    Notes
    -----
    Bisection, but with several strengths in a batch: between the least that
    succeeded and the largest below it that failed, evenly spaced ones are tried
    until the two are neighbours: 1/255 apart in L-infinity, 1 % apart in L2. Where
    more strength is not always more error, one smaller still may succeed between
    strengths that failed; a note says where that was seen. An attack without a
    strength looks for the least by itself, and is made once.
    """
    from xai.attacks.trial import prepare

    if not isinstance(draws, int) or not 0 <= draws <= MOST_DRAWS:
        raise ValueError(f"draws: expected 0 to {MOST_DRAWS}, got {draws!r}")
    find(ATTACKS, method, "method")
    given = settings(method, norm, params)
    if not (math.isfinite(most) and 0 <= most <= EPS_MAX[norm]):
        raise ValueError(f"most: expected 0 to {EPS_MAX[norm]}, got {most}")
    asked = replace(prepare(model, image, goal, NOISE, settings(NOISE, norm), seed), method=method)
    # What a file can hold is a multiple of 1/255.
    top = math.floor(most * 255 + _SLACK) / 255 if norm == "linf" else float(most)
    search = _Search(asked, given, norm, top)
    search.begin(begun)
    search.narrow(progress)
    strengths, success = search.tried_in_order()
    said = lapse(strengths, success, norm)
    hits = _noise_hits(asked, norm, search.weakest, draws)
    return Smallest(
        method,
        norm,
        goal,
        top,
        search.weakest,
        strengths,
        success,
        draws if search.weakest is not None else 0,
        hits,
        asked.seed,
        (said,) if said else (),
    )


@dataclass
class _Search:
    """What has been tried so far, and what to try next."""

    trial: Trial
    params: AttackParams
    norm: str
    most: float
    tried: dict[float, bool] = field(default_factory=dict)
    weakest: Weakest | None = None

    def begin(self, begun: Curve | None) -> None:
        """Take over what is known: the clean image, and a curve's strengths."""
        if bounded(self.trial.method):
            clean = self.trial.model.predict(self.trial.image)
            self._learn(Shots.untouched(self.trial, clean, 1))
        if begun is None:
            return
        if begun.method != self.trial.method:
            raise ValueError(f"begun: expected {self.trial.method}, got {begun.method}")
        known = zip(begun.strengths.tolist(), begun.success.tolist(), strict=True)
        self.tried |= {
            strength: success > 0
            for strength, success in known
            if strength <= self.most or not bounded(self.trial.method)
        }
        if any(self.tried.values()) and self.weakest is None:
            self.weakest = begun.weakest

    def narrow(self, progress: Progress | None) -> None:
        """Try strengths until the least that succeeds is known well enough."""
        if not bounded(self.trial.method):
            if not self.tried:
                self._learn(fire(self.trial, self.params, [0.0], [self.trial.seed], progress))
            return
        while wanted := self._next():
            seeds = [self.trial.seed] * len(wanted)
            self._learn(fire(self.trial, self.params, wanted, seeds, progress))

    def tried_in_order(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all strengths that were tried, ascending, and which succeeded."""
        order = sorted(self.tried)
        return np.array(order), np.array([self.tried[one] for one in order], bool)

    def _learn(self, shots: Shots) -> None:
        known = zip(shots.strengths.tolist(), shots.success.tolist(), strict=True)
        self.tried |= dict(known)
        # What is tried lies below what has succeeded before.
        self.weakest = shots.weakest or self.weakest

    def _next(self) -> list[float]:
        """Return what to try next; nothing where the answer is known."""
        enough = [one for one, success in self.tried.items() if success]
        high = min(enough, default=None)
        if high is None and self.most in self.tried:
            return []
        top = self.most if high is None else high
        low = max(one for one in [0.0, *self.tried] if one < top or one == 0)
        between = _levels if self.norm == "linf" else _lengths
        found = between(low, top)
        return [*found, top] if high is None else found


def _levels(low: float, high: float) -> list[float]:
    """Return multiples of 1/255 strictly between two strengths, a few of them."""
    first = math.floor(low * 255 + _SLACK) + 1
    last = math.ceil(high * 255 - _SLACK) - 1
    count = min(_SECTIONS, last - first + 1)
    if count < 1:
        return []
    places = np.linspace(first - 1, last + 1, count + 2)[1:-1]
    return (np.unique(np.rint(places)) / 255).tolist()


def _lengths(low: float, high: float) -> list[float]:
    """Return lengths strictly between two that are not near each other."""
    if high - low <= max(_FINE * high, _NOTHING):
        return []
    return np.linspace(low, high, _SECTIONS + 2)[1:-1].tolist()


def _noise_hits(trial: Trial, norm: str, weakest: Weakest | None, draws: int) -> int:
    """Count the draws of noise, as large as the weakest change, that reach the goal."""
    from xai.attacks import volley

    if weakest is None or not draws:
        return 0
    if weakest.size(norm) == 0:
        return draws
    size = weakest.size(norm)
    noise = replace(trial, method=NOISE)
    seeds = volley.seeds(trial.seed, draws)
    return int(fire(noise, settings(NOISE, norm), [size] * draws, seeds).success.sum())
