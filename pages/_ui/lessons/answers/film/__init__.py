"""The film of a layer: a map of its images for each epoch, each started from the one before.

=============  =====================================================================
``making``     recalled, or a job that shows the maps as they come
``screen``     the map that plays it, and the image that was clicked
``measuring``  how to read it, how far to trust it, downloads
=============  =====================================================================
"""

from __future__ import annotations

import streamlit as st

from pages._ui import controls, panels
from pages._ui.lessons.answers.film import making, measuring, screen
from pages._ui.lessons.lesson import Lesson, model_at
from xai.embedding import METHODS
from xai.embedding.evolution import CONTINUABLE, Evolution
from xai.embedding.evolution.shipped import COUNT

_COUNTS = (250, COUNT, 1000)
_TRAILS = {"chosen": "Of chosen points", "all": "Of all", "none": "None"}


def show(lesson: Lesson) -> None:
    """Show the film of a layer, of one run or of two beside each other."""
    if not len(lesson.images):
        st.info("This run kept no test images, so that there is nothing to map.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layer = _layer(lesson)
        method = controls.segments(
            "film.map", "Map", {name: METHODS[name].label for name in CONTINUABLE}, default="tsne"
        )
        trails = controls.segments("film.trails", "Trails", _TRAILS, default="chosen")
        count = controls.amount(
            "film.n", _COUNTS, len(lesson.images), usual=COUNT, least=50, most=_COUNTS[-1]
        )
    wanted = [making.wanted(one, layer, method, count) for one in _lessons(lesson, layer)]
    made: list[Evolution] = []
    for place, one in enumerate(wanted):
        during = screen.live if len(wanted) == 1 else None
        found = making.made(one, f"film-{place}", during=during, reserve=screen.HEIGHT)
        if found is None:
            return
        made.append(found)
    st.fragment(screen.show)(wanted, made, "" if trails == "none" else trails)
    measuring.show(wanted, made)


def _layer(lesson: Lesson) -> str:
    """Draw the choice of a layer; the last but one is where classes part best."""
    names = [layer.name for layer in model_at(lesson, lesson.run.marks[-1]).layers]
    usual = names[-2] if len(names) > 1 else names[0]
    return controls.select("film.layer", "Layer", {name: name for name in names}, default=usual)


def _lessons(lesson: Lesson, layer: str) -> list[Lesson]:
    """Return the runs whose films can stand side by side: of the same images and layer."""
    other = lesson.other
    if other is None:
        return [lesson]
    layers = {one.name for one in model_at(other, other.run.marks[-1]).layers}
    if other.images.signature != lesson.images.signature or layer not in layers:
        st.caption(
            f"Only {panels.plain(lesson.label)} is shown: the other run has other images or no "
            f"layer {panels.plain(layer)}."
        )
        return [lesson]
    return [lesson, other]
