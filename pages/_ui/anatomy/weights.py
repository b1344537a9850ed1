"""What a layer has learned: its filters as pictures, or their spread and their strength."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui import cached, controls, layer_picker, panels
from pages._ui.channel_grid import channel_grid
from pages._ui.channels import choices
from pages._ui.workbench import Bench
from xai.figures import histograms, kernels
from xai.figures.wording import number
from xai.network import weights
from xai.types import Layer

_ORDERS = {"index": "by index", "norm": "strongest first"}
_SCALES = {"filter": "each filter its own", "layer": "one for the layer"}

#: CSS pixels of the pictures of the filters: one row of a few, or as many as scroll.
_FEW, _LOW, _HIGH = 8, 140, 260


def show(bench: Bench, layer: Layer) -> None:
    """Show the weights of the chosen layer, or offer the nearest layer that has some."""
    if not layer.parameters:
        _offer(bench, layer)
        return
    found = weights(bench.model, layer.name)
    shape = " × ".join(str(side) for side in found.kernel.shape)
    bias = "" if found.bias is None else f", and {len(found.bias):,} biases"
    st.markdown(f"**{panels.plain(layer.name)}**: {found.kernel.size:,} weights ({shape}){bias}")
    by = controls.segments("norms", "Filters", _ORDERS, default="index")
    if kernels.pictured(found.kernel.shape):
        _pictures(bench, layer, found.kernel, found.norms, by)
    chosen = choices.channel()
    left, right = st.columns(2, gap="medium")
    with left:
        chart = histograms.weight_histogram(found.kernel)
        st.altair_chart(chart, width="stretch", alt=f"histogram of the weights of {layer.name}")
        st.caption(
            "How often each weight occurs. Training pulls most of them towards zero; a few large "
            "ones do the work."
        )
    with right:
        strong = histograms.filter_norms(
            found.norms, by="norm" if by == "norm" else "index", chosen=chosen
        )
        st.altair_chart(strong, width="stretch", alt=f"norm of each filter of {layer.name}")
        st.caption(
            "The length (L2 norm) of each filter’s weights: filters near zero say little, whatever "
            "they see."
        )
    arrays = {"kernel": found.kernel, "norms": found.norms}
    if found.bias is not None:
        arrays["bias"] = found.bias
    panels.download_arrays(arrays, f"{bench.model_name}-{layer.name}-weights", "weights")


def _pictures(bench: Bench, layer: Layer, kernel: np.ndarray, norms: np.ndarray, by: str) -> None:
    """Show the filters that look at the image itself, as pictures."""
    scale = controls.segments("kernel_scale", "Contrast", _SCALES, default="filter")
    order = np.argsort(-norms, kind="stable") if by == "norm" else np.arange(len(norms))
    sheet, columns, tile = cached.kernel_sheet(
        (bench.model_name, layer.name, by, scale),
        lambda: (
            kernels.kernel_sheet(
                kernel,
                order=order.tolist(),
                scale="layer" if scale == "layer" else "filter",
                gap=0,
            ).sprite
        ),
    )
    picked = channel_grid(
        sheet,
        columns=columns,
        tile=tile,
        order=order.tolist(),
        captions=[number(float(norms[place])) for place in order],
        selected=choices.channel(),
        facts={"norm": [number(float(norms[place])) for place in order]},
        key=f"kernels-{bench.model_name}-{layer.name}",
        height=_LOW if len(order) <= _FEW else _HIGH,
        label=f"Filters of {layer.name}",
        noun="Filter",
    )
    if picked is not None and picked != choices.channel():
        choices.pick(picked)
        st.rerun()
    colour = kernel.shape[1] == 3
    st.caption(
        "Each square is what one filter looks for in the image"
        + (
            ": grey is no weight, a colour is how much of it the filter wants."
            if colour
            else ": red wants light there, blue wants dark."
        )
        + " The number is the filter’s norm; a click chooses its channel."
    )


def _offer(bench: Bench, layer: Layer) -> None:
    """Say that a layer has no weights, and offer its neighbours that have."""
    st.info(
        f"{layer.name} ({layer.kind}) has no weights: what it does is fixed.",
        icon=":material/lock:",
    )
    names = [item.name for item in bench.model.layers]
    here = names.index(layer.name)
    weighted = [place for place, item in enumerate(bench.model.layers) if item.parameters]
    before = [place for place in weighted if place < here][-1:]
    after = [place for place in weighted if place > here][:1]
    with st.container(horizontal=True):
        for place in (*before, *after):
            st.button(
                names[place],
                key=f"weights-of-{names[place]}",
                icon=":material/arrow_back:" if place < here else ":material/arrow_forward:",
                on_click=_go,
                args=(bench, names[place]),
            )


def _go(bench: Bench, name: str) -> None:
    layer_picker.pick(bench, name)
