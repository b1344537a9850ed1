"""By which layer the images of the map are seen: the one that is chosen on all pages."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages._ui import controls, layer_picker
from pages._ui.workbench import Bench

_SPACE, _PIXELS = "space", "pixels"
# The layer and the choice of the map as this page saw them last, and what the drawing asks for.
_LAYER, _LAST, _WISH = "_map_layer", "_map_space", "_map_wish"


def choose(bench: Bench, options: Mapping[str, str]) -> str:
    """Draw the choice between pixels and the layers, as a list and as the drawing.

    Parameters
    ----------
    bench : Bench
    options : mapping of str to str
        ``"pixels"`` and the names of the layers, with what to call them.

    Returns
    -------
    str
        A key of ``options``.
    """
    _follow(options)
    list_, drawing = st.columns([4, 1], vertical_alignment="bottom", gap="small")
    with list_:
        seen = controls.select(_SPACE, "Seen by", options, default=_usual(bench))
    with drawing.popover("", icon=":material/account_tree:", help="Choose it in the drawing"):
        before = layer_picker.wanted_layer(bench)
        picked = layer_picker.choose_layer(bench, label="Seen by")
        if picked.name != before.name:
            st.session_state[_WISH] = picked.name
            st.rerun()
    if seen != _PIXELS and st.session_state.get(_LAST, _usual(bench)) != seen:
        layer_picker.pick(bench, seen)
    st.session_state[_LAST] = seen
    st.session_state[_LAYER] = st.session_state.get(layer_picker.KEY)
    return seen


def _follow(options: Mapping[str, str]) -> None:
    """Take over what was chosen in the drawing, or on another page since the last visit."""
    wish = st.session_state.pop(_WISH, None)
    now = st.session_state.get(layer_picker.KEY)
    before = st.session_state.get(_LAYER)
    if before is not None and now != before and st.session_state.get(_SPACE) != _PIXELS:
        wish = wish or now
    if wish in options:
        st.session_state[_SPACE] = st.session_state[_LAST] = wish


def _usual(bench: Bench) -> str:
    """Return the layer that was chosen elsewhere; before that the last one below the scores."""
    if layer_picker.is_chosen():
        return layer_picker.wanted_layer(bench).name
    return bench.model.layers[-2].name
