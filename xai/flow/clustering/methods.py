"""The ways to cluster a layer."""

from __future__ import annotations

from xai.flow.clustering.parameters import HdbscanParams, KmeansParams, OpticsParams
from xai.types import Method, Paper, lazy

#: The ways to cluster the images of a layer, in display order.
METHODS: dict[str, Method] = {
    "optics": Method(
        label="OPTICS",
        function=lazy("xai.flow.clustering.algorithms:optics"),
        params=OpticsParams,
        paper=Paper(
            "M. Ankerst, M. M. Breunig, H.-P. Kriegel, J. Sander",
            "OPTICS: ordering points to identify the clustering structure",
            1999,
        ),
        summary=(
            "Dense places, each as dense as it is, with sparse ones between them. "
            "What lies in between is noise; the number of clusters is found."
        ),
        formula=r"r(x) = \min_{o \text{ before } x} "
        r"\max\bigl(\operatorname{core}(o),\; \lVert x - o \rVert\bigr)",
    ),
    "hdbscan": Method(
        label="HDBSCAN",
        function=lazy("xai.flow.clustering.algorithms:hdbscan"),
        params=HdbscanParams,
        paper=Paper(
            "R. J. G. B. Campello, D. Moulavi, J. Sander",
            "Density-based clustering based on hierarchical density estimates",
            2013,
        ),
        summary=(
            "Dense places that last longest as the demand for density grows. "
            "It calls more images noise than OPTICS; the number of clusters is found."
        ),
        formula=r"S(C) = \sum_{x \in C} \bigl(\lambda_{\max}(x, C) - \lambda_{\min}(C)\bigr),"
        r"\quad \lambda = 1 / \text{distance}",
    ),
    "kmeans": Method(
        label="k-means",
        function=lazy("xai.flow.clustering.algorithms:kmeans"),
        params=KmeansParams,
        paper=Paper(
            "D. Arthur, S. Vassilvitskii", "k-means++: the advantages of careful seeding", 2007
        ),
        summary=(
            "A given number of round clusters around their means. Each image belongs to one: "
            "there is no noise, and there are clusters even where nothing is grouped."
        ),
        formula=r"\min_{\mu} \sum_i \min_k \lVert x_i - \mu_k \rVert^2",
    ),
}
