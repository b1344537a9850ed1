"""Completeness on the page: sums beside what they should be."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages._ui import panels
from pages._ui.evidence.grid import Shown
from pages._ui.workbench import Bench
from xai.attribution.checks import completeness


def show(bench: Bench, shown: Sequence[Shown]) -> None:
    """Draw a row of numbers for each map that promises a sum."""
    found = [(one, completeness(one.found)) for one in shown]
    for one, result in found:
        if result is None:
            continue
        st.markdown(f"**{panels.plain(one.title)}**")
        first, second, third = st.columns(3)
        first.metric("Sum of the map", f"{result.total:.4g}")
        second.metric("It should be", f"{result.promised:.4g}")
        share = "undefined" if result.share is None else f"{result.share:.2%}"
        third.metric("Reached", share)
        st.caption(result.sentence)
    silent = [one.title for one, result in found if result is None]
    if silent:
        st.caption(f"No promise about a sum is made by: {panels.plain(', '.join(silent))}.")
    if len(silent) == len(found):
        st.info(
            "Add integrated gradients or LRP: theirs are the maps that must add up.",
            icon=":material/lightbulb:",
        )
