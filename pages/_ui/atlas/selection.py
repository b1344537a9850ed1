"""The selected images: who they are, how pure the selection is, and what is mixed up in it."""

from __future__ import annotations

import io
import zipfile
from collections import Counter

import numpy as np
import streamlit as st

from pages._ui.atlas import scene as scenes
from pages._ui.atlas.scene import Scene
from xai import images
from xai.embedding import export
from xai.figures import charts

#: Images of a selection that are shown, and that a download holds.
_SHOWN = 400
_PACKED = 2000


def show(scene: Scene, passed: np.ndarray) -> None:
    """Show the selection; with none, the images that pass the filter."""
    chosen = scenes.selected(scene.images)
    what = "selected"
    if not chosen:
        chosen = tuple(int(place) for place in np.flatnonzero(passed))
        what = "on the map" if passed.all() else "that pass the filter"
    if not chosen:
        st.info("No image passes the filter.", icon=":material/filter_alt_off:")
        return
    hint = "" if what == "selected" else " Select some on the map with box or lasso."
    pictures(scene, chosen, what, hint)
    _figures(scene, chosen)
    _downloads(scene, chosen)


def pictures(scene: Scene, chosen: tuple[int, ...], what: str, hint: str = "") -> None:
    """Show some images of the map, an even part of them if they are many."""
    st.markdown(f"**{len(chosen):,} images {what}**")
    shown = chosen if len(chosen) <= _SHOWN else _spread(chosen)
    scenes.pictures(scene, shown, "chosen", 212)
    few = "" if shown is chosen else f" {len(shown)} of them are shown."
    st.caption(f"Click one to inspect it.{few}{hint}")


def _spread(chosen: tuple[int, ...]) -> tuple[int, ...]:
    places = np.linspace(0, len(chosen) - 1, _SHOWN).astype(int)
    return tuple(chosen[place] for place in places)


def _figures(scene: Scene, chosen: tuple[int, ...]) -> None:
    labels = [scene.true_name(place) for place in chosen]
    counts = Counter(labels).most_common()
    known = [place for place in chosen if scene.truth[place] >= 0]
    right = sum(not scene.wrong[place] for place in known)
    one, two = st.columns(2)
    one.metric(
        "Purity",
        f"{counts[0][1] / len(chosen):.0%}",
        border=True,
        help=f"Share of the commonest class, {counts[0][0]}.",
    )
    two.metric(
        "Classified right",
        f"{right / len(known):.1%}" if known else "unknown",
        border=True,
        help="Of the images whose class the network knows.",
    )
    mixed = Counter(
        (scene.true_name(place), scene.predicted_name(place))
        for place in known
        if scene.wrong[place]
    )
    if mixed:
        (true, seen), count = mixed.most_common(1)[0]
        often = {1: "once", 2: "twice"}.get(count, f"{count} times")
        st.markdown(f"Commonest confusion: **{true}** seen as **{seen}**, {often}.")
    elif known:
        st.markdown("No image among them is confused with another class.")
    predicted = Counter(scene.predicted_name(place) for place in chosen)
    chart = charts.shares(dict(counts), dict(predicted))
    st.altair_chart(chart, width="stretch", alt="images by true and predicted class")


def _downloads(scene: Scene, chosen: tuple[int, ...]) -> None:
    def packed() -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("images.csv", table(scene, np.array(chosen)))
            for place in chosen[:_PACKED]:
                name = f"{place:05d}.png"
                file.writestr(f"images/{name}", images.encode_png(scene.images.images[place]))
        return buffer.getvalue()

    st.download_button(
        "Images and table (.zip)",
        packed,
        "selection.zip",
        "application/zip",
        key="selection-file",
        icon=":material/download:",
        on_click="ignore",
    )


def table(scene: Scene, places: np.ndarray) -> str:
    """Return some images of the first map as CSV: names, classes, confidence, position."""
    laid = scene.laid[0]
    return export.csv_text(laid.features, laid.embedding, clusters=laid.clusters, chosen=places)
