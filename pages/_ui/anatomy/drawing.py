"""The isometric drawing of the network: what is chosen in it is chosen on every page."""

from __future__ import annotations

import streamlit as st

from pages._ui import cached, layer_picker, panels
from pages._ui.network_view import network_view
from pages._ui.workbench import Bench
from xai.types import Layer


def show(bench: Bench) -> Layer:
    """Draw the network; return the layer that is chosen."""
    drawn = cached.drawing(bench.model_name)
    chosen = layer_picker.wanted_layer(bench)
    state = network_view(
        drawn.main,
        details=drawn.details,
        selected=chosen.name,
        key=f"drawing-{bench.model_name}",
        label=f"{bench.spec.label}, layer by layer",
        words=layer_picker.in_words(list(bench.model.layers)),
    )
    if state.layer not in ("", chosen.name):
        chosen = layer_picker.pick(bench, state.layer)
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.caption(
        "The image enters on the left. A box’s height and depth follow the height and width of the "
        "maps, its thickness their number (both logarithmic); click one, or walk with the arrow "
        "keys. What you choose here is chosen on every page."
    )
    with right:
        panels.download_text(drawn.main.svg, f"{bench.model_name}.svg", "Drawing (.svg)")
    problem = cached.graph(bench.model_name).problem
    if problem:
        st.info(problem, icon=":material/conversion_path:")
    return chosen
