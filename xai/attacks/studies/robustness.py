"""Robust accuracy: how much of a network's accuracy an attack leaves over many images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.attacks import ATTACKS
from xai.attacks.goal import Goal
from xai.attacks.parameters import EPS_MAX, AttackParams
from xai.attacks.strengths import NOISE, bounded, spoken
from xai.attacks.studies import shots
from xai.attacks.studies.robust_accuracy import UNKNOWN, Robustness
from xai.types import find

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models.loaded import LoadedModel
    from xai.types import Params, Progress

__all__ = ["METHODS", "Robustness", "passes", "robustness"]

#: What is run where nothing else is asked for.
METHODS = ("fgsm", "pgd", NOISE)


def robustness(
    model: LoadedModel,
    images: ImageSet,
    *,
    methods: Sequence[str] = METHODS,
    strengths: Sequence[float],
    norm: str = "linf",
    params: Mapping[str, Params | Mapping[str, Any]] | None = None,
    seed: int = 0,
    batch: int | None = None,
    state: Robustness | None = None,
    progress: Progress | None = None,
    on_batch: Callable[[Robustness], None] | None = None,
) -> Robustness:
    """Attack many images at several strengths and count what is still read rightly.

    Parameters
    ----------
    model : LoadedModel
    images : ImageSet
        Images whose class the model does not have are left out, and counted.
    methods : sequence of str
        Keys of ``ATTACKS`` that have a strength in this norm, and ``"noise"``.
    strengths : sequence of float
        Ascending, for pixels in [0, 1]; 0 is the clean image.
    norm : {"linf", "l2"}
    params : mapping, optional
        Settings of some methods; their strength, norm and early stop are set here.
    seed : int
        Each image draws its random numbers from this seed and its own position, the
        same for every strength, so that they do not depend on the batch.
    batch : int, optional
        Images that are attacked together, and after which ``on_batch`` is called; at most,
        and by default, as many as fit (:func:`xai.attacks.volley.most`).
    state : Robustness, optional
        What an earlier call has reached: it goes on from there.
    progress : callable, optional
        ``progress(done, total, message)`` in gradient steps; may raise to stop.
    on_batch : callable, optional
        Receives what there is after each batch; may raise to stop.

    Returns
    -------
    Robustness

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it should be, or the state is of another run.

    Notes
    -----
    Every attack is untargeted, against the true class. Only images that the model reads
    rightly are attacked: one that it gets wrong by itself counts as wrong at every
    strength. An iterative attack stops at its first success, and an image that it has
    fooled with a small strength counts as fooled, with the same answer, at every larger
    one too: the attacked image is within these as well. FGSM and noise are single throws,
    and run at each strength on their own, so that their curves need not fall steadily.
    A run that was stopped and goes on gives the same as one that was not.
    """
    begun = _begun(model, images, methods, strengths, norm, params, seed)
    if state is not None:
        _same_run(begun, state)
    if batch is not None and batch < 1:
        raise ValueError(f"batch: expected at least 1 image, got {batch}")
    run = _Run(model, images, begun, batch, progress)
    found = begun if state is None else state
    while not found.complete:
        found = run.further(found)
        if on_batch is not None:
            on_batch(found)
    return found


def passes(settings: Params) -> int:
    """Return how many gradient steps, or at least passes, an attack takes for one image."""
    return int(getattr(settings, "steps", 1) * getattr(settings, "restarts", 1))


# ---------------------------------------------------------------------- what is asked
def _begun(
    model: LoadedModel,
    images: ImageSet,
    methods: Sequence[str],
    strengths: Sequence[float],
    norm: str,
    params: Mapping[str, Params | Mapping[str, Any]] | None,
    seed: int,
) -> Robustness:
    """Check what is asked; return the result before the first image."""
    find(EPS_MAX, norm, "norm")
    if not methods or len(set(methods)) < len(methods):
        raise ValueError(f"methods: expected at least one, none twice; got {list(methods)}")
    given = dict(params or {})
    unasked = set(given) - set(methods)
    if unasked:
        raise ValueError(f"params: expected settings of {list(methods)}, got {sorted(unasked)}")
    settings = tuple(_settings(name, given.get(name), norm) for name in methods)
    sizes = _ascending(strengths, EPS_MAX[norm])
    truth = images.labels_in(model.classes)
    places = np.flatnonzero(truth >= 0)
    if not len(places):
        raise ValueError("images: expected some of the model's classes, got none")
    return Robustness(
        model=model.spec.name,
        data=images.signature,
        classes=model.classes,
        methods=tuple(methods),
        settings=settings,
        norm=norm,
        strengths=sizes,
        places=places,
        labels=truth[places],
        clean=np.full(len(places), UNKNOWN, np.int64),
        predicted=np.full((len(settings), len(sizes), len(places)), UNKNOWN, np.int64),
        done=0,
        skipped=len(truth) - len(places),
        seed=seed,
    )


def _settings(name: str, given: Params | Mapping[str, Any] | None, norm: str) -> Params:
    """Return an attack's settings in a norm, without a strength."""
    able = {key: key for key in (*ATTACKS, NOISE) if bounded(key)}
    settings: Any = shots.settings(find(able, name, "method"), norm, given)
    changed: dict[str, Any] = {"eps": None, "early_stop": True}
    return replace(settings, **{key: new for key, new in changed.items() if hasattr(settings, key)})


