"""The panels side by side, each computed by a job of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages._ui.evidence import board, maps, panel, settings
from pages._ui.evidence.gathering import Place, gather
from pages._ui.evidence.looks import Look
from pages._ui.relevance_view import image_view
from pages._ui.workbench import Bench
from xai.attribution import Attribution, blocked
from xai.figures import heatmaps, pictures
from xai.figures.plates import Plate
from xai.types import Params

#: Panels beside each other that can still be read from the last row.
PER_ROW = 4


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
    found, waiting = gather(
        [Place(one.task, one.slot, one.panel.name, _growing(bench, one, look)) for one in places]
    )
    pairs = zip(places, found, strict=True)
    return [(place, one) for place, one in pairs if one is not None], waiting


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
