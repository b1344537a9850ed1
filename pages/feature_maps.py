"""Feature maps: what every channel of a layer answers to the image."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from pages._ui import cached, panels, workbench
from pages._ui.layer_picker import choose_layer, shape
from xai.activations import channel_scores
from xai.figures import legends, sheets

_ORDERS = {
    "score": "most telling first",
    "mean": "highest mean first",
    "max": "highest maximum first",
    "index": "by index",
}

bench = workbench.current()
picked, ordering, scaling = st.columns([2, 2, 1], vertical_alignment="bottom")
with picked:
    layer = choose_layer(bench)
by = ordering.selectbox(
    "Order",
    list(_ORDERS),
    key="order",
    format_func=_ORDERS.__getitem__,
    persist_state="session",
    help="Telling: entropy of the map’s values over ten bins, times their mean magnitude.",
)
common = scaling.toggle(
    "One scale", key="layer_scale", persist_state="session", help="One colour scale for the layer."
)

maps = cached.feature_maps(bench.model_name, bench.digest, layer.name, bench.input)
tiles = maps if maps.ndim == 3 else maps[:, None, None]
summaries = {
    "score": channel_scores(tiles),
    "mean": tiles.mean(axis=(1, 2)),
    "max": tiles.max(axis=(1, 2)),
    "index": -np.arange(len(tiles)),
}
order = np.argsort(-summaries[by], kind="stable")
signed = bool((tiles < 0).any())
drawing, constant = cached.channel_sheet(
    (bench.model_name, bench.digest, layer.name, by, str(common)),
    lambda: sheets.channel_sheet(
        tiles,
        order=order.tolist(),
        scale="layer" if common else "channel",
        zero_centred=signed,
        side=72,
        columns=min(16, math.ceil(math.sqrt(2 * len(tiles)))),
    ),
)
left, right = st.columns([1, 4], gap="medium")
with left:
    panels.network_input(bench)
    first = int(order[0])
    if layer.spatial:
        st.markdown(f"**Channel {first}, over the image**")
        panels.image(panels.over_image(bench, tiles[first]), alt=f"channel {first}")
        st.caption(f"The first of the grid. Score {summaries['score'][first]:.3g}.")
with right:
    st.markdown(f"**{len(tiles)} channels of {layer.name}**, {shape(layer)}")
    st.image(drawing, width="stretch", output_format="PNG", alt=f"all channels of {layer.name}")
    low, high = float(tiles.min()), float(tiles.max())
    legend = (
        legends.signed_legend(max(abs(low), abs(high)), words=("negative", "positive"))
        if signed
        else legends.magnitude_legend(low, high, words=("weak", "strong"))
    )
    if common:
        st.html(legend)
    dead = int((tiles == 0).all(axis=(1, 2)).sum())
    st.caption(
        f"Each square is one channel, {_ORDERS[by]}; its colours span "
        + ("the layer’s range" if common else "its own range, so compare shapes and not brightness")
        + f". Raw values from {low:.3g} to {high:.3g}. "
        + (f"{dead} channels are silent: zero everywhere. " if dead else "")
        + (f"{constant} are constant." if constant else "")
    )
    panels.download_arrays({layer.name: maps}, f"{bench.model_name}-{layer.name}", "maps")
