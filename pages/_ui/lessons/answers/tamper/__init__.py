"""Tamper detective: look, suspect, vote, and open the envelope."""

from __future__ import annotations

import streamlit as st

from pages._ui import controls
from pages._ui.lessons.answers.tamper import choosing, envelope, looking, suspecting, voting
from pages._ui.lessons.lesson import Lesson

_STEPS = {"look": "1 · Look", "suspect": "2 · Suspect", "vote": "3 · Vote", "open": "4 · Open"}
_SHOWN = {
    "look": looking.show,
    "suspect": suspecting.show,
    "vote": voting.show,
    "open": envelope.show,
}


def show(lesson: Lesson) -> None:
    """Tell the story of a case, step by step; it has runs of its own."""
    opened = choosing.choose()
    if opened is None:
        return
    step = controls.segments("tamper.step", "Step", _STEPS, default="look")
    with st.container():
        _SHOWN[step](opened)
