"""UMAP from the parts of umap-learn, one at a time, so that it can be watched and stopped."""

from __future__ import annotations

from typing import Any

import numpy as np

from xai.embedding.epochs import (
    COMPILED,
    Enough,
    Epochs,
    alone,
    descend,
    parts,
    random_state,
)
from xai.embedding.frames import Film
from xai.embedding.params import UmapParams
from xai.embedding.results import Layout, OnStep
from xai.features.components import Scaling, plane, scaling
from xai.features.neighbourhoods import Near, search
from xai.types import Progress

#: Epochs between two calls of ``on_step``.
EVERY = 10
#: Epochs of few images and of many, as umap-learn chooses them.
_EPOCHS, _FEW_EPOCHS, _MANY = 500, 200, 10_000
#: Epochs that place a further image on a map.
_PLACING = 100


def umap(
    values: np.ndarray,
    params: UmapParams,
    seed: int,
    on_step: OnStep | None,
    progress: Progress | None,
) -> Layout:
    """Lay a table out by UMAP.

    Parameters
    ----------
    values : ndarray, shape (N, D), float32
        Checked; any scale.
    params : UmapParams
    seed : int
        Equal seeds give bit-equal maps.
    on_step : callable, optional
        At 0, every ten epochs and at the end.
    progress : callable, optional
        While neighbours are searched, while another UMAP runs, and before the first
        use compiles, which is the one part that cannot be stopped.

    Raises
    ------
    ValueError
        If umap-learn is not installed.

    Notes
    -----
    The steps, their order and their random numbers are those of ``umap.UMAP`` with
    ``random_state=seed``; neighbours are searched exactly at any size. Starts from
    the first two principal components with a trace of noise, or from anywhere, not
    from the spectrum of the neighbour graph, which fails on small or split ones.
    The first use in a process compiles for about twelve seconds.

    References
    ----------
    L. McInnes, J. Healy, J. Melville: UMAP: Uniform manifold approximation and
    projection for dimension reduction, 2018, arXiv 1802.03426.
    """
    params, notes = params.within(len(values))
    total = _EPOCHS if len(values) <= _MANY else _FEW_EPOCHS
    watch = _Watch(_start(values, params, seed), total, on_step)
    if watch.show(0):
        return watch.result(params, notes, None)
    scale = scaling(values)
    near = search(values, params.neighbours, scale=scale, progress=progress)
    with alone(progress):
        graph = _graph(near, scale, params)
        if progress is not None:
            verb = "Beginning" if COMPILED.is_set() else "Compiling"
            progress(len(values), len(values), f"{verb} the steps of UMAP")
        _optimize(watch, graph, params, seed)
        COMPILED.set()
    return watch.result(params, notes, near.rows)


def warm_umap() -> bool:
    """Compile UMAP with a few points, unless that has been done in this process.

    Returns
    -------
    bool
        Whether it is ready: False where umap-learn is not installed.

    Notes
    -----
    Takes about twelve seconds; meant for a thread in the background. Maps that are
    asked for meanwhile wait for it.
    """
    if umap_ready():
        return True
    rows = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    try:
        drawn = umap(rows, UmapParams(), 0, lambda step, total, points: step > 0, None)
        near = Near(np.arange(5, dtype=np.int32)[None], np.ones((1, 5)))
        transform(drawn.points.astype(np.float32), near, UmapParams(neighbours=5), 0)
    except ValueError:
        return False
    return True


def umap_ready() -> bool:
    """Return whether UMAP has been compiled in this process, so that it starts at once."""
    return COMPILED.is_set()


