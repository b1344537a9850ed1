"""The parameters of the ways to cluster a layer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from xai.types import Params, choice, number


def crowd(count: int) -> int:
    """Return how many of so many images make a crowd: their cube root, at least 2.

    10 of 1,000, 13 of 2,000, 3 of 24: enough that chance seldom puts them together, few
    enough that a small class is found.
    """
    return max(2, round(count ** (1 / 3)))


@dataclass(frozen=True)
class OpticsParams(Params):
    """Parameters of OPTICS."""

    min_samples: int = number(
        0,
        0,
        200,
        1,
        unit="images",
        help="An image is in a dense place if so many, itself among them, are near; 0 takes the "
        "cube root of the number of images.",
    )
    min_size: int = number(
        0,
        0,
        500,
        1,
        unit="images",
        help="Smaller groups are noise; 0 takes the cube root of the number of images.",
    )
    extraction: str = choice(
        "automatic",
        ("automatic", "cut", "xi"),
        help="How clusters are read off the order that OPTICS finds: at the heights that part "
        "the images best, at one given height, or at steep slopes.",
    )
    cut: float = number(
        90.0,
        1,
        100,
        1,
        unit="%",
        help="For a given height: the share of images that are reached below it.",
    )
    xi: float = number(
        0.05,
        0.001,
        0.5,
        0.005,
        help="For steep slopes: by what share density has to change between two neighbours.",
    )

    def within(self, count: int) -> tuple[OpticsParams, tuple[str, ...]]:
        """Return what is used for so many images, and a sentence for each change."""
        samples, notes = _at_most(self.min_samples or crowd(count), count, "min_samples")
        size, more = _at_most(self.min_size or crowd(count), count, "min_size")
        used = dataclasses.replace(self, min_samples=max(2, samples), min_size=max(2, size))
        return used, (*notes, *more)


@dataclass(frozen=True)
class HdbscanParams(Params):
    """Parameters of HDBSCAN."""

    min_cluster_size: int = number(
        0,
        0,
        500,
        1,
        unit="images",
        help="Smaller groups are noise; 0 takes the cube root of the number of images.",
    )
    min_samples: int = number(
        0,
        0,
        200,
        1,
        unit="images",
        help="How many near images, itself among them, make a dense place; larger means more "
        "noise; 0 takes the smallest size of a cluster.",
    )
    selection: str = choice(
        "eom",
        ("eom", "leaf"),
        help="Which clusters of the tree are kept: those that last longest (excess of mass, "
        "eom), or its leaves, which are smaller.",
    )

    def within(self, count: int) -> tuple[HdbscanParams, tuple[str, ...]]:
        """Return what is used for so many images, and a sentence for each change."""
        size, notes = _at_most(self.min_cluster_size or crowd(count), count, "min_cluster_size")
        size = max(2, size)
        samples, more = _at_most(self.min_samples or size, count, "min_samples")
        return dataclasses.replace(self, min_cluster_size=size, min_samples=samples), (
            *notes,
            *more,
        )


@dataclass(frozen=True)
class KmeansParams(Params):
    """Parameters of k-means."""

    clusters: int = number(
        0,
        0,
        200,
        1,
        help="How many; 0 takes the number of classes, or where classes are unknown the number "
        "from 2 to 20 that parts the images best.",
    )
    starts: int = number(
        3, 1, 50, 1, help="Random beginnings, of which the tightest outcome is taken."
    )


def _at_most(wanted: int, count: int, name: str) -> tuple[int, tuple[str, ...]]:
    if wanted <= count:
        return wanted, ()
    return count, (f"{name}: {wanted} was asked for; there are {count} images.",)
