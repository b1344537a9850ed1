"""The parameters of the layouts."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from xai.types import Params, choice, number


@dataclass(frozen=True)
class LayoutParams(Params):
    """Parameters of a layout, some of which the number of images may force."""

    def within(self, count: int) -> tuple[LayoutParams, tuple[str, ...]]:
        """Return what is used for so many images, and a sentence for each change."""
        return self, ()


@dataclass(frozen=True)
class TsneParams(LayoutParams):
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
    initialization: str = choice(
        "pca", ("pca", "random"), help="Where points begin: the first two components, or anywhere."
    )

    def within(self, count: int) -> tuple[TsneParams, tuple[str, ...]]:
        """Lower the perplexity to what the number of images allows, and say so."""
        most = max(2.0, (count - 1) / 3)
        if self.perplexity <= most:
            return self, ()
        note = (
            f"Perplexity {self.perplexity:g} needs at least {math.ceil(3 * self.perplexity) + 1} "
            f"images; {most:.3g} was used for {count}."
        )
        return dataclasses.replace(self, perplexity=most), (note,)


@dataclass(frozen=True)
class UmapParams(LayoutParams):
    """Parameters of UMAP."""

    neighbours: int = number(
        15, 2, 200, 1, help="How many neighbours each image should keep; few show detail."
    )
    min_dist: float = number(
        0.1, 0, 0.99, 0.05, help="How close two points may come; 0 packs clusters tightly."
    )
    initialization: str = choice(
        "pca", ("pca", "random"), help="Where points begin: the first two components, or anywhere."
    )

    def within(self, count: int) -> tuple[UmapParams, tuple[str, ...]]:
        """Lower the number of neighbours to the other images there are, and say so."""
        most = count - 1
        if self.neighbours <= most:
            return self, ()
        note = f"{self.neighbours} neighbours were asked for; there are {most} other images."
        return dataclasses.replace(self, neighbours=most), (note,)


@dataclass(frozen=True)
class PcaParams(LayoutParams):
    """PCA has nothing to choose."""
