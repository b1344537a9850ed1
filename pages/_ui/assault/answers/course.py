"""The course of the attacked image on the page: each layer's own map, in a strip."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._ui import cached, controls, panels, progress
from pages._ui.assault.attacking import Attacked, AttackKey
from pages._ui.drawing_view import drawing_view
from pages._ui.workbench import Bench
from xai.datasets import ImageSet
from xai.embedding import METHODS, maps
from xai.embedding.courses import Course, course
from xai.embedding.export import course_csv
from xai.embedding.maps import MapKey
from xai.features.gathering import features_of_all
from xai.features.keys import FeaturesKey
from xai.figures.course_strip import course_strip
from xai.jobs import Report
from xai.models.spec import weights_of
from xai.network import collapse
from xai.types import Params

#: Layers that the strip has room for, the pixels among them.
_MOST_LAYERS = 12
_COUNTS = (300, 1000)
#: Pixels of an image up to which a thousand of them pass in seconds.
_SMALL = 64 * 64
_METHODS = {"pca": "PCA", "tsne": "t-SNE"}
#: Rows of the course.
_CLEAN, _NOISY, _ATTACKED = 0, 1, 2
_ROWS = ("clean", "noise", "attacked")


@dataclass(frozen=True)
class CourseKey:
    """The way of an attacked image through the maps of a data set."""

    attack: AttackKey
    data: str
    layers: tuple[str | None, ...]
    method: str
    params: Params
    own: int | None


def show(bench: Bench, attacked: Attacked, images: ImageSet, method: str) -> str | None:
    """Draw the strip, or its progress; return the layer at which the image leaves its class.

    ``""`` is no layer, None stands for the pixels.

    Raises
    ------
    ValueError
        If no map can be made of these images.
    """
    found = _course(bench, attacked, images, method)
    if found is None:
        return ""
    label = _label(bench, images)
    leaves = None if label is None else found.derailment(_ATTACKED, label)
    said = _sentence(found, attacked, label, leaves)
    st.markdown(f"{said}{_exactness(bench, found, leaves)}")
    _draw(bench, found, method, leaves)
    return "" if leaves is None else found.layers[leaves]


def choices(bench: Bench) -> tuple[ImageSet, str]:
    """Draw of how many images the maps are, and how they are made."""
    left, right = st.columns([1, 2], vertical_alignment="bottom", gap="medium")
    there = len(bench.pool)
    sizes = [size for size in _COUNTS if size < there] + [min(there, _COUNTS[-1])]
    height, width = bench.spec.input_size
    usual = sizes[-1] if height * width <= _SMALL else sizes[0]
    options = {str(size): f"{size:,}" for size in dict.fromkeys(sizes)}
    with left:
        count = controls.select("inside.n", "Images on the maps", options, default=str(usual))
    with right:
        method = controls.segments("inside.map", "Maps by", _METHODS, default="pca")
    if method == "tsne":
        st.caption(
            "t-SNE lays out each layer anew: seconds to minutes. What is written under the maps "
            "stays as it is: it is measured in the layers, not on the maps."
        )
    return bench.sample(int(count)), method


def layers(bench: Bench) -> tuple[str | None, ...]:
    """Return the pixels and all layers, or so many ends of blocks, spread over the depth."""
    names: list[str | None] = [layer.name for layer in bench.model.layers]
    if len(names) >= _MOST_LAYERS and not bench.model.problem:
        names = _ends(bench) or names
    names = [None, *names]
    places = np.linspace(0, len(names) - 1, min(len(names), _MOST_LAYERS)).round().astype(int)
    return tuple(names[place] for place in places)


def _ends(bench: Bench) -> list[str | None]:
    """Return the last layer of each block: what a block hands on, and not what it works with."""
    blocks = [node.module for node in collapse(cached.graph(bench.model_name), "blocks").nodes]
    ends: dict[str, str] = {}
    for layer in bench.model.layers:
        inside = (one for one in blocks if one and f"{layer.name}.".startswith(f"{one}."))
        ends[next(inside, layer.name)] = layer.name
    return list(ends.values())


def _own(bench: Bench, images: ImageSet) -> int | None:
    """Return which image of the maps the attacked one is made of, if it is among them."""
    name = bench.chosen.id
    return images.index(name) if name is not None and name in images else None


def _label(bench: Bench, images: ImageSet) -> int | None:
    """Return the class of the image among those of the data set, if it has one there."""
    for name in (bench.chosen.class_name, bench.prediction.name):
        if name in images.classes:
            return images.classes.index(name)
    return None


def _course(bench: Bench, attacked: Attacked, images: ImageSet, method: str) -> Course | None:
    """Return the way of the clean, the noisy and the attacked image, or show progress."""
    model, shelf, chosen = bench.model, cached.shelf(bench.own), layers(bench)
    params, own = METHODS[method].params(), _own(bench, images)
    key = CourseKey(attacked.key, images.signature, chosen, method, params, own)
    shown = np.stack([bench.input, attacked.noise.image, attacked.result.image])
    weights = weights_of(bench.spec)
    keys = [FeaturesKey(images.signature, bench.model_name, weights, name) for name in chosen]

    def work(report: Report) -> Course:
        found = features_of_all(keys, model, images, shelf, progress=report)
        rows = []
        for place, (of, features) in enumerate(found.features.items()):
            say = _Layered(report, place, len(found.features), of.layer or "pixels")
            drawn = maps.map_of(MapKey(of, method, params), model, images, shelf, progress=say)
            rows.append((features, drawn))
        cached.settle(method)
        made = course(model, rows, shown, images.labels, images.classes, own=own, progress=report)
        return dataclasses.replace(made, notes=(*made.notes, *found.notes))

    label = f"{_METHODS[method]} of {len(chosen)} layers, {len(images):,} images"
    result: Course | None = progress.result(
        key, work, label=label, keep=False, slot="inside course"
    )
    return result


class _Layered:
    """Progress of one layer as a part of that of all."""

    def __init__(self, report: Report, place: int, count: int, name: str) -> None:
        self._report, self._place, self._count, self._name = report, place, count, name

    def __call__(self, done: int, total: int, message: str) -> None:
        part = min(1.0, done / total) if total else 0.0
        at = round(100 * (self._place + part))
        self._report(at, 100 * self._count, f"{self._name}: {message}")


def _draw(bench: Bench, found: Course, method: str, leaves: int | None) -> None:
    drawing = course_strip(found, clean=_CLEAN, noise=_NOISY, attacked=_ATTACKED, leaves=leaves)
    drawing_view(
        drawing,
        alt="the clean and the attacked image on the map of each layer",
        key="inside-strip",
    )
    st.caption(
        f"Each map shows {len(found.labels):,} images of the data set as that layer arranges "
        f"them ({_METHODS[method]}), in the order of the forward pass. Under each stands whose "
        "class mean is nearest, measured in the layer itself. It is not the network’s decision: "
        "that falls after the last layer."
    )
    for sentence in found.notes:
        st.caption(f":material/info: {panels.plain(sentence)}")
    with st.container(horizontal=True):
        panels.download_text(drawing, f"{bench.model_name}-course.svg", "Strip (.svg)")
        panels.download_text(
            course_csv(found, _ROWS), f"{bench.model_name}-course.csv", "Table (.csv)"
        )


def _sentence(found: Course, attacked: Attacked, label: int | None, leaves: int | None) -> str:
    """Say where the attacked image leaves its class, and whether the others do."""
    end = found.nearest[:, -1]
    name = panels.plain(found.classes[int(end[_ATTACKED])])
    if label is None:
        return (
            "The image’s class is none of this data set’s, so there is none to leave. In the "
            f"last layer the attacked image is nearest to **{name}**."
        )
    own = panels.plain(found.classes[label])
    if leaves is None:
        return (
            f"In the last layer the attacked image is still nearest to **{own}**: it does not "
            f"leave its class on these maps.{_elsewhere(found, attacked, own)}"
        )
    others = [row for row in (_CLEAN, _NOISY) if found.derailment(row, label) is not None]
    words = {
        (): "The clean image and the one with noise stay with it to the end.",
        (_CLEAN,): "The clean image ends elsewhere, too; the one with noise does not.",
        (_NOISY,): "The clean image stays to the end; the one with noise does not.",
        (_CLEAN, _NOISY): "So do the clean image and the one with noise, so this is no work of "
        "the attack alone.",
    }[tuple(others)]
    layer = found.layers[leaves]
    if leaves == 0:
        return (
            f"The attacked image is with **{own}** in no layer, not even as pixels; the last "
            f"puts it with **{name}**. {words}"
        )
    return (
        f"From **{panels.plain(layer or 'pixels')}** on the attacked image is no longer nearest "
        f"to **{own}**; the last layer puts it with **{name}**. {words}"
    )


def _exactness(bench: Bench, found: Course, leaves: int | None) -> str:
    """Say between which layers it may be, where the strip leaves some out."""
    if not leaves:
        return ""
    every = [None, *(layer.name for layer in bench.model.layers)]
    before, at = found.layers[leaves - 1 : leaves + 1]
    between = every.index(at) - every.index(before) - 1
    if not between:
        return ""
    which = "the layer" if between == 1 else f"one of the {between} layers"
    return (
        f" The strip shows {len(found.layers) - 1} of {len(every) - 1} layers: it may happen "
        f"already in {which} between **{panels.plain(before or 'pixels')}** and this one."
    )


def _elsewhere(found: Course, attacked: Attacked, own: str) -> str:
    """Say how the network can be fooled although the image has not left its class here."""
    after = attacked.result.after.name
    if not attacked.result.success or panels.plain(after) == own:
        return ""
    said = f" Yet the network says **{panels.plain(after)}**"
    if after in {found.classes[label] for label in found.present}:
        return f"{said}: nearest to the middle of a class is not the same as called by its name."
    return f"{said}, a class of which these maps have no image."
