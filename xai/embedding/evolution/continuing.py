"""t-SNE that goes on from a given map, and stops when there is nothing left to move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from openTSNE import TSNEEmbedding

from xai.embedding.params import TsneParams
from xai.embedding.tsne import tsne, weighed
from xai.types import Progress

#: Steps between two looks at whether the points have come to rest.
STRIDE = 50
#: They rest when none moves farther than this share of the map's side in a stride.
_REST = 0.002
#: The first map may take so many times the steps that the parameters name, to come to rest.
_FIRST = 12
#: Change of the affinities from which on a continuation may take all its steps.
_LARGE = 0.25

#: Spread of a map that attraction has pulled, or is pulling, into one point.
_COLLAPSED = 1e-2

#: Called between strides; may raise.
Pulse = Callable[[], None]


@dataclass(frozen=True, eq=False)
class Moved:
    """A map, and how many steps it took from the one before.

    Attributes
    ----------
    points : ndarray, shape (N, 2), float64
    steps : int
    affinities : sparse matrix (N, N)
        Of the features that it shows; their sum is 1.
    """

    points: np.ndarray
    steps: int
    affinities: Any


def begun(values: np.ndarray, params: TsneParams, seed: int, progress: Progress | None) -> Moved:
    """Lay a table out and go on until the points rest.

    Parameters
    ----------
    values : ndarray, shape (N, D), float32
        Checked.
    params : TsneParams
        The steps that they name are taken first, then up to twelve times as many.
    seed : int
    progress : callable, optional
        In steps of the first part; may raise.
    """

    def step(done: int, total: int, points: np.ndarray) -> None:
        if progress is not None:
            progress(done, total, f"first map, step {done} of {total}")

    def pulse() -> None:
        if progress is not None:
            progress(1, 1, "first map, until its points rest")

    first = tsne(values, params, seed, step, None)
    _, weights = weighed(values, _within(params, len(values)).perplexity, None)
    moved = _descended(first.points, weights, params, seed, _FIRST * params.iterations, pulse)
    return Moved(moved.points, first.iterations + moved.steps, weights.P)


def continued(
    before: Moved, values: np.ndarray, params: TsneParams, seed: int, pulse: Pulse
) -> Moved:
    """Go on from a map with other features of the same images.

    Parameters
    ----------
    before : Moved
        Its points are where this map begins.
    values : ndarray, shape (N, D), float32
        Checked.
    params : TsneParams
        ``iterations`` is the most steps that are taken.
    seed : int
    pulse : callable
        Called between strides; may raise.

    Notes
    -----
    With P the affinities now and Q those before, ``d = sum |P - Q| / 2`` is their total
    variation, 0 for the same neighbours and at most 1. ``min(1, 4 d)`` of the steps are
    taken, fewer if the points come to rest: what has not changed must not move, and what
    has hardly changed hardly. There is no early phase, which would tear the map up.
    """
    _, weights = weighed(values, _within(params, len(values)).perplexity, None)
    change = float(abs(weights.P - before.affinities).sum()) / 2
    steps = round(params.iterations * min(1.0, change / _LARGE))
    return _descended(before.points, weights, params, seed, steps, pulse)


def _within(params: TsneParams, count: int) -> TsneParams:
    return params.within(count)[0]


def _descended(
    start: np.ndarray, weights: Any, params: TsneParams, seed: int, most: int, pulse: Pulse
) -> Moved:
    """Take up to ``most`` steps; among few images exaggeration may pull all into one point."""
    for attraction in dict.fromkeys((params.exaggeration, 1.0)):
        points, steps = _strides(
            start, weights, params.learning_rate, attraction, seed, most, pulse
        )
        if points.std() >= _COLLAPSED:
            break
    return Moved(points, steps, weights.P)


def _strides(
    start: np.ndarray,
    weights: Any,
    rate: float | None,
    attraction: float,
    seed: int,
    most: int,
    pulse: Pulse,
) -> tuple[np.ndarray, int]:
    """Return the points after a number of steps, and that number."""
    state = TSNEEmbedding(
        np.array(start, np.float64),
        weights,
        random_state=seed,
        n_jobs=weights.n_jobs,
        learning_rate=rate or "auto",
    )
    before, done = np.array(state), 0
    while done < most:
        pulse()
        count = min(STRIDE, most - done)
        state.optimize(
            count,
            exaggeration=attraction,
            momentum=0.8,
            negative_gradient_method="bh",
            inplace=True,
        )
        done += count
        after = np.array(state)
        far = float(np.hypot(*(after - before).T).max())
        before = after
        if count == STRIDE and far < _REST * float(np.ptp(after, axis=0).max()):
            break
    return before, done
