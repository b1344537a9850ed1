"""The ways to make a map."""

from __future__ import annotations

from xai.embedding.params import PcaParams, TsneParams, UmapParams
from xai.types import Method, Paper, lazy

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
            "about 12 seconds."
        ),
        formula=r"\min_Y \sum_{i \neq j} p_{ij} \log \frac{p_{ij}}{q_{ij}} + "
        r"(1 - p_{ij}) \log \frac{1 - p_{ij}}{1 - q_{ij}}",
    ),
    "pca": Method(
        label="PCA",
        function=lazy("xai.embedding.pca:pca"),
        params=PcaParams,
        paper=Paper(
            "K. Pearson", "On lines and planes of closest fit to systems of points in space", 1901
        ),
        summary="The two directions of most variance: a shadow of the data, true to distances.",
        formula=r"y_i = W^\top (x_i - \bar{x}),\quad W = \text{the first two eigenvectors of "
        r"the covariance}",
    ),
}
