"""The confusion matrix, whose cells filter the map and the gallery."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui.atlas import filters, selection
from pages._ui.atlas import scene as scenes
from pages._ui.atlas.scene import Scene
from xai.figures import confusion

_PICKED = "_picked_cell"


def show(scene: Scene, passed: np.ndarray) -> None:
    """Show which classes are taken for which, and the images of the chosen cell."""
    known = scene.truth >= 0
    if not known.any():
        st.info(
            "The network knows none of these classes, so it cannot be right or wrong about them.",
            icon=":material/info:",
        )
        return
    chart = confusion.matrix(scene.truth[known], scene.predicted[known], scene.classes)
    state = st.altair_chart(
        chart,
        width="stretch",
        key="confusion",
        on_select="rerun",
        selection_mode=confusion.SELECTION,
        alt="confusion matrix",
    )
    picked = state["selection"].get(confusion.SELECTION, []) if state else []
    cell = (str(picked[0]["true"]), str(picked[0]["predicted"])) if picked else None
    # The chart keeps its selection: only a new one is a wish.
    fresh = cell != st.session_state.get(_PICKED)
    st.session_state[_PICKED] = cell
    if fresh and cell is not None and not filters.is_empty(scene, cell):
        filters.set_cell(cell)
        scenes.refresh()
    st.caption(
        "Each row is a true class, each column what the network says. Click a cell to see its "
        "images here and on the map. The diagonal is right."
    )
    wrong = tuple(int(place) for place in np.flatnonzero(passed & scene.wrong))
    cell = filters.cell()
    if cell is not None:
        chosen = tuple(int(place) for place in np.flatnonzero(passed))
        selection.pictures(scene, chosen, f"of {cell[0]} seen as {cell[1]}")
    elif wrong:
        selection.pictures(scene, wrong, "that the network gets wrong")
    else:
        st.info("No mistake among the images that pass the filter.", icon=":material/check:")
