"""The parameters of the layouts."""

from __future__ import annotations

from dataclasses import dataclass

from xai.types import Params, number


@dataclass(frozen=True)
class TsneParams(Params):
    """Parameters of t-SNE."""

    perplexity: float = number(
        30.0,
        2,
        100,
        1,
        help="About how many neighbours each image should keep; lowered where there are too few.",
    )
    early_iterations: int = number(
        250, 0, 1000, 10, help="Steps in which attraction is twelve times as strong."
    )
    iterations: int = number(500, 0, 5000, 50, help="Steps after these.")
    exaggeration: float = number(
        1.0, 1, 8, 0.5, help="Attraction in the later steps; above 1 clusters get tighter."
    )
    learning_rate: float | None = number(
        None, 1, 10_000, 10, help="Step size; left open it is the number of images / exaggeration."
    )


@dataclass(frozen=True)
class UmapParams(Params):
    """Parameters of UMAP."""

    neighbours: int = number(
        15, 2, 200, 1, help="How many neighbours each image should keep; few show detail."
    )
    min_dist: float = number(
        0.1, 0, 0.99, 0.05, help="How close two points may come; 0 packs clusters tightly."
    )


@dataclass(frozen=True)
class PcaParams(Params):
    """PCA has nothing to choose."""
