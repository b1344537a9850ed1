"""A detective's tool: what both networks rest their decision on, on the same digits."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui import controls
from pages._ui.lessons.answers.tamper.choosing import Opened, study
from pages._ui.lessons.answers.tamper.sheets import sheet
from xai import attribution
from xai.attribution import METHODS
from xai.experiments.tamper import SIDES, Case
from xai.figures import heatmaps, legends
from xai.figures.colours import rgb
from xai.jobs import Report

_METHODS = ("input_x_gradient", "integrated_gradients", "lrp", "gradient")
_COUNTS = {"1": "one digit", "20": "mean of 20 digits"}
#: Below the maps, in the dark theme, too: faint evidence is seen best on white.
_PAPER = "#ffffff"


def show(opened: Opened) -> None:
    """Show the digits of a class from both sets, and their evidence in both networks."""
    case = opened.case
    left, right = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
    with left:
        names = {str(place): name for place, name in enumerate(case.classes)}
        label = int(controls.segments("tamper.class", "Class", names, default="0"))
    with right:
        count = int(controls.segments("tamper.count", "Evidence in", _COUNTS, default="20"))
    labels = {name: METHODS[name].label for name in _METHODS}
    method = controls.select("tamper.method", "Method", labels, default=_METHODS[0])
    found = study(
        opened,
        f"evidence {method} {label} {count}",
        lambda report: relevance(case, method, label, count, report),
        f"{METHODS[method].label}, class {case.classes[label]}",
    )
    if found is not None:
        _draw(case, found, label, count)


def relevance(
    case: Case, method: str, label: int, count: int, report: Report | None = None
) -> np.ndarray:
    """Return the mean evidence for a class on its held-out digits.

    Returns
    -------
    ndarray, shape (2, 2, H, W), float32
        Digits of data set A and B (first axis) in network A and B (second axis).
    """
    maps = []
    for side, data in enumerate(case.held):
        digits = data.images[data.labels == label][:count]
        for place, model in enumerate(case.models):
            if report is not None:
                report(2 * side + place, 4, f"network {SIDES[place]}")
            found = [
                attribution.run(model, model.prepare(digit), method, target=label).relevance
                for digit in digits
            ]
            maps.append(heatmaps.collapse(np.mean(found, axis=0)))
    return np.stack(maps).reshape(2, 2, *maps[0].shape)


def _draw(case: Case, found: np.ndarray, label: int, count: int) -> None:
    scale = heatmaps.common_scale(list(found.reshape(-1, *found.shape[2:])), percentile=99.5)
    paper = np.full((*found.shape[2:], 3), rgb(_PAPER), np.uint8)
    for column, side, name in zip(st.columns(2, gap="medium"), range(2), SIDES, strict=True):
        with column:
            st.markdown(f"**Digits of data set {name}** · digit, network A, network B")
            data = case.held[side]
            digits = data.images[data.labels == label][:count]
            grey = np.rint(digits.mean(axis=0)).astype(np.uint8).repeat(3, axis=2)
            # Ink by the square root: weak evidence must not vanish beside the strong.
            maps = [heatmaps.signed_overlay(paper, values, scale) for values in found[side]]
            sheet([grey, *maps], 3, alt=f"digit and evidence, data set {name}")
    st.html(
        legends.signed_legend(
            scale, overlay=True, paper=_PAPER, note="white: 0; same scale in all four maps"
        )
    )
    st.caption(
        f"Evidence for class {case.classes[label]}: red speaks for it, blue against it. Compare "
        "the digits of A with those of B, in the same network. Is there evidence where nothing "
        "is written?"
    )
