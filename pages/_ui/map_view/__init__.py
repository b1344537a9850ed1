"""The map of a data set: one or two panels of points that are linked with each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import streamlit as st

from pages._ui.map_view import payload
from pages._ui.map_view.answer import MARKS, Known, MapState, reconcile
from pages._ui.map_view.panel import MOST_POINTS, Colouring, Panel, Placed, Window
from pages._ui.map_view.standalone import standalone

__all__ = [
    "MOST_POINTS",
    "Colouring",
    "MapState",
    "Panel",
    "Placed",
    "Window",
    "map_view",
    "standalone",
]

# Registered here and not on each run: Streamlit would start the component anew. Each of its
# messages carries this script, so it is only the small one that loads the drawing side,
# which travels once, as a part.
_mount = st.components.v2.component(
    "layerscope_map_view",
    html='<div class="map"></div>',
    js=(Path(__file__).parent / "loader.js").read_text(encoding="utf-8"),
)


def map_view(
    *,
    ids: Sequence[str],
    labels: np.ndarray,
    classes: Sequence[str],
    sprite: bytes,
    columns: int,
    tile: int,
    crisp: bool,
    panels: Sequence[Panel],
    visible: np.ndarray | None = None,
    selected: Sequence[str] = (),
    inspected: str | None = None,
    colour: str,
    marks: Literal["dots", "pictures"] = "dots",
    key: str,
    height: int = 620,
    label: str = "Map of the images",
) -> MapState:
    """Show the map; return what was chosen on it.

    Parameters
    ----------
    ids : sequence of str
        The images' names, all different, in the order of everything else.
    labels : ndarray of int, shape (N,)
        True classes.
    classes : sequence of str
        Names of the classes.
    sprite : bytes
        One PNG or WebP file with every thumbnail: square tiles in the order of ``ids``, row by
        row, without gaps.
    columns : int
        Tiles in a row of the sprite.
    tile : int
        Side of a tile in pixels.
    crisp : bool
        Show the pixels as squares instead of smoothing them, as small digits need it.
    panels : sequence of Panel
        One map, or two side by side.
    visible : ndarray of bool, shape (N,), or None
        False is drawn faintly and cannot be pointed at; None shows all.
    selected : sequence of str
        Ids that are selected.
    inspected : str or None
        Id that is ringed, with lines to its neighbours.
    colour : str
        Key of the colouring. A panel without it takes its first.
    marks : {"dots", "pictures"}
        Draw dots, or thumbnails as far as there is room.
    key : str
        Streamlit's key. Zoom, hidden classes and playing live as long as it does.
    height : int
        Of the whole component in CSS pixels; reserved before the browser has loaded it.
    label : str
        What the map is called by a screen reader.

    Returns
    -------
    MapState
        The last word of either side: what the reader did, or what this call passed if that
        has changed since. A page that passes the same values in each run leaves everything
        to the reader.

    Raises
    ------
    ValueError
        If something does not fit the rest, saying what was expected.

    Notes
    -----
    Ids, thumbnails, positions, colourings, neighbours and frames are messages of their own.
    Streamlit sends such a message again only when it has changed, so a click at 10,000 points
    takes a few thousand bytes.
    """
    if height < 200:
        raise ValueError(f"height: expected at least 200, got {height}")
    if marks not in MARKS:
        raise ValueError(f"marks: expected one of {', '.join(MARKS)}, got {marks!r}")
    scene = payload.scene(
        ids, labels, classes, sprite, columns, tile, crisp, panels, visible, label
    )
    colours = frozenset(one.key for panel in panels for one in panel.colourings)
    if colour not in colours:
        raise ValueError(f"colour: expected one of {', '.join(sorted(colours))}, got {colour!r}")
    known = Known(ids, scene.view["images"], colours, frozenset(panel.run for panel in panels))
    given = MapState(inspected, tuple(selected), colour, marks, None)
    memory = st.session_state.setdefault(f"{key}:map", {})
    state, tokens = reconcile(memory, given, st.session_state.get(key) or {}, known)
    with st.container(gap=None):
        _show(scene, ids, state, tokens, key, height)
    return state


def _show(
    scene: payload.Scene,
    ids: Sequence[str],
    state: MapState,
    tokens: dict[str, str],
    key: str,
    height: int,
) -> None:
    engine = _engine()
    wanted = frozenset(state.selected)
    values = {
        "inspected": state.inspected,
        "selected": payload.mask(np.array([name in wanted for name in ids])) if wanted else None,
        "colour": state.colour,
        "marks": state.marks,
    }
    said = {name: {"value": value, "token": tokens.get(name)} for name, value in values.items()}
    # Before its parts: the place on the page is taken at once, and they may be large.
    _mount(
        key=key,
        height=height,
        data={"engine": engine.digest, "view": scene.view, "state": said, "height": height},
        on_inspected_change=_ignore,
        on_selected_change=_ignore,
        on_colour_change=_ignore,
        on_marks_change=_ignore,
        on_replay_change=_ignore,
    )
    _send(engine, f"{key}-engine")
    for name, part in scene.parts.items():
        _send(part, f"{key}-{name}")


def _send(part: payload.Part, key: str) -> None:
    _mount(key=key, data=part.message)


def _ignore() -> None:
    """Let an answer through: Streamlit reports only values that have a callback."""


@cache
def _engine() -> payload.Part:
    return payload.engine()
