"""From the features of a layer to its clusters: checks, the method, the measures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from xai.features.components import FEWEST, as_features, finite, scaling, varies
from xai.features.partition import numbered
from xai.features.result import Features
from xai.flow.clustering.clusters import Clusters, Found
from xai.flow.clustering.measures import agreement, silhouette
from xai.flow.clustering.methods import METHODS
from xai.types import Params, Progress, accepted_seed, find, make_params

_MESSAGE = "Clustering"


def cluster(
    features: Features | np.ndarray,
    method: str = "optics",
    *,
    params: Params | Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Clusters:
    """Cluster the images of one layer.

    Parameters
    ----------
    features : Features or ndarray, shape (N, D)
        Of a layer, or rows from elsewhere.
    method : str
        A key of :data:`xai.flow.METHODS`.
    params : Params or mapping, optional
        Of the method's own class; None takes the defaults, and 0 what suits so many images.
    seed : int
        Equal seeds give equal clusters; OPTICS and HDBSCAN need none.
    progress : callable, optional
        ``progress(done, total, message)`` in images, before and after; may raise. In between
        scikit-learn says nothing, some two seconds for 2,000 images.

    Returns
    -------
    Clusters
        One cluster, with a note, if there are fewer than four images or all give the same
        numbers.

    Raises
    ------
    TypeError
        If ``features``, ``params`` or ``seed`` is of the wrong kind.
    ValueError
        If there is no such method or a parameter is out of range, there is no row or no
        column, or a number is not finite.

    Notes
    -----
    Rows are scaled by one factor, so that the unit of a layer does not matter. No class is
    looked at, but for the number of clusters of k-means.
    """
    row = find(METHODS, method, "method")
    resolved = make_params(row.params, params)
    seed = accepted_seed(seed)
    given = as_features(features)
    _check(given)
    _tell(progress, 0, len(given))
    if len(given) < FEWEST or not varies(given.values):
        found, table = _all_one(given, resolved), np.zeros((len(given), 1))
    else:
        scale = scaling(given.values)
        table = scale.apply(given.values)
        found = row.function(given, table, resolved, seed)
        if found.reachability is not None:
            found = dataclasses.replace(found, reachability=found.reachability * scale.factor)
    _tell(progress, len(given), len(given))
    return _measured(given, table, found, method, seed)


def _check(given: Features) -> None:
    if not len(given):
        raise ValueError("features: expected at least one image, got none")
    if not given.values.shape[1]:
        raise ValueError("features: expected at least one number an image, got none")
    finite(given.values, "features")


def _all_one(given: Features, params: Params) -> Found:
    """Return one cluster of all images, and why."""
    count = len(given)
    if count < FEWEST:
        images = "1 image is" if count == 1 else f"{count} images are"
        note = f"{images} too few to look for groups; they are one cluster."
    else:
        note = f"All {count} images give the same numbers; they are one cluster."
    return Found(np.zeros(count, np.int64), params, (note,))


def _measured(given: Features, table: np.ndarray, found: Found, method: str, seed: int) -> Clusters:
    labels = numbered(found.labels)
    notes = found.notes
    if (labels < 0).all():
        notes = (*notes, "All images are noise: no group stands out.")
    compared = {}
    if given.labels is not None:
        compared = dataclasses.asdict(agreement(labels, given.labels))
    return Clusters(
        labels=labels,
        method=method,
        params=found.params,
        seed=seed,
        silhouette=silhouette(table, labels),
        features=given,
        notes=notes,
        ordering=found.ordering,
        reachability=found.reachability,
        **compared,
    )


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total, _MESSAGE)
