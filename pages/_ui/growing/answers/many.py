"""Many at once: all classes, the strongest channels of a layer, or several images for one wish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import cached, controls, link, panels
from pages._ui.growing.answers import diverse, together
from pages._ui.growing.answers.together import ManyKey
from pages._ui.workbench import Bench, class_label
from xai.activations import channel_scores

if TYPE_CHECKING:
    from pages._ui.growing.running import Grown
    from xai.types import Layer

_WHAT = {
    "classes": "Classes",
    "channels": "Channels of a layer",
    "diverse": "Different images for one wish",
}
#: Classes of which all are grown, if a network has no more; else so many, and at most.
_ALL, _TOP, _MOST = 20, 9, 12
_COUNTS = (9, 16, 25)
_BY = {"mean": "mean activation", "score": "variety × strength"}


def show(bench: Bench, grown: Grown) -> None:
    """Draw the choices, the tiles as they grow, and what is to be said of them."""
    usual = "channels" if grown.wish.objective in ("channel", "unit", "mix") else "classes"
    what = controls.segments("grid.what", "Grow together", _WHAT, default=usual)
    if what == "diverse":
        diverse.show(bench, grown)
        return
    key = _classes(bench, grown) if what == "classes" else _channels(bench, grown)
    if key is not None:
        together.show(bench, grown, key)


def _key(
    bench: Bench, grown: Grown, objective: str, layer: str | None, indices: tuple[int, ...]
) -> ManyKey:
    digest = bench.digest if grown.params.start == "image" else ""
    seeds = (grown.seed,) * len(indices)
    return ManyKey(bench.model_name, digest, objective, layer, indices, grown.params, seeds)


# ------------------------------------------------------------------------------ classes
def _classes(bench: Bench, grown: Grown) -> ManyKey | None:
    """Return which classes are grown: all if they are few, else those chosen."""
    count = len(bench.spec.classes)
    if count <= _ALL:
        return _key(bench, grown, "class", None, tuple(range(count)))
    words = {"top": f"The {_TOP} that it sees in this image most", "own": "My choice"}
    which = controls.segments("grid.which", "Classes", words, default="top")
    top = bench.prediction.top(_TOP)
    chosen = tuple(top) if which == "top" else _own(bench, tuple(top[:4]))
    if not chosen:
        st.caption("Choose a class: type a part of its name.")
        return None
    return _key(bench, grown, "class", None, chosen)


def _own(bench: Bench, default: tuple[int, ...]) -> tuple[int, ...]:
    """Draw a choice of classes that can be searched, bound to the link."""
    count = len(bench.spec.classes)

    def parse(text: str) -> list[str] | None:
        words = text.split(",")
        good = all(word.isascii() and word.isdigit() and len(word) < 7 for word in words)
        known = good and len(words) <= _MOST and all(int(word) < count for word in words)
        return list(dict.fromkeys(words)) if known else None

    key = "grid.classes"
    link.restore(key, parse, what="classes", default=[str(place) for place in default])
    picked = st.multiselect(
        f"Up to {_MOST} classes",
        [str(place) for place in range(count)],
        key=key,
        format_func=lambda word: class_label(bench.spec, word),
        max_selections=_MOST,
        persist_state="session",
        help="Type to search.",
    )
    link.publish(key, ",".join(picked) or None)
    return tuple(int(word) for word in picked)


# ------------------------------------------------------------------------------ channels
def _channels(bench: Bench, grown: Grown) -> ManyKey | None:
    """Return which channels are grown: the strongest of a layer for the workbench's image."""
    layers = {layer.name: layer for layer in bench.model.layers if len(layer.shape) in (1, 3)}
    if not layers:
        st.info("This network has no layer of channels or neurons.", icon=":material/info:")
        return None
    left, middle, right = st.columns([2, 1.4, 1.8], vertical_alignment="bottom", gap="medium")
    with left:
        name = _layer(bench, grown, layers)
    with middle:
        count = _count(layers[name])
    with right:
        by = controls.segments("grid.by", "Strongest by", _BY, default="mean")
    maps = cached.feature_maps(bench.model_name, bench.digest, name, bench.input)
    chosen = _strongest(maps, count, by)
    noun = "channels" if layers[name].spatial else "neurons"
    st.caption(
        f"The {len(chosen)} {noun} of **{panels.plain(name)}** that answer most to the image on "
        "the workbench, the strongest first."
    )
    return _key(bench, grown, "channel", name, chosen)


def _strongest(maps: np.ndarray, count: int, by: str) -> tuple[int, ...]:
    """Return the channels (of maps (C, H, W)) or neurons that answer most to an image."""
    rows = maps.reshape(len(maps), -1)
    # A neuron's value has no variety.
    strength = channel_scores(maps) if by == "score" and maps.ndim == 3 else rows.mean(1)
    order = np.argsort(-np.nan_to_num(strength, nan=-np.inf), kind="stable")
    return tuple(order[:count].tolist())


def _layer(bench: Bench, grown: Grown, layers: dict[str, Layer]) -> str:
    """Draw the choice of a layer; at first the wish's own, else that of the class evidence."""
    words = {name: f"{name} · {layer.kind} · {layer.shape[0]}" for name, layer in layers.items()}
    wished = (grown.wish.layer, bench.spec.cam_layer, next(iter(layers)))
    default = next(name for name in wished if name in layers)
    return controls.select("grid.layer", "Layer", words, default=str(default))


def _count(layer: Layer) -> int:
    there = layer.shape[0]
    sizes = [size for size in _COUNTS if size < there] + [min(there, _COUNTS[-1])]
    options = {str(size): str(size) for size in dict.fromkeys(sizes)}
    return int(controls.segments("grid.n", "How many", options, default=str(sizes[0])))