def transform(
    points: np.ndarray,
    near: Near,
    params: UmapParams,
    seed: int,
    progress: Progress | None = None,
) -> np.ndarray:
    """Place one further image on a map that stays as it is.

    Parameters
    ----------
    points : ndarray, shape (N, 2), float32
        The map.
    near : Near, one row
        The image's ``params.neighbours`` nearest in the features, in the unit of
        the scaled table.
    params : UmapParams
    seed : int
    progress : callable, optional
        While another UMAP runs; may raise.

    Returns
    -------
    ndarray, shape (2,), float32

    Notes
    -----
    As ``umap.UMAP.transform``: the image starts at the mean of its neighbours in
    the map, weighted by their membership, or at one that is no farther than
    nothing, and moves for 100 epochs at a quarter of the step.
    """
    from scipy.sparse import coo_matrix

    with alone(progress):
        learn = parts()
        lengths = near.distances.astype(np.float32)
        sigmas, rhos = learn.smooth_knn_dist(
            lengths, float(near.rows.shape[1]), local_connectivity=0.0
        )
        rows, columns, strengths, _ = learn.compute_membership_strengths(
            near.rows, lengths, sigmas, rhos, bipartite=True
        )
        graph = coo_matrix((strengths, (rows, columns)), shape=(1, len(points)))
        head = learn.init_graph_transform(graph.tocsr(), points)
        descend(head, points.copy(), graph, params, _PLACING, random_state(seed), step=0.25)
    placed: np.ndarray = head[0]
    return placed


def _start(values: np.ndarray, params: UmapParams, seed: int) -> np.ndarray:
    """Return points within a square of side 10, as umap-learn scales them."""
    random = np.random.default_rng(seed)
    if params.initialization == "random":
        points = random.uniform(size=(len(values), 2))
    else:
        scores = plane(values).scores
        points = scores / np.abs(scores).max() * 10
        points += random.normal(size=scores.shape) * 1e-3
    points = points.astype(np.float32)
    low, high = points.min(axis=0), points.max(axis=0)
    found: np.ndarray = (10.0 * (points - low) / (high - low)).astype(np.float32, order="C")
    return found


def _graph(near: Near, scale: Scaling, params: UmapParams) -> Any:
    """Return the fuzzy neighbour graph; umap-learn counts an image as its own neighbour."""
    own = np.arange(len(near.rows), dtype=np.int32)[:, None]
    rows = np.hstack([own, near.rows[:, : params.neighbours - 1]])
    lengths = np.hstack([np.zeros(own.shape), near.distances[:, : params.neighbours - 1]])
    graph, _, _ = parts().fuzzy_simplicial_set(
        near.rows,
        params.neighbours,
        None,
        "euclidean",
        knn_indices=rows,
        knn_dists=(lengths / scale.factor).astype(np.float32),
    )
    graph = graph.tocoo()
    graph.sum_duplicates()
    return graph


def _optimize(watch: _Watch, graph: Any, params: UmapParams, seed: int) -> None:
    """Move the watched points until they are there, or enough has been seen."""
    try:
        descend(
            watch.points,
            watch.points,
            graph,
            params,
            Epochs(watch.total, watch.step),
            random_state(seed),
        )
    except Enough:
        return


class _Watch:
    """Hold the points that move, count epochs, ask whether to stop."""

    def __init__(self, points: np.ndarray, total: int, on_step: OnStep | None) -> None:
        self.points = points
        self.total = total
        self.on_step = on_step
        self.done = 0
        self.stopped = False
        self.film = Film()

    def step(self, done: int) -> None:
        """Count an epoch; raise if it was the last that is wanted."""
        self.done = done
        if (done % EVERY == 0 or done == self.total) and self.show(done) and done < self.total:
            raise Enough

    def show(self, done: int) -> bool:
        """Tell the caller, and return whether to stop."""
        self.film.add(done, self.points)
        if self.on_step is not None and self.on_step(done, self.total, self.points.copy()):
            self.stopped = done < self.total
        return self.stopped

    def result(self, params: UmapParams, notes: tuple[str, ...], near: np.ndarray | None) -> Layout:
        """Return what has been reached."""
        return Layout(
            points=self.points,
            params=params,
            iterations=self.done,
            total=self.total,
            stopped=self.stopped,
            notes=notes,
            frames=self.film.cut(),
            near=near,
        )
