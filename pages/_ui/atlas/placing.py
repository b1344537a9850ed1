"""The workbench's image on a map that is already there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._ui import cached, link, progress
from pages._ui.atlas.scene import Scene
from pages._ui.map_view import Placed
from xai import embedding, images
from xai.embedding import Placement
from xai.embedding.frames import fit
from xai.embedding.maps import MapKey
from xai.figures import pictures
from xai.jobs import Report

_SIDE = 96


@dataclass(frozen=True)
class PlaceKey:
    """Where one image lies on one map."""

    map: MapKey
    iterations: int
    digest: str


def choice(scene: Scene) -> bool:
    """Draw the choice whether the workbench's image is shown on the map."""
    link.restore("place", {"True": True, "False": False}.get, what="mark", default=True)
    chosen = st.toggle(
        "Mark the workbench’s image",
        key="place",
        persist_state="session",
        help=f"Now {scene.bench.chosen.label}. An image that is not among these, your own or your "
        "drawing, is laid into the finished map: the other points stay where they are.",
    )
    link.publish("place", None if chosen else False)
    return chosen


def placed(scene: Scene) -> list[tuple[Placed, ...]]:
    """Return the mark of the workbench's image on each map."""
    return [_on(scene, index) for index in range(len(scene.laid))]


def _on(scene: Scene, index: int) -> tuple[Placed, ...]:
    laid, chosen = scene.laid[index], scene.bench.chosen
    picture = images.encode_png(pictures.picture(_small(scene)))
    frame = fit(laid.embedding.points)
    if chosen.id is not None and chosen.id in scene.images:
        place = scene.images.index(chosen.id)
        x, y = frame.place(laid.embedding.points[place][None])[0]
        near = tuple(int(other) for other in laid.neighbours[place])
        return (Placed(float(x), float(y), "on the workbench", picture, near),)
    try:
        found = _computed(scene, index)
    except ValueError as error:  # the map itself is as good
        st.caption(f":material/info: {chosen.label} is not on the map: {error}")
        return ()
    if found is None:
        return ()
    for sentence in found.notes:
        st.caption(f":material/info: {chosen.label}: {sentence}")
    x, y = frame.place(found.point[None])[0]
    near = tuple(int(other) for other in found.neighbours)
    return (Placed(float(x), float(y), chosen.label, picture, near),)


def _small(scene: Scene) -> np.ndarray:
    return cached.preview(scene.bench.digest_of_image, _SIDE, scene.bench.chosen.pixels)


def _computed(scene: Scene, index: int) -> Placement | None:
    wanted, laid = scene.wanted[index], scene.laid[index]
    model = cached.model(wanted.model)
    image = model.prepare(scene.bench.chosen.pixels)

    def work(report: Report) -> Placement:
        report(0, 0, "Looking for its neighbours")
        return embedding.place(model, image, laid.features, laid.embedding, progress=report)

    key = PlaceKey(wanted.key, laid.embedding.iterations, images.digest(image))
    found: Placement | None = progress.result(
        key, work, label=f"Placing {scene.bench.chosen.label}", keep=False, slot=f"place {index}"
    )
    return found
