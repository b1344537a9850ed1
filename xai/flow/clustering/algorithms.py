"""The three ways to cluster: scikit-learn's, and what they need to be told."""

from __future__ import annotations

import numpy as np

from xai.features.neighbourhoods import ALONE
from xai.features.partition import k_means
from xai.features.result import Features
from xai.flow.clustering.automatic import Plot, extract, silhouettes, together, valleys
from xai.flow.clustering.clusters import Found
from xai.flow.clustering.parameters import HdbscanParams, KmeansParams, OpticsParams

#: The largest number of clusters that k-means tries where classes are unknown.
_MOST = 20


def optics(given: Features, table: np.ndarray, params: OpticsParams, seed: int) -> Found:
    """Order rows by density, and read clusters off that order.

    Parameters
    ----------
    given : Features
        Not used: only ``table`` counts.
    table : ndarray, shape (N, D), float64
        The scaled rows.
    params : OpticsParams
    seed : int
        Not used: nothing here is random.

    Notes
    -----
    The order is that of scikit-learn's ``OPTICS(min_samples)``, without its extraction.
    """
    from sklearn.cluster import cluster_optics_xi, compute_optics_graph

    used, notes = params.within(len(table))
    with ALONE:
        ordering, core, reachability, before = compute_optics_graph(
            table,
            min_samples=used.min_samples,
            max_eps=np.inf,
            metric="minkowski",
            p=2,
            metric_params=None,
            algorithm="auto",
            leaf_size=30,
            n_jobs=1,
        )
    labels = np.empty(len(table), np.int64)
    if used.extraction == "xi":
        # Equal neighbours make its slopes 0 / 0, which it means to be no slope.
        with np.errstate(all="ignore"):
            labels, _ = cluster_optics_xi(
                reachability=reachability,
                predecessor=before,
                ordering=ordering,
                min_samples=used.min_samples,
                min_cluster_size=used.min_size,
                xi=used.xi,
            )
    else:
        plot = Plot(table[ordering], reachability[ordering], core[ordering], used.min_samples)
        labels[ordering], more = _read(plot, used)
        notes = (*notes, *more)
    return Found(labels, used, notes, ordering, reachability)


def _read(plot: Plot, used: OpticsParams) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the clusters of a plot by heights, and what to tell of them."""
    if used.extraction == "cut":
        height = float(np.quantile(plot.reach[1:], used.cut / 100))
        return valleys(plot.reach, plot.core, height, used.min_size), ()
    found = extract(plot, used.min_size)
    if found is not None:
        return found, ()
    return together(plot, used.min_size), (
        "No groups stand out from what lies around them: the images that lie together are "
        "one cluster.",
    )


def hdbscan(given: Features, table: np.ndarray, params: HdbscanParams, seed: int) -> Found:
    """Keep the clusters that last longest as the demand for density grows.

    Parameters
    ----------
    given : Features
        Not used: only ``table`` counts.
    table : ndarray, shape (N, D), float64
        The scaled rows.
    params : HdbscanParams
    seed : int
        Not used: nothing here is random.
    """
    from sklearn.cluster import HDBSCAN

    used, notes = params.within(len(table))
    model = HDBSCAN(
        min_cluster_size=used.min_cluster_size,
        min_samples=used.min_samples,
        cluster_selection_method=used.selection,
        n_jobs=1,
        copy=True,
    )
    # Among equal rows it divides by a distance of 0 and means infinite density.
    with ALONE, np.errstate(all="ignore"):
        labels = model.fit_predict(table)
    return Found(labels, used, notes)


def kmeans(given: Features, table: np.ndarray, params: KmeansParams, seed: int) -> Found:
    """Sort rows around a number of means.

    Parameters
    ----------
    given : Features
        Of which the classes say how many clusters there should be, where that is left open.
    table : ndarray, shape (N, D), float64
        The scaled rows.
    params : KmeansParams
    seed : int
        Of the random beginnings.
    """
    wanted = params.clusters
    notes: tuple[str, ...] = ()
    if not wanted and given.labels is not None:
        wanted = len(np.unique(given.labels))
        notes = (f"As many clusters as there are classes: {wanted}.",)
        # A class for each image or two says nothing of groups.
        if not 2 <= wanted <= len(table) // 2:
            wanted, notes = 0, ()
    if wanted > len(table):
        notes = (f"{wanted} clusters were asked for; there are {len(table)} images.",)
        wanted = len(table)
    if wanted:
        labels = k_means(table, wanted, seed, params.starts)
    else:
        labels = _most_apart(table, seed, params.starts)
        notes = (f"{labels.max() + 1} clusters, the number that parts the images best.",)
    count = int(labels.max()) + 1
    if wanted > count:
        notes = (*notes, f"{wanted} clusters were asked for; only {count} images differ.")
    return Found(labels, KmeansParams(clusters=count, starts=params.starts), notes)


def _most_apart(table: np.ndarray, seed: int, starts: int) -> np.ndarray:
    """Return the k-means of 2 to 20 clusters with the largest mean silhouette."""
    squares = np.einsum("nd,nd->n", table, table)
    best, kept = -np.inf, np.zeros(len(table), np.int64)
    for count in range(2, min(_MOST, len(table) - 1) + 1):
        found = k_means(table, count, seed, starts)
        if found.max() + 1 < count:
            # No more rows differ.
            count = int(found.max()) + 1
        worth = float(silhouettes(table, squares, found).mean()) if count > 1 else 0.0
        if worth > best:
            best, kept = worth, found
    return kept
