"""The network at a glance at any mark of a run: whose activations, minus whose, on which scale."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import cached, glance_rows, panels
from pages._ui.channels import partner
from pages._ui.glance_view import glance_view
from pages._ui.image_source import Chosen
from pages._ui.lessons import surveys
from pages._ui.lessons.lesson import Lesson, model_at
from xai.datasets import DATASETS
from xai.training import ARCHITECTURES

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from pages._ui.glance_view import GlanceRow, Scale
    from pages._ui.workbench import Bench
    from xai.activations.survey import Survey
    from xai.models import LoadedModel

# In pixels: of all but the rows, of a row, and of the image.
_HEAD, _ROW, _MOST, _SIDE = 104, 46, 520, 68
#: Of the choice of what stands beside the network.
BESIDE = "scrub.by"
#: What the colours can span: always the same at every epoch.
_SCALES = {"network": "one for all layers", "row": "each layer its own"}
_SAYS = (
    "Each row is a layer, each square a channel or a neuron; the colour is the mean of its map. "
    "The scale is the same at every epoch{beside}, so that a square that darkens has grown. "
)
_SCALED = {
    "network": "It is the same for all layers, too: those that stay pale have small numbers; give "
    "each layer its own scale to see what moves in them.",
    "row": "Each layer has its own, so that compare colours along a row, not between rows.",
}


@dataclass(frozen=True, eq=False)
class Course:
    """What one image does in a network at every mark of its training.

    Attributes
    ----------
    values : dict of str to ndarray, shape (A, U), float32
        Mean activation of every unit, by layer.
    probabilities : ndarray, shape (A, K), float32
        Of the classes.
    """

    values: dict[str, np.ndarray]
    probabilities: np.ndarray

    def __post_init__(self) -> None:
        for array in (*self.values.values(), self.probabilities):
            array.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Seen:
    """A run as it is shown: one number a unit at every mark.

    Attributes
    ----------
    lesson : Lesson
    values : mapping of str to ndarray, shape (A, U), or None
        By layer; None as long as they are counted.
    surveys : dict of float to Survey, or None
        What tells dead units, where they have been counted.
    """

    lesson: Lesson
    values: Mapping[str, np.ndarray] | None
    surveys: dict[float, Survey] | None


@dataclass(frozen=True, eq=False)
class Look:
    """What the reader wants to see of one or two runs.

    Attributes
    ----------
    runs : tuple of Seen
    label : str
        What is shown, in words.
    signed : bool
        Whether it is a difference.
    scale, which : str
        ``"network"`` or ``"row"``, and a key of :data:`glance_rows.ROWS`.
    """

    runs: tuple[Seen, ...]
    label: str
    signed: bool
    scale: str
    which: str


def bench_of(bench: Bench, lesson: Lesson) -> Bench:
    """Return the workbench with the trained network of a run on it.

    The image stays if it is of the run's data set; else it is the first test image.
    """
    spec, images, chosen = _trained(lesson).spec, lesson.images, bench.chosen
    if bench.data != lesson.run.recipe.data and len(images):
        name, known = images.ids[0], images.classes[int(images.labels[0])]
        chosen = Chosen(images.images[0], name, known, name)
    return dataclasses.replace(
        bench, data=images.name, images=images, spec=spec, chosen=chosen, wanted="predicted"
    )


def course(lesson: Lesson, bench: Bench) -> Course:
    """Return what the image on a workbench does at every mark of a run."""
    image = _trained(lesson).prepare(bench.chosen.pixels)
    digest = bench.digest_of_image
    return cached.course(lesson.run.digest, digest, partial(_followed, lesson, image))


def look(bench: Bench, lesson: Lesson, counting: DeltaGenerator) -> Look:
    """Draw the choices; return what they ask for, as far as it is there.

    Parameters
    ----------
    bench : Bench
    lesson : Lesson
    counting : DeltaGenerator
        Place for what says how far the counting is.
    """
    here = bench_of(bench, lesson)
    words = _sources(here, lesson)
    choices, picture = st.columns([13, 1], vertical_alignment="bottom", gap="small")
    with choices:
        first, second, scale, which = glance_rows.choose(words, scales=_SCALES, key="scrub.scale")
    if "image" in (first, second) or st.session_state.get(BESIDE) == "scores":
        with picture:
            _pictured(here)
    _foreign(bench, here, tested=len(lesson.run.labels) > 0)
    if "partner" in (first, second):
        partner.choose(here)
    pair = [lesson] if lesson.other is None else [lesson, lesson.other]
    with counting:
        runs = tuple(_seen(one, here, (first, second), turn) for turn, one in enumerate(pair))
    minus = "" if second == "none" else f" minus {words[second]}"
    return Look(runs, f"{words[first]}{minus}", bool(minus), scale, which)


def draw(shown: Look, turn: int, mark: float) -> None:
    """Draw one run at one of its marks."""
    seen = shown.runs[turn]
    if seen.values is None:
        st.info("This needs means over the test images: see below how far they are.")
        st.skeleton(_MOST - _HEAD - _SIDE)
        return
    run = seen.lesson.run
    place = run.marks.index(mark)
    now = {name: values[place] for name, values in seen.values.items()}
    model = _trained(seen.lesson)
    graph = cached.graph(ARCHITECTURES[run.recipe.architecture].model)
    survey = None if seen.surveys is None else seen.surveys[mark]
    rows = _short(glance_rows.rows(model.layers, graph, now, survey, shown.which))
    glance_view(
        rows,
        scale=_scale(shown, [row.layer for row in rows]),
        signed=shown.signed,
        key=f"epoch-glance-{turn}-{run.digest}",
        # Half as wide, the squares of a row need more lines.
        height=_MOST if len(shown.runs) > 1 else min(_MOST, _HEAD + _ROW * len(rows)),
        label=f"{seen.lesson.label}, epoch {mark:g}: {shown.label}",
        unit="difference of mean activations" if shown.signed else "mean activation",
        names=glance_rows.names(rows, model.classes),
    )


def explain(shown: Look) -> None:
    """Say how to read it."""
    said = _SAYS.format(beside=" and in both runs" if len(shown.runs) > 1 else "")
    st.caption(said + _SCALED[shown.scale])


def _pictured(bench: Bench) -> None:
    """Show the image that the network is followed with."""
    chosen = bench.chosen
    small = cached.preview(bench.digest_of_image, 4 * _SIDE, chosen.pixels)
    panels.image(small, alt=f"the image {chosen.label}", width=_SIDE)


def _foreign(bench: Bench, here: Bench, *, tested: bool) -> None:
    """Say whose image is shown where the workbench holds none that the run could read."""
    if bench.data == here.data or here.data not in DATASETS:
        return
    name, known = DATASETS[here.data].label, panels.plain(here.chosen.class_name or "unknown")
    whose = "that it was tested on" if tested else f"of {name}"
    words, place = st.columns([3, 1.4], vertical_alignment="center")
    words.caption(
        f"This network knows {name} alone, and the workbench holds {DATASETS[bench.data].label}: "
        f"the image is one {whose}, of class {known}."
    )
    place.button(
        f"Put {name} on the workbench",
        icon=":material/construction:",
        width="stretch",
        on_click=st.session_state.update,
        args=({"data": here.data},),
        help="Then you choose the image in the sidebar, or draw one.",
    )


def _short(rows: list[GlanceRow]) -> list[GlanceRow]:
    """Leave out what all names of layers begin with, where they tell the layers apart without."""
    ends = [row.title.rpartition(".")[2] for row in rows]
    if len(set(ends)) < len(ends):
        return rows
    return [dataclasses.replace(row, title=end) for row, end in zip(rows, ends, strict=True)]


def _trained(lesson: Lesson) -> LoadedModel:
    return model_at(lesson, lesson.run.marks[-1])


def _sources(bench: Bench, lesson: Lesson) -> dict[str, str]:
    words = {"image": f"This image ({bench.chosen.label})"}
    if not len(bench.images):
        return words
    return words | {"partner": "Another image"} | glance_rows.means(surveys.images(lesson))


def _seen(lesson: Lesson, bench: Bench, sources: tuple[str, str], turn: int) -> Seen:
    """Return a run with the values of a source, perhaps minus those of another."""
    counted = None
    if any(source == "data" or source.startswith("class:") for source in sources):
        counted = surveys.surveys(lesson, slot=f"scrub.{turn}")
    one, other = (_values(lesson, bench, source, counted) for source in sources)
    if one is None or (other is None and sources[1] != "none"):
        return Seen(lesson, None, counted)
    return Seen(lesson, one if other is None else glance_rows.apart(one, other), counted)


def _values(
    lesson: Lesson, bench: Bench, source: str, counted: dict[float, Survey] | None
) -> Mapping[str, np.ndarray] | None:
    """Return one number a unit at every mark, (A, U) by layer; None if it is not known."""
    if source == "image":
        return course(lesson, bench).values
    if source == "partner":
        return course(lesson, partner.bench_of(bench)).values
    if source == "none" or counted is None:
        return None
    return _stacked([glance_rows.mean_of(survey, source) for survey in counted.values()])


def _followed(lesson: Lesson, image: np.ndarray) -> Course:
    """Pass an image through the network of every mark."""
    from xai import activations

    layers = list(activations.overview(_trained(lesson), image))
    values, shares = [], []
    for mark in lesson.run.marks:
        model = model_at(lesson, mark)
        values.append(activations.overview(model, image, layers))
        shares.append(model.predict(image).probabilities)
    return Course(_stacked(values), np.stack(shares))


def _stacked(values: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.stack([one[name] for one in values]) for name in values[0]}


def _scale(shown: Look, layers: list[str]) -> Scale:
    """Return the range of each layer, or of all, over all marks of all runs that are shown."""
    ends = {name: _ends(shown, name) for name in layers}
    if shown.scale == "row" or not ends:
        return ends
    return min(low for low, _ in ends.values()), max(high for _, high in ends.values())


def _ends(shown: Look, layer: str) -> tuple[float, float]:
    low = high = 0.0
    for seen in shown.runs:
        if seen.values is None or layer not in seen.values:
            continue
        known = seen.values[layer][np.isfinite(seen.values[layer])]
        if len(known):
            low, high = min(low, float(known.min())), max(high, float(known.max()))
    return low, high
