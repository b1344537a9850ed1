"""Separability by depth: what each layer's own space tells of the classes, without a map."""

from __future__ import annotations

import streamlit as st

from pages._ui import cached, panels, progress
from pages._ui.atlas.scene import Scene
from xai.embedding import Separability, maps
from xai.embedding.maps import SeparabilityKey
from xai.figures import depth
from xai.jobs import Report


def show(scene: Scene) -> None:
    """Show k-NN accuracy and a linear probe for every layer, each in its own space."""
    wanted, model, images = scene.wanted[0], scene.bench.model, scene.images

    key = SeparabilityKey(wanted.data, wanted.model, wanted.weights)
    shelf = cached.shelf(wanted.own)

    def work(report: Report) -> Separability:
        return maps.separability_of(key, model, images, shelf, progress=report)

    label = f"All layers of {scene.bench.spec.label}, {len(images):,} images"
    try:
        found = progress.result(key, work, label=label, keep=False, slot="depth")
    except ValueError as error:  # too few images, or one class: the map itself is as good
        st.info(str(error), icon=":material/info:")
        return
    if found is None:
        st.skeleton(360)
        return
    chart = depth.by_depth(
        found.layers, found.knn, found.probe, chance=found.chance, chosen=wanted.layer
    )
    st.altair_chart(chart, width="stretch", alt="separability of the classes in each layer")
    st.caption(
        f"Measured in each layer’s own space, on {found.test:,} images that were held out from "
        f"{found.train:,}: not on the map. A pretty map of a layer with a low line is the "
        "map’s doing, and a muddled map of a layer with a high line is too. The dashed line is "
        "what always answering the commonest class would reach; the upright one marks the "
        "layer of the map."
    )
    for sentence in found.notes:
        st.caption(sentence)
    names = ["pixels" if name is None else name for name in found.layers]
    rows = zip(names, found.dims, found.knn, found.probe, strict=True)
    lines = [f"{name},{dims},{knn:.4f},{probe:.4f}" for name, dims, knn, probe in rows]
    text = "\n".join(["layer,dimensions,knn_accuracy,linear_probe_accuracy", *lines])
    panels.download_text(text + "\n", "separability.csv", "Table (.csv)")
