"""Which classes a run reads rightly at a mark, and what it takes the others for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import cached, panels
from xai.figures import confusion, recall_chart

if TYPE_CHECKING:
    from pages._ui.lessons.lesson import Lesson

# The same at every epoch: with other words the browser would begin a new chart, which flickers.
_RECALL, _MATRIX = "recall of each class", "which class is taken for which"


def recall(lesson: Lesson, mark: float, key: str) -> None:
    """Draw the recall of each class."""
    run = lesson.run
    if not _tested(lesson):
        return
    shares = cached.recalls(run.digest, run)
    place = run.marks.index(mark)
    chart = recall_chart.recall_chart(shares, place, run.recipe.classes)
    st.altair_chart(chart, width="stretch", key=key, alt=_RECALL)
    worst = int(np.nanargmin(shares[place]))
    st.caption(
        f"Share of each class’s test images that is right at this epoch; the stroke is where the "
        f"run ends. Hardest now: {panels.plain(run.recipe.classes[worst])}."
    )


def matrix(lesson: Lesson, mark: float, key: str) -> None:
    """Draw which class is taken for which."""
    run = lesson.run
    if not _tested(lesson):
        return
    predicted = run.predicted[run.marks.index(mark)]
    chart = confusion.matrix(run.labels, predicted, run.recipe.classes)
    st.altair_chart(chart, width="stretch", key=key, alt=_MATRIX)
    st.caption(
        "Each row is a true class, each column what the network says; right answers lie on the "
        "diagonal. An untrained network has a favourite: one full column."
    )


def _tested(lesson: Lesson) -> bool:
    if len(lesson.run.labels):
        return True
    st.info("This run kept no test images: there is nothing to tell the classes by.")
    return False
