"""The chosen layer in a few numbers, and where to go from it."""

from __future__ import annotations

import streamlit as st

from pages._ui import panels
from pages._ui.layer_picker import shape
from pages._ui.workbench import Bench
from xai.figures.wording import percent
from xai.network import NetworkSummary
from xai.types import Layer


def show(bench: Bench, layer: Layer, totals: NetworkSummary) -> None:
    """Show what the chosen layer gives, holds and costs."""
    share = next(item for item in totals.shares if item.layer == layer.name)
    st.markdown(f"**Chosen: {panels.plain(layer.name)}**")
    height, width = bench.spec.input_size
    seen = layer.receptive_field
    whole = "the whole image" if seen >= max(height, width) else f"{seen} × {seen} pixels"
    costs = (
        f"{layer.parameters:,} parameters ({percent(share.parameters)} of all)",
        f"{panels.short(layer.macs)} multiply-adds ({percent(share.macs)} of all)",
    )
    lines = [
        f"{layer.kind}, gives {shape(layer)}",
        costs[0] if layer.parameters else "nothing in it is trained",
        *(costs[1:] if layer.macs else ()),
        f"one output can see {whole}" if seen else "what one output can see is not known",
    ]
    st.markdown("\n".join(f"- {line}" for line in lines))
    st.page_link("pages/feature_maps.py", label="What this layer sees", icon=":material/grid_view:")
