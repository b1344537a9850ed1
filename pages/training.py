"""Training: what a network looks like while it learns."""

from __future__ import annotations

import streamlit as st

from pages._ui import workbench
from pages._ui.lessons import adopting, beside, choices, curves, questions, scrubbing

bench = workbench.current()
lesson = choices.choose(bench)
if lesson is None:
    st.stop()

# Places of their own: what is drawn in one must not push the others around while jobs run.
top, second, middle, below = (st.container() for _ in range(4))
with second:
    lesson = beside.beside(lesson)
with top:
    curves.show(lesson)
with middle:
    scrubbing.show(bench, lesson)
    adopting.offer(lesson)
with below:
    st.subheader("Ask the training")
    questions.show(lesson)
