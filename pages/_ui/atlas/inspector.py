"""One image of the map: what the network says of it and why, and what lies nearest."""

from __future__ import annotations

import dataclasses

import streamlit as st

from pages._ui import cached, panels
from pages._ui.atlas import scene as scenes
from pages._ui.atlas.scene import Scene
from pages._ui.evidence import maps
from pages._ui.image_source import Chosen
from pages._ui.workbench import Bench

#: The languages in which the decision is explained here; the attribution page has all.
_EVIDENCE = ("grad_cam", "guided_backprop", "guided_grad_cam", "lrp")


def show(scene: Scene) -> None:
    """Show the inspected image, or say how to inspect one."""
    name = scenes.point()
    if name is None or name not in scene.images:
        _empty(scene)
        return
    place = scene.images.index(name)
    bench = _bench_of(scene, place)
    _head(scene, bench, place)
    near = tuple(int(other) for other in scene.laid[0].neighbours[place])
    st.markdown(f"**Its {len(near)} nearest images**")
    scenes.pictures(scene, near, "near", 106)
    labels = scene.images.labels
    share = ""
    if (labels == labels[place]).sum() > 1:
        same = sum(labels[other] == labels[place] for other in near)
        share = f" {same} of {len(near)} share its class."
    st.caption(
        f"Nearest in the {scene.laid[0].features.components} numbers that the map is made of, "
        f"not on the map; lines on the map lead to them.{share}"
    )
    st.markdown(f"**Evidence for {bench.target_name}**")
    maps.several(bench, _EVIDENCE)
    panels.probabilities(bench, bench.prediction)


def _empty(scene: Scene) -> None:
    wrong, known = int(scene.wrong.sum()), int((scene.truth >= 0).sum())
    st.markdown("**No image is chosen**")
    st.markdown(
        "Click a point to see its image, what the network makes of it and why. "
        "Shift-click, box or lasso select several."
    )
    if known:
        st.metric(
            "Classified right",
            f"{1 - wrong / known:.1%}",
            border=True,
            help=f"{known - wrong:,} of the {known:,} images whose class the network knows.",
        )
    if scene.images.split == "all":
        held = scene.images.held_out
        st.caption(
            f"{len(scene.images) - held:,} of these images trained the network: its share of "
            "right answers says less than on images it has never seen."
        )


def _bench_of(scene: Scene, place: int) -> Bench:
    """Return a workbench with an image of the map on it, and its predicted class."""
    images = scene.images
    known = images.classes[int(images.labels[place])]
    chosen = Chosen(
        images.images[place],
        images.ids[place],
        None if known == "unlabelled" else known,
        images.ids[place],
    )
    return dataclasses.replace(scene.bench, chosen=chosen, wanted="predicted")


def _head(scene: Scene, bench: Bench, place: int) -> None:
    left, right = st.columns([1, 1.2], gap="small")
    with left:
        shown = cached.preview(bench.digest_of_image, 280, bench.chosen.pixels)
        panels.image(shown, alt=f"the image {bench.chosen.label}")
    with right:
        st.markdown(f"`{bench.chosen.label}`")
        true, seen = scene.true_name(place), bench.prediction.name
        mark = ""
        if scene.truth[place] >= 0:
            mark = ":material/check:" if true == seen else ":material/close:"
        st.markdown(f"True: **{true}**")
        st.markdown(f"Seen: **{seen}** {mark} {bench.prediction.confidence:.1%}")
        if st.button(
            "Use this image",
            icon=":material/input:",
            on_click=_use,
            args=(bench.chosen.label,),
            help="Puts it on the workbench: all pages look at it then.",
        ):
            st.rerun()
        st.button(
            "Close",
            icon=":material/close:",
            key="close-point",
            on_click=scenes.inspect,
            args=(None,),
        )


def _use(name: str) -> None:
    st.session_state["image"] = name
    st.session_state["source"] = "browse"
    st.session_state["browse_class"] = "all"
