"""Attribution maps on a page: computed once, drawn on one scale, said in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._ui import panels, progress
from pages._ui.workbench import Bench
from xai import attribution, images
from xai.attribution import METHODS, Attribution, ChannelRelevance
from xai.attribution.lrp.ledger import percent
from xai.figures import legends
from xai.figures.plates import plate
from xai.figures.summary import describe
from xai.jobs import Report
from xai.types import Params


@dataclass(frozen=True)
class AttributionKey:
    """Everything that a map depends on."""

    model: str
    digest: str
    method: str
    params: Params
    target: int
    contrast: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class RelevanceKey:
    """Everything that the relevance of a layer's channels depends on."""

    model: str
    digest: str
    layer: str
    target: int


def at_layer(bench: Bench, layer: str) -> ChannelRelevance | None:
    """Return what a layer's channels carry of the class's score, or show its progress."""
    key = RelevanceKey(bench.model_name, bench.digest, layer, bench.target)
    model, image = bench.model, bench.input

    def work(report: Report) -> ChannelRelevance:
        return attribution.channel_relevance(model, image, key.layer, target=key.target)

    found: ChannelRelevance | None = progress.result(
        key, work, label=f"Relevance at {layer}", keep=False, slot="channel relevance"
    )
    return found


@dataclass(frozen=True, eq=False)
class Task:
    """A map to be made, by a job.

    Attributes
    ----------
    key : AttributionKey
    work : callable
    label : str
        Name for people.
    """

    key: AttributionKey
    work: progress.Work
    label: str


def task(
    bench: Bench,
    method: str,
    params: Params | None = None,
    *,
    target: int | None = None,
    contrast: int | None = None,
    seed: int = 0,
    image: np.ndarray | None = None,
) -> Task:
    """Return how a method's map is made; by default for the workbench's image and its class.

    Parameters
    ----------
    bench : Bench
    method : str
        A key of ``METHODS``.
    params : Params, optional
        None takes the method's defaults.
    target, contrast : int, optional
        Class to explain, and the one that it is set against.
    seed : int
        Of the method's random numbers.
    image : ndarray, shape (C, H, W), float32, in [0, 1], optional
        Another input of the same network, such as the attacked one.
    """
    given = params if params is not None else METHODS[method].params()
    wanted = bench.target if target is None else target
    digest = bench.digest if image is None else images.digest(image)
    key = AttributionKey(bench.model_name, digest, method, given, wanted, contrast, seed)
    model, image = bench.model, bench.input if image is None else image

    def work(report: Report) -> Attribution:
        return attribution.run(
            model,
            image,
            method,
            target=key.target,
            contrast=key.contrast,
            params=given,
            seed=key.seed,
            progress=report,
            on_map=report.publish,
        )

    return Task(key, work, METHODS[method].label)


def compute(bench: Bench, method: str) -> Attribution | None:
    """Return a method's map for the workbench's image and class, or show its progress.

    Raises
    ------
    ValueError
        If the method cannot explain this model.
    """
    asked = task(bench, method)
    found: Attribution | None = progress.result(
        asked.key, asked.work, label=asked.label, keep=False, slot=method, narrow=True
    )
    return found


def several(bench: Bench, methods: Sequence[str], *, beside: int = 2) -> None:
    """Show the maps of several methods in a narrow place, without their numbers.

    One bar waits for them all, since they are computed one after another.
    """
    can = [name for name in methods if not attribution.blocked(bench.model, name)]
    asked = {name: task(bench, name) for name in can}
    pending = [
        name
        for name, one in asked.items()
        if not progress.ahead(one.key, one.work, label=one.label, slot=name)
    ]
    columns = iter([column for _ in range(0, len(can), beside) for column in st.columns(beside)])
    for name, one in asked.items():
        with next(columns):
            st.caption(f"**{one.label}**")
            found = progress.result(
                one.key,
                one.work,
                label=one.label,
                keep=False,
                slot=name,
                narrow=True,
                silent=name in pending[:-1],
            )
            if found is not None:
                panels.image(
                    plate(found, bench.input).pixels,
                    alt=f"{METHODS[name].label} for class {found.target}",
                )
    for name in methods:
        if name not in can:
            st.caption(f"{METHODS[name].label}: {attribution.blocked(bench.model, name)}")
    st.caption(
        "Red speaks for the class, blue against it; in Grad-CAM bright speaks for it. Each map "
        "has a scale of its own: the attribution page shows the numbers."
    )


def numbers(found: Attribution, values: np.ndarray) -> str:
    """Write the raw numbers of a map in a line."""
    logit = f"logit {found.logit:.3g}"
    if found.contrast_logit is not None:
        logit = f"logits {found.logit:.3g} and {found.contrast_logit:.3g}"
    return (
        f"sum {values.sum():.3g} · min {values.min():.3g} · max {values.max():.3g} · "
        f"{logit} · {found.diagnostics['seconds']:.2f} s{_sums(found)}"
    )


def _sums(found: Attribution) -> str:
    """Say how the sum stands to what was promised, for methods that promise one."""
    gap, kept = (found.diagnostics.get(word) for word in ("completeness_gap", "conserved"))
    if gap is not None:
        return f" · completeness gap {gap:.3g}"
    return "" if kept is None else f" · {percent(kept)} of the score"


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
    drawn = plate(found, bench.input)
    panels.image(drawn.pixels, alt=f"{METHODS[found.method].label} for class {found.target}")
    st.html(legends.signed_legend(drawn.scale, note=drawn.note))
    remark = describe(drawn.values).remark
    if remark:
        st.info(remark, icon=":material/info:")
    st.caption(numbers(found, drawn.values))
    st.caption(
        "Layer-wise relevance propagation hands the score back from layer to layer until it lies "
        "on pixels. Red speaks for the class, blue against it."
    )
