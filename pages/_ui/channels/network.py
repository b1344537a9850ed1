"""The whole network at a glance: every unit a square, for an image, a class, or a difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import cached, controls, layer_picker, panels
from pages._ui.channels import choices, partner, surveying
from pages._ui.glance_view import GlanceRow, glance_view
from pages._ui.layer_picker import shape
from pages._ui.workbench import Bench
from xai.activations import occupancy
from xai.activations.occupancy import DEFINITIONS
from xai.activations.survey import MOST_CLASSES, Survey
from xai.network import ModelGraph, collapse
from xai.network.parts import family
from xai.types import Layer

if TYPE_CHECKING:
    from xai.datasets import ImageSet

_SCALES = {"row": "each layer its own", "network": "one for the network"}
_ROWS = {"steps": "the end of each step", "all": "every layer"}


def show(bench: Bench, layer: Layer) -> None:
    """Draw the network as rows of squares; what is clicked is chosen."""
    images = surveying.images(bench)
    words = _sources(bench, images)
    first, second, scale, which = _choose(words)
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
    values = shown if other is None else _apart(shown, other)
    with drawing:
        _squares(bench, layer, _rows(bench, values, survey, which), scale, (words, first, second))
        _explain(survey, len(images))
        panels.download_arrays(values, f"{bench.model_name}-glance", "glance-arrays")


def _choose(words: dict[str, str]) -> tuple[str, str, str, str]:
    """Draw the choices: what is shown, minus what, on which scale, which rows."""
    one, two, three, four = st.columns([2, 2, 1.4, 1.4], vertical_alignment="bottom")
    with one:
        first = controls.select("show", "Show", words, default="image")
    with two:
        rest = {"none": "nothing", **{k: v for k, v in words.items() if k != first}}
        second = controls.select("minus", "Minus", rest, default="none")
    with three:
        scale = controls.select("glance_scale", "Scale", _SCALES, default="row")
    with four:
        which = controls.select("rows", "Rows", _ROWS, default="steps")
    return first, second, scale, which


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
        names=bench.spec.classes if _ends_in_classes(bench, rows) else None,
    )
    if state.layer is not None and (state.layer, state.unit) != (layer.name, chosen):
        choices.pick(state.unit, of=(bench.model_name, state.layer))
        layer_picker.pick(bench, state.layer)
        st.rerun()


def _apart(shown: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    with np.errstate(invalid="ignore"):  # infinity minus infinity is NaN, and drawn as such
        return {name: shown[name] - other[name] for name in shown if name in other}


def _sources(bench: Bench, images: ImageSet) -> dict[str, str]:
    words = {
        "image": f"This image ({bench.chosen.label})",
        "partner": "Another image",
        "data": "Mean of the data set",
    }
    if len(images.classes) > MOST_CLASSES:
        return words
    # Known before anything is counted, so that a link to one of them is not refused meanwhile.
    counts = np.bincount(images.labels, minlength=len(images.classes))
    return words | {
        f"class:{place}": f"Mean of {name} ({int(counts[place])})"
        for place, name in enumerate(images.classes)
        if counts[place]
    }


def _values(bench: Bench, source: str, survey: Survey | None) -> dict[str, np.ndarray] | None:
    """Return one number a unit, by layer; None while it is being computed."""
    if source == "image":
        return cached.overview(bench.model_name, bench.digest, bench.input)
    if source == "partner":
        other = partner.bench_of(bench)
        return cached.overview(other.model_name, other.digest, other.input)
    if survey is None:
        return None
    if source == "data":
        return {name: survey.mean[name] for name in survey.layers}
    place = int(source.partition(":")[2])
    return {name: survey.class_mean[name][place] for name in survey.layers}


def _rows(
    bench: Bench, values: dict[str, np.ndarray], survey: Survey | None, which: str
) -> list[GlanceRow]:
    graph = cached.graph(bench.model_name)
    ends = _ends(graph) if which == "steps" else None
    rows = []
    for layer in bench.model.layers:
        if layer.name not in values or (ends is not None and layer.name not in ends):
            continue
        rows.append(
            GlanceRow(
                layer=layer.name,
                title=layer.name,
                values=values[layer.name],
                marks=_marks(survey, layer.name),
                note=f"{layer.kind}, {shape(layer)}",
                group=_group(graph, layer.name),
                family=family(layer.kind),
                word="channel" if layer.spatial else "neuron",
            )
        )
    return rows


def _ends(graph: ModelGraph) -> set[str]:
    """Return the layers that end a step: an activation stands for the sum before it."""
    folded = collapse(graph, "blocks", expanded=graph.containers)
    return {node.layer for node in folded.nodes if node.layer}


def _group(graph: ModelGraph, name: str) -> str:
    """Return the outermost block of a layer, for a heading; layers outside have none."""
    blocks = graph.blocks(name)
    return f"{blocks[0]}: {graph.containers[blocks[0]].lstrip('_')}" if blocks else ""


def _marks(survey: Survey | None, name: str) -> np.ndarray | None:
    """Return 1 for dead, 2 for rare and 3 for saturated units; None where that is not known."""
    if survey is None or name not in survey.mean:
        return None
    found = occupancy(survey, name)
    if found.dead is None and found.saturated is None:
        return None
    marks = np.zeros(found.units, np.uint8)
    for code, units in ((2, found.rare), (1, found.dead), (3, found.saturated)):
        if units is not None:
            marks[units] = code
    return marks


def _ends_in_classes(bench: Bench, rows: list[GlanceRow]) -> bool:
    return bool(rows) and len(rows[-1].values) == len(bench.spec.classes)


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
