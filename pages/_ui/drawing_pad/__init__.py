"""A black square on which a digit is drawn with mouse, finger or pen."""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_MAX_BYTES = 200_000
_PREFIX = "data:image/png;base64,"
_HTML = """
<div class="pad">
  <div class="stage">
    <canvas role="img" aria-describedby="note"></canvas>
    <div class="hint">
      <p>Draw a digit here</p>
      <p id="note">Drawing takes a mouse, a finger or a pen. The gallery has digits that the
        keyboard can choose.</p>
    </div>
  </div>
  <div class="buttons">
    <button type="button" class="undo">Undo</button>
    <button type="button" class="clear">Clear</button>
  </div>
</div>
"""
_BUTTONS = 52  # CSS pixels under the drawing
# Registered here and not on each run: Streamlit would start the component anew.
_mount = st.components.v2.component(
    "layerscope_drawing_pad",
    html=_HTML,
    css=(_HERE / "pad.css").read_text(encoding="utf-8"),
    js=(_HERE / "pad.js").read_text(encoding="utf-8"),
)


def drawing_pad(*, key: str, size: int = 280) -> bytes | None:
    """Show the pad; return what is drawn on it.

    The page runs again shortly after each stroke, Undo and Clear. The strokes stay while
    other widgets make the page run, and are there again when the pad comes back after
    a run that did not show it.

    Parameters
    ----------
    key : str
        Streamlit's key, and the name under which the strokes are kept.
    size : int
        Side of the square drawing in pixels, and its largest side on the screen.

    Returns
    -------
    bytes or None
        A PNG file of ``size`` × ``size`` pixels, white strokes on black; None while there is no
        stroke.

    Raises
    ------
    ValueError
        If ``size`` is not between 28 and 1,024.
    """
    if not 28 <= size <= 1024:
        raise ValueError(f"size: expected 28 to 1,024 pixels, got {size}")
    kept = f"{key}:drawing"
    _mount(
        key=key,
        height=size + _BUTTONS,  # reserved before the browser has loaded it
        data={"key": key, "size": size, "held": st.session_state.get(kept) is not None},
        on_drawing_change=_ignore,
    )
    state = st.session_state.get(key)
    # Streamlit forgets the state of what a run did not show. A pad that has just come
    # back has said nothing yet, which is not the same as being empty.
    if isinstance(state, Mapping) and "drawing" in state:
        st.session_state[kept] = _png(state["drawing"], size)
    drawing: bytes | None = st.session_state.get(kept)
    return drawing


def _ignore() -> None:
    """Let a drawing through: Streamlit reports only values that have a callback."""


def _png(url: object, size: int) -> bytes | None:
    """Return the PNG file in a data URL, or None if it is not one that the pad can have made."""
    # What arrives is whatever a browser chose to send, so all of it is checked,
    # and the pixel count before anything decodes it.
    if not isinstance(url, str) or not url.startswith(_PREFIX):
        return None
    if len(url) > len(_PREFIX) + _MAX_BYTES * 4 // 3 + 4:
        return None
    try:
        png = b64decode(url[len(_PREFIX) :], validate=True)
    except ValueError:
        return None
    header = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", size, size)
    return png if png.startswith(header) and len(png) <= _MAX_BYTES else None
