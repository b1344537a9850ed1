"""A flow graph in raw order, made of the clusters of several layers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from xai.flow.clustering.clusters import Clusters
from xai.flow.graph import NOISE, SMALL, FlowGraph, checked_graph

#: What a graph takes over from the features of its clusters.
_TOLD = (
    *("labels", "classes", "ids", "predicted"),
    *("model_classes", "right", "model"),
)


def build(clusters: Mapping[str, Clusters]) -> FlowGraph:
    """Join the clusters of several layers by the images that they share.

    Parameters
    ----------
    clusters : mapping of str to Clusters
        By the layer's name, in the order of the forward pass, all of the same images.

    Returns
    -------
    FlowGraph
        In raw order: clusters by number with noise last, and in each the images as they
        come. :func:`xai.flow.order` finds a better one.

    Raises
    ------
    TypeError
        If it is no mapping of names to clusters.
    ValueError
        If there is no layer or no image, or the layers are not of the same images.
    """
    if not isinstance(clusters, Mapping):
        raise TypeError(f"clusters: expected a dict of layers, got {type(clusters).__name__}")
    for name, one in clusters.items():
        if not isinstance(name, str) or not isinstance(one, Clusters):
            raise TypeError(
                f"clusters: expected names and Clusters, got {name!r} and {type(one).__name__}"
            )
    if not clusters:
        raise ValueError("clusters: expected at least one layer, got none")
    _same_images(clusters)
    assigned = np.stack([one.labels for one in clusters.values()]).astype(np.int64)
    graph = FlowGraph(
        tuple(clusters),
        assigned,
        sequence=(),
        lines=assigned,  # a place holder: the order is found next
        clusters=tuple(clusters.values()),
        **_told(clusters.values()),
    )
    return unordered(graph)


def _told(clusters: Iterable[Clusters]) -> dict[str, Any]:
    """Return what the features of some clusters know of the images."""
    known = next((one.features for one in clusters if one.features is not None), None)
    return {} if known is None else {name: getattr(known, name) for name in _TOLD}


def raw_sequence(assigned: np.ndarray) -> tuple[int, ...]:
    """Return a column's clusters by number, the small and the noise last."""
    present = [int(cluster) for cluster in np.unique(assigned)]
    last = [cluster for cluster in (SMALL, NOISE) if cluster in present]
    return (*(cluster for cluster in present if cluster not in last), *last)


def _raw_lines(assigned: np.ndarray, sequence: Sequence[int]) -> np.ndarray:
    return np.concatenate([np.flatnonzero(assigned == cluster) for cluster in sequence])


def _same_images(clusters: Mapping[str, Clusters]) -> None:
    first_name, first = next(iter(clusters.items()))
    if not len(first.labels):
        raise ValueError("clusters: expected at least one image, got none")
    for name, one in clusters.items():
        if len(one.labels) != len(first.labels):
            raise ValueError(
                f"clusters: expected {len(first.labels)} images in each layer, as in "
                f"{first_name}; got {len(one.labels)} in {name}"
            )
        pair = one.features, first.features
        if pair[0] is not None and pair[1] is not None and pair[0].ids != pair[1].ids:
            raise ValueError(f"clusters: {name} and {first_name} are not of the same images")


def unordered(graph: FlowGraph) -> FlowGraph:
    """Return the graph in raw order, as :func:`build` makes it.

    Raises
    ------
    TypeError
        If it is no flow graph.
    """
    graph = checked_graph(graph)
    sequence = tuple(raw_sequence(column) for column in graph.assigned)
    pairs = zip(graph.assigned, sequence, strict=True)
    lines = np.stack([_raw_lines(column, clusters) for column, clusters in pairs])
    return dataclasses.replace(graph, sequence=sequence, lines=lines)
