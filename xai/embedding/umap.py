"""UMAP by umap-learn, one at a time."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np

from xai.embedding.components import plane, standardized
from xai.embedding.params import UmapParams
from xai.embedding.results import Layout, OnStep

#: Where numba has no thread-safe backend, two UMAPs at once abort the process.
_ALONE = threading.Lock()


def umap(values: np.ndarray, params: UmapParams, seed: int, on_step: OnStep | None) -> Layout:
    """Lay a table out by UMAP.

    Parameters
    ----------
    values : ndarray, shape (N, D), float64
        Checked; any scale.
    params : UmapParams
    seed : int
        Equal seeds give bit-equal maps.
    on_step : callable, optional
        Called with the start, where it can still stop, and with the result.

    Raises
    ------
    ValueError
        If umap-learn is not installed.

    Notes
    -----
    Starts from the first two principal components with a trace of noise, not
    from the spectrum of the neighbour graph, which fails on small or split ones.
    The first use in a process compiles for about twelve seconds.

    References
    ----------
    L. McInnes, J. Healy, J. Melville: UMAP: Uniform manifold approximation and
    projection for dimension reduction, 2018, arXiv 1802.03426.
    """
    table = standardized(values)
    most = len(table) - 1
    notes: tuple[str, ...] = ()
    if params.neighbours > most:
        notes = (f"{params.neighbours} neighbours were asked for; there are {most} other images.",)
        params = dataclasses.replace(params, neighbours=most)
    start = _start(table, seed)
    if on_step is not None and on_step(0, 1, start.astype(np.float32)):
        return Layout(start, params, iterations=0, stopped=True, notes=notes)
    with _ALONE:
        points = _fit(table, params, seed, start)
    if on_step is not None:
        on_step(1, 1, points.astype(np.float32))
    return Layout(points, params, notes=notes)


def _start(table: np.ndarray, seed: int) -> np.ndarray:
    scores = plane(table).scores
    noise = np.random.default_rng(seed).normal(size=scores.shape)
    return scores / np.abs(scores).max() * 10 + noise * 1e-3


def _fit(table: np.ndarray, params: UmapParams, seed: int, start: np.ndarray) -> np.ndarray:
    try:
        import umap as package
    except ImportError as error:
        raise ValueError("UMAP is not installed here; choose t-SNE or PCA") from error
    reducer = package.UMAP(
        n_neighbors=params.neighbours,
        min_dist=params.min_dist,
        init=start.astype(np.float32),
        random_state=seed,
        n_jobs=1,
    )
    return np.asarray(reducer.fit_transform(table.astype(np.float32)), dtype=np.float64)
