"""How networks are built: graphs, drawings, receptive fields, filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui.cached.loaded import model

if TYPE_CHECKING:
    from xai.figures.network_svg import NetworkDrawing
    from xai.figures.sketches import Sketch
    from xai.figures.sprites import Sprite
    from xai.network import Field, ModelGraph


@st.cache_resource(max_entries=8, show_spinner=False)
def graph(name: str) -> ModelGraph:
    """Return the computed graph of a model."""
    from xai import network

    return network.trace(model(name))


@st.cache_resource(max_entries=8, show_spinner=False)
def drawing(name: str) -> NetworkDrawing:
    """Return the isometric drawing of a model."""
    from xai.figures import network_svg

    return network_svg.network_drawing(graph(name))


@st.cache_resource(max_entries=8, show_spinner=False)
def strip(name: str) -> NetworkDrawing:
    """Return the drawing of a model as a narrow band."""
    from xai.figures import network_svg

    return network_svg.network_strip(graph(name))


@st.cache_resource(max_entries=16, show_spinner=False)
def levels(name: str) -> tuple[str, ...]:
    """Return the levels of detail of a model's graph that differ from each other."""
    from xai.network import LEVELS, collapse

    found: dict[tuple[str, ...], str] = {}
    for level in LEVELS:
        found.setdefault(tuple(node.name for node in collapse(graph(name), level).nodes), level)
    return tuple(found.values())


@st.cache_resource(max_entries=24, show_spinner=False)
def graph_sketch(name: str, level: str, opened: tuple[str, ...]) -> Sketch:
    """Return the drawn graph of a model at a level of detail, some blocks standing open."""
    from xai.figures import graph_svg
    from xai.network import collapse

    steps = graph(name)
    folded = collapse(steps, level, expanded=opened)
    return graph_svg.graph_sketch(folded, steps=steps, expanded=() if level == "layers" else opened)


@st.cache_data(max_entries=256, show_spinner=False)
def field(name: str, layer: str, row: int, column: int, unit: int | None = None) -> Field:
    """Return what one place of a layer's output, or one of its neurons, sees of the input."""
    from xai import network

    return network.field(model(name), layer, row, column, unit=unit)


@st.cache_data(max_entries=8, show_spinner=False)
def kernel_sheet(
    key: tuple[str, ...], _draw: Callable[[], Sprite]
) -> tuple[bytes, int, tuple[int, int]]:
    """Return the filters of a layer as PNG, its columns, and width and height of a tile."""
    drawn = _draw()
    return drawn.png(), drawn.columns, (drawn.width, drawn.height)
