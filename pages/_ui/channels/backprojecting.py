"""One unit brought back to the pixels: by DeconvNet and by guided backpropagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import panels, progress
from pages._ui.workbench import Bench
from xai import attribution, images
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
                found = project(bench, unit, rule)
            except ValueError as error:  # the other rules are shown all the same
                st.info(str(error), icon=":material/block:")
                continue
            if found is not None:
                draw(found)
                arrays[rule] = found.relevance
            panels.about(method)
    st.caption(
        f"What in this image moves {panels.plain(unit.name)} at row {unit.row}, column "
        f"{unit.column}: red pixels raise it, blue ones lower it. Each picture has its own scale."
    )
    if arrays:
        name = f"{bench.model_name}-{unit.layer.name}-{unit.channel}-back"
        panels.download_arrays(arrays, name, "back-arrays")


def project(
    bench: Bench,
    unit: Unit,
    rule: str,
    *,
    image: np.ndarray | None = None,
    slot: str = "back",
) -> Backprojection | None:
    """Return one unit brought back to the pixels, or show how far the work is.

    Parameters
    ----------
    bench : Bench
    unit : Unit
    rule : str
        A key of ``BACKPROJECTIONS``.
    image : ndarray, shape (C, H, W), optional
        Where it is brought back to; None is the workbench's.
    slot : str
        Begin of the name of the place on the page.

    Raises
    ------
    ValueError
        If the unit cannot be brought back by the rule.
    """
    model = bench.model
    digest = bench.digest if image is None else images.digest(image)
    pixels = bench.input if image is None else image
    spot = (unit.row, unit.column)
    key = BackprojectionKey(bench.model_name, digest, unit.layer.name, unit.channel, *spot, rule)
    row, column = spot if unit.layer.spatial else (None, None)

    def work(report: Report) -> Backprojection:
        return attribution.backproject(
            model, pixels, key.layer, key.channel, row=row, column=column, rule=rule
        )

    found: Backprojection | None = progress.result(
        key, work, label=BACKPROJECTIONS[rule].label, keep=False, slot=f"{slot} {rule}", narrow=True
    )
    return found


def draw(found: Backprojection) -> None:
    """Draw what comes back to the pixels, and its scale."""
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
