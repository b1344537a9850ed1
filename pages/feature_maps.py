"""Feature maps: what every channel answers, from the whole network down to one number."""

from __future__ import annotations

import streamlit as st

from pages._ui import controls, panels, workbench
from pages._ui.channels import choices, network, pair, unit
from pages._ui.channels import layer as channels
from pages._ui.layer_picker import choose_layer

_VIEWS = {
    "network": "Whole network",
    "layer": "All channels",
    "channel": "One channel",
    "pair": "Two images",
}

bench = workbench.current()
chosen = choose_layer(bench)
choices.restore(bench.model_name, chosen)
view = controls.segments("maps", "Look at", _VIEWS, default="layer")
if view == "network":
    network.show(bench, chosen)
elif view == "pair":
    pair.show(bench, chosen)
elif view == "channel":
    unit.show(bench, chosen)
else:
    picture, rest = st.columns([1, 6], gap="medium")
    with picture:
        panels.network_input(bench)
        panels.said(bench.prediction)
    with rest:
        channels.show(bench, chosen)
