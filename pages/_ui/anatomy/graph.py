"""The graph of the computation, folded to blocks, any of which can be opened."""

from __future__ import annotations

import streamlit as st

from pages._ui import cached, controls, layer_picker, link, panels
from pages._ui.network_view import network_view
from pages._ui.workbench import Bench
from xai.figures.graph import to_dot
from xai.network import LEVELS, collapse
from xai.types import Layer

_OPENED, _KEY = "_opened", "open"


def show(bench: Bench, chosen: Layer) -> None:
    """Draw the graph at a level of detail; what is clicked is chosen."""
    level = controls.segments("level", "Detail", _names(bench), default="overview")
    opened = _opened(bench, level)
    sketch = cached.graph_sketch(bench.model_name, level, tuple(sorted(opened)))
    state = network_view(
        sketch,
        selected=chosen.name,
        key=f"graph-{bench.model_name}-{level}",
        height=620,
        label=f"Computation graph of {bench.spec.label}",
        zoom=True,
        words=layer_picker.in_words(list(bench.model.layers)),
    )
    if state.expand is not None:
        opened.symmetric_difference_update({state.expand})
        st.session_state[_KEY] = tuple(sorted(opened))
        link.publish(_KEY, ",".join(st.session_state[_KEY]) or None)
        st.rerun()
    if state.layer not in ("", chosen.name):
        layer_picker.pick(bench, state.layer)
        st.rerun()
    st.caption(
        f"{LEVELS[level]} Traced from the forward pass: every line is a real tensor; dashed ones "
        "are shortcuts past something. Numbers: channels × height × width of what comes out. "
        "“+” opens a block, “−” closes it."
    )
    with st.container(horizontal=True):
        panels.download_text(sketch.svg, f"{bench.model_name}-graph.svg", "Graph (.svg)")
        dot = to_dot(collapse(cached.graph(bench.model_name), level, expanded=opened))
        panels.download_text(dot, f"{bench.model_name}.dot", "Graph (.dot)")


def _names(bench: Bench) -> dict[str, str]:
    return {name: name.capitalize() for name in cached.levels(bench.model_name)}


def _opened(bench: Bench, level: str) -> set[str]:
    """Return the blocks that stand open: those that the link names, or that were opened."""
    known = set(cached.graph(bench.model_name).containers)
    nothing: tuple[str, ...] = ()
    link.restore(_KEY, lambda text: _parsed(text, known), what="open block", default=nothing)
    held: dict[tuple[str, str], set[str]] = st.session_state.setdefault(_OPENED, {})
    here = (bench.model_name, level)
    if here not in held:
        named = st.session_state[_KEY]
        held[here] = {name for name in named if set(name.split(":")) <= known}
    return held[here]


def _parsed(text: str, known: set[str]) -> tuple[str, ...] | None:
    names = tuple(name for name in text.split(",") if name)
    fits = all(set(name.split(":")) <= known for name in names)
    return names if names and fits else None
