"""The first two principal components as a map."""

from __future__ import annotations

import numpy as np

from xai.embedding.params import PcaParams
from xai.embedding.results import Layout, OnStep
from xai.features.components import plane
from xai.types import Progress


def pca(
    values: np.ndarray,
    params: PcaParams,
    seed: int,
    on_step: OnStep | None,
    progress: Progress | None,
) -> Layout:
    """Lay a table out by its first two principal components.

    Parameters
    ----------
    values : ndarray, shape (N, D)
        Checked.
    params : PcaParams
    seed : int
        Not used: nothing here is random.
    on_step : callable, optional
        Called once, with the result.
    progress : callable, optional
        As :func:`principal` takes it; may raise.
    """
    found = plane(values, progress)
    notes: tuple[str, ...] = ()
    if found.shares[1] == 0:
        notes = ("The features vary in one direction only: the map is a line.",)
    if on_step is not None:
        on_step(1, 1, found.scores.astype(np.float32))
    quality = {"explained_variance": float(found.shares.sum())}
    return Layout(found.scores, params, quality=quality, notes=notes)
