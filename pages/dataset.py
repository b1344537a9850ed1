"""Dataset map: where the images lie, as pixels or as a layer sees them."""

from __future__ import annotations

import streamlit as st

from pages._ui import workbench
from pages._ui.atlas import choices, explorer, readiness

bench = workbench.current()

number, seen, method, beside = st.columns(
    [0.9, 1.9, 2.6, 1.1], vertical_alignment="bottom", gap="small"
)
with number:
    images = bench.sample(choices.count(bench))
wanted = [choices.first(bench, images, seen, method)]
with beside:
    two = choices.beside()
if two:
    other = choices.second(bench, images)
    if other is not None:
        wanted.append(other)

explorer.explore(bench, images, choices.told_apart(wanted))
readiness.prepare_umap()
