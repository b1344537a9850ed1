"""Attribution: the same decision explained by several methods, side by side."""

from __future__ import annotations

import streamlit as st

from pages._ui import controls, evidence, panels, workbench
from pages._ui.layer_picker import choose_layer, pointing
from xai.attribution import METHODS, blocked
from xai.figures import heatmaps

#: Panels beside each other that can still be read from the last row.
PER_ROW = 4

bench = workbench.current()
panels.verdict(bench)

chosen = panels.method_choice("methods", METHODS, ("gradient", "grad_cam", "lrp"))
if not chosen:
    st.info("Choose a method to see its map.", icon=":material/arrow_upward:")
left, right = st.columns(2, vertical_alignment="center")
ink = left.slider(
    "Map over image",
    0.1,
    1.0,
    1.0,
    0.1,
    key="ink",
    persist_state="session",
    help="1 shows the map alone; less lays it as ink over the grey image.",
)
one_scale = right.toggle(
    "One colour scale for all maps",
    key="one_scale",
    persist_state="session",
    help="Methods have units of their own: on one scale most look pale. Off, each map has its own.",
)

at = {}
if any("layer" in METHODS[name].params.infos() for name in chosen):
    layer = choose_layer(bench, wanted=pointing, label="Class activation maps at")
    at = {"layer": "" if layer.name == bench.spec.cam_layer else layer.name}

rows = range(0, 1 + len(chosen), PER_ROW)
columns = iter([column for _ in rows for column in st.columns(PER_ROW, gap="medium")])
with next(columns):
    panels.network_input(bench)
found = {}
for name, column in zip(chosen, columns, strict=False):
    with column:
        st.markdown(f"**{METHODS[name].label}**")
        reason = blocked(bench.model, name)
        if reason:
            st.info(reason, icon=":material/block:")
            continue
        slot = st.container()
        st.caption(METHODS[name].summary)
        fixed = at if "layer" in METHODS[name].params.infos() else {}
        if controls.drawable(METHODS[name].params):
            with st.popover("Parameters", icon=":material/tune:", width="stretch"):
                params = controls.params(METHODS[name].params, name, fixed=fixed)
        else:
            params = METHODS[name].params(**fixed)
        panels.about(METHODS[name])
        with slot:
            result = evidence.compute(bench, name, params)
        if result is not None:
            found[name] = (result, slot, column)

shared = heatmaps.common_scale(
    heatmaps.collapse(result.relevance) for result, _, _ in found.values()
)
for name, (result, slot, column) in found.items():
    with slot:
        evidence.panel(result, bench.input, ink, shared if one_scale else None)
    with column:
        arrays = {"relevance": result.relevance, "input": bench.input}
        panels.download_arrays(arrays, f"{bench.model_name}-{name}", name)
st.caption(
    f"All maps explain the score of **{bench.target_name}** (its logit, before the softmax). Red: "
    "it raises the score; blue: it lowers it; what the values mean is each method’s own. Numbers "
    "are raw: no map is rescaled."
)
