"""The path of an image that is none of the data set through the clusters of the layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xai.features.asking import answers
from xai.features.result import Features
from xai.flow.graph import FlowGraph, checked_graph
from xai.flow.journeys.voting import (
    NEIGHBOURS,
    Electorate,
    electorate,
    features_of_columns,
    nearest,
)
from xai.models.doors import checked_model
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel


@dataclass(frozen=True, eq=False)
class Step:
    """Where one layer puts an image.

    Attributes
    ----------
    layer : str
    cluster : int
        The most probable node of the column.
    confidence : float
        Its share of the vote, in [0, 1].
    probabilities : ndarray, shape (n,), float64
        Shares of all nodes of the column, from top to bottom; they sum to 1.
    distance : float
        Mean distance from its nearest other images, in the layer's unit; NaN where the
        layer has no features.
    typical : float
        The same of the images of the data set, their median.
    far : bool
        Whether it is farther from them than 99 % of the images are from theirs, or, if it
        is none of the data set, the features leave much more of it out than of those: its
        node then means little.
    own : int or None
        Which image of the data set it is; its cluster is then known.
    others : ndarray, shape (n,), float64, or None
        Of such an image: what its neighbours say without itself.
    """

    layer: str
    cluster: int
    confidence: float
    probabilities: np.ndarray
    distance: float
    typical: float
    far: bool
    own: int | None = None
    others: np.ndarray | None = None


def path(graph: FlowGraph, model: LoadedModel, image: np.ndarray) -> tuple[Step, ...]:
    """Find the path of one image through the clusters.

    Parameters
    ----------
    graph : FlowGraph
        With the features of its layers.
    model : LoadedModel
        The one that they come from; its shared network is not touched.
    image : ndarray, shape (C, H, W), float32 in [0, 1]
        As ``model.prepare`` gives it.

    Returns
    -------
    tuple of Step
        One a layer, in forward order.

    Raises
    ------
    TypeError, ValueError, Notes
        As :func:`paths`.
    """
    given = np.asarray(image)
    if given.ndim != 3:
        raise ValueError(f"image: expected shape (C, H, W), got {given.shape}")
    return paths(graph, model, given[None])[0]


def paths(
    graph: FlowGraph,
    model: LoadedModel,
    images: np.ndarray,
    *,
    progress: Progress | None = None,
) -> tuple[tuple[Step, ...], ...]:
    """Find the paths of several images, such as a clean one and the same attacked.

    Parameters
    ----------
    graph, model
        As :func:`path` takes them.
    images : ndarray, shape (M, C, H, W), float32 in [0, 1]
    progress : callable, optional
        In images, then in layers; may raise.

    Returns
    -------
    tuple of tuple of Step
        A path an image.

    Raises
    ------
    TypeError
        If it is no flow graph, no loaded model, or no array of images.
    ValueError
        If a layer with more than one node has no features, they are of another model,
        an image does not fit it, or an answer to it holds NaN or infinity.

    Notes
    -----
    In each layer the ten nearest images of the data set vote for their nodes, each with
    the inverse of its distance. On 1,000 digits in LeNet-5, with clusters of all three
    methods, this names the node of an image that does not vote in 78 to 99 % of cases,
    and logistic regression does no better on average: it is up to 6 points ahead in early
    layers and behind in late ones. But it returns only 87 to 100 % of its own training
    images to their clusters. An image of the data set is at distance 0 of itself, up to
    rounding, and so in its own cluster.
    It is recognised by that in all layers at once.
    """
    known = _asked(checked_graph(graph), checked_model(model))
    raws = answers(model, list(known.values()), images, progress=progress)
    polls = {}
    for place, ((column, features), raw) in enumerate(zip(known.items(), raws, strict=True)):
        layer = graph.layers[column]
        if progress is not None:
            progress(place, len(known), f"Looking for the cluster in {layer}")
        if not np.isfinite(raw).all():
            raise ValueError(f"image: the answer of {layer} to it holds NaN or infinity")
        polls[column] = _poll(electorate(graph, column, features), raw)
    owners = _owners(list(polls.values()), len(images))
    steps = [
        _steps(graph, column, polls[column], owners)
        if column in polls
        else [_only(graph, column, own) for own in owners]
        for column in range(len(graph.layers))
    ]
    return tuple(zip(*steps, strict=True))


def _asked(graph: FlowGraph, model: LoadedModel) -> dict[int, Features]:
    """Return the features of the columns that have some, all of this model."""
    known = {
        column: features
        for column, features in enumerate(features_of_columns(graph))
        if features is not None
    }
    for name in (graph.model, *(features.model for features in known.values())):
        if name != model.spec.name:
            got = name or "clusters from elsewhere"
            raise ValueError(f"graph: expected clusters of {model.spec.name}, got {got}")
    return known


@dataclass(frozen=True, eq=False)
class _Poll:
    """What one layer finds out about M images.

    Attributes
    ----------
    voters : Electorate
    near : ndarray, shape (M, k + 1), int64
        The nearest images of the data set, and one more in case that one is the image.
    distances : ndarray, shape (M, k + 1), float64
    same : tuple of ndarray of int64
        For each image those of the data set that it may be.
    strange : ndarray, shape (M,), bool
    """

    voters: Electorate
    near: np.ndarray
    distances: np.ndarray
    same: tuple[np.ndarray, ...]
    strange: np.ndarray


def _poll(voters: Electorate, raw: np.ndarray) -> _Poll:
    values = voters.features.values
    rows = voters.features.project(raw)
    near, distances, same = [], [], []
    for row in rows:
        first, lengths = nearest(values, row, NEIGHBOURS + 1)
        near.append(first)
        distances.append(lengths[first])
        same.append(np.flatnonzero(voters.same(lengths)))
    return _Poll(
        voters, np.stack(near), np.stack(distances), tuple(same), voters.strange(raw, rows)
    )


def _owners(polls: Sequence[_Poll], count: int) -> list[int | None]:
    """Return which image of the data set each image is: the same one in every layer."""
    owners: list[int | None] = []
    for image in range(count):
        possible = [set(poll.same[image].tolist()) for poll in polls]
        shared = set.intersection(*possible) if possible else set()
        owners.append(min(shared, default=None))
    return owners


def _steps(graph: FlowGraph, column: int, poll: _Poll, owners: Sequence[int | None]) -> list[Step]:
    voters = poll.voters
    # Of the column, where the vote counts clusters by number.
    order = np.searchsorted(voters.clusters, graph.sequence[column])
    limit, typical = voters.limit, voters.typical
    steps = []
    for image, own in enumerate(owners):
        near, distances = poll.near[image], poll.distances[image]
        votes = voters.vote(near[None, :NEIGHBOURS], distances[None, :NEIGHBOURS])[0]
        apart = _without(near, own)
        others = None
        if own is not None and len(apart):
            others = voters.vote(near[None, apart], distances[None, apart])[0][order]
        place = int(votes.argmax()) if own is None else int(voters.members[own])
        distance = float(distances[apart].mean()) if len(apart) else 0.0
        steps.append(
            Step(
                layer=graph.layers[column],
                cluster=int(voters.clusters[place]),
                confidence=float(votes[place]),
                probabilities=votes[order],
                distance=distance,
                typical=typical,
                far=bool(distance > limit or (own is None and poll.strange[image])),
                own=own,
                others=others,
            )
        )
    return steps


def _without(near: np.ndarray, own: int | None) -> np.ndarray:
    """Return the places of the neighbours that are not the image itself, as many as vote."""
    return np.flatnonzero(near != (-1 if own is None else own))[:NEIGHBOURS]


def _only(graph: FlowGraph, column: int, own: int | None) -> Step:
    """Return the step through a layer of one node, for which no features are needed."""
    (cluster,) = graph.sequence[column]
    sure = np.ones(1)
    return Step(
        graph.layers[column], cluster, 1.0, sure, float("nan"), float("nan"), far=False, own=own
    )
