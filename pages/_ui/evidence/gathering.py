"""Several maps at once: all are asked for, and each is drawn where it belongs when it is there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages._ui import progress
from pages._ui.evidence.maps import Task
from xai.attribution import Attribution

#: Seconds that the page waits for all its maps together before bars are drawn.
_PATIENCE = 0.8


@dataclass(frozen=True, eq=False)
class Place:
    """Where a map will stand.

    Attributes
    ----------
    task : Task
        How it is made.
    slot : DeltaGenerator
        The place on the page: until the map is there, how far it is.
    name : str
        Of the place in the queue of work: what was asked for there before gives way.
    during : callable, optional
        Draws what there is of a map that is still growing.
    """

    task: Task
    slot: Any
    name: str
    during: progress.During | None = None


def gather(places: Sequence[Place]) -> tuple[list[Attribution | None], bool]:
    """Return the map of each place or None, and whether one is still under way."""
    failed: dict[object, str] = st.session_state.setdefault("_failed_maps", {})
    for place in places:
        if place.task.key not in failed:
            # All are asked for before the first is waited for.
            progress.ahead(
                place.task.key,
                place.task.work,
                label=place.task.label,
                slot=place.name,
                patience=0,
            )
    end = time.monotonic() + _PATIENCE
    found: list[Attribution | None] = []
    waiting = False
    for place in places:
        key = place.task.key
        result = None
        with place.slot:
            try:
                if key not in failed:
                    result = _result(place, max(0.0, end - time.monotonic()), waiting)
            except ValueError as error:
                failed[key] = str(error)
            if key in failed:
                st.error(failed[key], icon=":material/error:")
        found.append(result)
        if key not in failed:
            # Only the first under way is polled: each that ends would run the page again.
            waiting = waiting or (result is None and not progress.is_stopped(key))
    if not waiting:
        # Now the next run is the reader's doing, and tries again. Before, it is that of a bar:
        # two maps that fail would keep each other going.
        failed.clear()
    return found, waiting


def _result(place: Place, patience: float, silent: bool) -> Attribution | None:
    """Return a place's map, or show how far it is.

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
        slot=place.name,
        narrow=True,
        silent=silent,
        patience=patience,
        during=place.during,
    )
    if found is None and silent and not progress.is_stopped(place.task.key):
        st.caption(":material/hourglass_top: waits for the map before it")
    return found
