"""The whole story of a channel, or of a class: what is known of it, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import cached, panels
from pages._ui.channels import backprojecting, choices, strongest, surveying
from pages._ui.growing.answers import minds
from xai import images
from xai.attribution.units import BACKPROJECTIONS, backprojection_blocked
from xai.figures import pictures
from xai.figures.wording import number

if TYPE_CHECKING:
    from pages._ui.growing.running import Grown
    from pages._ui.workbench import Bench
    from xai.types import Layer

#: Height of a row of tiles in CSS pixels: all of the story has to fit on a laptop.
_HEIGHT = 108
#: Small images are enlarged to about this many pixels before a frame is drawn on them.
_SIDE = 336


@dataclass(frozen=True, eq=False)
class Subject:
    """What the story is about.

    Attributes
    ----------
    bench : Bench
    layer : Layer
    channel : int
        Of a map, or a neuron; of a class its place among the network's outputs.
    spot : tuple of int or None
        Row and column, where it is one unit.
    name : str
        What to call it.
    is_class : bool
    """

    bench: Bench
    layer: Layer
    channel: int
    spot: tuple[int, int] | None
    name: str
    is_class: bool

    def answer(self, image: np.ndarray) -> Answer:
        """Return what it answers to an image."""
        digest = images.digest(image)
        maps = cached.feature_maps(self.bench.model_name, digest, self.layer.name, image)
        values = maps[self.channel] if maps.ndim == 3 else maps[self.channel, None, None]
        return Answer(image, values, self.spot)


@dataclass(frozen=True, eq=False)
class Answer:
    """What a channel answers to an image.

    Attributes
    ----------
    image : ndarray, shape (C, H, W), float32, in [0, 1]
    values : ndarray, shape (h, w), float32
        The channel's map; one number of a neuron.
    spot : tuple of int or None
        The place that is asked about, if it is one.
    """

    image: np.ndarray
    values: np.ndarray
    spot: tuple[int, int] | None

    @cached_property
    def peak(self) -> float:
        """The largest value."""
        return float(self.values.max())

    @cached_property
    def mean(self) -> float:
        """The mean over all places."""
        return float(self.values.mean())

    @property
    def said(self) -> str:
        """The measures, in words: the same ones for every image."""
        if self.values.size == 1:
            return f"Value **{number(self.peak)}**"
        at = "" if self.spot is None else f" · at its place {number(float(self.values[self.spot]))}"
        return f"Largest **{number(self.peak)}** · mean **{number(self.mean)}**{at}"


def show(bench: Bench, grown: Grown) -> None:
    """Draw map, strongest images, back-projection and preferred image, and compare them."""
    subject = _subject(bench, grown)
    if subject is None:
        st.info(
            "This story is told of one channel, one unit or one class: choose such a wish above.",
            icon=":material/arrow_upward:",
        )
        return
    preferred = subject.answer(grown.result.image)
    columns = st.columns([1, 1, 1, 1, 1.5], gap="small")
    with columns[0]:
        _own(subject)
    with columns[3]:
        _preferred(preferred)
    data = surveying.images(bench)
    with columns[1]:
        found = strongest.search(bench, subject.layer, data, slot="story search")
    if found is None:
        return
    row = strongest.row_of(bench, subject.layer, subject.channel, data, found)
    if row is None:
        st.info(f"No image gives {subject.name} a finite value.", icon=":material/block:")
        return
    best = subject.answer(bench.model.prepare(data.images[row.places[0]]))
    with columns[1]:
        _best(subject, row, best)
    with columns[2]:
        _back(subject, row, best)
    with columns[4]:
        where = st.container()
    with st.container(gap=None):
        key = f"story-{subject.layer.name}-{subject.channel}"
        strongest.draw(bench, row, key, height=_HEIGHT, crops=row.partial)
    minds.show(subject, grown, row, best, preferred, where)


def _subject(bench: Bench, grown: Grown) -> Subject | None:
    """Return what the wish is about, or None if the story cannot be told of it."""
    wish = grown.wish
    layers = {layer.name: layer for layer in bench.model.layers}
    if wish.objective == "class" and isinstance(wish.index, int):
        last = bench.model.layers[-1]
        if last.spatial or last.shape != (len(bench.spec.classes),):
            return None
        name = f"the class {panels.plain(bench.spec.classes[wish.index])}"
        return Subject(bench, last, wish.index, None, name, True)
    layer = layers.get(wish.layer or "")
    if layer is None or wish.objective not in ("channel", "unit"):
        return None
    index = (wish.index,) if isinstance(wish.index, int) else tuple(wish.index or ())
    spot = (index[1], index[2]) if len(index) == 3 and layer.spatial else None
    what = "channel" if layer.spatial else "neuron"
    name = f"{what} {index[0]} of {panels.plain(layer.name)}"
    return Subject(bench, layer, index[0], spot, name, False)


def _own(subject: Subject) -> None:
    """Show the map for the workbench's image."""
    bench = subject.bench
    answer = subject.answer(bench.input)
    inked = subject.layer.spatial and np.isfinite(answer.values).all()
    st.markdown("**Its map, this image**" if inked else "**This image**")
    pixels = panels.over_image(bench, answer.values) if inked else pictures.picture(bench.input)
    panels.image(pixels, alt=f"{subject.name} for the image of the workbench")
    st.caption(answer.said)


def _preferred(answer: Answer) -> None:
    st.markdown("**Preferred image**")
    panels.image(pictures.picture(answer.image), alt="the preferred image, grown above")
    st.caption(answer.said)


def _best(subject: Subject, row: strongest.Row, best: Answer) -> None:
    """Show the strongest image, with a frame around what the strongest unit sees."""
    st.markdown("**The strongest image**")
    pixels = pictures.picture(best.image)
    factor = max(1, _SIDE // max(pixels.shape[:2]))
    large = pictures.enlarge(pixels, factor)
    field = _unit(subject, row, best).field
    box = (field.top, field.left, field.bottom, field.right)
    partial = (box[0], box[1]) != (0, 0) or (box[2], box[3]) != pixels.shape[:2]
    if partial and box[0] < box[2] and box[1] < box[3]:
        large = pictures.framed(large, tuple(side * factor for side in box))
    panels.image(large, alt=f"the strongest of {len(row.data):,} images")
    st.caption(f"{best.said} · “{panels.plain(row.named[0])}”")


def _unit(subject: Subject, row: strongest.Row, best: Answer) -> choices.Unit:
    """Return the strongest unit for the strongest image."""
    layer, spot = subject.layer, row.spots[0]
    neuron = None if layer.spatial else subject.channel
    field = cached.field(subject.bench.model_name, layer.name, *spot, neuron)
    return choices.Unit(layer, subject.channel, best.values, *spot, field)


def _back(subject: Subject, row: strongest.Row, best: Answer) -> None:
    """Show what of the strongest image its strongest unit answers to."""
    blocked = backprojection_blocked(subject.bench.model, "deconvnet")
    rule = "gradient" if blocked else "deconvnet"
    st.markdown(f"**{BACKPROJECTIONS[rule].label}**, of it")
    try:
        found = backprojecting.project(
            subject.bench, _unit(subject, row, best), rule, image=best.image, slot="story back"
        )
    except ValueError as error:  # the rest of the story is told all the same
        st.info(str(error), icon=":material/block:")
        return
    if found is not None:
        backprojecting.draw(found)
    if blocked:
        st.caption(f"DeconvNet cannot be used: {panels.plain(blocked)}")