def _ascending(strengths: Sequence[float], most: float) -> np.ndarray:
    sizes = np.asarray(strengths, np.float64)
    fits = sizes.ndim == 1 and len(sizes) > 0 and bool(np.isfinite(sizes).all())
    if not fits or sizes[0] < 0 or sizes[-1] > most or (np.diff(sizes) <= 0).any():
        raise ValueError(
            f"strengths: expected ascending numbers from 0 to {most:g}, got {strengths!r}"
        )
    return sizes


def _same_run(begun: Robustness, state: Robustness) -> None:
    for word in ("model", "data", "methods", "settings", "norm", "seed"):
        if getattr(begun, word) != getattr(state, word):
            raise ValueError(f"state: expected one of the same run, got another {word}")
    if not np.array_equal(begun.strengths, state.strengths):
        raise ValueError("state: expected one of the same run, got other strengths")


# ------------------------------------------------------------------------- the attacks
@dataclass(frozen=True, eq=False)
class _Run:
    """What stays the same from batch to batch."""

    model: LoadedModel
    images: ImageSet
    begun: Robustness
    size: int | None
    progress: Progress | None

    def further(self, state: Robustness) -> Robustness:
        """Attack one more batch."""
        from xai.attacks import volley

        most = volley.most(self.model)
        stop = min(state.done + min(self.size or most, most), state.total)
        chosen = np.arange(state.done, stop)
        pixels = self.images.images
        batch = np.stack([self.model.prepare(pixels[place]) for place in state.places[chosen]])
        clean, predicted = state.clean.copy(), state.predicted.copy()
        clean[chosen] = volley.classified(self.model, batch).argmax(1)
        for row, (method, settings) in enumerate(zip(state.methods, state.settings, strict=True)):
            attack = _Attack(self, method, settings, batch, chosen, clean[chosen])
            predicted[row][:, chosen] = attack.answers(row)
        return replace(state, clean=clean, predicted=predicted, done=stop)

    def report(self, row: int, turn: int, chosen: np.ndarray, share: float) -> None:
        """Say how much is done, when ``share`` of one attack on one batch is."""
        if self.progress is None:
            return
        begun = self.begun
        each = [passes(settings) for settings in begun.settings]
        sizes = len(begun.strengths)
        of_batch = sum(each[:row]) * sizes + each[row] * (turn + share)
        done = chosen[0] * sum(each) * sizes + len(chosen) * of_batch
        eps = begun.strengths[turn]
        size = spoken(float(eps), begun.norm)
        name = begun.methods[row]
        label = ATTACKS[name].label if name in ATTACKS else name
        message = f"{chosen[0]} of {begun.total} images, {label} at {size}"
        self.progress(int(done), begun.total * sum(each) * sizes, message)


@dataclass(frozen=True, eq=False)
class _Attack:
    """One method on one batch, at all strengths."""

    run: _Run
    method: str
    settings: Params
    batch: np.ndarray
    chosen: np.ndarray
    clean: np.ndarray

    def answers(self, row: int) -> np.ndarray:
        """Return what the model says at each strength, (S, B)."""
        begun = self.run.begun
        labels = begun.labels[self.chosen]
        seen = np.tile(self.clean, (len(begun.strengths), 1))
        standing = np.flatnonzero(self.clean == labels)
        for turn, eps in enumerate(begun.strengths):
            self.run.report(row, turn, self.chosen, 0.0)
            if eps == 0 or not len(standing):
                continue
            found = self._shot(row, turn, standing)
            seen[turn, standing] = found
            if hasattr(self.settings, "early_stop"):
                fooled = found != labels[standing]
                # The attacked image is within every larger strength as well.
                seen[turn:, standing[fooled]] = found[fooled]
                standing = standing[~fooled]
        return seen

    def _shot(self, row: int, turn: int, standing: np.ndarray) -> np.ndarray:
        """Return what the model says of some images of the batch under one strength."""
        from xai.attacks import volley

        run, model = self.run, self.run.model
        settings: Any = replace(self.settings, **{"eps": float(run.begun.strengths[turn])})
        resolved: AttackParams = settings.resolved(model.spec)
        goals = [Goal.untargeted(int(label)) for label in run.begun.labels[self.chosen[standing]]]
        seeds = volley.seeds(run.begun.seed, len(self.chosen), int(self.chosen[0]))

        def progress(done: int, total: int, message: str) -> None:
            run.report(row, turn, self.chosen, done / max(total, 1))

        outcome = volley.volley(
            model,
            self.batch[standing],
            goals,
            self.method,
            resolved,
            seeds=[seeds[place] for place in standing],
            progress=progress,
        )
        return outcome.labels
