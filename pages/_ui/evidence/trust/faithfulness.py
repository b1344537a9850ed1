"""Deletion and insertion on the page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages._ui import controls, panels
from pages._ui.evidence.grid import Shown
from pages._ui.evidence.trust.asking import asked
from pages._ui.workbench import Bench
from xai.attribution import checks
from xai.attribution.black_box.params import FILLS
from xai.attribution.checks import Faithfulness
from xai.figures.trust_curves import What, areas, faithfulness_curves
from xai.jobs import Report

_MEASURES: dict[str, str] = {"probability": "probability", "score": "score (logit)"}
_FILLS = {name: name for name in FILLS}


def show(bench: Bench, shown: Sequence[Shown]) -> None:
    """Draw both curves of the chosen maps, and the areas below them."""
    left, right = st.columns(2)
    with left:
        fill = controls.segments("fill", "Hidden pixels show", _FILLS, default="mean")
    with right:
        measure = controls.segments("measured", "Measured", _MEASURES, default="probability")
    model, image = bench.model, bench.input
    maps = [one.found for one in shown]

    def work(report: Report) -> Faithfulness:
        return checks.faithfulness(model, image, maps, fill=fill, progress=report)

    found: Faithfulness | None = asked(
        "faithfulness", "Faithfulness", shown, work, settings=(("fill", fill),)
    )
    if found is None:
        return
    of: What = "score" if measure == "score" else "probability"
    for target, contrast in found.aims:
        _curves(bench, found.about(target, contrast), of)
    st.caption(
        "Pixels go in the order of each map, strongest evidence first. A faithful map empties the "
        "score at once (deletion) and fills it at once (insertion). One that does not beat the "
        "random order (grey, with its spread) says nothing about this decision; one that does not "
        "beat the edge detector (dashed) says little. Hidden pixels are a new image to the "
        f"network too: try another fill. {found.passes:,} images were shown."
    )


def _curves(bench: Bench, found: Faithfulness, of: What) -> None:
    (target, contrast), classes = found.aims[0], bench.spec.classes
    words = f"“{classes[target]}”" + ("" if contrast is None else f" less “{classes[contrast]}”")
    if of == "score" and contrast is None:
        st.markdown(f"**Logit of {panels.plain(words)}**")
    else:
        st.markdown(f"**{of.capitalize()} of {panels.plain(words)}**")
    left, right = st.columns(2, gap="medium")
    left.altair_chart(faithfulness_curves(found, "deletion", of), width="stretch")
    right.altair_chart(faithfulness_curves(found, "insertion", of), width="stretch")
    rows = areas(found, of)
    st.dataframe(
        {
            "map": [row.label for row in rows],
            "deletion area ↓": [round(row.deletion, 3) for row in rows],
            "insertion area ↑": [round(row.insertion, 3) for row in rows],
            "compared": [row.verdict or "what others are compared with" for row in rows],
        },
        hide_index=True,
    )
