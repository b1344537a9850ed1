"""UMAP compiles for about twelve seconds at its first use: better before anybody waits for it."""

from __future__ import annotations

import threading

import streamlit as st

from pages._ui import cached
from xai import embedding


def prepare_umap() -> None:
    """Compile UMAP in the background, once a process, while no other work is under way."""
    if not embedding.umap_ready() and not cached.jobs().busy:
        _compiling()


@st.cache_resource(show_spinner=False)
def _compiling() -> threading.Thread:
    thread = threading.Thread(target=embedding.warm_umap, name="layerscope-umap", daemon=True)
    thread.start()
    return thread
