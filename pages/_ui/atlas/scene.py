"""What the parts of the page share: the images, and the finished maps of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import link, progress
from pages._ui.gallery import gallery
from pages._ui.workbench import Bench

if TYPE_CHECKING:
    from pages._ui.atlas.choices import Wanted
    from pages._ui.atlas.computing import Laid
    from xai.datasets import ImageSet

#: Id of the image that the inspector shows, in the session's state and in the link.
POINT = "point"
_SELECTED = "_selected"


@dataclass(frozen=True, eq=False)
class Scene:
    """One or two finished maps of the same images.

    Attributes
    ----------
    bench : Bench
    images : ImageSet
        One image a point.
    wanted : tuple of Wanted
        What was asked for.
    laid : tuple of Laid
        The maps, in the same order.
    """

    bench: Bench
    images: ImageSet
    wanted: tuple[Wanted, ...]
    laid: tuple[Laid, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that the workbench's model knows."""
        return self.bench.spec.classes

    @property
    def predicted(self) -> np.ndarray:
        """What the workbench's model sees in each image: (N,) int64, -1 for no answer."""
        found = self.laid[0].features.predicted
        return np.full(len(self.images), -1, np.int64) if found is None else found

    @property
    def confidence(self) -> np.ndarray:
        """How sure it is: (N,) float32, NaN for no answer."""
        found = self.laid[0].features.confidence
        return np.full(len(self.images), np.nan, np.float32) if found is None else found

    @cached_property
    def truth(self) -> np.ndarray:
        """Index of each true class among the model's classes, -1 where it has none."""
        return truth(self.images, self.classes)

    @cached_property
    def wrong(self) -> np.ndarray:
        """Where the model is wrong about a class that it knows: (N,) bool."""
        return (self.truth >= 0) & (self.predicted >= 0) & (self.truth != self.predicted)

    def true_name(self, place: int) -> str:
        """Return the name of an image's true class."""
        return self.images.classes[int(self.images.labels[place])]

    def predicted_name(self, place: int) -> str:
        """Return the name of the class that the model sees."""
        seen = int(self.predicted[place])
        return self.classes[seen] if seen >= 0 else "nothing: its answer is no number"

    def caption(self, place: int) -> str:
        """Return an image's classes and name in one line."""
        true, seen = self.true_name(place), self.predicted_name(place)
        named = true if true == seen else f"{true}, seen as {seen}"
        return f"{named} · {self.images.ids[place]}"


def truth(images: ImageSet, classes: tuple[str, ...]) -> np.ndarray:
    """Return the index of each image's true class among a model's classes, -1 if it has none."""
    places = {name: index for index, name in enumerate(classes)}
    known = np.array([places.get(name, -1) for name in images.classes])
    found: np.ndarray = known[images.labels]
    return found


def pictures(scene: Scene, places: tuple[int, ...], key: str, height: int) -> None:
    """Show images of the map; a click inspects one."""
    captions = [scene.caption(place) for place in places]
    picked = gallery(scene.images, places, captions, selected=point(), key=key, height=height)
    if picked is not None and picked != point():
        inspect(picked)
        refresh()


def restore(images: ImageSet) -> None:
    """Take the inspected image from the link."""
    link.restore(POINT, link.one_of(images.ids), what="image on the map", default=None)
    if st.session_state[POINT] not in images:
        st.session_state[POINT] = None
    link.publish(POINT, point())


def point() -> str | None:
    """Return the id of the inspected image, or None."""
    found: str | None = st.session_state.get(POINT)
    return found


def inspect(name: str | None) -> None:
    """Show an image in the inspector from the next run on; None closes it."""
    st.session_state[POINT] = name


def refresh() -> None:
    """Run the map's fragment again, or the page if that is what runs now."""
    st.rerun(scope="fragment" if progress.in_fragment_run() else "app")


def selected(images: ImageSet) -> tuple[int, ...]:
    """Return the places of the selected images that are on the map."""
    names: tuple[str, ...] = st.session_state.get(_SELECTED, ())
    return tuple(images.index(name) for name in names if name in images)


def select(names: tuple[str, ...]) -> None:
    """Select images from the next run on."""
    st.session_state[_SELECTED] = names
