"""Runs of training: the queue of those under way, where they are kept, and the opened ones."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from xai.datasets import draw
from xai.store import cache_root

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.training import Recipe, Run, TrainingParams

#: Of all kept runs together; what was not used for an hour may make room.
_MOST_BYTES = 2**30
_IN_USE = 3600.0
#: Images and steps that the pace is measured with.
_TRIED, _STEPS = 64, 4

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunsPlace:
    """Where runs of this app are recorded.

    Attributes
    ----------
    folder : Path
    note : str
        What the reader should be told of it; empty if all is well.
    keeper : object
        Holds a temporary folder.
    """

    folder: Path
    note: str = ""
    keeper: object = None


def runs_place() -> RunsPlace:
    """Return where runs are recorded: under ``cache/``, or for a while only where that fails."""
    return _place(str(cache_root() / "runs"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _place(wanted: str) -> RunsPlace:
    folder = Path(wanted)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return RunsPlace(folder)
    except OSError as error:
        _log.warning("%s cannot be written (%s)", folder, type(error).__name__)
    try:
        keeper = tempfile.TemporaryDirectory(prefix="layerscope-runs-")
    except OSError as error:
        raise ValueError(
            "Runs cannot be recorded: neither the cache folder nor a temporary one can be written."
        ) from error
    note = "The cache folder cannot be written: runs are gone when the app ends."
    return RunsPlace(Path(keeper.name), note, keeper)


def make_room(keep: Path) -> None:
    """Remove the runs that were used longest ago, as far as there are too many; not ``keep``."""
    root = runs_place().folder
    found = [path for path in root.iterdir() if path.is_dir() and path != keep]
    sizes = {path: sum(file.stat().st_size for file in path.rglob("*")) for path in found}
    total = sum(sizes.values())
    for path in sorted(found, key=lambda one: one.stat().st_mtime):
        if total <= _MOST_BYTES or time.time() - path.stat().st_mtime < _IN_USE:
            return
        shutil.rmtree(path, ignore_errors=True)
        total -= sizes[path]


def recorded(folder: Path) -> Run | None:
    """Return the run of a folder as far as it goes, or None if nothing is recorded there.

    Raises
    ------
    ValueError
        If it is damaged, in a sentence.
    """
    heading = folder / "run.json"
    try:
        stamp = heading.stat()
        os.utime(folder)  # used just now: see make_room
    except OSError:
        return None
    return _opened(str(folder), f"{stamp.st_mtime_ns} {stamp.st_size}")


@st.cache_resource(max_entries=8, show_spinner=False)
def _opened(folder: str, stamp: str) -> Run:
    from xai.training import open_run

    return open_run(folder)


@st.cache_resource(max_entries=4, show_spinner=False)
def shipped(name: str = "lenet5-mnist") -> Run:
    """Return a run that came with the program."""
    from xai.training import shipped_run

    return shipped_run(name)


@st.cache_resource(max_entries=4, show_spinner=False)
def examples(name: str, n: int) -> tuple[ImageSet, ImageSet]:
    """Return ``n`` images of a data set to train on, and those to try the network on."""
    from xai.training.examples import examples as drawn

    return drawn(name, n)


@st.cache_resource(max_entries=32, show_spinner=False)
def recipe(architecture: str, data: str, n: int, params: TrainingParams, seed: int) -> Recipe:
    """Return everything that the weights of a run depend on."""
    from xai.training import recipe_of

    train, test = examples(data, n)
    return recipe_of(architecture, train, test=test, params=params, seed=seed)


@st.cache_resource(max_entries=8, show_spinner=False)
def tested(run: str, _run: Run) -> ImageSet:
    """Return the test images of a run; ``run`` is its digest."""
    from xai.training.examples import held_out as found

    return found(_run)


@st.cache_data(max_entries=64, show_spinner=False)
def pace(architecture: str, data: str, n: int, params: TrainingParams) -> float:
    """Return the seconds that this machine takes to learn from one image once, as measured."""
    from xai.training import train

    images, _ = examples(data, n)
    batch = min(params.batch, _TRIED)
    few = images.subset(draw(images.labels, _STEPS * batch, seed=0))
    times: list[float] = []
    train(
        architecture,
        few,
        params=replace(params, epochs=1, batch=batch),
        progress=lambda *_: times.append(time.perf_counter()),
    )
    steps = [after - before for before, after in pairwise(times)]
    return min(steps, default=0.02) / batch
