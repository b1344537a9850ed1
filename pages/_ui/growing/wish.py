"""What an image is to be grown for: the choices of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import cached, controls, link, panels
from pages._ui.channels import choices
from pages._ui.layer_picker import choose_layer
from pages._ui.workbench import Bench, class_label
from xai.types import Layer
from xai.visualization import OBJECTIVES, Index

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

#: Objectives that are about classes, and those that are about one channel of a layer.
_OF_CLASSES = ("class", "contrast")
_OF_A_CHANNEL = ("channel", "unit", "mix")
_MOST_SEED = 9999


@dataclass(frozen=True)
class Wish:
    """What an image is grown for.

    Attributes
    ----------
    objective : str
        A key of ``OBJECTIVES``.
    layer : str or None
    index : int, tuple of int or None
        As ``xai.visualization.run`` takes it.
    """

    objective: str
    layer: str | None = None
    index: Index = None

    @property
    def classes(self) -> tuple[int, ...]:
        """The classes that it is about, the one that is wished for first."""
        if self.objective not in _OF_CLASSES:
            return ()
        return self.index if isinstance(self.index, tuple) else (int(self.index or 0),)

    @property
    def channel(self) -> int | None:
        """The channel or neuron that it is about, or None."""
        if self.objective not in _OF_A_CHANNEL:
            return None
        return self.index[0] if isinstance(self.index, tuple) else self.index


def choose(bench: Bench) -> Wish:
    """Draw all choices; return what was chosen."""
    kind, about, what = st.columns([48, 17, 26], vertical_alignment="bottom")
    with kind:
        words = {name: row.label for name, row in OBJECTIVES.items()}
        objective = controls.segments("wish", "Grow an image for", words, default="class")
    with about:
        panels.about(OBJECTIVES[objective])
    if objective in _OF_CLASSES:
        with what:
            return _of_classes(bench, objective)
    layer = choose_layer(bench, wanted=_has_channels)
    choices.restore(bench.model_name, layer)
    if objective == "layer":
        what.caption(f"**{layer.name}** is chosen below, in the drawing of the network.")
        return Wish(objective, layer.name)
    with what:
        return _of_a_channel(bench, objective, layer)


def seed() -> int:
    """Draw the choice of the seed."""
    link.restore("grow.seed", _seed, what="seed", default=0)
    found: int = st.number_input(
        "Seed",
        min_value=0,
        max_value=_MOST_SEED,
        key="grow.seed",
        help="Another seed begins with other noise, and often ends with another image.",
        persist_state="session",
    )
    link.publish("grow.seed", None if found == 0 else found)
    return int(found)


def _seed(text: str) -> int | None:
    return _whole(text, _MOST_SEED)


def _whole(text: str, most: int) -> int | None:
    """Return the number that a link's text stands for, or None if there is no such one."""
    plain = text.isascii() and text.isdigit() and len(text) < 7
    return int(text) if plain and int(text) <= most else None


def _of_classes(bench: Bench, objective: str) -> Wish:
    first, second = st.columns(2) if objective == "contrast" else (st.container(), None)
    with first:
        wanted = _class(bench, "wish.class", "Class", bench.target)
    if second is None:
        return Wish(objective, None, wanted)
    others = [place for place in bench.prediction.top(2 + 1) if place != wanted]
    with second:
        other = _class(bench, "wish.other", "and not", others[0], without=wanted)
    return Wish(objective, None, (wanted, other))


