"""Below the pixels: activation maps at every stage, and relevance at a layer by channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._ui import controls, panels, progress
from pages._ui.evidence import maps
from pages._ui.layer_picker import described, pick, wanted_layer
from pages._ui.workbench import Bench
from xai import attribution
from xai.attribution import METHODS, STRIP_METHODS, ChannelRelevance, Strip
from xai.figures import heatmaps, pictures
from xai.figures.wording import ending
from xai.jobs import Report

_VIEWS = {
    "none": "nothing",
    "strip": "activation maps at every stage",
    "channels": "relevance at a layer, by channel",
}
#: Stages in a row.
_PER_ROW = 6
#: Channels that are drawn.
_CHANNELS = 8


@dataclass(frozen=True)
class StripKey:
    """Everything that a strip depends on."""

    model: str
    digest: str
    method: str
    target: int


def show(bench: Bench) -> None:
    """Draw the choice and what was chosen."""
    view = controls.segments("inside", "Show", _VIEWS, default="none")
    if view == "strip":
        _strip(bench)
    elif view == "channels":
        _channels(bench)


def _strip(bench: Bench) -> None:
    words = {name: METHODS[name].label for name in STRIP_METHODS}
    method = controls.segments("strip", "Method", words, default="grad_cam")
    reason = attribution.blocked(bench.model, method)
    if reason:
        st.info(reason, icon=":material/block:")
        return
    key = StripKey(bench.model_name, bench.digest, method, bench.target)
    model, image = bench.model, bench.input

    def work(report: Report) -> Strip:
        return attribution.strip(model, image, method=method, target=key.target, progress=report)

    found: Strip | None = progress.result(
        key, work, label="Maps at every stage", keep=False, slot="strip"
    )
    if found is None:
        return
    below = pictures.picture(image, grey=True)
    rows = range(0, len(found.stages), _PER_ROW)
    columns = iter([one for _ in rows for one in st.columns(_PER_ROW)])
    for stage, column in zip(found.stages, columns, strict=False):
        values = stage.relevance[0]
        top = float(values.max())
        with column:
            st.caption(f"**{panels.plain(ending(stage.layer, 15))}**", help=stage.layer)
            drawn = heatmaps.magnitude_overlay(below, values, 0.0, top)
            panels.image(drawn, alt=f"{words[method]} at {stage.layer}")
            size = " × ".join(str(side) for side in stage.shape[1:])
            empty = "" if top else " · empty: no positive evidence here"
            st.caption(f"{size} cells · max {top:.3g}{empty}")
            st.button(
                "Take",
                key=f"take-{stage.layer}",
                help="Make this the layer of the activation maps above",
                on_click=_take,
                args=(bench, stage.layer),
            )
    st.caption(
        f"{words[method]} for **{bench.target_name}**, from early stages (fine, but blind to "
        "meaning) to late ones (coarse, but about the class). Each map has a scale of its own. "
        "Where the map first settles on the object is the earliest layer worth picking."
    )


def _take(bench: Bench, layer: str) -> None:
    pick(bench, layer)


def _channels(bench: Bench) -> None:
    layer = wanted_layer(bench)
    names = {one.name: described(one) for one in bench.model.layers}
    st.session_state["inside_layer"] = layer.name
    name = st.selectbox(
        "Layer",
        list(names),
        key="inside_layer",
        format_func=names.__getitem__,
        on_change=lambda: _take(bench, st.session_state["inside_layer"]),
    )
    reason = attribution.blocked(bench.model, "lrp")
    if reason:
        st.info(reason, icon=":material/block:")
        return
    found = maps.at_layer(bench, name)
    if found is not None:
        _inside(bench, found)


def _inside(bench: Bench, found: ChannelRelevance) -> None:
    order = np.argsort(-np.abs(found.sums))[:_CHANNELS]
    arrived = "" if found.conserved is None else f" ({found.conserved:.1%} of the logit)"
    st.markdown(
        f"**{panels.plain(found.layer)}** holds relevance of {found.sums.sum():.3g}{arrived}; "
        f"the {len(order)} strongest of its {len(found.sums):,} channels hold "
        f"{found.sums[order].sum():.3g}."
    )
    if found.maps.ndim == 1:
        st.bar_chart(
            {"channel": [str(one) for one in order], "relevance": found.sums[order].tolist()},
            x="channel",
            y="relevance",
        )
        return
    squares = [found.maps.sum(axis=0), *(found.maps[one] for one in order)]
    titles = ["all channels", *(f"channel {one}" for one in order)]
    columns = iter([one for _ in range(0, len(squares), 5) for one in st.columns(5)])
    for values, title, column in zip(squares, titles, columns, strict=False):
        with column:
            st.caption(f"**{title}** · {values.sum():.3g}")
            panels.image(panels.over_image(bench, values, signed=True), alt=f"relevance of {title}")
    st.caption(
        "LRP stopped at this layer: what each channel carries of the score of "
        f"**{bench.target_name}**, at its own cells, over the grey image. Red carries it, blue "
        "speaks against it. Each square has a scale of its own; the numbers can be compared."
    )
