"""Which units ever do anything: dead, rare and saturated ones by layer and epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import controls, panels
from pages._ui.lessons import mark
from pages._ui.lessons.lesson import Lesson, model_at
from pages._ui.lessons.surveys import surveys
from xai.activations.course import KINDS, STATES, Course, course
from xai.activations.occupancy import DEFINITIONS, NO_CEILING
from xai.figures import occupancy_chart, occupancy_strip
from xai.figures.epoch_axis import EpochAxis
from xai.figures.wording import percent
from xai.tables import csv_text
from xai.training import pruning

if TYPE_CHECKING:
    from xai.activations.survey import Survey

_WORDS = {"dead": "Dead", "rare": "Rare", "saturated": "Saturated"}
_COLUMNS = ("epoch", "layer", "units", *KINDS)
#: Height that is kept free until the first marks are counted, in pixels.
_HEIGHT = 360


@dataclass(frozen=True)
class _View:
    """What is looked at.

    Attributes
    ----------
    layers : tuple of str
        Those whose units can be off.
    kind : str
        Dead, rare or saturated.
    layer : str
        The one whose units are drawn one by one.
    mark : float
    """

    layers: tuple[str, ...]
    kind: str
    layer: str
    mark: float


def show(lesson: Lesson) -> None:
    """Draw the shares by layer and epoch, and what each unit of one layer is."""
    at = mark.current(lesson)
    units = pruning.maskable(model_at(lesson, at))
    if not units:
        st.info("No layer of this network has units that can be off.", icon=":material/info:")
        return
    view = _choose(units, at)
    runs = [lesson] if lesson.other is None else [lesson, lesson.other]
    places = [st.container() for _ in runs]
    found: list[Course] = []
    for one, place in zip(runs, places, strict=True):
        with place:
            if len(runs) > 1:
                st.markdown(f"**{panels.plain(one.label)}**")
            made = _follow(one, view, slot=f"occupancy-{len(found)}")
        if made is None:
            break
        found.append(made)
    if not found:
        return
    # Two runs are drawn on one scale.
    top = max(occupancy_chart.ceiling(one, view.kind) for one in found)
    for one, course_of, place in zip(runs, found, places, strict=False):
        with place:
            _draw(one, course_of, view, top)
    _table(runs, found)


def _choose(units: dict[str, int], at: float) -> _View:
    """Draw the choice of a kind and of a layer: at first the widest, which can spare most."""
    left, right = st.columns(2, gap="medium", vertical_alignment="bottom")
    with left:
        kind = controls.segments("occ.kind", "Units that are", _WORDS, default="dead")
    with right:
        names = {layer: f"{layer} ({count} units)" for layer, count in units.items()}
        widest = max(units, key=units.__getitem__)
        layer = controls.select("occ.layer", "Layer", names, default=widest)
    st.caption(f"**{_WORDS[kind]}**: {DEFINITIONS[kind]}")
    return _View(tuple(units), kind, layer, at)


def _follow(lesson: Lesson, view: _View, *, slot: str) -> Course | None:
    """Return the course of a run, or draw how far it is and return None."""

    def during(partial: dict[float, Survey]) -> None:
        if partial:
            found = course(partial, view.layers)
            _draw(lesson, found, view, occupancy_chart.ceiling(found, view.kind))

    counted = surveys(lesson, slot=slot, during=during, reserve=_HEIGHT)
    return None if counted is None else course(counted, view.layers)


def _draw(lesson: Lesson, found: Course, view: _View, top: float) -> None:
    """Draw all layers side by side as colours and as lines, then the units of one."""
    marks, kind = lesson.run.marks, view.kind
    # A run beside another may not have been looked at where that was.
    axis = EpochAxis(tuple(marks), mark.nearest(lesson, view.mark))
    if not np.isfinite(found.shares[kind]).any():
        st.info(NO_CEILING, icon=":material/info:")
        return
    _said(found, view.layer, axis)
    left, right = st.columns(2, gap="medium")
    with left:
        st.altair_chart(
            occupancy_chart.occupancy_heat(found, kind, axis, top=top),
            width="stretch",
            alt=f"share of {kind} units by layer and epoch",
        )
        st.caption(
            f"A row for each layer, a column for each mark: the stronger the colour, the more of "
            f"its units are {kind}, up to {percent(top)}. The upright line is the epoch chosen "
            f"above. Counted over {found.images:,} test images."
        )
    with right:
        if len(marks) > 1:
            st.altair_chart(
                occupancy_chart.occupancy_lines(found, kind, view.layer, axis, top=top),
                width="stretch",
                alt=f"share of {kind} units over the epochs",
            )
        same = "The same numbers as lines. " if len(marks) > 1 else ""
        st.caption(
            f"{same}No gradient passes a unit that ReLU holds at 0 for every image: by itself it "
            "learns no more, and comes back only if layers before it move."
        )
    _strip(found, view.layer, axis)


def _strip(found: Course, layer: str, axis: EpochAxis) -> None:
    """Draw the units of one layer, one by one."""
    units = occupancy_strip.shown_units(found, layer)
    name, total = panels.plain(layer), found.units[found.layers.index(layer)]
    if not len(units):
        st.success(f"All {total} units of {name} are in use at every epoch.")
        return
    st.markdown(f"**The units of {name}, one by one**")
    st.altair_chart(
        occupancy_strip.occupancy_strip(found, layer, axis),
        width="stretch",
        alt=f"state of each unit of {layer} over the epochs",
    )
    states = found.states[layer]
    always = int((states == 0).all(axis=1).sum())
    left_out = total - always - len(units)
    more = f" {left_out} more are not drawn." if left_out else ""
    st.caption(
        f"A row for each unit that is not always in use, longest dead on top; the other {always} "
        f"of {total} are in use at every mark.{more} A row that changes its colour is a unit "
        "that falls silent, or comes back since the layers before it have moved."
    )


def _said(found: Course, layer: str, axis: EpochAxis) -> None:
    """Say how many units of the layer are dead here, since when, and how many came back."""
    here = axis.place
    if here is None or here >= len(found.marks):
        return
    dead = found.states[layer] == STATES.index("dead")
    rare = int((found.states[layer][:, here] == STATES.index("rare")).sum())
    now, always = dead[:, here], dead[:, : here + 1].all(axis=1)
    back = int((dead[:, :here].any(axis=1) & ~now).sum())
    count, total = int(now.sum()), len(dead)
    words = (
        f"At epoch {axis.names[here]}, **{count} of {total} units of {panels.plain(layer)} are "
        f"dead** ({percent(count / total)}) and {rare} rare."
    )
    if count and here:
        words += f" {int(always.sum())} of the dead were so at every mark since the first weights."
    if back:
        words += f" {back} that {'was' if back == 1 else 'were'} dead before came back."
    everywhere, units = found.together("dead")[here], sum(found.units)
    words += f" In all layers: {round(everywhere * units)} of {units:,} ({percent(everywhere)})."
    st.markdown(words)


def _table(runs: Sequence[Lesson], found: Sequence[Course]) -> None:
    """Offer the numbers of all layers and marks."""
    rows: list[list[str | float | None]] = [
        [
            lesson.label,
            at,
            layer,
            units,
            *(_count(one.shares[kind][row, column], units) for kind in KINDS),
        ]
        for lesson, one in zip(runs, found, strict=False)
        for column, at in enumerate(one.marks)
        for row, (layer, units) in enumerate(zip(one.layers, one.units, strict=True))
    ]
    panels.download_text(csv_text(("run", *_COLUMNS), rows), "occupancy.csv", "Table (.csv)")


def _count(share: float, units: int) -> int | None:
    return round(share * units) if np.isfinite(share) else None
