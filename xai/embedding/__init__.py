"""Maps of a data set: features of a layer, and their layout in the plane.

Importing this package loads no torch, openTSNE, scikit-learn or UMAP; they come
when a function first needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.embedding.params import PcaParams, TsneParams, UmapParams
from xai.embedding.results import Embedding, Features, OnStep
from xai.types import Method, Paper, Params, Progress, find, lazy, make_params

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel

__all__ = [
    "FEWEST",
    "METHODS",
    "Embedding",
    "Features",
    "PcaParams",
    "TsneParams",
    "UmapParams",
    "features",
    "run",
]

#: A map of fewer images than this shows nothing.
FEWEST = 4

#: The ways to lay features out in the plane, in display order.
METHODS: dict[str, Method] = {
    "tsne": Method(
        label="t-SNE",
        function=lazy("xai.embedding.tsne:tsne"),
        params=TsneParams,
        paper=Paper("L. van der Maaten, G. Hinton", "Visualizing data using t-SNE", 2008),
        summary=(
            "Neighbours stay neighbours. Read who is next to whom; "
            "distances between clusters and their sizes mean little."
        ),
        formula=r"\min_Y \sum_{i \neq j} p_{ij} \log \frac{p_{ij}}{q_{ij}},\quad "
        r"q_{ij} \propto (1 + \lVert y_i - y_j \rVert^2)^{-1}",
    ),
    "umap": Method(
        label="UMAP",
        function=lazy("xai.embedding.umap:umap"),
        params=UmapParams,
        paper=Paper(
            "L. McInnes, J. Healy, J. Melville",
            "UMAP: Uniform manifold approximation and projection for dimension reduction",
            2018,
            "1802.03426",
        ),
        summary=(
            "Like t-SNE with tighter clusters. Its first use after a start compiles for "
            "about 12 seconds, and it cannot be stopped on the way."
        ),
        formula=r"\min_Y \sum_{i \neq j} p_{ij} \log \frac{p_{ij}}{q_{ij}} + "
        r"(1 - p_{ij}) \log \frac{1 - p_{ij}}{1 - q_{ij}}",
    ),
    "pca": Method(
        label="PCA",
        function=lazy("xai.embedding.components:pca"),
        params=PcaParams,
        paper=Paper(
            "K. Pearson", "On lines and planes of closest fit to systems of points in space", 1901
        ),
        summary="The two directions of most variance: a shadow of the data, true to distances.",
        formula=r"y_i = W^\top (x_i - \bar{x}),\quad W = \text{the first two eigenvectors of "
        r"the covariance}",
    ),
}


def features(
    model: LoadedModel,
    images: ImageSet | np.ndarray,
    layer: str | None,
    *,
    reduce: str = "pca90",
    grid: int = 4,
    progress: Progress | None = None,
) -> Features:
    """Describe each image by what a layer answers to it.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    images : ImageSet or ndarray
        Images of any sizes, or prepared ones of shape (N, C, H, W) in [0, 1].
    layer : str or None
        A name of ``model.layers``; None takes the pixels as the model takes them.
    reduce : str
        ``"pca"`` and a whole number from 1 to 99 keeps as many principal components
        as hold more than that share of the variance in per cent; ``"none"`` keeps
        everything.
    grid : int
        Feature maps are averaged to at most ``grid`` by ``grid`` values a channel.
    progress : callable, optional
        ``progress(done, total, message)`` in images; may raise.

    Returns
    -------
    Features

    Raises
    ------
    TypeError
        If ``images`` is neither an image set nor an array.
    ValueError
        If there are fewer than two images, an image or the layer does not fit the
        model, ``reduce`` is unknown, the answers hold NaN or infinity, or all
        images get the same answer.

    Notes
    -----
    Averaging is adaptive: cell i of n covers rows ``floor(i H / n)`` to
    ``ceil((i + 1) H / n)``. Pixels of images larger than 64 are averaged over
    whole squares to at most 64 a side, so that memory stays bounded. Principal
    components are computed in float64, from the covariance or from the Gram
    matrix, whichever is smaller; of each the score of largest magnitude is
    positive.
    """
    from xai.embedding.extraction import describe

    return describe(model, images, layer, reduce=reduce, grid=grid, progress=progress)


def run(
    features: Features | np.ndarray,
    method: str,
    *,
    params: Params | Mapping[str, Any] | None = None,
    seed: int = 0,
    on_step: OnStep | None = None,
) -> Embedding:
    """Lay features out in the plane.

    Parameters
    ----------
    features : Features or ndarray, shape (N, D)
        At least four rows.
    method : str
        A key of :data:`METHODS`.
    params : Params or mapping, optional
        Of the method's own class; None takes the defaults.
    seed : int
        Equal seeds give bit-equal maps.
    on_step : callable, optional
        ``on_step(iteration, total, points)`` with points (N, 2) float32, every ten
        iterations and at the end. If it returns True the work stops and the last
        state is the result; what it raises stops the work and reaches the caller.

    Returns
    -------
    Embedding

    Raises
    ------
    TypeError
        If ``features``, ``params`` or ``seed`` is of the wrong kind.
    ValueError
        If there is no such method or a parameter is out of range, there are fewer
        than four rows, a number is not finite, or all rows are equal.
    """
    row = find(METHODS, method, "method")
    resolved = make_params(row.params, params)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"seed: expected a whole number, got {seed!r}")
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed: expected 0 to {2**32 - 1}, got {seed}")
    from xai.embedding.layout import lay_out

    return lay_out(features, method, row.function, resolved, int(seed), on_step)
