"""Attribution maps on a page: computed once, drawn on one scale, said in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._ui import panels, progress
from pages._ui.workbench import Bench
from xai import attribution
from xai.attribution import METHODS, Attribution
from xai.figures import heatmaps, legends, pictures, summary
from xai.jobs import Report
from xai.types import Params

#: Percentile of a map's absolute values that gets the full colour.
_SHARE = 99.5


@dataclass(frozen=True)
class AttributionKey:
    """Everything that a map depends on."""

    model: str
    digest: str
    method: str
    params: Params
    target: int
    seed: int = 0


def compute(bench: Bench, method: str, params: Params | None = None) -> Attribution | None:
    """Return a method's map for the workbench's image and class, or show its progress.

    Raises
    ------
    ValueError
        If the method cannot explain this model.
    """
    key, work = _task(bench, method, params)
    found: Attribution | None = progress.result(
        key, work, label=METHODS[method].label, keep=False, slot=method, narrow=True
    )
    return found


def _task(bench: Bench, method: str, params: Params | None) -> tuple[AttributionKey, progress.Work]:
    given = params if params is not None else METHODS[method].params()
    key = AttributionKey(bench.model_name, bench.digest, method, given, bench.target)
    model, image = bench.model, bench.input

    def work(report: Report) -> Attribution:
        return attribution.run(
            model, image, method, target=key.target, params=given, progress=report
        )

    return key, work


def panel(found: Attribution, image: np.ndarray, ink: float, scale: float | None) -> None:
    """Draw a map, its colour bar and its raw numbers.

    Parameters
    ----------
    found : Attribution
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        What was explained.
    ink : float
        1 for the map alone, less for the map as ink on the grey image.
    scale : float or None
        Value of the full colour; None takes the map's own: the legend says how.
    """
    values = heatmaps.collapse(found.relevance)
    pixels, own, note = _coloured(found, image, ink, scale)
    signed = METHODS[found.method].signed
    panels.image(pixels, alt=f"{METHODS[found.method].label} for class {found.target}")
    if signed:
        st.html(legends.signed_legend(own, overlay=ink < 1, note=note))
    else:
        st.html(
            legends.magnitude_legend(0.0, own, overlay=ink < 1, words=("none", "for"), note=note)
        )
    remark = summary.describe(values).remark
    if remark:
        st.info(remark, icon=":material/info:")
    st.caption(_numbers(found, values))


def _coloured(
    found: Attribution, image: np.ndarray, ink: float, scale: float | None
) -> tuple[np.ndarray, float, str]:
    """Return the drawn map, the value of its full colour and what the legend says of that."""
    values = heatmaps.collapse(found.relevance)
    # A few extreme pixels would leave the rest too pale for the last row.
    note = "" if scale is not None else f"full colour: strongest {100 - _SHARE:g} %"
    own = heatmaps.common_scale([values], percentile=_SHARE) if scale is None else scale
    below = pictures.picture(image, grey=True)
    signed = METHODS[found.method].signed
    if signed and ink < 1:
        pixels = heatmaps.signed_overlay(below, values, own, opacity=ink)
    elif signed:
        pixels = heatmaps.signed(values, own)
    elif ink < 1:
        pixels = heatmaps.magnitude_overlay(below, values, 0.0, own, opacity=ink)
    else:
        pixels = heatmaps.magnitude(values, 0.0, own)
    return pixels, own, note


def several(bench: Bench, methods: Sequence[str], *, beside: int = 2) -> None:
    """Show the maps of several methods in a narrow place, without their numbers.

    One bar waits for them all, since they are computed one after another.
    """
    can = [name for name in methods if not attribution.blocked(bench.model, name)]
    asked = {name: _task(bench, name, None) for name in can}
    pending = [
        name
        for name, (key, work) in asked.items()
        if not progress.ahead(key, work, label=METHODS[name].label, slot=name)
    ]
    columns = iter([column for _ in range(0, len(can), beside) for column in st.columns(beside)])
    for name, (key, work) in asked.items():
        with next(columns):
            st.caption(f"**{METHODS[name].label}**")
            found = progress.result(
                key,
                work,
                label=METHODS[name].label,
                keep=False,
                slot=name,
                narrow=True,
                silent=name in pending[:-1],
            )
            if found is not None:
                pixels, _, _ = _coloured(found, bench.input, 1.0, None)
                panels.image(pixels, alt=f"{METHODS[name].label} for class {found.target}")
    for name in methods:
        if name not in can:
            st.caption(f"{METHODS[name].label}: {attribution.blocked(bench.model, name)}")
    st.caption(
        "Red speaks for the class, blue against it; in Grad-CAM bright speaks for it. Each map "
        "has a scale of its own: the attribution page shows the numbers."
    )


def _numbers(found: Attribution, values: np.ndarray) -> str:
    return (
        f"sum {values.sum():.3g} · min {values.min():.3g} · max {values.max():.3g} · "
        f"logit {found.logit:.3g} · {found.diagnostics['seconds']:.2f} s"
    )


def quick(bench: Bench) -> None:
    """Show the LRP map of the decision: the start page's answer to “why?”."""
    st.markdown(f"**Evidence:** {bench.target_name}")
    reason = attribution.blocked(bench.model, "lrp")
    if reason:
        st.info(reason, icon=":material/block:")
        return
    found = compute(bench, "lrp")
    if found is None:
        return
    panel(found, bench.input, 1.0, None)
    st.caption(
        "Layer-wise relevance propagation hands the score back from layer to layer until it lies "
        "on pixels. Red speaks for the class, blue against it."
    )
