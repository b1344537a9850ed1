"""The panels side by side, each computed by a job of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages._ui import progress
from pages._ui.evidence import board, maps, panel, settings
from pages._ui.evidence.looks import Look
from pages._ui.relevance_view import image_view
from pages._ui.workbench import Bench
from xai.attribution import Attribution, blocked
from xai.figures import heatmaps, pictures
from xai.figures.plates import Plate
from xai.types import Params

#: Panels beside each other that can still be read from the last row.
PER_ROW = 4
#: Seconds that the page waits for all its maps together before bars are drawn.
_PATIENCE = 0.8


@dataclass(frozen=True, eq=False)
class Shown:
    """A panel with its map.

    Attributes
    ----------
    panel : Panel
    task : Task
        How the map is made.
    found : Attribution
    plate : Plate
        As it was drawn.
    title : str
        Method and class in a line.
    """

    panel: board.Panel
    task: maps.Task
    found: Attribution
    plate: Plate
    title: str


@dataclass(frozen=True, eq=False)
class Wall:
    """All panels of the page.

    Attributes
    ----------
    shown : list of Shown
        Those whose maps are there.
    pending : bool
        Whether a map is still under way.
    """

    shown: list[Shown]
    pending: bool


@dataclass(frozen=True, eq=False)
class _Place:
    """Where a panel stands: the place of its map, what is below it, and its task."""

    panel: board.Panel
    slot: Any
    foot: Any
    task: maps.Task


def show(bench: Bench, chosen: Sequence[board.Panel], look: Look, layer: str) -> Wall:
    """Draw all panels, each as far as it is."""
    rows = range(0, 1 + len(chosen), PER_ROW)
    columns = iter([one for _ in rows for one in st.columns(PER_ROW, gap="medium")])
    titles = [panel.title(bench, *board.aim(bench, one)) for one in chosen]
    composites = [st.session_state.get(f"{one.name}.composite", "") for one in chosen]
    labels = [panel.label(one.method, rules) for one, rules in zip(chosen, composites, strict=True)]
    height = panel.room(zip(labels, titles, strict=True))
    with next(columns):
        panel.head_of_input(height)
        image_view(
            pictures.picture(bench.input),
            alt=f"the network’s input made of {bench.chosen.label}",
            key="input.view",
        )
    places = []
    for one, column in zip(chosen, columns, strict=False):
        with column:
            place = _place(bench, one, layer, look.seed, height)
        if place is not None:
            places.append(place)
    found, waiting = _results(bench, places, look)
    return Wall(_drawn(bench, found, look), waiting)


def _results(
    bench: Bench, places: Sequence[_Place], look: Look
) -> tuple[list[tuple[_Place, Attribution]], bool]:
    """Return the maps that are there, and whether one is still under way."""
    failed: dict[object, str] = st.session_state.setdefault("_failed_maps", {})
    for place in places:
        if place.task.key not in failed:
            _ask(place)
    end = time.monotonic() + _PATIENCE
    found, waiting = [], False
    for place in places:
        key = place.task.key
        with place.slot:
            try:
                result = None
                if key not in failed:
                    result = _result(bench, place, look, max(0.0, end - time.monotonic()), waiting)
            except ValueError as error:
                failed[key] = str(error)
            if key in failed:
                st.error(failed[key], icon=":material/error:")
                continue
        # Only the first that is under way is polled: each that ends would run the page again.
        waiting = waiting or (result is None and not progress.is_stopped(key))
        if result is not None:
            found.append((place, result))
    if not waiting:
        # Now the next run is the reader's doing, and tries again. Before, it is that of a bar:
        # two maps that fail would keep each other going.
        failed.clear()
    return found, waiting


def _ask(place: _Place) -> None:
    """Ask for a panel's map without waiting for it."""
    progress.ahead(
        place.task.key, place.task.work, label=place.task.label, slot=place.panel.name, patience=0
    )


def _place(bench: Bench, one: board.Panel, layer: str, seed: int, height: int) -> _Place | None:
    """Draw a panel without its map; None if there will be none."""
    head = st.container()
    reason = blocked(bench.model, one.method)
    if reason:
        with head:
            panel.head(one, panel.label(one.method), "", height)
        st.info(reason, icon=":material/block:")
        return None
    slot = st.container()
    left, foot = st.columns(2, gap="small")
    try:
        with left:
            params = settings.choose(bench, one, layer)
    except ValueError as error:
        slot.error(str(error))
        return None
    target, contrast = board.aim(bench, one)
    with head:
        panel.head(one, _label(one, params), panel.title(bench, target, contrast), height)
    task = maps.task(bench, one.method, params, target=target, contrast=contrast, seed=seed)
    return _Place(one, slot, foot, task)


def _label(one: board.Panel, params: Params) -> str:
    return panel.label(one.method, getattr(params, "composite", ""))


def _result(
    bench: Bench, place: _Place, look: Look, patience: float, silent: bool
) -> Attribution | None:
    """Return a panel's map, or show how far it is.

    Raises
    ------
    ValueError
        If the method cannot make it: the sentence says why.
    """
    found: Attribution | None = progress.result(
        place.task.key,
        place.task.work,
        label=place.task.label,
        keep=False,
        slot=place.panel.name,
        narrow=True,
        silent=silent,
        patience=patience,
        during=_growing(bench, place, look),
    )
    if found is None and silent and not progress.is_stopped(place.task.key):
        st.caption(":material/hourglass_top: waits for the map before it")
    return found


def _growing(bench: Bench, place: _Place, look: Look) -> Callable[[np.ndarray], None]:
    def draw(relevance: np.ndarray) -> None:
        panel.sketch(bench, place.panel, relevance, look)

    return draw


def _drawn(bench: Bench, found: Sequence[tuple[_Place, Attribution]], look: Look) -> list[Shown]:
    shared = heatmaps.common_scale(heatmaps.collapse(one.relevance) for _, one in found)
    shown = []
    for place, one in found:
        with place.slot:
            drawn = panel.draw(bench, place.panel, one, look, shared if look.one_scale else None)
        with place.foot:
            panel.files(bench, place.panel, one, drawn)
        words = panel.title(bench, one.target, one.contrast)
        title = f"{_label(place.panel, one.params)} {words}"
        shown.append(Shown(place.panel, place.task, one, drawn, title))
    return shown
