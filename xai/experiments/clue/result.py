"""What an experiment with a planted clue has found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xai.experiments.clue.evidence import Factor, factor
from xai.experiments.clue.params import ClueKey

#: The first axis of what is told of both networks: trained with the tag, and without.
CLUE, CONTROL = 0, 1
#: So many times more evidence than random has to lie in the tag for a method to have found it.
TIMES = 5.0


@dataclass(frozen=True)
class Usage:
    """What a tag does to the answers of one network on the test images.

    Attributes
    ----------
    accuracy : float
        Share of all images, none with the tag, that are read right.
    recall : float
        Share of the class's images that are read as the class, without the tag.
    stamped : float
        The same with the tag.
    turned : float
        Share of the other classes' images not taken for the class before that are taken
        for it once they carry the tag; NaN if there is no such image.
    """

    accuracy: float
    recall: float
    stamped: float
    turned: float


@dataclass(frozen=True, eq=False)
class Score:
    """The maps of one method, and how much of their evidence lies in the tag.

    Attributes
    ----------
    name : str
        Key of :data:`xai.attribution.METHODS`, or ``"random"``, or ``"edges"``.
    label : str
        Name for people.
    shares : ndarray, shape (2, n), float64, read-only
        Share of the positive evidence inside the tag, for the network with the clue and for
        the control, by image; NaN where a map has no positive evidence.
    maps : ndarray, shape (2, n, H, W), float32, read-only
        The relevance, summed over the channels.
    reference : bool
        Whether it has looked at no network: it is the same for both.
    against : bool
        Whether the method marks what speaks against the class, so that bright is no evidence
        for it: it is shown and not counted.
    """

    name: str
    label: str
    shares: np.ndarray
    maps: np.ndarray
    reference: bool = False
    against: bool = False

    def __post_init__(self) -> None:
        self.shares.setflags(write=False)
        self.maps.setflags(write=False)

    def empty(self, network: int) -> int:
        """Return how many maps of a network have no positive evidence at all."""
        return int(np.isnan(self.shares[network]).sum())


@dataclass(frozen=True, eq=False)
class Clue:
    """What every method makes of a clue that is known to be there, or not to be.

    Attributes
    ----------
    key : ClueKey
        All that it depends on.
    classes : tuple of str
    mask : ndarray, shape (H, W), bool, read-only
        The tag, in pixels of the network's input.
    images : ndarray, shape (n, C, H, W), float32, in [0, 1], read-only
        The explained images, with the tag.
    ids : tuple of str
        Their names in the test set.
    usage : tuple of Usage
        Of the network with the clue and of the control.
    scores : tuple of Score
        The references, then the methods in the order of the registry; fewer while the
        experiment goes on.
    skipped : tuple of (str, str)
        Methods that cannot explain this network, and why.
    complete : bool
        Whether all methods are there.
    """

    key: ClueKey
    classes: tuple[str, ...]
    mask: np.ndarray
    images: np.ndarray
    ids: tuple[str, ...]
    usage: tuple[Usage, ...]
    scores: tuple[Score, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    complete: bool = True

    def __post_init__(self) -> None:
        self.mask.setflags(write=False)
        self.images.setflags(write=False)

    @property
    def area(self) -> float:
        """Share of the image that the tag covers: what random evidence puts there."""
        return float(self.mask.mean())

    @property
    def methods(self) -> tuple[Score, ...]:
        """The scores of methods that look for evidence for the class."""
        return tuple(one for one in self.scores if not one.reference and not one.against)

    @cached_property
    def _factors(self) -> dict[tuple[str, int], Factor]:
        return {
            (one.name, network): factor(one.shares[network], self.area)
            for one in self.scores
            for network in (CLUE, CONTROL)
        }

    def factor(self, name: str, network: int) -> Factor:
        """Return how many times more evidence than random a method puts into the tag."""
        return self._factors[name, network]

    def found(self, network: int) -> tuple[Score, ...]:
        """Return the methods that put :data:`TIMES` times more than random into the tag."""
        return tuple(one for one in self.methods if self.factor(one.name, network).mean >= TIMES)
