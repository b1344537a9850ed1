"""Agreement of the maps on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from pages._ui import panels
from pages._ui.evidence.grid import Shown
from pages._ui.workbench import Bench
from xai.attribution.checks import agreement, labels
from xai.figures import legends
from xai.figures.agreement_chart import consensus, matrix


def show(bench: Bench, shown: Sequence[Shown]) -> None:
    """Draw the rank correlation of all pairs, and where all maps have their strongest pixels."""
    if len(shown) < 2:
        st.info("Agreement takes at least two maps.", icon=":material/lightbulb:")
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        size = st.toggle(
            "Compare sizes only",
            key="sizes",
            persist_state="session",
            help="Where, and not which way: the rank correlation of absolute values.",
        )
        maps = [one.found for one in shown]
        found = replace(agreement(maps), labels=labels(maps, bench.spec.classes))
        st.altair_chart(matrix(found, absolute=size), width="stretch")
        st.caption(
            "Rank correlation of the maps: 1 is the same order of the pixels, 0 nothing in common, "
            "below 0 the opposite. Maps without sign are compared by size."
        )
    with right:
        panels.image(consensus(found, bench.input), alt="where the maps agree")
        st.html(legends.magnitude_legend(0.0, 1.0, overlay=True, words=("no map", "every map")))
        st.caption(
            f"{found.sentence} Bright: the share of the maps that have the pixel among their "
            f"strongest {found.fraction:.0%}. Agreement is no proof: methods of one family err "
            "together."
        )
