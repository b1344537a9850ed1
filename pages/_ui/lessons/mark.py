"""Which epoch of the run the page looks at: the one that is scrubbed to, bound to the link."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import link

if TYPE_CHECKING:
    from pages._ui.lessons.lesson import Lesson

#: Of the choice, in the session and in the link: the mark as text, such as ``"0.25"``.
KEY = "epoch"
#: The last mark of the run that was looked at.
_LAST = "_epoch_last"


def named(mark: float) -> str:
    """Return a mark as it is written: ``"3"``, ``"0.25"``."""
    return f"{mark:g}"


def current(lesson: Lesson) -> float:
    """Return the chosen mark of a run; at first the last one.

    A run that has no such mark, as one that was stopped earlier, gives the nearest. Who
    looks at the last mark of a run looks at that of the next run, too.
    """
    last = named(lesson.run.marks[-1])
    if KEY in st.session_state and st.session_state[KEY] == st.session_state.get(_LAST):
        st.session_state[KEY] = last
    st.session_state[_LAST] = last
    text = link.restore(KEY, _read, what="epoch", default=last)
    found = nearest(lesson, float(text))
    st.session_state[KEY] = named(found)
    return found


def nearest(lesson: Lesson, wanted: float) -> float:
    """Return the mark of a run that comes nearest to an epoch."""
    return min(lesson.run.marks, key=lambda one: abs(one - wanted))


def choose(lesson: Lesson, mark: float) -> None:
    """Look at another mark from now on; for call-backs, and before the widget is drawn."""
    st.session_state[KEY] = named(mark)
    publish(lesson)


def publish(lesson: Lesson) -> None:
    """Write the choice into the address bar; the last epoch needs no word."""
    text = st.session_state[KEY]
    link.publish(KEY, None if text == named(lesson.run.marks[-1]) else text)


def _read(text: str) -> str | None:
    """Return a number's text as marks are written, or None if it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return named(value) if math.isfinite(value) and value >= 0 else None
