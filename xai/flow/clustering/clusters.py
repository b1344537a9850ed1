"""The clusters of one layer, and how far they agree with the classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai.features.result import Features
from xai.types import Params


@dataclass(frozen=True, eq=False)
class Found:
    """What a method gives.

    Attributes
    ----------
    labels : ndarray, shape (N,), int
        Cluster of each row, in any numbering; -1 is noise.
    params : Params
        As used: automatic values filled in.
    notes : tuple of str
        What the reader should be told, one sentence each.
    ordering : ndarray, shape (N,), int64, or None
        The rows as OPTICS visits them.
    reachability : ndarray, shape (N,), float64, or None
        How far each row lies from those that were visited before it, by row.
    """

    labels: np.ndarray
    params: Params
    notes: tuple[str, ...] = ()
    ordering: np.ndarray | None = None
    reachability: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Clusters:
    """A cluster for each image in one layer; nothing in it can be written to.

    Attributes
    ----------
    labels : ndarray, shape (N,), int64
        0 is the largest cluster, of equals the one with the earliest image; -1 is noise.
    method : str
        A key of ``xai.flow.METHODS``.
    params : Params
        As used: automatic values filled in. With them the clusters come out again.
    seed : int
    purity : float or None
        Share of the images whose class is the commonest of their cluster, in (0, 1]. As in
        ``ari`` and ``nmi`` noise counts as one more cluster, and without labels it is None.
    clustered_purity : float or None
        The same without noise; None if everything is noise.
    ari : float or None
        Adjusted Rand index against the classes: 1 is agreement, 0 is chance.
    nmi : float or None
        Normalised mutual information with the classes, in [0, 1].
    silhouette : float or None
        Mean over the images in clusters, in [-1, 1]: how much nearer an image is to its own
        cluster than to the next one. None with fewer than two clusters, or if each image
        is a cluster.
    features : Features or None
        What they were made of; None for clusters that were read without.
    notes : tuple of str
        What the reader should be told, one sentence each.
    ordering : ndarray, shape (N,), int64, or None
        The images as OPTICS visits them; None for other methods.
    reachability : ndarray, shape (N,), float64, or None
        How far each image lies from those that were visited before it, in the layer's
        unit, by image: the first one's is infinite.
    """

    labels: np.ndarray
    method: str
    params: Params
    seed: int = 0
    purity: float | None = None
    clustered_purity: float | None = None
    ari: float | None = None
    nmi: float | None = None
    silhouette: float | None = None
    features: Features | None = None
    notes: tuple[str, ...] = ()
    ordering: np.ndarray | None = None
    reachability: np.ndarray | None = None

    def __post_init__(self) -> None:
        for array in (self.labels, self.ordering, self.reachability):
            if array is not None:
                array.setflags(write=False)

    def __len__(self) -> int:
        """Return how many images there are."""
        return len(self.labels)

    @property
    def count(self) -> int:
        """How many clusters there are; noise is none."""
        return int(self.labels.max(initial=-1)) + 1

    @property
    def noise(self) -> float:
        """Share of the images that belong to no cluster, in [0, 1]."""
        return float((self.labels < 0).mean())