def _class(bench: Bench, key: str, label: str, default: int, *, without: int | None = None) -> int:
    """Draw the choice of a class; until one is chosen it is the workbench's."""
    options = [str(place) for place in range(len(bench.spec.classes)) if place != without]
    auto = f"{key}.auto"
    if st.session_state.setdefault(f"_{key}.of", bench.spec.classes) != bench.spec.classes:
        st.session_state[f"_{key}.of"] = bench.spec.classes
        st.session_state[auto] = True

    def parse(text: str) -> str | None:
        if text in options:
            _own(auto)
        return text if text in options else None

    link.restore(key, parse, what="class", default=str(default))
    if st.session_state.setdefault(auto, True) or st.session_state[key] not in options:
        st.session_state[key] = str(default)
    found: str = st.selectbox(
        label,
        options,
        key=key,
        format_func=lambda word: class_label(bench.spec, word),
        help="Until you choose one it is the class on the workbench. Type to search.",
        on_change=_own,
        args=(auto,),
        persist_state="session",
    )
    link.publish(key, None if st.session_state[auto] else found)
    return int(found)


def _own(auto: str) -> None:
    st.session_state[auto] = False


def _has_channels(layer: Layer) -> bool:
    """Say whether a layer gives maps or neurons."""
    return len(layer.shape) in (1, 3)


def _of_a_channel(bench: Bench, objective: str, layer: Layer) -> Wish:
    most = layer.shape[0] - 1
    chosen = choices.channel()
    channel = _strongest(bench, layer) if chosen is None else chosen
    beside = {"mix": 1, "unit": 2 if layer.spatial else 0}.get(objective, 0)
    first, *others = st.columns(1 + beside)
    with first:
        # The widget shows the choice, which the feature-map page makes as well.
        st.session_state["wish_channel"] = channel
        noun = "Channel" if layer.spatial else "Neuron"
        st.number_input(
            noun,
            min_value=0,
            max_value=most,
            key="wish_channel",
            on_change=_typed,
            help=f"0 to {most}: the one chosen on the feature-map page; at first the one that "
            "answers most to the image on the workbench.",
        )
    if objective == "mix":
        with others[0]:
            return Wish(objective, layer.name, (channel, _partner(channel, most)))
    if objective == "unit":
        return Wish(objective, layer.name, _place(layer, channel, others))
    return Wish(objective, layer.name, channel)


def _typed() -> None:
    choices.pick(int(st.session_state["wish_channel"]))


def _strongest(bench: Bench, layer: Layer) -> int:
    """Return the channel that answers most to the image on the workbench, on average."""
    means = cached.overview(bench.model_name, bench.digest, bench.input)
    return int(means[layer.name].argmax()) if layer.name in means else 0


def _partner(channel: int, most: int) -> int:
    """Draw the choice of a second channel."""

    def parse(text: str) -> int | None:
        found = _whole(text, most)
        return None if found == channel else found

    if most == 0:
        st.info("This layer has one channel alone: choose another layer.")
        st.stop()
    default = (channel + 1) % (most + 1)
    link.restore("wish.with", parse, what="second channel", default=default)
    if st.session_state["wish.with"] > most or st.session_state["wish.with"] == channel:
        st.session_state["wish.with"] = default
    found: int = st.number_input(
        "and channel",
        min_value=0,
        max_value=most,
        key="wish.with",
        help="Another one than the first.",
        persist_state="session",
    )
    link.publish("wish.with", found)
    return int(found)


def _place(layer: Layer, channel: int, columns: Sequence[DeltaGenerator]) -> tuple[int, ...]:
    """Draw the choice of a place of the channel's map, its middle at first; return the unit."""
    if not layer.spatial:
        return (channel,)
    sides = layer.shape[1:]
    chosen = choices.chosen_spot() or tuple(side // 2 for side in sides)
    places = []
    for word, at, side, column in zip(("row", "column"), chosen, sides, columns, strict=True):
        # As with the channel: the feature-map page makes this choice as well.
        st.session_state[f"wish_{word}"] = at = min(at, side - 1)
        column.number_input(
            word.capitalize(),
            min_value=0,
            max_value=side - 1,
            key=f"wish_{word}",
            on_change=_pointed,
            args=(channel,),
        )
        places.append(at)
    return (channel, *places)


def _pointed(channel: int) -> None:
    # The channel is chosen with it: a place of another one would be another unit.
    choices.pick(channel)
    choices.go(int(st.session_state["wish_row"]), int(st.session_state["wish_column"]))
