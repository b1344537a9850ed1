"""Measures of clusters by layer: the numbers that were found, and gaps where there is none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xai.figures.cluster_chart import cluster_chart
from xai.flow.clustering.clusters import Clusters
from xai.flow.clustering.parameters import KmeansParams

LAYERS = ("pixels", "features.conv1", "fc")


def found(labels: list[int], **measures: float) -> Clusters:
    return Clusters(np.array(labels, np.int64), "kmeans", KmeansParams(), **measures)


def drawn(*clusters: Clusters) -> tuple[dict, list[dict], list[dict]]:
    """Return a chart's lines, their rows, and the rows of the numbers above them."""
    spec = cluster_chart(LAYERS[: len(clusters)], clusters).to_dict()
    json.dumps(spec, allow_nan=False)
    lines, counts = spec["layer"]
    return lines, *(spec["datasets"][one["data"]["name"]] for one in (lines, counts))


def test_each_measure_is_a_line_over_the_layers() -> None:
    lines, rows, counts = drawn(
        found([0, 0, 1, -1], purity=0.75, ari=0.2, nmi=0.3, silhouette=-0.4),
        found([0, 0, 0, 0], purity=0.5, ari=0.0, nmi=0.0),
        found([0, 1, 2, 3], purity=1.0, ari=0.1, nmi=0.6),
    )
    values: dict[str, list[float | None]] = {}
    for row in rows:
        values.setdefault(row["series"], []).append(row["value"])
    assert values == {
        "purity": [0.75, 0.5, 1.0],
        "adjusted Rand index": [0.2, 0.0, 0.1],
        "mutual information": [0.3, 0.0, 0.6],
        "silhouette": [-0.4, None, None],
        "noise": [0.25, 0.0, 0.0],
    }
    assert lines["encoding"]["color"]["scale"]["domain"] == list(values)
    assert [row["clusters"] for row in counts] == ["2", "1", "4"]
    assert [row["name"] for row in counts] == list(LAYERS)
    assert counts[1]["silhouette"] == "not known"
    # A silhouette below 0 is not cut off, and above 1 there is room for the numbers.
    low, high = lines["encoding"]["y"]["scale"]["domain"]
    assert low == -0.4
    assert high > 1


def test_what_is_known_of_no_layer_has_no_line() -> None:
    lines, rows, _ = drawn(found([0, 0, -1]), found([-1, -1, -1]))
    assert lines["encoding"]["color"]["scale"]["domain"] == ["noise"]
    assert [row["value"] for row in rows] == [pytest.approx(1 / 3), 1.0]
    assert lines["encoding"]["y"]["scale"]["domain"][0] == 0


def test_one_clustering_a_layer_and_at_least_one() -> None:
    with pytest.raises(ValueError, match="clusters: expected 3, one a layer; got 1"):
        cluster_chart(LAYERS, [found([0])])
    with pytest.raises(ValueError, match="at least one"):
        cluster_chart((), ())
