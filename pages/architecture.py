"""Architecture: the network as it really computes, and what each layer costs."""

from __future__ import annotations

import streamlit as st

from pages._ui import controls, panels, workbench
from pages._ui.anatomy import card, comparing, drawing, graph, table, weights
from pages._ui.channels import choices
from xai.network import summary

_SECTIONS = {
    "graph": "Computation graph",
    "table": "Layer table",
    "weights": "Weights",
    "compare": "Compare two networks",
}

bench = workbench.current()
totals = summary(bench.model)
st.markdown(
    f"**{panels.short(totals.parameters)}** trained numbers · **{panels.short(totals.macs)}** "
    f"multiply-adds an image · **{totals.conv_layers}** convolutions · **{totals.dense_layers}** "
    f"dense layer{'' if totals.dense_layers == 1 else 's'} · **{totals.depth}** weighted layers "
    "deep"
)
layer = drawing.show(bench)
choices.restore(bench.model_name, layer)
section = controls.segments("anatomy", "About this network", _SECTIONS, default="graph")
wide = section in ("table", "compare")
main, side = (st.container(), None) if wide else st.columns([3, 1], gap="medium")
if side is not None:
    with side:
        card.show(bench, layer, totals)
with main:
    if section == "graph":
        graph.show(bench, layer)
    elif section == "table":
        table.show(bench, layer, totals)
    elif section == "weights":
        weights.show(bench, layer)
    else:
        comparing.show(bench)

paper = bench.spec.paper
arxiv = f", arXiv {paper.arxiv}" if paper.arxiv else ""
st.caption(
    f"Paper: {paper.authors}: *{paper.title}*, {paper.year}{arxiv}. "
    f"Weights: {bench.spec.source} ({bench.spec.licence})."
)
