"""How good the clusters of each layer are, in numbers."""

from __future__ import annotations

import streamlit as st

from pages._ui import panels
from pages._ui.streams.computing import Drawn
from pages._ui.workbench import Bench
from xai.figures.cluster_chart import cluster_chart
from xai.flow.clustering.clusters import Clusters
from xai.tables import csv_text

_COLUMNS = (
    *("layer", "clusters", "noise", "purity", "purity_without_noise"),
    *("ari", "nmi", "silhouette", "method", "params"),
)


def show(bench: Bench, drawn: Drawn) -> None:
    """Show what is measured of the clusters, layer by layer."""
    graph = drawn.graph
    if not graph.clusters:
        st.info("The file holds no measures of its clusters.", icon=":material/info:")
        return
    st.altair_chart(
        cluster_chart(graph.layers, graph.clusters),
        width="stretch",
        alt="measures of the clusters of each layer",
    )
    known = graph.labels is not None
    st.caption(
        "Measured in each layer’s own features. Noise is the share of images that are in no "
        "cluster. The silhouette needs no classes: near 1, images are much nearer to their own "
        "cluster than to the next."
        + (
            " Adjusted Rand index and normalised mutual information say how far clusters and "
            "true classes agree (noise counts as a cluster of its own): 0 is chance, 1 is the "
            "same. Purity is the share of images whose class is the commonest of their cluster; "
            "many small clusters are pure by themselves, so read it beside their number."
            if known
            else " The classes of these images are unknown: nothing can be compared with them."
        )
    )
    for sentence in drawn.notes:
        st.caption(sentence)
    panels.download_text(_table(graph.layers, graph.clusters), "clusters.csv", "Table (.csv)")


def _table(layers: tuple[str, ...], clusters: tuple[Clusters, ...]) -> str:
    rows = []
    for layer, one in zip(layers, clusters, strict=True):
        measures = (one.noise, one.purity, one.clustered_purity, one.ari, one.nmi, one.silhouette)
        said = " ".join(f"{name}={value}" for name, value in vars(one.params).items())
        rows.append([layer, one.count, *measures, one.method, said])
    return csv_text(_COLUMNS, rows)
