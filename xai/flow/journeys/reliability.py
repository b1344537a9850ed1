"""How far the path of an image can be trusted, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai.features.result import Features
from xai.flow.graph import FlowGraph, checked_graph
from xai.flow.journeys.voting import electorate, features_of_columns


@dataclass(frozen=True, eq=False)
class Reliability:
    """How often the vote finds the node of an image that does not vote itself.

    Attributes
    ----------
    layer : str
    accuracy : float
        Share of the images whose own node it names, in [0, 1].
    chance : float
        What always naming the largest node would give.
    precision : ndarray, shape (n,), float64
        For each node of the column, from top to bottom, the share of the images called
        so that are in it; NaN if none is.
    recall : ndarray, shape (n,), float64
        Share of the node's images that are called so.
    """

    layer: str
    accuracy: float
    chance: float
    precision: np.ndarray
    recall: np.ndarray


def reliability(graph: FlowGraph) -> tuple[Reliability, ...]:
    """Leave out one image after another, and see whether its neighbours name its node.

    Parameters
    ----------
    graph : FlowGraph
        With the features of its layers.

    Returns
    -------
    tuple of Reliability
        One a layer. The image that is left out of the vote took part in forming the
        clusters, so for an image from elsewhere this is a little too good.

    Raises
    ------
    TypeError
        If it is no flow graph.
    ValueError
        If a layer with more than one node has no features.
    """
    graph = checked_graph(graph)
    return tuple(
        _of(graph, column, features) for column, features in enumerate(features_of_columns(graph))
    )


def _of(graph: FlowGraph, column: int, features: Features | None) -> Reliability:
    width = len(graph.sequence[column])
    true = graph.ranks(column)
    named = true
    if width > 1 and features is not None:
        voters = electorate(graph, column, features)
        votes = voters.vote(voters.near.rows, voters.near.distances)
        # From the place among the rising numbers to that in the column.
        named = np.argsort(graph.sequence[column])[votes.argmax(axis=1)]
    table = np.bincount(true * width + named, minlength=width * width).reshape(width, width)
    hits, called = table.diagonal(), table.sum(axis=0)
    precision = np.full(width, np.nan)
    np.divide(hits, called, out=precision, where=called > 0)
    sizes = table.sum(axis=1)
    return Reliability(
        layer=graph.layers[column],
        accuracy=float(hits.sum() / len(graph)),
        chance=float(sizes.max() / len(graph)),
        precision=precision,
        recall=hits / sizes,
    )
