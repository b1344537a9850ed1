"""The map and all that hangs on it: one fragment, so that a click runs nothing else."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from pages._ui import controls, link
from pages._ui.atlas import (
    computing,
    depth,
    exports,
    filters,
    inspector,
    mistakes,
    placing,
    selection,
    trust,
    view,
)
from pages._ui.atlas import scene as scenes
from pages._ui.atlas.choices import Wanted
from pages._ui.atlas.computing import Laid, Underway
from pages._ui.atlas.scene import Scene
from pages._ui.map_view import MapState, Panel, Placed, map_view
from pages._ui.workbench import Bench
from xai.datasets import DATASETS, ImageSet
from xai.embedding import METHODS

#: Height of the map in CSS pixels.
_HEIGHT = 680
#: Seconds between two looks at a map that is being made.
_POLL = 0.3
_SECTIONS = {
    "images": "Images",
    "mistakes": "Mistakes",
    "trust": "How far to trust it",
    "depth": "Separability by depth",
    "export": "Export",
}
_MARKS = ("dots", "pictures")
_REPLAYED = "_replayed"
_FAILED = "_failed_maps"


class Places(NamedTuple):
    """Where on the page things go."""

    map: st.delta_generator.DeltaGenerator
    below: st.delta_generator.DeltaGenerator
    side: st.delta_generator.DeltaGenerator


def explore(bench: Bench, images: ImageSet, wanted: tuple[Wanted, ...]) -> None:
    """Show the maps while they are made, and everything about them when they are there.

    Raises
    ------
    ValueError
        If a map cannot be made of these images.
    """
    failed: dict[tuple[Wanted, ...], str] = st.session_state.setdefault(_FAILED, {})
    if wanted in failed:  # told once; the next run tries again
        st.error(failed.pop(wanted), icon=":material/error:")
        return
    found = _found(images, wanted)
    # Where there is nothing to see, the page has just said why, and must not say it twice.
    wanted = tuple(one for one, how in zip(wanted, found, strict=True) if how is not None)
    if not wanted:
        return
    busy = any(isinstance(item, Underway) for item in found)
    st.fragment(_guarded, run_every=_POLL if busy else None)(bench, images, wanted, busy)


def _guarded(bench: Bench, images: ImageSet, wanted: tuple[Wanted, ...], polled: bool) -> None:
    """Say what goes wrong: a fragment that runs by itself is not guarded by the page."""
    try:
        _part(bench, images, wanted, polled)
    except ValueError as error:
        if polled:  # else the timer would try it again and again
            st.session_state[_FAILED][wanted] = str(error)
            st.rerun()
        st.error(str(error), icon=":material/error:")


def _found(images: ImageSet, wanted: tuple[Wanted, ...]) -> list[Laid | Underway | None]:
    return [computing.follow(item, images, f"map {index}") for index, item in enumerate(wanted)]


def _part(bench: Bench, images: ImageSet, wanted: tuple[Wanted, ...], polled: bool) -> None:
    known = [item for item in _found(images, wanted) if item is not None]
    busy = any(isinstance(item, Underway) for item in known)
    if busy != polled or len(known) < len(wanted):
        # The timer of this fragment starts and ends with the page's own run.
        st.rerun()
    scenes.restore(images)
    laid = tuple(item for item in known if isinstance(item, Laid))
    if len(laid) < len(wanted):
        _underway(bench, images, wanted, known)
    else:
        _finished(Scene(bench, images, wanted, laid))


def _underway(
    bench: Bench, images: ImageSet, wanted: tuple[Wanted, ...], found: list[Laid | Underway]
) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="map-bar"):
        for index, (item, how) in enumerate(zip(wanted, found, strict=True)):
            if not isinstance(how, Underway):
                continue
            st.progress(how.share, text=how.sentence)
            if how.measuring:
                continue
            if st.button("Stop", key=f"stop-map-{index}", icon=":material/stop:"):
                computing.halt(item)
                st.rerun()
    ready = [(one, how) for one, how in zip(wanted, found, strict=True) if isinstance(how, Laid)]
    known = view.names(images, ready)
    panels = [
        view.moving(one, images, how)
        if isinstance(how, Underway)
        else view.panel(one, images, known, how, view.Extras())
        for one, how in zip(wanted, found, strict=True)
    ]
    places = _columns(len(wanted))
    with places.map:
        _map(images, known, panels, None)
    with places.side:
        st.markdown("**On its way**")
        st.markdown(_waiting(found))
        st.caption("Stop keeps what has been reached. You may leave the page: it goes on.")


def _waiting(found: list[Laid | Underway]) -> str:
    under = [how for how in found if isinstance(how, Underway)]
    if all(how.measuring for how in under):
        return "The map was stopped. How far it can be trusted is being measured."
    if any(isinstance(how, Underway) and how.drawn is None for how in found):
        return (
            "Watch the islands part: images that the layer finds alike pull each other, all "
            "others push. Nobody tells the map the classes: they only colour it."
        )
    return (
        "This map was made before. What the network says of each image, and which images are "
        "truly its neighbours, is being computed now."
    )


def _columns(maps: int) -> Places:
    if maps > 1:  # two maps need the width
        place = st.container()
        below, side = st.columns([2, 1], gap="medium")
        return Places(place, below, side)
    left, side = st.columns([2, 1], gap="medium")
    return Places(left.container(), left.container(), side)


def _finished(scene: Scene) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        passed = filters.row(scene)
        show = placing.choice(scene)
    places = _columns(len(scene.laid))
    with places.map:
        placed = placing.placed(scene) if show else [() for _ in scene.laid]
        pairs = list(zip(scene.wanted, scene.laid, strict=True))
        known = view.names(scene.images, pairs)
        panels = [
            view.panel(wanted, scene.images, known, laid, _extras(wanted, marks))
            for (wanted, laid), marks in zip(pairs, placed, strict=True)
        ]
        _map(scene.images, known, panels, passed)
        _caption(scene)
    with places.side:
        inspector.show(scene)
    with places.below:
        _halted(scene)
        _section(scene, passed)


def _section(scene: Scene, passed: np.ndarray) -> None:
    section = controls.segments("part", "About this map", _SECTIONS, default="images")
    if section == "images":
        selection.show(scene, passed)
    elif section == "mistakes":
        mistakes.show(scene, passed)
    elif section == "trust":
        trust.show(scene)
    elif section == "depth":
        depth.show(scene)
    else:
        exports.show(scene, st.session_state.get("colour", "true"))


def _extras(wanted: Wanted, placed: tuple[Placed, ...]) -> view.Extras:
    stable = trust.stability(wanted)
    return view.Extras(
        placed,
        replay=view.run_of(wanted) in st.session_state.get(_REPLAYED, ()),
        overlap=None if stable is None else stable.overlap_points,
    )


def _halted(scene: Scene) -> None:
    for index, (wanted, laid) in enumerate(zip(scene.wanted, scene.laid, strict=True)):
        if laid.embedding.stopped:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.info(
                    f"{wanted.title} was stopped at step {laid.embedding.iterations} of "
                    f"{laid.embedding.total}.",
                    icon=":material/stop_circle:",
                )
                if st.button("Make it to the end", key=f"resume-{index}", icon=":material/replay:"):
                    computing.resume(wanted)
                    st.rerun()


def _map(
    images: ImageSet, known: tuple[str, ...], panels: list[Panel], passed: np.ndarray | None
) -> None:
    sheet, columns, tile = view.thumbnails(images)
    keys = {item.key for item in panels[0].colourings}
    link.restore("colour", link.one_of(view.COLOURS), what="colouring", default="true")
    link.restore("marks", link.one_of(_MARKS), what="kind of marks", default="dots")
    colour = st.session_state["colour"]
    state = map_view(
        ids=images.ids,
        labels=images.labels,
        classes=known,
        sprite=sheet,
        columns=columns,
        tile=tile,
        crisp=tile <= view.SMALL,
        panels=panels,
        visible=passed,
        selected=[images.ids[place] for place in scenes.selected(images)],
        inspected=scenes.point(),
        colour=colour if colour in keys else "true",
        marks=st.session_state["marks"],
        key="atlas",
        height=_HEIGHT,
        label=f"map of {len(images)} images",
    )
    if colour in keys or state.colour != "true":  # else what was chosen comes with the map's end
        st.session_state["colour"] = state.colour
    _take(state)


def _take(state: MapState) -> None:
    """Take over what the reader did on the map."""
    colour = st.session_state["colour"]
    link.publish("colour", None if colour == "true" else colour)
    link.publish("marks", None if state.marks == "dots" else state.marks)
    st.session_state["marks"] = state.marks
    scenes.select(state.selected)
    scenes.inspect(state.inspected)
    link.publish(scenes.POINT, scenes.point())
    asked: set[str] = st.session_state.setdefault(_REPLAYED, set())
    if state.replay is not None and state.replay not in asked:
        asked.add(state.replay)
        scenes.refresh()


def _caption(scene: Scene) -> None:
    """Say what is seen and how to read it."""
    notes = [note for laid in scene.laid for note in (*laid.features.notes, *laid.embedding.notes)]
    if len({one.model for one in scene.wanted}) > 1:
        label = scene.bench.spec.label
        notes.append(f"Filter, mistakes, neighbours and inspector speak of the first: {label}.")
    for sentence in dict.fromkeys(notes):
        st.caption(f":material/info: {sentence}")
    recipes = [_recipe(one, laid) for one, laid in zip(scene.wanted, scene.laid, strict=True)]
    summaries = dict.fromkeys(METHODS[wanted.method].summary for wanted in scene.wanted)
    st.caption(
        f"One point is one of {len(scene.images):,} images of {DATASETS[scene.bench.data].label}. "
        f"{' '.join(recipes)} {' '.join(summaries)} Click a point to inspect it."
    )


def _recipe(wanted: Wanted, laid: Laid) -> str:
    """Say of how many numbers a map is made."""
    found = laid.features
    seen = "their pixels" if wanted.layer is None else f"the layer {wanted.layer}"
    kept = ""
    if wanted.reduce != "none":
        kept = (
            f", then {found.components} principal components with "
            f"{found.explained_variance:.0%} of the variance"
        )
    return f"{wanted.title}: {found.raw_dim:,} numbers of {seen}{kept}."
