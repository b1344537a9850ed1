"""Two networks side by side on one scale: size, cost, depth, and how they come to see far."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import streamlit as st

from pages._ui import cached, controls, fetching, panels
from pages._ui.workbench import Bench
from xai.figures import comparison, growth
from xai.models import MODELS
from xai.network import profile, summary

if TYPE_CHECKING:
    from xai.models import LoadedModel

_AXES = {"relative": "share of the depth", "layer": "number of the layer"}


def show(bench: Bench) -> None:
    """Draw the workbench's model and another one on one scale."""
    others = {name: spec.label for name, spec in MODELS.items() if name != bench.model_name}
    left, right = st.columns([2, 2], vertical_alignment="bottom")
    with left:
        name = controls.select("against", "Compare with", others, default=next(iter(others)))
    with right:
        axis = controls.segments("depth_axis", "Along", _AXES, default="relative")
    if not fetching.model_ready(MODELS[name]):
        return
    pair = (bench.model, cached.model(name))
    st.altair_chart(
        comparison.totals([_totals(model) for model in pair]),
        width="stretch",
        alt="parameters, multiply-accumulates, depth and layers of both networks",
    )
    st.caption("Bars of each measure are on one scale; a network may be small and costly at once.")
    series = [
        growth.Series.of(profile(model), model.spec.label, max(model.spec.input_size))
        for model in pair
    ]
    _along(series, "layer" if axis == "layer" else "relative", _losses(pair))
    panels.download_text(table(series), f"{bench.model_name}-{name}.csv", "Numbers (.csv)")


def _along(series: list[growth.Series], x: Literal["relative", "layer"], losses: str) -> None:
    """Draw what grows and what shrinks along the depth."""
    for row in (("sees", "resolution"), ("parameters", "macs")):
        for place, what in zip(st.columns(2, gap="medium"), row, strict=True):
            with place:
                _one(series, what, x, losses)


def _one(
    series: list[growth.Series], what: str, x: Literal["relative", "layer"], losses: str
) -> None:
    if what == "sees":
        title, chart = "How far one output sees", growth.receptive_fields(series, x=x)
        said = (
            "The receptive field in pixels. From the line of the image’s side on, an output can in "
            "theory see all of it."
        )
    elif what == "resolution":
        title, chart = "Where resolution is lost", growth.resolutions(series, x=x)
        said = losses
    elif what == "parameters":
        title, chart = "Where the parameters are", growth.cumulative(series, "parameters", x=x)
        said = "Share of all trained numbers up to each depth: a steep piece holds many of them."
    else:
        title, chart = "Where the work is done", growth.cumulative(series, "macs", x=x)
        said = "Share of all multiply-adds up to each depth: a steep piece takes most of the time."
    st.markdown(f"**{title}**")
    st.altair_chart(chart, width="stretch", alt=title)
    st.caption(said)


def _totals(model: LoadedModel) -> comparison.Totals:
    found = summary(model)
    return comparison.Totals(
        model.spec.label, found.parameters, found.macs, found.depth, found.layers
    )


def _losses(pair: tuple[LoadedModel, LoadedModel]) -> str:
    """Say at which layers the maps shrink."""
    parts = []
    for model in pair:
        places = [
            f"{panels.plain(loss.layer)} ({loss.before} → {loss.after})"
            for loss in profile(model).losses
        ]
        parts.append(f"**{panels.plain(model.spec.label)}**: {', '.join(places) or 'nowhere'}")
    return " · ".join(parts)


def table(networks: Sequence[growth.Series]) -> str:
    """Return what the charts show as CSV, a row for each layer."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["network", "layer", "side", "receptive field", "parameters so far", "MACs so far"]
    )
    for series in networks:
        columns = (series.side, series.receptive_field, series.parameters, series.macs)
        for name, *numbers in zip(series.layers, *columns, strict=True):
            writer.writerow([series.label, name, *numbers])
    return text.getvalue()
