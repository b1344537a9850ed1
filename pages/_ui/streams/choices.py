"""What travels: which images, through which layers, clustered how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import controls, link, panels
from pages._ui.layer_picker import described
from pages._ui.workbench import Bench
from xai.datasets import ImageSet
from xai.flow import METHODS, PIXELS
from xai.flow.columns import READABLE, default_layers
from xai.models.spec import weights_of
from xai.types import Params

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

#: How many images a drawing can hold, as far as the data set goes.
COUNTS = (250, 500, 1000, 2000)
_USUAL = 1000
#: Pixels of an image beyond which a thousand passes take minutes.
_SMALL = 64 * 64
_NOISE = {"free": "where few flows cross", "last": "at the bottom"}
#: Most nodes of a column that can be told apart from the last row.
_READABLE_NODES = 16
_FOLDS = {
    "auto": f"beyond {_READABLE_NODES} in a layer",
    "0": "never",
    "20": "fewer than 20 images",
    "50": "fewer than 50 images",
}
_LAYERS = "flow.layers"
#: Images of a class below which it can hardly have a cluster.
_GATHERING = 5


@dataclass(frozen=True)
class Wanted:
    """A flow that was asked for: primitives only, so it is the key of its job.

    Attributes
    ----------
    data : str
        Signature of the images.
    model, weights : str
        Name of the model, and what its weights are.
    layers : tuple of str
        Columns from left to right.
    method, params : str, Params
        How each layer is clustered.
    noise : str
        Where noise may lie, as :func:`xai.flow.order` takes it.
    fold : str
        Which clusters are put together: ``"auto"``, or the number of images that keeps one.
    """

    data: str
    model: str
    weights: str
    layers: tuple[str, ...]
    method: str
    params: Params
    noise: str = "free"
    fold: str = "auto"

    @property
    def least(self) -> int:
        """Clusters of fewer images are put together."""
        return 0 if self.fold == "auto" else int(self.fold)

    @property
    def most(self) -> int | None:
        """Nodes that a column may have."""
        return _READABLE_NODES if self.fold == "auto" else None


def choose(bench: Bench) -> tuple[ImageSet, Wanted, DeltaGenerator]:
    """Draw all choices; return the images, what is wanted of them, and a place for one more."""
    number, method, place, more = st.columns(
        [1.25, 3, 3.3, 1.7], vertical_alignment="bottom", gap="small"
    )
    with number:
        images = bench.sample(_count(bench))
    with method:
        labels = {name: row.label for name, row in METHODS.items()}
        name = controls.segments("flow.by", "Clusters by", labels, default="optics")
    with more.popover("Recipe", icon=":material/tune:", width="stretch"):
        st.markdown("**1 · Layers**")
        layers = _layers(bench)
        st.markdown("**2 · Clusters**")
        params = controls.params(METHODS[name].params, f"flow.{name}")
        panels.about(METHODS[name])
        st.markdown("**3 · Drawing**")
        fold = controls.select("flow.fold", "Put small clusters together", _FOLDS, default="auto")
        noise = controls.select("flow.noise", "Noise lies", _NOISE, default="free")
    if not layers:
        st.info("Choose at least one layer, in the recipe.", icon=":material/layers:")
        st.stop()
    wanted = Wanted(
        images.signature,
        bench.model_name,
        weights_of(bench.spec),
        layers,
        name,
        params,
        noise,
        fold,
    )
    return images, wanted, place


def advise(images: ImageSet) -> None:
    """Say so where the classes have too few images to gather, and offer a data set that has."""
    sizes = np.bincount(images.labels)
    usual = float(np.median(sizes[sizes > 0]))
    if usual >= _GATHERING:
        return
    count = "1 image" if len(images) == 1 else f"{len(images):,} images"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"{count}, about {usual:.0f} of each class: too few to gather in "
            "clusters of their own.",
            icon=":material/lightbulb:",
        )
        st.button(
            "Try 1,000 digits",
            icon=":material/alt_route:",
            on_click=link.ask,
            kwargs={"data": "mnist", "model": "lenet5-mnist", "flow.n": "1000"},
        )


def _count(bench: Bench) -> int:
    height, width = bench.spec.input_size
    usual = _USUAL if height * width <= _SMALL else COUNTS[0]
    return controls.amount("flow.n", COUNTS, len(bench.pool), usual=usual, least=1, most=COUNTS[-1])


def _layers(bench: Bench) -> tuple[str, ...]:
    """Draw the choice of columns; return them in forward order."""
    model = bench.model
    words = {PIXELS: "Pixels", **{layer.name: described(layer) for layer in model.layers}}
    usual = default_layers(model)

    def read(text: str) -> tuple[str, ...] | None:
        return _known(text, words) or None

    def read_all(text: str) -> tuple[str, ...] | None:
        found = read(text)
        return found if found and ",".join(found) == text else None

    link.restore(_LAYERS, read_all, what="layers", default=usual, nearest=read)
    if not set(st.session_state[_LAYERS]) <= set(words):
        st.session_state[_LAYERS] = usual  # those of another network
    picked = st.multiselect(
        "Columns, from left to right",
        list(words),
        key=_LAYERS,
        format_func=words.__getitem__,
        persist_state="session",
        max_selections=READABLE,
        help=f"At most {READABLE}. The usual choice takes all layers of a small network, and of "
        "a large one the ends of its stages.",
    )
    st.button("The usual ones", icon=":material/restart_alt:", on_click=_take, args=(usual,))
    found = tuple(name for name in words if name in picked)
    link.publish(_LAYERS, None if found == usual else ",".join(found))
    return found


def _known(text: str, words: dict[str, str]) -> tuple[str, ...]:
    """Return the layers of a link that this network has, each once, as far as there is room."""
    found = tuple(name for name in dict.fromkeys(text.split(",")) if name in words)
    return found[:READABLE]


def _take(names: tuple[str, ...]) -> None:
    st.session_state[_LAYERS] = names
