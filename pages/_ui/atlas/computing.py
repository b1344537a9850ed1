"""The maps' computations: recalled if they were made before, else a job that can be watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._ui import cached, progress
from pages._ui.atlas.choices import Wanted
from xai import embedding
from xai.datasets import ImageSet
from xai.embedding import METHODS, Embedding, Features, maps
from xai.embedding.frames import Film, fit
from xai.embedding.maps import MapKey
from xai.features.keys import FeaturesKey, features_of
from xai.jobs import JobStatus, Report

#: Neighbours of an image that are drawn and listed.
NEIGHBOURS = 10
#: Frames that a poll hands to the browser: more than can pass between two polls.
_WINDOW = 16
_HALTED = "_halted"
#: Stopped maps that a session keeps.
_MOST_HALTED = 2


@dataclass(frozen=True)
class NeighboursKey:
    """The nearest other images of each image, in the layer's own space."""

    features: FeaturesKey
    count: int = NEIGHBOURS


@dataclass(frozen=True)
class ClustersKey:
    """The clusters of a layer, in its own space."""

    features: FeaturesKey
    count: int


@dataclass(frozen=True)
class HaltedKey:
    """A map that was stopped on the way."""

    map: MapKey
    iteration: int


@dataclass(frozen=True, eq=False)
class Laid:
    """A map that is there.

    Attributes
    ----------
    features : Features
    embedding : Embedding
    neighbours : ndarray, shape (N, 10), int32
        Nearest other images in the space of the features, nearest first.
    clusters : ndarray, shape (N,), int64
        Clusters found in the space of the features.
    """

    features: Features
    embedding: Embedding
    neighbours: np.ndarray
    clusters: np.ndarray


@dataclass(frozen=True, eq=False)
class Moving:
    """A map on its way: what a job publishes.

    Attributes
    ----------
    iterations : tuple of int
        Steps done at each of the latest frames.
    frames : tuple of ndarray, each (N, 2), uint16
        Points in the unit square, times 65,535.
    first : int
        How many frames came before these.
    points : ndarray, shape (N, 2), float32
        The latest, in the map's own unit.
    total : int
        Steps in all.
    film : Film
        All frames so far.
    """

    iterations: tuple[int, ...]
    frames: tuple[np.ndarray, ...]
    first: int
    points: np.ndarray
    total: int
    film: Film


@dataclass(frozen=True, eq=False)
class Underway:
    """What can be shown of a map that is being made.

    Attributes
    ----------
    sentence : str
        How far it is.
    share : float
        Of the work that is done, in [0, 1].
    moving : Moving or None
        Where the points are, once they move.
    drawn : Embedding or None
        The finished map if that came with the app: what is missing is who is near whom.
    measuring : bool
        Whether it was stopped, and its quality is being measured.
    """

    sentence: str
    share: float
    moving: Moving | None
    drawn: Embedding | None = None
    measuring: bool = False


def recall(wanted: Wanted, images: ImageSet) -> Laid | None:
    """Return a map that was made before, here or in an earlier process."""
    shelf = cached.shelf(wanted.own)
    found = []
    for key in (
        wanted.features,
        wanted.key,
        NeighboursKey(wanted.features),
        _groups(wanted, images),
    ):
        value = shelf.load(key)
        if value is None:
            return None
        found.append(value)
    return Laid(*found)


def _groups(wanted: Wanted, images: ImageSet) -> ClustersKey:
    """Return the key of as many clusters as there are classes."""
    found = len(np.unique(images.labels))
    return ClustersKey(wanted.features, min(max(2, found), len(images) - 1))


def follow(wanted: Wanted, images: ImageSet, slot: str) -> Laid | Underway | None:
    """Return a map, or how far it is, or None if it stands still (the page says why).

    Raises
    ------
    ValueError
        If the map cannot be made.
    """
    halted: dict[MapKey, Moving] = st.session_state.setdefault(_HALTED, {})
    if wanted.key in halted:
        return _finish(wanted, images, halted[wanted.key], slot)
    known = recall(wanted, images)
    if known is not None:
        return known
    label = f"{METHODS[wanted.method].label} of {len(images):,} images"
    status = progress.follow(
        wanted.key, _making(wanted, images), label=label, keep=False, slot=slot
    )
    return _seen(status, label, cached.shelf(wanted.own).load(wanted.key))


