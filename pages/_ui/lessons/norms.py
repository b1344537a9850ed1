"""Numbers that change through the whole run, with a line at the epoch that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages._ui import panels
from pages._ui.lessons import glance
from xai.figures import epoch_lines
from xai.figures.wording import percent

if TYPE_CHECKING:
    from pages._ui.lessons.lesson import Lesson
    from pages._ui.workbench import Bench

_NORMS = {"weight": "Length of the weights", "gradient": "Length of the gradient"}


def norms(lesson: Lesson, mark: float, key: str) -> None:
    """Draw the norms of the weights and of their gradients."""
    epochs = lesson.run.epochs
    if not epochs:
        st.info("This run ended within its first epoch: there are no norms to show.")
        return
    numbers = [epoch.number for epoch in epochs]
    for what, title in _NORMS.items():
        found = [getattr(epoch, f"{what}_norms") for epoch in epochs]
        lines = {name: [epoch[name] for epoch in found] for name in found[0]}
        options: dict[str, Any] = {"title": title, "unit": "norm", "height": 250}
        chart = epoch_lines.norm_lines(numbers, lines, mark, **options)
        st.altair_chart(chart, width="stretch", key=f"{key}-{what}", alt=f"{title} by epoch")
    st.caption(
        "Square root of the sum of squares of each layer’s weights, and of their gradients "
        "(mean over the steps of an epoch); both axes are logarithmic. Weights grow while there "
        "is something to learn; gradients shrink when nothing is left to correct."
    )


def scores(lesson: Lesson, bench: Bench, mark: float, key: str) -> None:
    """Draw what the network made of the image at each mark."""
    here = glance.bench_of(bench, lesson)
    found = glance.course(lesson, here)
    run = lesson.run
    chart = epoch_lines.probability_lines(
        run.marks, found.probabilities, run.recipe.classes, mark, title="What it says of this image"
    )
    st.altair_chart(chart, width="stretch", key=key, alt="probabilities of the classes by epoch")
    place = run.marks.index(mark)
    label = int(found.probabilities[place].argmax())
    share = float(found.probabilities[place, label])
    says, truth = run.recipe.classes[label], here.chosen.class_name or "unknown"
    st.caption(
        f"At this epoch {panels.plain(says)}, {percent(share)}; true class: "
        f"{panels.plain(truth)}. Lines that cross are a change of mind; one that settles late was "
        "hard to learn. The axis is stretched at its beginning, where most is decided."
    )
