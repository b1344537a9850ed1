"""One channel: its map, what it sees of the image, what else excites it, and how it comes about."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui import cached, panels
from pages._ui.channels import backprojecting, choices, number, strongest
from pages._ui.channels.choices import Unit
from pages._ui.value_view import value_view
from pages._ui.workbench import Bench
from xai.activations import channel_scores, statistics
from xai.figures import histograms, pictures
from xai.figures.wording import number as written
from xai.figures.wording import percent
from xai.network import Field
from xai.types import Layer

#: Activations with an upper end.
_CEILINGS = {"ReLU6": 6.0, "Sigmoid": 1.0, "Tanh": 1.0}
#: Small images are enlarged to about this many pixels before a frame is drawn on them.
_SIDE = 560


def show(bench: Bench, layer: Layer) -> None:
    """Show everything about one channel of the layer."""
    maps = cached.feature_maps(bench.model_name, bench.digest, layer.name, bench.input)
    tiles = maps if maps.ndim == 3 else maps[:, None, None]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        channel = _choose(layer, tiles)
        _wish(layer, channel)
    spot = choices.spot(tiles[channel], ceiling=_CEILINGS.get(layer.kind))
    seen = cached.field(bench.model_name, layer.name, *spot, None if layer.spatial else channel)
    unit = Unit(layer, channel, tiles[channel], *spot, seen)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        if layer.spatial:
            _map(bench, unit)
            _numbers(unit)
        else:
            st.metric("Its value", written(float(unit.values[0, 0])), border=True)
    with right:
        _on_the_image(bench, unit)
        if layer.spatial:
            _spread(unit)
    number.show(bench, unit)
    excites, back = st.container(), st.container()
    with back:  # first, since it takes a moment and the other a pass over the data set
        backprojecting.show(bench, unit)
    with excites:
        strongest.show(bench, unit)
    if layer.spatial:
        name = f"{bench.model_name}-{layer.name}-{channel}"
        panels.download_arrays({"map": unit.values, "input": bench.input}, name, "unit-arrays")


def _choose(layer: Layer, tiles: np.ndarray) -> int:
    """Draw the number of the channel; unless one was chosen it is the most telling one."""
    chosen = choices.channel()
    if chosen is None:
        chosen = int(channel_scores(tiles).argmax() if layer.spatial else tiles[:, 0, 0].argmax())
    # The widget shows the choice, which others make as well: it does not own it.
    st.session_state["channel_number"] = chosen
    what = "Channel" if layer.spatial else "Neuron"
    most = len(tiles) - 1
    number_of = st.number_input(
        f"{what} of {layer.name}, 0 to {most}",
        min_value=0,
        max_value=most,
        key="channel_number",
        on_change=_typed,
        width=260,
    )
    return int(number_of)


def _wish(layer: Layer, channel: int) -> None:
    """Offer to see what the channel would most like to see, beside all that is known of it."""
    what = "channel" if layer.spatial else "neuron"
    asked = {"layer": layer.name, "channel": str(channel), "wish": "channel"}
    # A link and no button: st.switch_page would forget what is chosen in the sidebar.
    st.page_link(
        "pages/class_visualization.py",
        label=f"What would this {what} most like to see?",
        icon=":material/auto_awesome:",
        help="Its preferred image, grown from noise, and the whole story beside it.",
        query_params={**asked, "ask.grown": "story"},
    )


def _typed() -> None:
    choices.pick(int(st.session_state["channel_number"]))


def _map(bench: Bench, unit: Unit) -> None:
    st.markdown("**Its map, number by number**")
    picked = value_view(
        unit.values,
        signed=bool((unit.values < 0).any()),
        scale=None,
        selected=(unit.row, unit.column),
        key=f"map-{bench.model_name}-{unit.layer.name}",
        height=430,
        label=f"Map of {unit.name}",
    )
    if picked is not None and picked != (unit.row, unit.column):
        choices.go(*picked)
        st.rerun()
    st.caption(
        "Click a place: what it sees of the image is framed, and its number is worked out below. "
        "It begins where the channel answers most, short of its ceiling if it has one."
    )


def _on_the_image(bench: Bench, unit: Unit) -> None:
    st.markdown("**Over the image, and what the chosen place sees**")
    field = unit.field
    plain = pictures.picture(bench.input)
    inked = unit.layer.spatial and np.isfinite(unit.values).all()
    below = panels.over_image(bench, unit.values) if inked else plain
    if field.bottom <= field.top or field.right <= field.left:
        panels.image(below, alt=f"{unit.name} over the image")
        st.caption("This place lies on padding: it sees nothing of the image.")
        return
    box = (field.top, field.left, field.bottom, field.right)
    small = (box[2] - box[0]) * (box[3] - box[1]) < below.shape[0] * below.shape[1] / 4
    whole, part = st.columns([3, 2]) if small else (st.container(), None)
    with whole:
        # Enlarged first: a frame of whole pixels would hide a small field.
        factor = max(1, _SIDE // max(below.shape[:2]))
        scaled = tuple(side * factor for side in box)
        framed = pictures.framed(pictures.enlarge(below, factor), scaled)
        panels.image(framed, alt=f"{unit.name} over the image, with its receptive field")
    if part is not None:
        with part:
            panels.image(plain[box[0] : box[2], box[1] : box[3]], alt="what is inside the frame")
    st.caption(_said_of(field, below.shape[0] * below.shape[1]))


def _said_of(field: Field, pixels: int) -> str:
    tall, wide = field.rows, field.columns
    seen = field.visible_rows * field.visible_columns
    beyond = (tall, wide) != (field.visible_rows, field.visible_columns)
    return (
        f"The frame is the receptive field of row {field.row}, column {field.column}: {tall} × "
        f"{wide} pixels, {percent(seen / pixels)} of the image"
        + ("; part of it lies outside, on padding." if beyond else ".")
        + " No other pixel can change this number."
    )


def _numbers(unit: Unit) -> None:
    facts = statistics(unit.values[None])
    pairs = [
        ("Chosen", written(float(unit.values[unit.row, unit.column]))),
        ("Mean", written(float(facts.mean[0]))),
        ("Maximum", written(float(facts.high[0]))),
        ("Zeros", percent(float(facts.zeros[0]))),
        ("Score", written(float(facts.score[0]))),
    ]
    for column, (name, text) in zip(st.columns(5), pairs, strict=True):
        column.metric(name, text)


def _spread(unit: Unit) -> None:
    facts = statistics(unit.values[None])
    if facts.constant[0]:
        st.info(
            f"This channel is constant: {written(float(facts.high[0]))} everywhere. It says "
            "nothing about where things are in this image.",
            icon=":material/horizontal_rule:",
        )
        return
    chart = histograms.value_histogram(unit.values, height=200)
    st.altair_chart(chart, width="stretch", alt=f"histogram of {unit.name}")
    st.caption("How often each value occurs in the map.")
