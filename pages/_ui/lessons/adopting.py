"""An epoch of a run as the model of all pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import own_model
from pages._ui.lessons import mark
from pages._ui.lessons.lesson import Lesson, model_at
from xai.datasets import DATASETS

if TYPE_CHECKING:
    from xai.models import LoadedModel


def offer(lesson: Lesson) -> None:
    """Offer to put the chosen epoch on the workbench, that of both runs if there are two."""
    chosen = mark.current(lesson)
    place = st.container(horizontal=True, vertical_alignment="center")
    for side, one in (("a", lesson), ("b", lesson.other)):
        if one is None:
            continue
        named = "" if lesson.other is None else f" of {one.label}"
        place.button(
            f"Put epoch {mark.named(chosen)}{named} on the workbench",
            key=f"adopt-{side}",
            icon=":material/construction:",
            on_click=_adopt,
            args=(one, chosen),
            help="It becomes the model of every page of this session: its maps, its evidence, "
            "what fools it.",
        )


def _adopt(lesson: Lesson, chosen: float) -> None:
    try:
        model = model_at(lesson, chosen)
    except ValueError as error:
        st.toast(str(error), icon=":material/error:")
        return
    take(lesson, model)


def take(lesson: Lesson, model: LoadedModel) -> None:
    """Put a network that was made of a run on the workbench; for call-backs."""
    own_model.take(model)
    data = lesson.run.recipe.data
    if data in DATASETS and data in model.spec.fits:
        st.session_state["data"] = data
    st.toast(f"{model.spec.label}, is on the workbench: look at it on any page.")
