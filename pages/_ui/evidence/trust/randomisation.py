"""The randomisation test on the page: a network forgets, and the maps are watched."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages._ui import controls, panels
from pages._ui.evidence.grid import PER_ROW, Shown
from pages._ui.evidence.trust.asking import asked
from pages._ui.workbench import Bench
from xai.attribution import checks
from xai.attribution.checks import Randomisation
from xai.figures import heatmaps
from xai.figures.randomisation_chart import lines
from xai.jobs import Report

_ORDERS = {"cascade": "from the output down", "independent": "one layer at a time"}
_MEASURES = {
    "spearman_abs": "ranks, sizes only",
    "spearman": "ranks, signed",
    "ssim": "structure (SSIM)",
}


def show(bench: Bench, shown: Sequence[Shown]) -> None:
    """Draw the lines of all maps, a slider through the steps, and the verdicts."""
    left, right = st.columns(2)
    with left:
        order = controls.segments("forget", "Layers are reset", _ORDERS, default="cascade")
    with right:
        measure = controls.segments("alike", "Alike by", _MEASURES, default="spearman_abs")
    model, image = bench.model, bench.input
    maps = [one.found for one in shown]

    def work(report: Report) -> Randomisation:
        return checks.randomisation(
            model, image, maps, order=order, progress=report, on_step=report.publish
        )

    def growing(found: Randomisation) -> None:
        st.altair_chart(lines(found, measure=measure), width="stretch", key="forgetting")

    found: Randomisation | None = asked(
        "randomisation",
        "Randomisation",
        shown,
        work,
        settings=(("order", order),),
        during=growing,
    )
    if found is None:
        return
    chart = st.container()
    step = st.slider(
        "Step", 0, found.done, min(1, found.done), key="forgotten", help="0 is the trained network."
    )
    chart.altair_chart(lines(found, measure=measure, chosen=step), width="stretch")
    _step(bench, found, step)
    for verdict in found.verdicts:
        st.markdown(f"- {panels.plain(verdict)}")
    for remark in found.remarks:
        st.caption(panels.plain(remark))
    st.caption(
        "1 means the same map as the trained network’s. Dashed: how alike an edge detector’s map "
        "is, which has seen no network at all. A method whose line stays up there while the "
        "network forgets everything draws the image and not the decision. Guided backpropagation "
        "is known to stay, and so is LRP with rules that follow positive contributions alone "
        "(epsilon-plus, excitation backpropagation); LRP with epsilon everywhere falls."
    )


def _step(bench: Bench, found: Randomisation, step: int) -> None:
    said = found.predictions[step]
    reset = found.layers[step]
    words = (
        f"**Step {step}**: the trained network."
        if not step
        else f"**Step {step}**: "
        + (
            f"now {panels.plain(_listed(reset))} forgot, too."
            if found.order == "cascade"
            else f"{panels.plain(_listed(reset))} forgot."
        )
    )
    st.markdown(f"{words} It says {panels.plain(said.name)} ({said.confidence:.1%}).")
    count = len(found.labels)
    columns = iter([one for _ in range(0, count, PER_ROW) for one in st.columns(PER_ROW)])
    for place, column in zip(range(count), columns, strict=False):
        values = found.maps[place, step]
        with column:
            st.caption(f"**{panels.plain(found.labels[place])}**")
            scale = heatmaps.common_scale([values], percentile=99.5)
            pixels = (
                heatmaps.signed(values, scale)
                if found.signed[place]
                else heatmaps.magnitude(values, 0.0, scale)
            )
            panels.image(pixels, alt=f"{found.labels[place]} at step {step}")


def _listed(names: tuple[str, ...]) -> str:
    """Name the layers of a step: all of a few, else the first and the last."""
    return ", ".join(names) if len(names) < 4 else f"{names[0]} … {names[-1]} ({len(names)} layers)"
