"""The path of the workbench's image, layer by layer: which cluster, and how sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages._ui import panels, progress
from pages._ui.drawing_view import drawing_view
from pages._ui.streams import journey, shown
from pages._ui.streams.computing import Drawn, DrawnKey
from pages._ui.streams.journey import Journey
from pages._ui.workbench import Bench
from xai.figures.flow_picture import cluster_name
from xai.figures.path_strip import path_strip
from xai.flow.journeys.pathfinding import Step
from xai.flow.journeys.reliability import Reliability, reliability
from xai.jobs import Report
from xai.tables import csv_text

_COLUMNS = (
    *("image", "layer", "cluster", "confidence"),
    *("commonest_class", "far", "reliability_of_layer"),
)


@dataclass(frozen=True)
class TrustKey:
    """How often the vote of a flow's layers is right."""

    drawn: DrawnKey


def show(bench: Bench, drawn: Drawn) -> None:
    """Show the node of the image in each layer, beside that of its attacked copy."""
    try:
        if st.session_state[shown.FOLLOW] == "image":
            found = journey.above()
        else:
            found = journey.follow(bench, drawn, attacked=journey.wanted())
        if found is None:
            st.skeleton(300)
            return
        trust = _trust(drawn)
    except ValueError as error:
        st.info(str(error), icon=":material/info:")
        return
    st.markdown(_said(drawn, found))
    drawing_view(
        path_strip(drawn.graph, found.paths),
        alt="the cluster of the image in each layer",
        key="path-strip",
    )
    st.caption(
        "In each layer the ten nearest images of the data set vote for their cluster; the bar is "
        "the share of the vote. A dashed frame: the image is far from all others, so its "
        "cluster means little. An image of the data set is in its own cluster."
    )
    if trust is not None:
        _reliability(drawn, trust)
    panels.download_text(_table(drawn, found, trust), "path.csv", "Table (.csv)")


def _trust(drawn: Drawn) -> tuple[Reliability, ...] | None:
    graph, key = drawn.graph, TrustKey(drawn.key)

    def work(report: Report) -> tuple[Reliability, ...]:
        report(0, 1, "Leaving out one image after another")
        return reliability(graph)

    found: tuple[Reliability, ...] | None = progress.result(
        key, work, label="How far to trust a step", keep=False, slot="path-trust"
    )
    return found


def _reliability(drawn: Drawn, trust: Sequence[Reliability]) -> None:
    worst = min(trust, key=lambda one: one.accuracy)
    best = max(trust, key=lambda one: one.accuracy)
    st.caption(
        "How far to trust a step: of the data set’s own images, each left out of the vote once, "
        f"the vote names the right cluster in {worst.accuracy:.0%} of cases at {worst.layer} (its "
        f"worst layer; always the largest: {worst.chance:.0%}) and in {best.accuracy:.0%} at "
        f"{best.layer} (its best; always the largest: {best.chance:.0%})."
    )


def _said(drawn: Drawn, found: Journey) -> str:
    """Say where the image ends, and where its attacked copy goes another way for good."""
    clean = found.paths["clean"]
    said = f"It ends in {_named(drawn, clean[-1], len(clean) - 1)}."
    if "attacked" not in found.paths or found.attack is None:
        return said
    attack, attacked = found.attack, found.paths["attacked"]
    apart = [
        place
        for place, (one, other) in enumerate(zip(clean, attacked, strict=True))
        if one.cluster != other.cluster
    ]
    way = f"Attacked (read as **{panels.plain(attack.after.name)}**)"
    if not apart:
        return f"{said} {way}, it takes the same way."
    together = [place for place in range(len(clean)) if place not in apart]
    good = max(together, default=-1) + 1
    said += f" {way}, it first goes another way at **{drawn.graph.layers[apart[0]]}**"
    if good < len(clean):
        later = "" if good == apart[0] else f" at **{drawn.graph.layers[good]}**"
        said += f" and for good{later}"
    return f"{said}, and ends in {_named(drawn, attacked[-1], len(clean) - 1)}."


def _named(drawn: Drawn, step: Step, column: int) -> str:
    """Name a node by its cluster and its commonest class."""
    node = drawn.graph.node(column, step.cluster)
    said = f"**{cluster_name(step.cluster)}**"
    if node.majority is not None and node.purity is not None:
        name = panels.plain(drawn.graph.classes[node.majority])
        said += f" ({name}: {node.purity:.0%})"
    return f"{said} of {step.layer}"


def _table(drawn: Drawn, found: Journey, trust: Sequence[Reliability] | None) -> str:
    rows: list[list[str | float | None]] = []
    for name, steps in found.paths.items():
        for column, step in enumerate(steps):
            node = drawn.graph.node(column, step.cluster)
            known = node.majority
            rows.append(
                [
                    name,
                    step.layer,
                    cluster_name(step.cluster),
                    step.confidence,
                    None if known is None else drawn.graph.classes[known],
                    str(step.far).lower(),
                    None if trust is None else trust[column].accuracy,
                ]
            )
    return csv_text(_COLUMNS, rows)
