"""How much of a map is chance: the same features laid out from several random starts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from xai.embedding.methods import METHODS
from xai.embedding.quality import beside, in_common, reach
from xai.features.components import accepted
from xai.features.result import Features
from xai.types import Params, Progress, accepted_seed, find, make_params


@dataclass(frozen=True, eq=False)
class Stability:
    """Maps of the same features from several seeds, laid over each other.

    Attributes
    ----------
    points : ndarray, shape (S, N, 2), float32
        A map for each seed, its centre at 0, turned, mirrored and scaled to fit the first.
    spread : ndarray, shape (N,), float32
        Mean distance of each point from its mean place, in units of the radius of
        the first map (root of the mean square distance from its centre).
    disparity : float
        Share of the first map that the others do not show after they have been laid
        over it, in [0, 1]: sum of squared distances over that of squared radii, on average.
    overlap : float
        Share of a point's ten neighbours in one map that are so in another, in [0, 1].
    overlap_points : ndarray, shape (N,), float32
        The same for each point; their mean is ``overlap``.
    notes : tuple of str
        What the reader should be told, one sentence each.
    """

    points: np.ndarray
    spread: np.ndarray
    disparity: float
    overlap: float
    overlap_points: np.ndarray
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        for array in (self.points, self.spread, self.overlap_points):
            array.setflags(write=False)


def stability(
    features: Features | np.ndarray,
    method: str,
    *,
    params: Params | Mapping[str, Any] | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    progress: Progress | None = None,
) -> Stability:
    """Lay features out from several random starts and compare the maps.

    Parameters
    ----------
    features : Features or ndarray, shape (N, D)
    method : str
        A key of ``METHODS``.
    params : Params or mapping, optional
        Of the method's own class. The start is random, whatever they say: from the
        principal components, which :func:`xai.embedding.run` starts with, seeds
        would hardly differ.
    seeds : sequence of int
        Two or more.
    progress : callable, optional
        ``progress(done, total, message)`` in steps of all maps; may raise.

    Returns
    -------
    Stability

    Raises
    ------
    TypeError
        If a seed is not a whole number, or for a reason that :func:`xai.embedding.run` has.
    ValueError
        If there are fewer than two seeds or two are equal, or for a reason that
        :func:`xai.embedding.run` has.

    Notes
    -----
    Maps are aligned by the shift, rotation or reflection, and scale of least
    squared distance (Procrustes). Of features in more clusters than two, t-SNE and
    UMAP place each well and all of them by chance: a large spread beside a large
    overlap says that neighbourhoods can be read and distances between clusters not.

    References
    ----------
    J. C. Gower: Generalized Procrustes analysis, 1975.
    """
    row = find(METHODS, method, "method")
    resolved = make_params(row.params, params)
    given = accepted(features)
    seeds = tuple(accepted_seed(seed) for seed in seeds)
    if len(seeds) < 2 or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds: expected two or more different numbers, got {seeds}")
    random = "initialization" in row.params.infos()
    if random:
        resolved = dataclasses.replace(resolved, initialization="random")
        notes: tuple[str, ...] = ("Each map starts from random points.",)
    else:
        notes = (f"{row.label} has one answer: nothing in it is random.",)
    maps: list[np.ndarray] = []
    for number, seed in enumerate(seeds):
        if random or not maps:
            steps = _Steps(progress, number, len(seeds))
            layout = row.function(given.values, resolved, seed, steps.on_step, steps.wait)
            said = layout.notes
        maps.append(layout.points)
    return compared(np.stack(maps), (*notes, *said))


def compared(maps: np.ndarray, notes: tuple[str, ...] = ()) -> Stability:
    """Lay maps over the first of them and measure what moved.

    Parameters
    ----------
    maps : ndarray, shape (S, N, 2)
    notes : tuple of str
        Handed on.
    """
    first = maps[0] - maps[0].mean(axis=0)
    others = [aligned(points, first) for points in maps[1:]]
    laid = np.stack([first, *others])
    size = float((first**2).sum())
    radius = np.sqrt(size / len(first))
    away = np.sqrt(((laid - laid.mean(axis=0)) ** 2).sum(axis=2)).mean(axis=0)
    residues = [float(((points - first) ** 2).sum()) / size for points in others]
    shared = _shared(maps)
    return Stability(
        points=laid.astype(np.float32),
        spread=(away / radius).astype(np.float32),
        disparity=float(np.mean(residues)),
        overlap=float(shared.mean()),
        overlap_points=shared.astype(np.float32),
        notes=notes,
    )


def aligned(points: np.ndarray, target: np.ndarray, *, scaled: bool = True) -> np.ndarray:
    """Shift, turn, mirror and scale points to lie as close as they can to others.

    Parameters
    ----------
    points : ndarray, shape (N, 2)
    target : ndarray, shape (N, 2)
        Its mean is 0.
    scaled : bool
        Whether they may be scaled.

    Notes
    -----
    With ``P' T = U S V'`` of the centred points P and the target T, they are turned
    by ``U V'`` and scaled by ``trace(S) / |P|^2``.
    """
    centred = points - points.mean(axis=0)
    left, sizes, right = np.linalg.svd(centred.T @ target)
    turned: np.ndarray = centred @ (left @ right)
    return turned * (sizes.sum() / (centred**2).sum()) if scaled else turned


def _shared(maps: np.ndarray) -> np.ndarray:
    """Return the share of each point's neighbours that two of the maps have in common."""
    near = [beside(points, reach(maps.shape[1])) for points in maps]
    shares: np.ndarray = np.mean([in_common(*pair) for pair in combinations(near, 2)], axis=0)
    return shares


class _Steps:
    """Tell the progress of one of several maps."""

    def __init__(self, progress: Progress | None, number: int, count: int) -> None:
        self._progress = progress
        self._number = number
        self._count = count

    def on_step(self, done: int, total: int, points: np.ndarray) -> None:
        """Count the steps of all maps."""
        if self._progress is not None:
            before = self._number * total
            self._progress(before + done, self._count * total, self._sentence("Map"))

    def wait(self, done: int, total: int, message: str) -> None:
        """Hand on what comes before the steps."""
        if self._progress is not None:
            self._progress(done, total, self._sentence(f"{message}, map"))

    def _sentence(self, what: str) -> str:
        return f"{what} {self._number + 1} of {self._count}"
