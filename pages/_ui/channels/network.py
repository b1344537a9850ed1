"""The whole network at a glance: every unit a square, for an image, a class, or a difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import cached, glance_rows, layer_picker, panels
from pages._ui.channels import choices, partner, surveying
from pages._ui.glance_view import GlanceRow, glance_view
from pages._ui.workbench import Bench
from xai.activations.occupancy import DEFINITIONS
from xai.activations.survey import Survey
from xai.types import Layer

if TYPE_CHECKING:
    from xai.datasets import ImageSet


def show(bench: Bench, layer: Layer) -> None:
    """Draw the network as rows of squares; what is clicked is chosen."""
    images = surveying.images(bench)
    words = _sources(bench, images)
    first, second, scale, which = glance_rows.choose(words)
    if "partner" in (first, second):
        partner.choose(bench)
    # Below what it is counted for, so that nothing moves when it ends.
    drawing, counting = st.container(), st.container()
    with counting:
        survey = surveying.result(bench, images)
    shown = _values(bench, first, survey)
    other = None if second == "none" else _values(bench, second, survey)
    if shown is None or (second != "none" and other is None):
        drawing.info("This needs the means over the data set: see below how far they are.")
        return
    values = shown if other is None else glance_rows.apart(shown, other)
    with drawing:
        _squares(bench, layer, _rows(bench, values, survey, which), scale, (words, first, second))
        _explain(survey, len(images))
        panels.download_arrays(values, f"{bench.model_name}-glance", "glance-arrays")


def _squares(
    bench: Bench,
    layer: Layer,
    rows: list[GlanceRow],
    scale: str,
    shown: tuple[dict[str, str], str, str],
) -> None:
    words, first, second = shown
    minus = second != "none"
    chosen = choices.channel()
    names = {row.layer for row in rows}
    state = glance_view(
        rows,
        scale="row" if scale == "row" else "network",
        signed=minus,
        selected=(layer.name, chosen) if layer.name in names else None,
        key=f"glance-{bench.model_name}",
        height=600,
        label=f"{bench.spec.label}: {words[first]}" + (f" minus {words[second]}" if minus else ""),
        unit="difference of mean activations" if minus else "mean activation",
        names=glance_rows.names(rows, bench.spec.classes),
    )
    if state.layer is not None and (state.layer, state.unit) != (layer.name, chosen):
        choices.pick(state.unit, of=(bench.model_name, state.layer))
        layer_picker.pick(bench, state.layer)
        st.rerun()


def _sources(bench: Bench, images: ImageSet) -> dict[str, str]:
    words = {"image": f"This image ({bench.chosen.label})", "partner": "Another image"}
    return words | glance_rows.means(images)


def _values(bench: Bench, source: str, survey: Survey | None) -> dict[str, np.ndarray] | None:
    """Return one number a unit, by layer; None while it is being computed."""
    if source == "image":
        return cached.overview(bench.model_name, bench.digest, bench.input)
    if source == "partner":
        other = partner.bench_of(bench)
        return cached.overview(other.model_name, other.digest, other.input)
    return None if survey is None else glance_rows.mean_of(survey, source)


def _rows(
    bench: Bench, values: dict[str, np.ndarray], survey: Survey | None, which: str
) -> list[GlanceRow]:
    graph = cached.graph(bench.model_name)
    return glance_rows.rows(bench.model.layers, graph, values, survey, which)


def _explain(survey: Survey | None, count: int) -> None:
    st.caption(
        "Each row is a layer, each square a channel or a neuron; the colour is the mean of its "
        "map: the page’s own colour is zero, red is much, blue is below zero. Click a square to "
        "choose it, “One channel” then shows it; click a name for the layer."
    )
    if survey is None:
        return
    words = " · ".join(f"**{name}**: {text}" for name, text in DEFINITIONS.items())
    st.caption(f"Over {count:,} images: {words}")
