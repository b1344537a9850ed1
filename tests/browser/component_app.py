"""A page with both components, and widgets that make it run again."""

from __future__ import annotations

import hashlib
from io import BytesIO

import numpy as np
import streamlit as st
from PIL import Image

from pages._ui.drawing_pad import drawing_pad
from pages._ui.image_picker import image_picker
from xai import datasets
from xai.datasets.drawing import centre_digit

COLUMNS, TILE = 20, 28
HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b>'


@st.cache_data
def sheet(count: int, format: str) -> tuple[list[str], list[str], bytes]:
    """Return ids, captions and the sprite of the first digits of MNIST."""
    images = datasets.load("mnist", n=count)
    rows = -(-count // COLUMNS)
    pixels = np.zeros((rows * TILE, COLUMNS * TILE), np.uint8)
    for place, image in enumerate(images.images):
        row, column = divmod(place, COLUMNS)
        pixels[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE] = image[..., 0]
    file = BytesIO()
    Image.fromarray(pixels).save(file, format, lossless=True)
    captions = [f"digit {label}, image {place}" for place, label in enumerate(images.labels)]
    captions[1] = HOSTILE
    return list(images.ids), captions, file.getvalue()


def pick(count: int) -> None:
    """Show the picker and what comes of it."""
    ids, captions, sprite = sheet(count, st.query_params.get("format", "PNG"))
    if st.button("Choose the last"):
        st.session_state["selected"] = ids[-1]
    if st.button("Fewer"):
        st.session_state["fewer"] = True
    shown = 12 if st.session_state.get("fewer") else count
    if st.button("None"):
        shown = 0
    picked = image_picker(
        ids[:shown],
        sprite,
        columns=COLUMNS,
        tile=TILE,
        captions=captions[:shown],
        selected=st.session_state.get("selected"),
        key="picker",
        height=212,
        shown=int(st.query_params.get("shown", TILE)),
        crisp=True,
        label="Digits",
    )
    if picked is not None:
        st.session_state["selected"] = picked
        st.session_state["picks"] = st.session_state.get("picks", 0) + 1
    place = ids.index(st.session_state["selected"]) if "selected" in st.session_state else None
    st.text(f"selected: {place}")
    st.text(f"picks: {st.session_state.get('picks', 0)}")


def draw() -> None:
    """Show the pad and what comes of it."""
    if not st.toggle("Show the pad", value=True):
        return
    if st.button("Larger"):
        st.session_state["size"] = 320
    png = drawing_pad(key="pad", size=st.session_state.get("size", 280))
    if png is None:
        st.text("drawing: none")
        return
    pixels = np.asarray(Image.open(BytesIO(png)).convert("L"))
    st.text(f"drawing: {hashlib.sha256(png).hexdigest()[:12]}")
    st.text(f"ink: {int((pixels > 127).sum())}")
    st.text(f"shape: {pixels.shape}")
    st.image(centre_digit(pixels), width=112, output_format="PNG")


st.session_state["runs"] = st.session_state.get("runs", 0) + 1
st.button("Run again")
with st.sidebar:
    pick(int(st.query_params.get("n", "200")))
draw()
st.text(f"runs: {st.session_state['runs']}")
