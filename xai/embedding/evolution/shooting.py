"""A film that is being made: the maps so far, each laid over the one before."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from xai.embedding.evolution import continuing
from xai.embedding.evolution.result import Evolution
from xai.embedding.frames import fit
from xai.embedding.params import LayoutParams, TsneParams
from xai.embedding.quality import in_common, measure, reach
from xai.embedding.steadiness import aligned
from xai.features.components import plane, varies
from xai.features.neighbourhoods import search
from xai.features.result import Features
from xai.types import Params, Progress

if TYPE_CHECKING:
    from xai.embedding.evolution import OnEpoch

#: The first map takes about as long as so many others.
_FIRST = 8
_FIGURES = (
    "trustworthiness",
    "neighbourhood_preservation",
    "knn_accuracy",
    "knn_accuracy_features",
)


class _Layouts(Protocol):
    """What lays out one epoch after the other."""

    def next(
        self, values: np.ndarray, start: np.ndarray, progress: Progress
    ) -> tuple[np.ndarray, int]:
        """Return the map of an epoch and the steps that it took from ``start``."""


class _Continued:
    """t-SNE, each map from the one before."""

    def __init__(self, params: TsneParams, seed: int) -> None:
        self._params, self._seed = params, seed
        self._before: continuing.Moved | None = None

    def next(
        self, values: np.ndarray, start: np.ndarray, progress: Progress
    ) -> tuple[np.ndarray, int]:
        """Return the map of an epoch and the steps that it took."""
        if self._before is None:
            found = continuing.begun(values, self._params, self._seed, progress)
        else:
            # From where it was turned to: turning is no motion.
            before = dataclasses.replace(self._before, points=start)
            found = continuing.continued(
                before, values, self._params, self._seed, lambda: progress(0, 1, "")
            )
        self._before = found
        return found.points, found.steps


class _Shadows:
    """The first two principal components: nothing to go on from."""

    def next(
        self, values: np.ndarray, start: np.ndarray, progress: Progress
    ) -> tuple[np.ndarray, int]:
        """Return the map of an epoch."""
        return plane(values).scores, 0


class Shooting:
    """A film that is being made: the maps so far, and what is measured of them.

    Parameters
    ----------
    params : Params
        Of the method.
    seed : int
    names : tuple of str
        What the epochs are called.
    progress, on_epoch
        As :func:`xai.embedding.evolution.evolve` takes them.
    """

    def __init__(
        self,
        params: Params,
        seed: int,
        names: tuple[str, ...],
        progress: Progress | None,
        on_epoch: OnEpoch | None,
    ) -> None:
        self._layouts: _Layouts = (
            _Continued(params, seed) if isinstance(params, TsneParams) else _Shadows()
        )
        self._params, self._seed, self._names = params, seed, names
        self._progress, self._on_epoch = progress, on_epoch
        self._maps: list[np.ndarray] = []
        self._still: list[bool] = []
        self._steps: list[int] = []
        self._turnover: list[float] = []
        self._figures: list[dict[str, float]] = []
        self._near: np.ndarray | None = None
        self._notes: dict[str, None] = {}

    def film(self, epochs: Iterator[Features], method: str) -> Evolution:
        """Take every epoch and put the maps together.

        Raises
        ------
        ValueError
            If at no epoch a map can be made.
        """
        about: Features | None = None
        for given in epochs:
            about = about or given
            self._take(given)
            if self._on_epoch is not None:
                self._on_epoch(len(self._maps) - 1, self._maps[-1].astype(np.float32))
        if about is None or all(self._still):
            raise ValueError(
                "features: at no epoch does the layer give finite numbers that differ between "
                "images; choose another layer"
            )
        settled, forced = _settled(self._params, len(about))
        return Evolution(
            points=np.stack(self._maps).astype(np.float32),
            still=np.array(self._still),
            steps=np.array(self._steps, np.int32),
            turnover=np.array(self._turnover, np.float32),
            moved=self._ways(),
            quality={
                name: np.array([figures.get(name, np.nan) for figures in self._figures], np.float32)
                for name in _FIGURES
            },
            method=method,
            params=settled,
            seed=self._seed,
            ids=about.ids,
            labels=about.labels,
            classes=about.classes,
            notes=(*forced, *self._notes),
        )

    def _take(self, given: Features) -> None:
        """Lay one epoch out, or leave the points where they are."""
        place = len(self._maps)
        last = self._maps[-1] if self._maps else np.zeros((len(given), 2))
        self._tell(0, 1, "")
        reason = _unmappable(given.values)
        if reason:
            self._notes[f"Epoch {self._names[place]}: {reason}. The points stay."] = None
            self._add(last, True, 0, np.nan, {})
            self._near = None
            return
        near = search(given.values, reach(len(given))).rows
        points, steps = self._layouts.next(given.values, last, self._tell)
        placed = points - points.mean(axis=0)
        if not all(self._still):
            placed = aligned(points, last, scaled=False)
        figures = measure(given.values, placed, given.labels, near=near).figures
        self._add(placed, False, steps, _turned_over(near, self._near), figures)
        self._near = near

    def _add(
        self,
        points: np.ndarray,
        still: bool,
        steps: int,
        turnover: float,
        figures: dict[str, float],
    ) -> None:
        self._maps.append(points)
        self._still.append(still)
        self._steps.append(steps)
        self._turnover.append(turnover)
        self._figures.append(figures)

    def _tell(self, done: int, total: int, message: str) -> None:
        """Count the first map as several, since it takes as long."""
        if self._progress is None:
            return
        place, begun = len(self._maps), not all(self._still)
        at = place + (_FIRST if begun else round(_FIRST * done / (total or 1)))
        said = f"epoch {self._names[place]}" + (f", {message}" if message else "")
        self._progress(at, len(self._names) + _FIRST, said)

    def _ways(self) -> np.ndarray:
        """Return how far points went, on average, as a share of the side of all maps."""
        maps = np.stack(self._maps)
        side = fit(maps.reshape(-1, 2)).span or 1.0
        ways = np.hypot(*np.moveaxis(np.diff(maps, axis=0), 2, 0)).mean(axis=1) / side
        return np.concatenate([[np.nan], ways]).astype(np.float32)


def _unmappable(values: np.ndarray) -> str:
    """Say why no map can be made of features; "" if it can."""
    if not np.isfinite(values).all():
        return "the layer gives numbers that are not finite"
    if not varies(values):
        return "the layer gives the same numbers for all images"
    return ""


def _turned_over(near: np.ndarray, before: np.ndarray | None) -> float:
    """Return the share of neighbours that are new."""
    if before is None:
        return np.nan
    return 1.0 - float(in_common(near, before).mean())


def _settled(params: Params, count: int) -> tuple[Params, tuple[str, ...]]:
    """Return the parameters as used, and a sentence for each that was changed."""
    return params.within(count) if isinstance(params, LayoutParams) else (params, ())
