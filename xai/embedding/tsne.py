"""t-SNE by openTSNE, with the settings that are fast and repeatable on two cores."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import numpy as np
from openTSNE import TSNEEmbedding
from openTSNE.affinity import PerplexityBasedNN

from xai.embedding.components import plane, standardized
from xai.embedding.params import TsneParams
from xai.embedding.results import Layout, OnStep

#: Iterations between two calls of ``on_step``.
EVERY = 10
#: Spread of a map that attraction has pulled into one point.
_COLLAPSED = 1e-8
#: Attraction in the early phase, as in the paper of openTSNE.
_EARLY = 12.0
_THREADS = 2
#: From here on interpolation beats the tree.
_MANY = 10_000
_Stretch = tuple[int, float, float]


def tsne(values: np.ndarray, params: TsneParams, seed: int, on_step: OnStep | None) -> Layout:
    """Lay a table out by t-SNE.

    Parameters
    ----------
    values : ndarray, shape (N, D), float64
        Checked; any scale.
    params : TsneParams
    seed : int
        Equal seeds give bit-equal maps on any number of threads, since
        neighbours are searched exactly.
    on_step : callable, optional
        At 0, every ten iterations and at the end.

    Notes
    -----
    Starts from the first two principal components with a standard deviation of
    1e-4 and noise of 1e-6, so that equal rows can part and a table of one column
    has a second axis. A perplexity above a third of the other images is lowered
    to that, but not below 2. Momentum is 0.5 in the early phase and 0.8 after
    it; gradients are Barnes-Hut's with theta 0.5, from 10,000 images on those of
    interpolation. Among few images, which are all neighbours of each other,
    exaggerated attraction pulls everything into one point; when it has, the
    remaining steps are taken from the start again, without exaggeration.

    References
    ----------
    L. van der Maaten, G. Hinton: Visualizing data using t-SNE, 2008.
    P. Poličar, M. Stražar, B. Zupan: openTSNE: a modular Python library for t-SNE
    dimensionality reduction and embedding, 2024.
    """
    table = standardized(values)
    params, notes = _clamped(params, len(table))
    watch = _Watch(on_step, params.early_iterations + params.iterations)
    start = _start(table, seed)
    if watch.show(0, start):
        return watch.result(start, params, notes)
    jobs = _jobs()
    affinities = PerplexityBasedNN(
        table, perplexity=params.perplexity, method="exact", n_jobs=jobs, random_state=seed
    )

    def begin() -> TSNEEmbedding:
        return TSNEEmbedding(
            start.copy(),
            affinities,
            random_state=seed,
            negative_gradient_method="fft" if len(table) >= _MANY else "bh",
            n_jobs=jobs,
            learning_rate=params.learning_rate or "auto",
            callbacks=watch,
            callbacks_every_iters=EVERY,
        )

    state = begin()
    stretches = [
        *_stretches(params.early_iterations, _EARLY, 0.5),
        *_stretches(params.iterations, params.exaggeration, 0.8),
    ]
    while stretches:
        iterations, exaggeration, momentum = stretches.pop(0)
        watch.attraction = exaggeration
        state.optimize(iterations, exaggeration=exaggeration, momentum=momentum, inplace=True)
        if watch.collapsed:
            state, stretches = begin(), _stretches(watch.restart(), 1.0, 0.8)
            if params.exaggeration > 1:
                notes = (*notes, "Exaggeration was left out: it would pull all points into one.")
        elif watch.stopped or watch.finish(iterations, state.kl_divergence, state):
            break
    return watch.result(np.asarray(state), params, notes)


def _jobs() -> int:
    """Return how many threads to use: the points do not depend on it, the time does.

    Threads wait for each other by spinning, which on a busy machine costs three
    times what the second one saves.
    """
    cores = os.cpu_count() or 1
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return min(_THREADS, cores) if load <= cores + 0.5 else 1


def _clamped(params: TsneParams, count: int) -> tuple[TsneParams, tuple[str, ...]]:
    """Lower the perplexity to what the number of images allows."""
    most = max(2.0, (count - 1) / 3)
    if params.perplexity <= most:
        return params, ()
    note = (
        f"Perplexity {params.perplexity:g} needs more than {3 * params.perplexity:g} images; "
        f"{most:.3g} was used for {count}."
    )
    return dataclasses.replace(params, perplexity=most), (note,)


def _start(table: np.ndarray, seed: int) -> np.ndarray:
    """Return the first two principal components, tiny and with a trace of noise."""
    scores = plane(table).scores
    noise = np.random.default_rng(seed).normal(size=scores.shape)
    return scores / scores[:, 0].std() * 1e-4 + noise * 1e-6


def _stretches(iterations: int, exaggeration: float, momentum: float) -> list[_Stretch]:
    """Return how a phase is run: (iterations, exaggeration, momentum) of each stretch.

    openTSNE calls back *before* the step that it counts. One step alone at the
    head of each phase makes the calls fall on 10, 20, … steps done.
    """
    parts = (min(1, iterations), iterations - 1)
    return [(part, exaggeration, momentum) for part in parts if part > 0]


def _rounded(divergence: float) -> float:
    """Cut off the digits that depend on how the threads' sums were added."""
    return round(float(divergence), 6)


class _Watch:
    """Count steps, keep the history, ask whether to stop."""

    def __init__(self, on_step: OnStep | None, total: int) -> None:
        self.on_step = on_step
        self.total = total
        self.before = 0
        self.done = 0
        self.attraction = 1.0
        self.stopped = False
        self.collapsed = False
        self.history: list[tuple[int, float]] = []

    def __call__(self, iteration: int, error: float, embedding: Any) -> bool:
        done = self.before + iteration - 1
        if self.attraction > 1 and np.asarray(embedding).std() < _COLLAPSED:
            self.done, self.collapsed = done, True
            return True
        return self.note(done, error, embedding)

    def restart(self) -> int:
        """Begin a new stretch after a collapse, and return how many steps are left."""
        self.before, self.collapsed = self.done, False
        return self.total - self.done

    def finish(self, iterations: int, error: float, embedding: Any) -> bool:
        """Count a stretch that was run to its end, and return whether to stop."""
        self.before += iterations
        if self.before % EVERY and self.before != self.total:
            return False
        return self.note(self.before, error, embedding)

    def note(self, done: int, error: float, embedding: Any) -> bool:
        """Write down the objective and show the points."""
        self.history.append((done, _rounded(error)))
        return self.show(done, np.asarray(embedding))

    def show(self, done: int, points: np.ndarray) -> bool:
        """Tell the caller, and return whether to stop."""
        self.done = done
        if self.on_step is not None and self.on_step(done, self.total, points.astype(np.float32)):
            self.stopped = done < self.total
        return self.stopped

    def result(self, points: np.ndarray, params: TsneParams, notes: tuple[str, ...]) -> Layout:
        """Return what has been reached."""
        return Layout(
            points=points,
            params=params,
            iterations=self.done,
            total=self.total,
            stopped=self.stopped,
            history=tuple(self.history),
            quality={"kl": self.history[-1][1]} if self.history else {},
            notes=notes,
        )
