"""A layer without rows and columns: its neurons as a rectangle of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages._ui import panels
from pages._ui.channels import choices
from pages._ui.value_view import rectangle, value_view
from pages._ui.workbench import Bench
from xai.types import Layer


def show(bench: Bench, layer: Layer, values: np.ndarray) -> None:
    """Draw every neuron of a layer; what is clicked is chosen.

    Parameters
    ----------
    values : ndarray, shape (D,), float32
    """
    chosen = choices.channel()
    cells = rectangle(values)
    across = cells.shape[1]
    names = _names(bench, layer, len(values))
    st.markdown(f"**{len(values)} neurons of {panels.plain(layer.name)}**")
    spot = value_view(
        cells,
        signed=bool((values < 0).any()),
        scale=None,
        selected=None if chosen is None else divmod(chosen, across),
        names=names,
        count=None if names is not None else len(values),
        key=f"neurons-{bench.model_name}-{layer.name}",
        height=420,
        label=f"Neurons of {layer.name}",
    )
    if spot is not None and spot[0] * across + spot[1] != chosen:
        choices.pick(spot[0] * across + spot[1])
        st.rerun()
    st.caption(
        "Each cell is a neuron, row by row from the first; its colour is what it answers to this "
        "image. Zoom in until the numbers stand in the cells; the pointer reads any of them."
    )
    choices.offer("neuron")
    panels.download_arrays({layer.name: values}, f"{bench.model_name}-{layer.name}", "maps-arrays")


def _names(bench: Bench, layer: Layer, count: int) -> Sequence[str] | None:
    """Return the names of the classes, if the neurons are the scores of the classes."""
    last = layer.name == bench.model.layers[-1].name
    return bench.spec.classes if last and len(bench.spec.classes) == count else None
