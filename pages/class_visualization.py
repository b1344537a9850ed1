"""Class visualisation: what a class, a channel or a layer would most like to see."""

from __future__ import annotations

import streamlit as st

from pages._ui import workbench
from pages._ui.growing import knobs, questions, running, wish

bench = workbench.current()
wished = wish.choose(bench)

# Places of their own: what is drawn in one must not push the others around while jobs run.
above, below = st.container(), st.container()
with above:
    board, stage = st.columns([3, 7], gap="medium")
    with board:
        params = knobs.choose(bench, wished.objective)
        seed = wish.seed()
    with stage:
        grown = running.follow(bench, wished, params, seed)
        if grown is None:
            st.stop()
with below:
    st.subheader("What is this image worth?")
    questions.show(bench, grown)
