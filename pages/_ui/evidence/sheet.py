"""All panels in one file: a figure to print, or the arrays."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages._ui import panels
from pages._ui.evidence.grid import Shown
from pages._ui.workbench import Bench
from xai.figures.plates import figure


def offer(bench: Bench, shown: Sequence[Shown]) -> None:
    """Offer the whole board as one figure and as one file of arrays."""
    if not shown:
        return
    left, right, _ = st.columns([1.3, 1.6, 3], vertical_alignment="bottom")

    def drawn() -> str:
        head = f"{bench.spec.label}: {bench.prediction.name} ({bench.prediction.confidence:.1%})"
        plates = [(one.title.replace(" for ", "\nfor ", 1), one.plate) for one in shown]
        return figure(bench.input, plates, title=head)

    with left:
        st.download_button(
            "All panels (.svg)",
            drawn,
            f"{bench.model_name}-attribution.svg",
            "image/svg+xml",
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
        )
    with right:
        arrays = {one.panel.name: one.found.relevance for one in shown}
        panels.download_arrays(
            arrays | {"input": bench.input}, f"{bench.model_name}-attribution", "all-arrays"
        )
