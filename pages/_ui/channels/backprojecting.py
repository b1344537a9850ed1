"""One unit brought back to the pixels: by DeconvNet and by guided backpropagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import panels, progress
from pages._ui.workbench import Bench
from xai import attribution
from xai.attribution.units import BACKPROJECTIONS, Backprojection, backprojection_blocked
from xai.figures import heatmaps, legends, pictures
from xai.jobs import Report

if TYPE_CHECKING:
    from pages._ui.channels.choices import Unit

#: Percentile of a map's absolute values that gets the full colour.
_SHARE = 99.5


@dataclass(frozen=True)
class BackprojectionKey:
    """Everything that a back-projection depends on."""

    model: str
    digest: str
    layer: str
    channel: int
    row: int
    column: int
    rule: str


def show(bench: Bench, unit: Unit) -> None:
    """Show what of the image the unit answers to, by each rule."""
    st.markdown("#### Back to the pixels")
    places = st.columns(len(BACKPROJECTIONS) + 1, gap="medium")
    arrays: dict[str, np.ndarray] = {}
    with places[0]:
        st.caption("**The network’s input**")
        panels.image(pictures.picture(bench.input), alt="the network’s input")
    for place, (rule, method) in zip(places[1:], BACKPROJECTIONS.items(), strict=True):
        with place:
            st.caption(f"**{method.label}**")
            reason = backprojection_blocked(bench.model, rule)
            if reason:
                st.info(reason, icon=":material/block:")
                continue
            try:
                found = _found(bench, unit, rule)
            except ValueError as error:  # the other rules are shown all the same
                st.info(str(error), icon=":material/block:")
                continue
            if found is not None:
                _draw(found)
                arrays[rule] = found.relevance
            panels.about(method)
    st.caption(
        f"What in this image moves {panels.plain(unit.name)} at row {unit.row}, column "
        f"{unit.column}: red pixels raise it, blue ones lower it. Each picture has its own scale."
    )
    if arrays:
        name = f"{bench.model_name}-{unit.layer.name}-{unit.channel}-back"
        panels.download_arrays(arrays, name, "back-arrays")


def _found(bench: Bench, unit: Unit, rule: str) -> Backprojection | None:
    spot = (unit.row, unit.column)
    key = BackprojectionKey(
        bench.model_name, bench.digest, unit.layer.name, unit.channel, *spot, rule
    )
    model, image = bench.model, bench.input
    row, column = spot if unit.layer.spatial else (None, None)

    def work(report: Report) -> Backprojection:
        return attribution.backproject(
            model, image, key.layer, key.channel, row=row, column=column, rule=rule
        )

    found: Backprojection | None = progress.result(
        key, work, label=BACKPROJECTIONS[rule].label, keep=False, slot=f"back {rule}", narrow=True
    )
    return found


def _draw(found: Backprojection) -> None:
    values = heatmaps.collapse(found.relevance)
    if found.box is None:
        st.info(
            "No pixel moves it: a unit on the way back is silent, or at its ceiling (6 for ReLU6), "
            "and no small change moves it. Try another place or another channel."
        )
        return
    scale = heatmaps.common_scale([values], percentile=_SHARE)
    panels.image(heatmaps.signed(values, scale), alt=BACKPROJECTIONS[found.rule].label)
    st.html(legends.signed_legend(scale, words=("lowers", "raises")))
