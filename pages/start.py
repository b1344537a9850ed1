"""Start: the image, what the network receives, what it decides and why."""

from __future__ import annotations

import streamlit as st

from pages._ui import panels, presets, workbench
from pages._ui.evidence import maps

bench = workbench.current()
image, received, why, decision = st.columns([1, 1, 1, 1.5], gap="medium")
with image:
    panels.original(bench)
# The places are kept while torch is still being imported.
slots = [column.empty() for column in (received, why, decision)]
for slot in slots:
    slot.skeleton(360)
with slots[0].container():
    panels.network_input(bench)
with slots[2].container():
    panels.verdict(bench)
    panels.probabilities(bench, bench.prediction)
with slots[1].container():
    maps.quick(bench)
presets.cards()
