"""A page with the channels of a layer, or with raw values, and what comes of them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import streamlit as st

from pages._ui.channel_grid import channel_grid
from pages._ui.value_view import rectangle, value_view
from xai.figures.sheets import ChannelSheet, channel_sheet

HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b>'
#: What the query names, by channels, rows and columns.
SHAPES = {
    "vgg": (512, 14, 14),
    "lenet": (6, 24, 24),
    "mobile": (1280, 1, 1),
    "wide": (64, 112, 112),
    "oblong": (40, 12, 20),
}


def maps(name: str) -> np.ndarray:
    """Return made-up activations with a dead, a constant and two broken channels."""
    count, height, width = SHAPES[name]
    rng = np.random.default_rng(count)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    turn, far, phase = rng.uniform(0, 2 * np.pi, (3, count, 1, 1))
    wave = np.sin(8 * (x * np.cos(turn) + y * np.sin(turn)) + phase) * np.exp(
        -2 * (x - far / 6) ** 2
    )
    values = np.maximum(wave + 0.15 * rng.normal(size=(count, height, width)), 0)
    values *= rng.uniform(0.2, 3, (count, 1, 1))
    values[2], values[3] = 0, 1.5
    values[4, 0, 0], values[5, -1, -1] = np.nan, -np.inf
    return values.astype(np.float32)


@st.cache_resource
def drawn(name: str, order: tuple[int, ...] | None) -> ChannelSheet:
    """Return the sheet of a layer: at most 112 pixels a tile, larger is the browser's task."""
    values = maps(name)
    # A map of one value is constant by itself: only beside the others it says something.
    scale: Literal["channel", "layer"] = "layer" if values[0].size == 1 else "channel"
    return channel_sheet(values, order=order, scale=scale, side=112, gap=0, enlarge=False)


def marks(sheet: ChannelSheet, values: np.ndarray) -> list[str]:
    """Return the word upon each tile."""
    constant = sheet.constant if values[0].size > 1 else ()
    zero = st.query_params.get("zero", "dead")
    flat = {index: "constant" if values[index].any() else zero for index in constant}
    odd = {index: "NaN" if np.isnan(values[index]).any() else "∞" for index in sheet.broken}
    return [{**flat, **odd}.get(index, "") for index in sheet.order]


def grid() -> None:
    """Show the channels."""
    name = st.query_params.get("case", "vgg")
    values = maps(name)
    reverse = st.toggle("Reverse")
    sheet = drawn(name, tuple(range(len(values)))[::-1] if reverse else None)
    if st.button("Choose 100"):
        st.session_state["wanted"] = 100
    rows = values[list(sheet.order)]
    facts: dict[str, list[str] | np.ndarray] = {
        "score": [f"{channel / 100:.2f}" for channel in sheet.order],
        "minimum": rows.min(axis=(1, 2)),
        "maximum": rows.max(axis=(1, 2)),
        "mean": rows.mean(axis=(1, 2)),
    }
    captions = [f"{channel / 100:.2f}" for channel in sheet.order]
    if "hostile" in st.query_params:
        captions = [HOSTILE] * len(captions)
        facts[HOSTILE] = captions
    chosen = channel_grid(
        sheet.sprite.webp(quality=None),
        columns=sheet.sprite.columns,
        tile=(sheet.sprite.width, sheet.sprite.height),
        order=sheet.order,
        captions=captions,
        selected=st.session_state.get("wanted"),
        facts=facts,
        marks=marks(sheet, values),
        key="grid",
        height=int(st.query_params.get("height", "560")),
        label="Channels of the layer",
    )
    st.text(f"chosen: {chosen}")


def cells(name: str) -> tuple[np.ndarray, dict[str, object]]:
    """Return values and what else the view is told of them."""
    if name == "dense":
        values = np.random.default_rng(1).normal(size=120).astype(np.float32)
        names = [f"class {index}" for index in range(120)]
        names[7] = HOSTILE
        return rectangle(values), {"names": names, "signed": True}
    if name == "neurons":
        return rectangle(np.random.default_rng(2).random(1000)), {"count": 1000, "signed": False}
    if name == "one":
        return np.full((1, 1), 0.375, np.float32), {"signed": False}
    if name == "constant":
        return np.full((7, 7), 2.5, np.float32), {"signed": False}
    values = maps("vgg")[10] if name == "map" else maps("wide")[10]
    values[1, 2], values[2, 3], values[3, 4] = np.nan, np.inf, -np.inf
    signed = name == "map"
    return values - (0.5 if signed else 0), {"signed": signed, "mark": (4, 4, 9, 9)}


def values() -> None:
    """Show raw values."""
    shown, told = cells(st.query_params.get("case", "map"))
    if st.button("Choose 3, 1"):
        st.session_state["wanted"] = (3, 1)
    chosen = value_view(
        shown,
        scale=None,
        selected=st.session_state.get("wanted"),
        key="values",
        height=int(st.query_params.get("height", "560")),
        label="One channel",
        **told,  # type: ignore[arg-type]
    )
    st.text(f"chosen: {chosen}")


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    {"grid": grid, "values": values}[st.query_params.get("view", "grid")]()
    st.button("Run again")
    st.text(f"runs: {st.session_state['runs']}")
