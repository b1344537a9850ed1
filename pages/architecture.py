"""Architecture: the network as it really computes, and what each layer costs."""

from __future__ import annotations

import streamlit as st

from pages._ui import cached, controls, panels, workbench
from pages._ui.layer_picker import shape
from xai.figures.graph import to_dot
from xai.network import LEVELS, collapse, summary

bench = workbench.current()
totals = summary(bench.model)
figures = (
    ("Parameters", panels.short(totals.parameters), f"{totals.parameters:,} trained numbers."),
    ("Multiply-adds", panels.short(totals.macs), "For one image; convolutions and dense layers."),
    ("Convolutions", str(totals.conv_layers), "Layers that slide filters over a map."),
    ("Dense layers", str(totals.dense_layers), "Layers that join everything with everything."),
    ("Depth", str(totals.depth), "Weighted layers on the longest way from image to scores."),
)
for column, (name, value, meaning) in zip(st.columns(5), figures, strict=True):
    column.metric(name, value, help=meaning, border=True)

drawing, table = st.columns([2, 3], gap="medium")
with drawing:
    names = {name: name.capitalize() for name in LEVELS}
    level = controls.segments("level", "Detail", names, default="overview")
    dot = to_dot(collapse(cached.graph(bench.model_name), level), direction="TB")
    with st.container(height=560, border=True):
        st.graphviz_chart(dot, width="content", height="content")
    st.caption(
        f"{LEVELS[level]} Traced from the forward pass: every arrow is a real tensor; dashed ones "
        "are shortcuts past something. Numbers: channels × height × width of what comes out."
    )
    panels.download_text(dot, f"{bench.model_name}.dot", "Graph (.dot)")

share_bar = st.column_config.ProgressColumn
number = st.column_config.NumberColumn
with table:
    rows = [
        {
            "Layer": layer.name,
            "Kind": layer.kind,
            "Output": shape(layer),
            "Parameters": layer.parameters,
            "of all": share.parameters,
            "Multiply-adds": layer.macs,
            "of all ": share.macs,
            "Receptive field": layer.receptive_field,
        }
        for layer, share in zip(bench.model.layers, totals.shares, strict=True)
    ]
    st.markdown(f"**{len(rows)} layers**")
    st.dataframe(
        rows,
        hide_index=True,
        height=600,
        column_config={
            "Parameters": number(format="localized"),
            "Multiply-adds": number(format="localized"),
            "of all": share_bar(format="percent", min_value=0, max_value=1),
            "of all ": share_bar(format="percent", min_value=0, max_value=1),
            "Receptive field": number(
                help="Side, in pixels, of the square that one output can see; padding counts."
            ),
        },
    )
    st.caption("One row a layer, in the order in which the image passes. Click a heading to sort.")
paper = bench.spec.paper
arxiv = f", arXiv {paper.arxiv}" if paper.arxiv else ""
st.caption(
    f"Paper: {paper.authors}: *{paper.title}*, {paper.year}{arxiv}. "
    f"Weights: {bench.spec.source} ({bench.spec.licence})."
)
