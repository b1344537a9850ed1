"""t-SNE by openTSNE, with the settings that are fast and repeatable on two cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from openTSNE import TSNEEmbedding
from openTSNE.affinity import PerplexityBasedNN
from openTSNE.nearest_neighbors import PrecomputedNeighbors

from xai.embedding.frames import Film
from xai.embedding.params import TsneParams
from xai.embedding.results import Layout, OnStep
from xai.features.components import plane, scaling
from xai.features.neighbourhoods import Near, search
from xai.types import Progress

#: Iterations between two calls of ``on_step``.
EVERY = 10
#: Spread of a map that attraction has pulled into one point.
_COLLAPSED = 1e-8
#: Attraction in the early phase, as in the paper of openTSNE.
_EARLY = 12.0
_THREADS = 2
#: From here on interpolation beats the tree while the map is small, in the early phase:
#: 8 to 10 ms a step among 5,000 images, 11 to 25 ms among 10,000. It slows down as the map
#: grows, to four times the tree's 27 ms.
_MANY = 5_000


def tsne(
    values: np.ndarray,
    params: TsneParams,
    seed: int,
    on_step: OnStep | None,
    progress: Progress | None,
) -> Layout:
    """Lay a table out by t-SNE.

    Parameters
    ----------
    values : ndarray, shape (N, D), float32
        Checked; any scale.
    params : TsneParams
    seed : int
        Equal seeds give bit-equal maps on any number of threads, since
        neighbours are searched exactly.
    on_step : callable, optional
        At 0, every ten iterations and at the end.
    progress : callable, optional
        Before the first step; may raise.

    Notes
    -----
    Starts from the first two principal components with a standard deviation of
    1e-4 and noise of 1e-6, so that equal rows can part and a table of one column
    has a second axis; or from noise of 1e-4 alone. A perplexity above a third of
    the other images is lowered to that, but not below 2. Momentum is 0.5 in the
    early phase and 0.8 after it; gradients are Barnes-Hut's with theta 0.5, in the
    early phase of 5,000 and more images those of interpolation. Among few images,
    which are all neighbours of each other, exaggerated attraction pulls everything
    into one point; when it has, the remaining steps are taken from the start again,
    without exaggeration.

    References
    ----------
    L. van der Maaten, G. Hinton: Visualizing data using t-SNE, 2008.
    P. Poličar, M. Stražar, B. Zupan: openTSNE: a modular Python library for t-SNE
    dimensionality reduction and embedding, 2024.
    """
    params, notes = params.within(len(values))
    watch = _Watch(on_step, params.early_iterations + params.iterations)
    if progress is not None:
        progress(0, len(values), "Finding where points begin")
    start = _start(values, params, seed)
    if watch.show(0, start):
        return watch.result(start, params, notes, None)
    near, weights = weighed(values, params.perplexity, progress)

    def begin() -> TSNEEmbedding:
        return TSNEEmbedding(
            start.copy(),
            weights,
            random_state=seed,
            n_jobs=weights.n_jobs,
            learning_rate=params.learning_rate or "auto",
            callbacks=watch,
            callbacks_every_iters=EVERY,
        )

    early = "fft" if len(values) >= _MANY else "bh"
    points, excess = _optimized(begin, params, early, watch)
    return watch.result(points, params, (*notes, *excess), near.rows)


def _optimized(
    begin: Callable[[], TSNEEmbedding], params: TsneParams, early: str, watch: _Watch
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Take all steps, or as many as are wanted; return the points and what is to be said."""
    notes: tuple[str, ...] = ()
    state = begin()
    stretches = [
        *_stretches(params.early_iterations, _EARLY, 0.5, early),
        *_stretches(params.iterations, params.exaggeration, 0.8, "bh"),
    ]
    while stretches:
        stretch = stretches.pop(0)
        watch.attraction = stretch.exaggeration
        state.optimize(
            stretch.iterations,
            exaggeration=stretch.exaggeration,
            momentum=stretch.momentum,
            negative_gradient_method=stretch.gradient,
            inplace=True,
        )
        if watch.collapsed:
            state, stretches = begin(), _stretches(watch.restart(), 1.0, 0.8, "bh")
            if params.exaggeration > 1:
                notes = ("Exaggeration was left out: it would pull all points into one.",)
        elif watch.stopped or watch.finish(stretch.iterations, state.kl_divergence, state):
            break
    return np.asarray(state), notes


