"""What can be taken away: points, features, the figure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from pages._ui.atlas import selection, view
from pages._ui.atlas.scene import Scene
from pages._ui.map_view import standalone
from xai.datasets import DATASETS
from xai.embedding import METHODS, Features, export
from xai.figures import map_svg


def show(scene: Scene, colour: str) -> None:
    """Offer the first map, and the features of each, as files."""
    everything = np.arange(len(scene.images))
    stem = f"{scene.bench.data}-{scene.bench.model_name}-map"
    st.markdown("**The map**")
    with st.container(horizontal=True):
        _file("Points (.csv)", lambda: _marked(selection.table(scene, everything)), f"{stem}.csv")
        _file("Figure (.svg)", lambda: _svg(scene, colour), f"{stem}.svg")
        _file("Figure with pictures (.html)", lambda: _html(scene, colour), f"{stem}.html")
    st.caption(
        "The table has the id, the classes, the confidence, the cluster and the place of each "
        "image. The HTML file is the live map with its pictures: it opens anywhere, without a "
        "network connection."
    )
    st.markdown("**The features that it is made of**")
    with st.container(horizontal=True):
        laid = scene.laid[0]
        _file(
            "Features (.npz)",
            lambda: export.npz_bytes(laid.features, laid.embedding),
            f"{stem}.npz",
        )
        _file("Features (.h5)", lambda: export.hdf5_bytes(_features(scene)), f"{stem}.h5")
    st.caption(
        "HDF5 holds `/<model>/<layer>/activations` and `labels`, with ids and the recipe; both "
        "hold the numbers after averaging and principal components, as the map used them."
    )


def _file(label: str, made: Callable[[], str | bytes], name: str) -> None:
    st.download_button(label, made, name, key=name, icon=":material/download:", on_click="ignore")


def _sentence(scene: Scene) -> str:
    wanted = scene.wanted[0]
    seen = "their pixels" if wanted.layer is None else f"layer {wanted.layer}"
    return (
        f"{len(scene.images):,} images of {DATASETS[scene.bench.data].label}, seen by {seen} of "
        f"{scene.bench.spec.label}. {METHODS[wanted.method].summary}"
    )


def _features(scene: Scene) -> list[Features]:
    """Return the features of each layer once: two maps may be of the same."""
    found = {(laid.features.model, laid.features.layer): laid.features for laid in scene.laid[::-1]}
    return list(found.values())[::-1]


def _marked(text: str) -> bytes:
    # Spreadsheets take a file for one of their own language unless it says that it is UTF-8.
    return text.encode("utf-8-sig")


def _names(scene: Scene) -> tuple[str, ...]:
    return view.names(scene.images, list(zip(scene.wanted, scene.laid, strict=True)))


def _svg(scene: Scene, colour: str) -> str:
    laid = scene.laid[0]
    found = view.colourings(scene.wanted[0], scene.images, _names(scene), laid, None)
    chosen = next((item for item in found if item.key == colour), found[0])
    return map_svg.map_svg(
        laid.embedding.points,
        chosen.values,
        names=chosen.names,
        colours=chosen.colours,
        title=scene.wanted[0].title,
        sentence=_sentence(scene),
        low=chosen.low,
        high=chosen.high,
        words=(chosen.low_word, chosen.high_word),
    )


def _html(scene: Scene, colour: str) -> str:
    sheet, columns, tile = view.thumbnails(scene.images)
    known = _names(scene)
    panels = [
        view.panel(wanted, scene.images, known, laid, view.Extras(replay=True))
        for wanted, laid in zip(scene.wanted, scene.laid, strict=True)
    ]
    return standalone(
        title=" · ".join(wanted.title for wanted in scene.wanted),
        sentence=_sentence(scene),
        ids=scene.images.ids,
        labels=scene.images.labels,
        classes=known,
        sprite=sheet,
        columns=columns,
        tile=tile,
        crisp=tile <= view.SMALL,
        panels=panels,
        colour=colour,
    )
