"""A drawing of ours (SVG text) in the colours of the page, with its own tooltips."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
# Registered here and not on each run: Streamlit would start the component anew.
_mount = st.components.v2.component(
    "layerscope_drawing_view",
    html='<div class="drawing" tabindex="0"></div>',
    css=(_HERE / "view.css").read_text(encoding="utf-8"),
    js=(_HERE / "view.js").read_text(encoding="utf-8"),
)


def drawing_view(svg: str, *, alt: str, key: str) -> None:
    """Show a drawing as wide as the column allows; a wider one can be scrolled.

    Parameters
    ----------
    svg : str
        One ``<svg>`` element of :mod:`xai.figures`. Its colours may be the variables of
        :data:`xai.figures.solids_svg.COLOURS`.
    alt : str
        What it shows, for those who cannot see it.
    key : str
        Streamlit's key.
    """
    _mount(key=key, data={"svg": svg, "alt": alt})