def weighed(
    values: np.ndarray, perplexity: float, progress: Progress | None
) -> tuple[Near, PerplexityBasedNN]:
    """Return the neighbours of each row, and how much each of them weighs.

    Parameters
    ----------
    values : ndarray, shape (N, D)
        Checked; any scale.
    perplexity : float
        At most a third of the other rows: three times as many neighbours are taken.
    progress : callable, optional
        In rows; may raise.

    Returns
    -------
    Near
        Distances in a unit of about 1.
    PerplexityBasedNN
        Its ``P`` is the sparse matrix of affinities, whose sum is 1.
    """
    scale = scaling(values)
    found = search(values, int(3 * perplexity), scale=scale, progress=progress)
    near = Near(found.rows, found.distances / scale.factor)
    if progress is not None:
        progress(len(values), len(values), "Weighing neighbours")
    weights = PerplexityBasedNN(
        knn_index=PrecomputedNeighbors(near.rows, near.distances),
        perplexity=perplexity,
        n_jobs=_jobs(),
    )
    if progress is not None:
        progress(len(values), len(values), "Weighing neighbours")
    return near, weights


def _jobs() -> int:
    """Return how many threads to use: the points do not depend on it, the time does.

    Threads wait for each other by spinning, which on a busy machine costs three
    times what the second one saves.
    """
    cores = os.cpu_count() or 1
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return min(_THREADS, cores) if load <= cores + 0.5 else 1


def _start(values: np.ndarray, params: TsneParams, seed: int) -> np.ndarray:
    """Return tiny points: the first two components with a trace of noise, or noise."""
    noise = np.random.default_rng(seed).normal(size=(len(values), 2))
    if params.initialization == "random":
        return noise * 1e-4
    scores = plane(values).scores
    return scores / scores[:, 0].std() * 1e-4 + noise * 1e-6


@dataclass(frozen=True)
class _Stretch:
    """Steps that are taken in one go."""

    iterations: int
    exaggeration: float
    momentum: float
    gradient: str


def _stretches(
    iterations: int, exaggeration: float, momentum: float, gradient: str
) -> list[_Stretch]:
    """Return how a phase is run.

    openTSNE calls back *before* the step that it counts. One step alone at the
    head of each phase makes the calls fall on 10, 20, … steps done.
    """
    parts = (min(1, iterations), iterations - 1)
    return [_Stretch(part, exaggeration, momentum, gradient) for part in parts if part > 0]


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
        self.film = Film()

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
        """Write down the objective and show the points.

        It is never below 0; where it seems to be, points coincide that the tree of
        Barnes and Hut cannot tell apart, and it is not known.
        """
        divergence = _rounded(error)
        if divergence >= 0:
            self.history.append((done, divergence))
        return self.show(done, np.asarray(embedding))

    def show(self, done: int, points: np.ndarray) -> bool:
        """Tell the caller, and return whether to stop."""
        self.done = done
        points = points.astype(np.float32)
        self.film.add(done, points)
        if self.on_step is not None and self.on_step(done, self.total, points):
            self.stopped = done < self.total
        return self.stopped

    def result(
        self,
        points: np.ndarray,
        params: TsneParams,
        notes: tuple[str, ...],
        near: np.ndarray | None,
    ) -> Layout:
        """Return what has been reached."""
        known = bool(self.history) and self.history[-1][0] == self.done
        return Layout(
            points=points,
            params=params,
            iterations=self.done,
            total=self.total,
            stopped=self.stopped,
            history=tuple(self.history),
            quality={"kl": self.history[-1][1]} if known else {},
            notes=notes,
            frames=self.film.cut(),
            near=near,
        )
