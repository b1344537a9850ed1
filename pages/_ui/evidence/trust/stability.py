"""Stability under small noise on the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from pages._ui import controls, panels
from pages._ui.evidence.grid import PER_ROW, Shown
from pages._ui.evidence.trust.asking import asked
from pages._ui.workbench import Bench
from xai.attribution import checks
from xai.attribution.checks import Stability
from xai.figures import heatmaps
from xai.figures.stability_strip import stability_strip
from xai.jobs import Report

#: Standard deviations of the noise, in units of the range [0, 1].
_NOISES = {"0.005": "barely any", "0.02": "just visible", "0.05": "grainy"}
_MEASURES = {"correlation": "order of the pixels", "distance": "values"}


def show(bench: Bench, shown: Sequence[Shown]) -> None:
    """Draw how far each map moves, and where."""
    left, right = st.columns(2)
    with left:
        noise = controls.segments("noise", "Noise", _NOISES, default="0.02")
    with right:
        measure = controls.segments("moved", "Compare", _MEASURES, default="correlation")
    model, image, sigma = bench.model, bench.input, float(noise)
    maps = [one.found for one in shown]

    def work(report: Report) -> Stability:
        return checks.stability(model, image, maps, sigma=sigma, progress=report)

    found: Stability | None = asked(
        "stability", "Stability", shown, work, settings=(("sigma", sigma),)
    )
    if found is None:
        return
    of: Literal["correlation", "distance"]
    of = "distance" if measure == "distance" else "correlation"
    st.altair_chart(stability_strip(found, of), width="stretch")
    others = sum(one != found.clean for one in found.predicted)
    st.caption(
        f"Each point is the map of one of {len(found.predicted)} noisy images, compared with the "
        "clean image’s. A map that moves much while the prediction stays tells of the noise in "
        f"the gradient more than of the decision. {_others(others)}"
    )
    columns = iter([one for _ in range(0, len(shown), PER_ROW) for one in st.columns(PER_ROW)])
    for one, moved, column in zip(shown, found.maps, columns, strict=False):
        with column:
            st.caption(f"**{panels.plain(one.title)}**: where it moves")
            top = float(moved.deviation.max())
            panels.image(
                heatmaps.magnitude(moved.deviation, 0.0, top), alt=f"spread of {one.title}"
            )
            st.caption(f"standard deviation up to {top:.3g}")


def _others(count: int) -> str:
    if not count:
        return "The network said the same of all of them."
    return f"For {count} of them the network said something else: there the map may well differ."
