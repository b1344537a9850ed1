"""Adversarial: how little it takes to make the network err, and where inside it does."""

from __future__ import annotations

import math

import streamlit as st

from pages._ui import panels, workbench
from pages._ui.assault import aiming, attacking, outcome, questions

bench = workbench.current()
panels.verdict(bench)

if not math.isfinite(bench.prediction.confidence):
    st.info("There is no decision to overturn: choose another image or another network.")
    st.stop()
order = aiming.choose(bench)
# Places of their own: what is drawn in one must not push the others around while jobs run.
above, below = st.container(), st.container()
with above:
    attacked = attacking.compute(bench, order)
    if attacked is None:
        st.stop()
    outcome.show(bench, attacked)
with below:
    st.subheader("What is this attack worth?")
    questions.show(bench, attacked)
