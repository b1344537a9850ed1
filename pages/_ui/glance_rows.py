"""What a network at a glance shows: whose activations, minus whose, in which rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import controls
from pages._ui.glance_view import GlanceRow
from pages._ui.layer_picker import shape
from xai.activations import occupancy
from xai.activations.survey import MOST_CLASSES, Survey
from xai.network import ModelGraph, collapse
from xai.network.parts import family

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.types import Layer

#: Which colours mean how much, and which layers are shown.
SCALES = {"row": "each layer its own", "network": "one for the network"}
ROWS = {"steps": "the end of each step", "all": "every layer"}
#: One number a unit, by layer.
Values = Mapping[str, np.ndarray]


def choose(
    words: dict[str, str], *, scales: Mapping[str, str] = SCALES, key: str = "glance_scale"
) -> tuple[str, str, str, str]:
    """Draw the choices: what is shown, minus what, on which scale, which rows.

    Parameters
    ----------
    words : dict of str to str
        What can be shown, and what to call it; ``"image"`` is among them.
    scales : mapping of str to str
        What the colours can span, and what to call it; the first is the default.
    key : str
        Of that choice, in the session and in the link.

    Returns
    -------
    tuple of str
        Two of ``words``, the second perhaps ``"none"``; of ``scales``; of :data:`ROWS`.
    """
    one, two, three, four = st.columns([2, 1.7, 1.5, 1.7], vertical_alignment="bottom")
    with one:
        first = controls.select("show", "Show", words, default="image")
    with two:
        rest = {"none": "nothing", **{k: v for k, v in words.items() if k != first}}
        second = controls.select("minus", "Minus", rest, default="none")
    with three:
        scale = controls.select(key, "Scale", scales, default=next(iter(scales)))
    with four:
        which = controls.select("rows", "Rows", ROWS, default="steps")
    return first, second, scale, which


def means(images: ImageSet) -> dict[str, str]:
    """Return the means that can be shown of some images, and what to call them.

    They are known before anything is counted, so that a link to one of them is not refused
    meanwhile.

    Returns
    -------
    dict of str to str
        ``"data"`` and, unless there are too many classes, ``"class:3"`` for each that has
        images.
    """
    words = {"data": "Mean of the data set"}
    if len(images.classes) > MOST_CLASSES:
        return words
    counts = np.bincount(images.labels, minlength=len(images.classes))
    return words | {
        f"class:{place}": f"Mean of {name} ({int(counts[place])})"
        for place, name in enumerate(images.classes)
        if counts[place]
    }


def mean_of(survey: Survey, source: str) -> dict[str, np.ndarray]:
    """Return the mean activations that a source of :func:`means` stands for."""
    if source == "data":
        return {name: survey.mean[name] for name in survey.layers}
    place = int(source.partition(":")[2])
    return {name: survey.class_mean[name][place] for name in survey.layers}


def apart(shown: Values, other: Values) -> dict[str, np.ndarray]:
    """Return how far two are apart, in the layers that both have."""
    with np.errstate(invalid="ignore"):  # infinity minus infinity is NaN, and drawn as such
        return {name: shown[name] - other[name] for name in shown if name in other}


def rows(
    layers: Iterable[Layer],
    graph: ModelGraph,
    values: Values,
    survey: Survey | None,
    which: str,
) -> list[GlanceRow]:
    """Return the rows of a network.

    Parameters
    ----------
    layers : iterable of Layer
        In forward order.
    graph : ModelGraph
        Of the same network.
    values : mapping of str to ndarray (U,)
        What is not among them has no row.
    survey : Survey or None
        Tells dead, rare and saturated units.
    which : str
        A key of :data:`ROWS`.
    """
    shown = _ends(graph) if which == "steps" else None
    return [
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
        for layer in layers
        if layer.name in values and (shown is None or layer.name in shown)
    ]


def names(rows: list[GlanceRow], classes: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the names of the last row's units if they stand for the classes."""
    return classes if rows and len(rows[-1].values) == len(classes) else None


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
