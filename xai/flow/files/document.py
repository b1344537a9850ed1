"""A flow as JSON: the graph, its order and its positions, for programs that draw."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.flow.files import schema
from xai.flow.graph import FlowGraph, Group

if TYPE_CHECKING:
    from xai.flow.arrangement.layout import FlowLayout


def graph_json(graph: FlowGraph, layout: FlowLayout | None = None) -> str:
    """Write a graph as JSON: nodes, flows, order and positions, without features.

    Parameters
    ----------
    graph : FlowGraph
    layout : FlowLayout, optional
        Of this graph.

    Returns
    -------
    str
        An object. ``layers`` (L names), ``classes``, ``images`` (N names), ``labels`` and
        ``predicted`` (N numbers or null), ``nodes`` and ``flows`` with their counts by
        class, ``assigned`` and ``order`` (L lists of N), and with a layout ``positions``
        (L lists of N), ``height`` and the nodes' ``top`` and ``bottom``, all in images.
    """
    nodes = [
        {"column": node.column, "cluster": node.cluster, **_told(node)}
        for column in graph.nodes
        for node in column
    ]
    found: dict[str, Any] = {
        "format": schema.FORMAT,
        "version": schema.VERSION,
        "model": graph.model,
        "layers": graph.layers,
        "classes": graph.classes,
        "model_classes": graph.model_classes,
        "images": graph.ids,
        "labels": None if graph.labels is None else graph.labels.tolist(),
        "predicted": None if graph.predicted is None else graph.predicted.tolist(),
        "nodes": nodes,
        "flows": [
            {"column": flow.column, "source": flow.source, "target": flow.target, **_told(flow)}
            for column in graph.flows
            for flow in column
        ],
        "assigned": graph.assigned.tolist(),
        "order": graph.lines.tolist(),
    }
    if layout is not None:
        ends = zip(np.concatenate(layout.tops), np.concatenate(layout.bottoms), strict=True)
        for node, (top, bottom) in zip(nodes, ends, strict=True):
            node |= {"top": _rounded(top), "bottom": _rounded(bottom)}
        found["height"] = _rounded(layout.height)
        found["positions"] = [[_rounded(y) for y in line] for line in layout.line_positions]
    return json.dumps(found, allow_nan=False, ensure_ascii=False)


def _told(group: Group) -> dict[str, Any]:
    return {
        "size": len(group),
        "counts": group.counts.tolist(),
        "majority": group.majority,
        "purity": group.purity,
        "accuracy": group.accuracy,
    }


def _rounded(value: float) -> float:
    return round(float(value), 3)
