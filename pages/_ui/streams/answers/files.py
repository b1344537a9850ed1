"""A flow as files, and from one."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages._ui.streams import opening
from pages._ui.streams.computing import Drawn
from pages._ui.workbench import Bench
from xai import flow
from xai.figures.flow_svg import flow_svg
from xai.flow import files
from xai.flow.files import Origin, document
from xai.types import Params


def show(bench: Bench, drawn: Drawn) -> None:
    """Offer the drawing, the graph and the whole flow, and to open a file."""
    taking, giving = st.columns([3, 2], gap="large")
    with taking:
        _take(bench, drawn)
    with giving:
        st.markdown("**Open a flow**")
        opening.offer()


def _take(bench: Bench, drawn: Drawn) -> None:
    stem = f"{bench.data}-{bench.model_name}-flow"
    wanted = drawn.key.wanted
    opened = opening.current()
    if wanted is not None:
        origin = Origin(wanted.weights, wanted.data)
    else:
        origin = Origin() if opened is None else opened.content.origin
    layout = flow.lay_out(drawn.graph)
    st.markdown("**Take it with you**")
    with st.container(horizontal=True):
        _file("Drawing (.svg)", lambda: flow_svg(drawn.picture), f"{stem}.svg")
        if drawn.graph.clusters:
            _file(
                "Flow (.h5)",
                lambda: files.content(drawn.graph, layout, origin=origin),
                f"{stem}.h5",
            )
        _file("Graph (.json)", lambda: document.graph_json(drawn.graph, layout), f"{stem}.json")
    st.caption(
        "HDF5 holds for each layer the features, the clusters with their recipe and measures, the "
        "order and the positions: it opens here, and anywhere else. JSON holds nodes, flows, "
        "order and positions."
    )
    if wanted is not None and not bench.own:
        st.markdown("The same without a browser, with all averaged activations:")
        st.code(
            f"python -m xai flow --dataset {bench.data} --model {wanted.model} "
            f"--n {len(drawn.graph)} --layers {','.join(wanted.layers)} "
            f"--method {wanted.method}{_params(wanted.params)} --out flow.h5",
            language="bash",
            wrap_lines=True,
        )


def _params(params: Params) -> str:
    """Return what the command line is told of the parameters: those that are not the usual ones."""
    usual = vars(type(params)())
    chosen = [name for name, value in vars(params).items() if value != usual[name]]
    return "".join(f" --param {name}={getattr(params, name)}" for name in chosen)


def _file(label: str, made: Callable[[], str | bytes], name: str) -> None:
    st.download_button(label, made, name, key=name, icon=":material/download:", on_click="ignore")