def _seen(
    status: JobStatus | None, label: str, drawn: Embedding | None = None
) -> Laid | Underway | None:
    if status is None:
        return None
    if status.state == "done":
        laid: Laid = status.result
        return laid
    share = status.done / status.total if status.total else 0.0
    return Underway(progress.sentence(status, label), min(1.0, share), status.partial, drawn)


def halt(wanted: Wanted) -> None:
    """Stop a map and keep what has been reached; with nothing reached it can be started again."""
    job = cached.jobs().get(wanted.key)
    if job is not None and job.finished:
        return
    moving = None if job is None else job.snapshot().partial
    if isinstance(moving, Moving) and moving.iterations[-1] > 0:
        halted: dict[MapKey, Moving] = st.session_state.setdefault(_HALTED, {})
        halted[wanted.key] = moving
        for oldest in list(halted)[:-_MOST_HALTED]:
            del halted[oldest]
        cached.jobs().cancel(wanted.key, progress.owner())
    else:
        progress.stop(wanted.key)


def resume(wanted: Wanted) -> None:
    """Forget where a map was stopped, so that it is made to its end."""
    st.session_state.get(_HALTED, {}).pop(wanted.key, None)


def _making(wanted: Wanted, images: ImageSet) -> Callable[[Report], Laid]:
    model = cached.model(wanted.model)
    shelf, groups = cached.shelf(wanted.own), _groups(wanted, images)

    def work(report: Report) -> Laid:
        features = features_of(wanted.features, model, images, shelf, progress=report)
        drawn = maps.map_of(
            wanted.key, model, images, shelf, progress=report, on_step=_Recorder(report)
        )
        cached.settle(wanted.method)
        return _complete(wanted, groups, features, drawn, report)

    return work


def _complete(
    wanted: Wanted, groups: ClustersKey, features: Features, drawn: Embedding, report: Report
) -> Laid:
    shelf = cached.shelf(wanted.own)
    near_key = NeighboursKey(wanted.features)
    near = shelf.load(near_key)
    if near is None:
        near = embedding.neighbours(features, NEIGHBOURS, progress=report)
        shelf.save(near_key, near)
    found = shelf.load(groups)
    if found is None:
        report(0, 0, "Looking for clusters")
        found = embedding.clusters(features, groups.count)
        shelf.save(groups, found)
    return Laid(features, drawn, near, found)


def _finish(wanted: Wanted, images: ImageSet, moving: Moving, slot: str) -> Laid | Underway | None:
    """Measure a map that was stopped: it is a map all the same."""
    model = cached.model(wanted.model)
    shelf, groups = cached.shelf(wanted.own), _groups(wanted, images)

    def work(report: Report) -> Laid:
        features = features_of(wanted.features, model, images, shelf, progress=report)
        drawn = embedding.assess(
            features,
            moving.points,
            wanted.method,
            params=wanted.params,
            seed=wanted.key.seed,
            iterations=moving.iterations[-1],
            total=moving.total,
            frames=moving.film.cut(),
        )
        return _complete(wanted, groups, features, drawn, report)

    key = HaltedKey(wanted.key, moving.iterations[-1])
    status = progress.follow(key, work, label="Measuring the map", keep=False, slot=slot)
    found = _seen(status, "Measuring the map")
    if isinstance(found, Underway):
        return Underway(found.sentence, found.share, moving, measuring=True)
    return found


class _Recorder:
    """Publish the latest frames of a map while it is made."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._iterations: list[int] = []
        self._frames: list[np.ndarray] = []
        self._first = 0
        self._film = Film()

    def __call__(self, iteration: int, total: int, points: np.ndarray) -> None:
        self._report(iteration, total, f"step {iteration} of {total}")
        self._film.add(iteration, points)
        self._iterations.append(iteration)
        self._frames.append(fit(points).quantise(points))
        if len(self._frames) > _WINDOW:
            del self._iterations[0], self._frames[0]
            self._first += 1
        frames, steps = tuple(self._frames), tuple(self._iterations)
        self._report.publish(Moving(steps, frames, self._first, points, total, self._film))
