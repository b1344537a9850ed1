"""The workbench: which data set, model, image and class all pages look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import cached, fetching, image_source, link, own_model, routes
from xai import images
from xai.datasets import DATASETS
from xai.models import MODELS, ModelSpec

if TYPE_CHECKING:
    from pages._ui.image_source import Chosen
    from xai.datasets import ImageSet
    from xai.models import LoadedModel
    from xai.types import Prediction

#: A photograph and what the network sees in it: the first thing a visitor meets.
DEFAULT_DATA = "photos"

_BENCH = "_bench"

_TARGETS = {
    "predicted": "the predicted class",
    "true": "the true class",
    "second": "the runner-up",
}


def default_model() -> str:
    """Return the model that a new visitor meets: the first that fits the first data set."""
    return next(name for name, spec in MODELS.items() if DEFAULT_DATA in spec.fits)


@dataclass(frozen=True, eq=False)
class Bench:
    """What all pages look at. Nothing is computed before a page asks for it.

    Attributes
    ----------
    data : str
        Key of the data set.
    images : ImageSet
        All of it that can be browsed.
    spec : ModelSpec
        The model's row of the registry, or that of the user's own checkpoint.
    chosen : Chosen
        The image as it came.
    wanted : str
        ``"predicted"``, ``"true"``, ``"second"`` or a class index as text.
    """

    data: str
    images: ImageSet
    spec: ModelSpec
    chosen: Chosen
    wanted: str

    @cached_property
    def digest_of_image(self) -> str:
        """SHA-256 of the image as it came."""
        return images.digest(self.chosen.pixels)

    @property
    def model_name(self) -> str:
        """Key of the model."""
        return self.spec.name

    @cached_property
    def model(self) -> LoadedModel:
        """The loaded model."""
        return cached.model(self.model_name)

    @cached_property
    def input(self) -> np.ndarray:
        """The exact input of the network: (C, H, W) float32 in [0, 1]."""
        return self.model.prepare(self.chosen.pixels)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the exact input."""
        return images.digest(self.input)

    @cached_property
    def prediction(self) -> Prediction:
        """What the model says of the image."""
        return cached.prediction(self.model_name, self.digest, self.input)

    @cached_property
    def pool(self) -> ImageSet:
        """All images of the data set that can be shown: those held out from training first."""
        return self.images if self.data == "folder" else cached.pool(self.data)

    def sample(self, n: int) -> ImageSet:
        """Return a stratified sample of the pool, the same for each visit."""
        return cached.sample(self.pool.signature, n, self.pool)

    @property
    def own(self) -> bool:
        """Whether images or model are somebody's own: nothing of them goes to disk."""
        return self.data == "folder" or self.model_name not in MODELS

    @property
    def true(self) -> int | None:
        """Index of the true class among the model's classes, or None if it has none."""
        name = self.chosen.class_name
        classes = self.spec.classes
        return classes.index(name) if name in classes else None

    @property
    def target(self) -> int:
        """Index of the class to explain."""
        if self.wanted == "true" and self.true is not None:
            return self.true
        if self.wanted == "second":
            return self.prediction.top(2)[1]
        if self.wanted.isdigit():
            return int(self.wanted)
        return self.prediction.label

    @property
    def target_name(self) -> str:
        """Name of the class to explain."""
        return self.spec.classes[self.target]


def lay_out() -> None:
    """Draw the sidebar and remember what was chosen for the page that runs next."""
    st.session_state[_BENCH] = None
    with st.sidebar:
        st.session_state[_BENCH] = _sidebar()


def current() -> Bench:
    """Return what this page looks at; say what to do and stop if there is nothing yet."""
    if _BENCH not in st.session_state:
        # Until st.navigation is called for the first time in a process, Streamlit runs the page
        # of a link by itself, without Home.py: make it known, and start over.
        routes.configure()
        st.navigation(routes.pages())
        st.rerun()
    bench: Bench | None = st.session_state[_BENCH]
    if bench is None:
        st.info(
            "Something is missing that this page needs: the sidebar says what, and how to get it. "
            "The bundled photographs, digits and networks are always there.",
            icon=":material/arrow_back:",
        )
        st.stop()
    return bench


def _sidebar() -> Bench | None:
    data = _data()
    if not fetching.data_ready(data):
        return None
    spec = _model(data)
    images = image_source.image_set(data)
    if images is None:
        return None
    chosen = image_source.choose(images, spec)
    wanted = _target(spec, chosen)
    own_model.loader(data)
    if not fetching.model_ready(spec):
        return None
    return Bench(data, images, spec, chosen, wanted)


def _data() -> str:
    names = tuple(DATASETS)
    link.restore("data", link.one_of(names), what="data set", default=DEFAULT_DATA)
    data = st.selectbox(
        "Data set",
        names,
        key="data",
        format_func=lambda name: DATASETS[name].label,
        help="Where the images come from. The models on offer are those that fit.",
    )
    link.publish("data", data)
    return data


def _model(data: str) -> ModelSpec:
    specs = {name: spec for name, spec in MODELS.items() if data in spec.fits}
    names = tuple(specs)
    link.restore("model", link.one_of(names), what="model", default=names[0])
    specs |= {own.name: own for own in own_model.current(data)}
    if st.session_state["model"] not in specs:
        st.session_state["model"] = names[0]
    name = st.selectbox(
        "Model",
        list(specs),
        key="model",
        format_func=lambda name: specs[name].label,
        help=f"{specs[st.session_state['model']].summary} Only models that can read this data "
        "set are offered.",
    )
    link.publish("model", name if name in MODELS else None)
    return specs[name]


def _target(spec: ModelSpec, chosen: Chosen) -> str:
    if st.session_state.setdefault("_vocabulary", spec.classes) != spec.classes:
        # The same number is another class: what was chosen means nothing here.
        st.session_state["_vocabulary"] = spec.classes
        st.session_state["target"] = "predicted"
        st.session_state["aim"] = "untargeted"
    known = chosen.class_name in spec.classes
    words = tuple(word for word in _TARGETS if word != "true" or known)
    options = (*words, *(str(index) for index in range(len(spec.classes))))
    link.restore("target", link.one_of(options), what="class", default="predicted")
    if st.session_state["target"] not in options:
        st.session_state["target"] = "predicted"
    wanted = st.selectbox(
        "Class to explain",
        options,
        key="target",
        format_func=lambda word: _TARGETS.get(word) or class_label(spec, word),
        help="Evidence and attacks are about this class. Type to search.",
    )
    link.publish("target", wanted)
    return wanted


def class_label(spec: ModelSpec, index: str) -> str:
    """Return how a class is called where it is chosen: its name and its index."""
    name = spec.classes[int(index)]
    return name if name == index else f"{name} ({index})"
