"""The chosen layer: one choice for all pages, kept in the link."""

from __future__ import annotations

import difflib
from collections.abc import Callable

import streamlit as st

from pages._ui import link
from pages._ui.workbench import Bench
from xai.types import Layer


def choose_layer(
    bench: Bench, *, wanted: Callable[[Layer], bool] = lambda layer: True, label: str = "Layer"
) -> Layer:
    """Draw the choice of a layer; return it.

    Parameters
    ----------
    bench : Bench
    wanted : callable
        Which layers this page can show.
    label : str
        Name of the choice.
    """
    layers = {layer.name: layer for layer in bench.model.layers if wanted(layer)}
    names = tuple(layers)
    default = bench.spec.cam_layer if bench.spec.cam_layer in layers else names[0]
    link.restore("layer", link.one_of(names), what="layer", default=default)
    if st.session_state["layer"] not in layers:
        near = difflib.get_close_matches(st.session_state["layer"], names, n=1, cutoff=0.6)
        st.session_state["layer"] = near[0] if near else default
    name = st.selectbox(
        label,
        names,
        key="layer",
        format_func=lambda name: described(layers[name]),
        help="Layers in the order in which the image passes them. Type to search.",
        persist_state="session",
    )
    link.publish("layer", name)
    return layers[name]


def described(layer: Layer) -> str:
    """Return a layer's name, kind and output shape in one line."""
    return f"{layer.name} · {layer.kind} · {shape(layer)}"


def shape(layer: Layer) -> str:
    """Return a layer's output shape for people."""
    return " × ".join(str(side) for side in layer.shape)
