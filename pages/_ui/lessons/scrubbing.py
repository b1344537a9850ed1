"""The run, epoch by epoch: a bar to scrub and play it, the network at a glance, and its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import controls, panels, progress
from pages._ui.epoch_bar import epoch_bar
from pages._ui.lessons import classes, glance, mark, norms
from xai.figures.wording import percent

if TYPE_CHECKING:
    from pages._ui.lessons.glance import Look
    from pages._ui.lessons.lesson import Lesson
    from pages._ui.workbench import Bench
    from xai.training import Run

_PANELS = {
    "recall": "Each class",
    "confusion": "Confusion",
    "norms": "Norms",
    "scores": "This image",
}
# The mark with which the whole page was drawn last.
_DRAWN = "_epoch_drawn"


def show(bench: Bench, lesson: Lesson) -> None:
    """Draw the run at the chosen mark."""
    st.subheader("Epoch by epoch")
    st.session_state[_DRAWN] = mark.current(lesson)
    choosing, stage, counting = st.container(), st.container(), st.container()
    with choosing:
        shown = glance.look(bench, lesson, counting)
    # Above what says how far it is, so that nothing moves when that ends.
    with stage:
        _stage(bench, lesson, shown)


@st.fragment
def _stage(bench: Bench, lesson: Lesson, shown: Look) -> None:
    """Draw what changes with the mark; scrubbing and playing run this part of the page alone."""
    found = epoch_bar(
        _words(lesson.run),
        lesson.run.marks.index(mark.current(lesson)),
        key=f"epochs-{lesson.run.digest}",
    )
    now = lesson.run.marks[found.at]
    st.session_state[mark.KEY] = mark.named(now)
    if len(shown.runs) == 1:
        left, right = st.columns([1.15, 1], gap="medium")
        with left:
            glance.draw(shown, 0, now)
            glance.explain(shown)
        with right:
            _panel(_choice(), bench, lesson, now)
    else:
        _pair(bench, shown, now)
    if found.resting:
        mark.publish(lesson)
        # Others look at the mark, too: they are told once it rests.
        if progress.in_fragment_run() and st.session_state[_DRAWN] != now:
            st.rerun()


def _choice() -> str:
    """Draw the choice of what stands beside the network."""
    return controls.segments(glance.BESIDE, "Beside it", _PANELS, default="recall")


def _pair(bench: Bench, shown: Look, now: float) -> None:
    """Draw two runs beside each other, each at its mark that is nearest."""
    panel = ""
    for draws in ("names", "glances", "panels"):
        for turn, place in enumerate(st.columns(2, gap="medium")):
            lesson = shown.runs[turn].lesson
            near = min(lesson.run.marks, key=lambda one: abs(one - now))
            with place:
                if draws == "names":
                    said = _words(lesson.run)[lesson.run.marks.index(near)]
                    st.markdown(f"**{panels.plain(lesson.label)}** · {said}")
                elif draws == "glances":
                    glance.draw(shown, turn, near)
                else:
                    _panel(panel, bench, lesson, near)
        if draws == "glances":
            glance.explain(shown)
            panel = _choice()


def _panel(name: str, bench: Bench, lesson: Lesson, now: float) -> None:
    key = f"epoch-{name}-{lesson.run.digest}"
    if name == "recall":
        classes.recall(lesson, now, key)
    elif name == "confusion":
        classes.matrix(lesson, now, key)
    elif name == "norms":
        norms.norms(lesson, now, key)
    else:
        norms.scores(lesson, bench, now, key)


def _words(run: Run) -> list[str]:
    """Return what stands beside the bar at each mark."""
    right = run.predicted == run.labels
    return [
        f"Epoch {one:g}" + (f" · {percent(float(right[place].mean()))} right" if right.size else "")
        for place, one in enumerate(run.marks)
    ]
