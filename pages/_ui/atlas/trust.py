"""How far a map can be believed: its quality, its stability, and what may be read from it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui import cached, progress
from pages._ui.atlas.choices import Wanted
from pages._ui.atlas.computing import Laid
from pages._ui.atlas.scene import Scene
from xai import embedding
from xai.datasets import ImageSet
from xai.embedding import METHODS, Embedding, Stability
from xai.embedding.maps import StabilityKey
from xai.features.keys import features_of
from xai.jobs import Report

#: What the figures of a map's quality mean.
QUALITY = {
    "Trustworthiness": "How rarely the map shows neighbours that are none: 1 is never.",
    "Neighbours kept": "Share of the ten nearest images that are still among the ten nearest.",
    "k-NN on the map": "Share of images whose ten neighbours on the map vote for their class.",
    "k-NN in the layer": "The same with the neighbours in the layer’s own space.",
}
_KEYS = (
    "trustworthiness",
    "neighbourhood_preservation",
    "knn_accuracy",
    "knn_accuracy_features",
)
#: Neighbours kept above and below which a map is called faithful and lossy.
_GOOD, _POOR = 0.5, 0.25
_READ = {
    "tsne": "**May be read:** who is next to whom. **May not:** how far two islands are apart, how "
    "large or dense an island is, or which way is up.",
    "umap": "**May be read:** who is next to whom. **May not:** how far two islands are apart, how "
    "large or dense an island is, or which way is up.",
    "pca": "**May be read:** directions and large distances. **May not:** that two images which "
    "overlap are alike: everything outside the two directions is flattened.",
}


def figures(found: Embedding) -> list[tuple[str, str]]:
    """Return the figures that say how far a map can be trusted."""
    pairs = zip(QUALITY, _KEYS, strict=True)
    return [(name, f"{found.quality[key]:.1%}") for name, key in pairs if key in found.quality]


def show(scene: Scene) -> None:
    """Show quality and stability of each map."""
    columns = st.columns(len(scene.laid), gap="large")
    for index, (wanted, laid) in enumerate(zip(scene.wanted, scene.laid, strict=True)):
        with columns[index]:
            if len(scene.laid) > 1:
                st.markdown(f"**{wanted.title}**")
            _quality(laid)
            st.markdown(_READ[wanted.method])
            _stability(wanted, scene.images, index)


def _quality(laid: Laid) -> None:
    shown = figures(laid.embedding)
    columns = [column for _ in range(0, len(shown), 2) for column in st.columns(2)]
    for column, (name, value) in zip(columns, shown, strict=False):
        column.metric(name, value, border=True, help=QUALITY[name])
    kept = laid.embedding.quality["neighbourhood_preservation"]
    drawn, real = (laid.embedding.quality.get(key) for key in _KEYS[2:])
    if kept >= _GOOD:
        st.markdown(f"Most neighbours are true: {kept:.0%} of the ten nearest images stay near.")
    elif kept >= _POOR:
        st.markdown(
            f"{kept:.0%} of the ten nearest images stay near: islands can be believed, "
            "single neighbours only after a look at the lines of an inspected image."
        )
    else:
        st.markdown(
            f"Only {kept:.0%} of the ten nearest images stay near: most neighbours on this "
            "map are none. Colour it by trust to see where."
        )
    if drawn is not None and real is not None and drawn > real + 0.02:
        st.markdown(
            "Classes look **more separate here than they are** in the layer "
            f"({drawn:.1%} against {real:.1%})."
        )


def _stability(wanted: Wanted, images: ImageSet, index: int) -> None:
    found = stability(wanted)
    asked: set[object] = st.session_state.setdefault("_stability", set())
    if found is None and wanted.key not in asked:
        st.button(
            "Is it stable? Run it three times",
            icon=":material/casino:",
            key=f"stable-{index}",
            help="From three random starts, laid over each other as well as turning, mirroring "
            "and scaling allow.",
            on_click=asked.add,
            args=(wanted.key,),
        )
        return
    if found is None:
        found = _computed(wanted, images, index)
    if found is None:
        return
    st.metric(
        "Same neighbours in three runs",
        f"{found.overlap:.0%}",
        border=True,
        help="Share of the ten neighbours on the map that two runs from other random starts "
        "have in common, on average.",
    )
    for sentence in found.notes:
        st.caption(sentence)
    st.caption(
        f"After alignment a point lies {np.mean(found.spread):.0%} of the map’s radius from its "
        "mean place: islands may swap places while neighbours stay. Colour the map by "
        "stability to see which images move."
    )


def _computed(wanted: Wanted, images: ImageSet, index: int) -> Stability | None:
    label = f"Three runs of {METHODS[wanted.method].label}"
    key, work = StabilityKey(wanted.key), _runs(wanted, images)
    try:
        found: Stability | None = progress.result(
            key, work, label=label, keep=False, slot=f"stability {index}"
        )
    except ValueError as error:  # the map itself is as good
        st.info(str(error), icon=":material/info:")
        return None
    return found


def stability(wanted: Wanted) -> Stability | None:
    """Return how stable a map is, if that has been computed."""
    found: Stability | None = cached.shelf(wanted.own).load(StabilityKey(wanted.key))
    return found


def _runs(wanted: Wanted, images: ImageSet) -> progress.Work:
    model, shelf = cached.model(wanted.model), cached.shelf(wanted.own)

    def work(report: Report) -> Stability:
        features = features_of(wanted.features, model, images, shelf, progress=report)
        found = embedding.stability(features, wanted.method, params=wanted.params, progress=report)
        shelf.save(StabilityKey(wanted.key), found)
        return found

    return work
