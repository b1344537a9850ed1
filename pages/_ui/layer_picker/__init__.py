"""The chosen layer: one choice for all pages, kept in the link, made in the drawn network."""

from __future__ import annotations

import difflib
from collections.abc import Callable

import streamlit as st

from pages._ui import cached, link
from pages._ui.network_view import network_view
from pages._ui.workbench import Bench
from xai.figures.sketches import kind_in_words
from xai.types import Layer

#: The chosen layer's name in the session and in the link.
KEY = "layer"

Wanted = Callable[[Layer], bool]


def _any(layer: Layer) -> bool:
    return True


def choose_layer(bench: Bench, *, wanted: Wanted = _any, label: str = "Layer") -> Layer:
    """Draw the network as a band to choose a layer from; return the chosen one.

    Parameters
    ----------
    bench : Bench
    wanted : callable
        Which layers this page can show.
    label : str
        Name of the choice.
    """
    layers = [layer for layer in bench.model.layers if wanted(layer)]
    chosen = wanted_layer(bench, wanted=wanted)
    drawn = cached.strip(bench.model_name)
    state = network_view(
        drawn.main,
        details=drawn.details,
        selected=chosen.name,
        key="layer-strip",
        label=label,
        compact=True,
        pickable=[layer.name for layer in layers],
        words=in_words(layers),
    )
    return chosen if state.layer == chosen.name else pick(bench, state.layer)


def pointing(layer: Layer) -> bool:
    """Say whether a layer's maps can point at a place: they have more than one."""
    return layer.spatial and max(layer.shape[1:]) > 1


def is_chosen() -> bool:
    """Say whether this session or its link has chosen a layer."""
    return KEY in st.session_state or link.asks(KEY)


def wanted_layer(bench: Bench, *, wanted: Wanted = _any) -> Layer:
    """Return the layer that link and reader ask for, or one near it that a page can show.

    What a page cannot show stays chosen for the others.

    Parameters
    ----------
    bench : Bench
    wanted : callable
        Which layers the page can show.
    """
    layers = bench.model.layers
    names = tuple(layer.name for layer in layers)
    default = bench.spec.cam_layer if bench.spec.cam_layer in names else names[0]
    name = link.restore(
        KEY,
        link.one_of(names),
        what="layer",
        default=default,
        nearest=lambda text: _nearest(text, names),
    )
    if name not in names:  # it was another model's
        name = _nearest(name, names) or default
    chosen = pick(bench, name)
    if wanted(chosen):
        return chosen
    place = names.index(name)
    before = [layer for layer in layers[:place] if wanted(layer)]
    after = [layer for layer in layers[place:] if wanted(layer)]
    if not before and not after:
        raise ValueError(f"{bench.spec.label} has no layer that can be shown here.")
    return before[-1] if before else after[0]


def _nearest(name: str, names: tuple[str, ...]) -> str | None:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return near[0] if near else None


def pick(bench: Bench, name: str) -> Layer:
    """Make a layer the chosen one on every page; return it.

    Raises
    ------
    ValueError
        If the model has no such layer.
    """
    found = next((layer for layer in bench.model.layers if layer.name == name), None)
    if found is None:
        raise ValueError(f"layer: {name!r} is not one of {bench.spec.label}")
    st.session_state[KEY] = name
    link.publish(KEY, name)
    return found


def in_words(layers: list[Layer]) -> dict[str, str]:
    """Say kind and output of layers in words, by their names."""
    return {layer.name: f"{kind_in_words(layer.kind)} · {_output(layer)}" for layer in layers}


def _output(layer: Layer) -> str:
    count, *sides = layer.shape
    things = ("map" if sides else "value") + ("" if count == 1 else "s")
    size = " × ".join(str(side) for side in sides)
    return f"{count:,} {things}" + (f" of {size}" if sides else "")


def described(layer: Layer) -> str:
    """Return a layer's name, kind and output shape in one line."""
    return f"{layer.name} · {layer.kind} · {shape(layer)}"


def shape(layer: Layer) -> str:
    """Return a layer's output shape for people."""
    return " × ".join(str(side) for side in layer.shape)
