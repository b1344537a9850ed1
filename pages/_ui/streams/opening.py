"""A flow from a file instead of one that is computed: which one, and what must fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages._ui.intake import Given, Opened, Place
from pages._ui.streams import computing
from pages._ui.streams.computing import Drawn, DrawnKey
from pages._ui.workbench import Bench
from xai.flow import files
from xai.flow.files import FlowFile

if TYPE_CHECKING:
    from xai.datasets import ImageSet


def _read(given: Given) -> FlowFile:
    return files.load(given.source)


_PLACE = Place("flow", _read)
current = _PLACE.current


def offer() -> None:
    """Offer to open a file; what is wrong with it is said."""
    _PLACE.offer(
        "A flow file (.h5), as this page or `python -m xai flow` writes it", ("h5", "hdf5")
    )


def follow(bench: Bench, opened: Opened[FlowFile]) -> Drawn | None:
    """Return the drawing of the file's flow, saying what it is not of."""
    graph = opened.content.graph
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"This flow was read from a file: {len(graph):,} images in {len(graph.layers)} layers"
            + (f" of {graph.model}." if graph.model else "."),
            icon=":material/folder_open:",
        )
        st.button("Close the file", icon=":material/close:", on_click=_PLACE.close)
    objection = opened.content.objection(bench.model)
    if objection:
        st.caption(f"{objection} The drawing is that of the file; no image can be followed.")
    key = DrawnKey(None, opened.digest)
    return computing.redrawn(key, graph, _images(bench, opened), objection)


def _images(bench: Bench, opened: Opened[FlowFile]) -> ImageSet | None:
    """Return the pictures of the file's images, if the workbench's data set has them all."""
    ids, pool = opened.content.graph.ids, bench.pool
    if not ids or not all(name in pool for name in ids):
        return None
    found = pool.subset([pool.index(name) for name in ids])
    # Files in two folders may have the same names.
    known = opened.content.origin.data
    return found if known in ("", found.signature) else None
