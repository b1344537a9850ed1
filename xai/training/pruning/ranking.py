"""Which units go first: the dead, the rare, the weakest, random ones, the strongest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xai.types import accepted_seed, find


@dataclass(frozen=True)
class Rule:
    """One way to choose units.

    Attributes
    ----------
    label : str
        Name for people.
    words : str
        Which units it chooses, as a sentence.
    group : bool
        Whether it chooses some units and no others, so that their number is given.
    """

    label: str
    words: str
    group: bool = False


#: In the order in which a page offers them.
RULES: dict[str, Rule] = {
    "dead": Rule("Dead", "Units that are above 0 on none of the images.", group=True),
    "rare": Rule(
        "Rare",
        "Units that are above 0 somewhere in fewer than 1 % of the images, and not dead.",
        group=True,
    ),
    "weakest": Rule(
        "Weakest",
        "Those with the smallest mean activation first, the dead before all. Across layers, a "
        "unit’s mean is compared with the average of its own layer.",
    ),
    "random": Rule("Random", "Any units, in an order that is drawn at random."),
    "strongest": Rule(
        "Strongest",
        "Those with the greatest mean activation first. Across layers, a unit’s mean is "
        "compared with the average of its own layer.",
    ),
}


@dataclass(frozen=True, eq=False)
class Usage:
    """How the units of a layer are used; nothing in it can be written to.

    Attributes
    ----------
    layer : str
    strength : ndarray, shape (U,), float
        Mean activation of each unit; NaN where it is not a number.
    dead, rare : ndarray of int64, or None
        Indices of units; None where units of the layer cannot be off.

    Raises
    ------
    ValueError
        If there is no unit, or an index is out of range.
    """

    layer: str
    strength: np.ndarray
    dead: np.ndarray | None = None
    rare: np.ndarray | None = None

    def __post_init__(self) -> None:
        strength = np.array(self.strength, np.float64)
        if strength.ndim != 1 or not len(strength):
            raise ValueError(f"strength: expected a number a unit, got shape {strength.shape}")
        object.__setattr__(self, "strength", strength)
        strength.setflags(write=False)
        for name in ("dead", "rare"):
            given = getattr(self, name)
            if given is None:
                continue
            found = np.array(given, np.int64)
            if len(found) and not (found.min() >= 0 and found.max() < len(strength)):
                raise ValueError(f"{name}: expected units from 0 to {len(strength) - 1}")
            object.__setattr__(self, name, found)
            found.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Ranking:
    """Units of some layers, those that go first in front; nothing in it can be written to.

    Attributes
    ----------
    rule : str
        A key of :data:`RULES`.
    layers : tuple of str
    sizes : tuple of int
        Units of each layer.
    layer : ndarray, shape (n,), int64
        Place in ``layers`` of each unit. Of a group n is less than all units.
    unit : ndarray, shape (n,), int64
        Its index in its layer.
    """

    rule: str
    layers: tuple[str, ...]
    sizes: tuple[int, ...]
    layer: np.ndarray
    unit: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.layer, self.unit):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def total(self) -> int:
        """Units of all layers together."""
        return sum(self.sizes)

    def first(self, count: int) -> dict[str, tuple[int, ...]]:
        """Return the first units by layer, ascending; layers without one are left out.

        Raises
        ------
        ValueError
            If there are not so many.
        """
        if not 0 <= count <= len(self):
            raise ValueError(f"count: expected 0 to {len(self)}, got {count}")
        layer, unit = self.layer[:count], self.unit[:count]
        return {
            name: tuple(np.sort(unit[layer == place]).tolist())
            for place, name in enumerate(self.layers)
            if (layer == place).any()
        }

    def count(self, share: float) -> int:
        """Return how many units a share of all of them is, as far as the ranking goes.

        Raises
        ------
        ValueError
            If the share is not in [0, 1].
        """
        if not 0 <= share <= 1:
            raise ValueError(f"share: expected 0 to 1, got {share}")
        return min(len(self), int(share * self.total + 0.5))

    def counts(self, shares: Sequence[float]) -> np.ndarray:
        """Return the different numbers of units that shares come to, ascending from 0.

        Of a group, its own number is among them.
        """
        found = {0, *(self.count(share) for share in shares)}
        if len(self) < self.total:
            found.add(len(self))
        return np.array(sorted(found), np.int64)

    def shuffled(self, seed: Sequence[int]) -> Ranking:
        """Return all units of the layers in a random order."""
        places = np.repeat(np.arange(len(self.sizes)), self.sizes)
        units = np.concatenate([np.arange(size) for size in self.sizes])
        order = np.random.default_rng(list(seed)).permutation(self.total)
        return Ranking("random", self.layers, self.sizes, places[order], units[order])


def rank(usages: Sequence[Usage], rule: str, seed: int = 0) -> Ranking:
    """Order the units of some layers by a rule.

    Parameters
    ----------
    usages : sequence of Usage
        One a layer, in forward order.
    rule : str
        A key of :data:`RULES`.
    seed : int
        Of the rule ``"random"``.

    Returns
    -------
    Ranking
        Equal units keep the order of layers and indices. Of ``"dead"`` and ``"rare"``,
        these units and no others.

    Raises
    ------
    TypeError, ValueError
        If there is no layer, one comes twice, or the rule or the seed is none.

    Notes
    -----
    Mean activations of two layers cannot be compared: each is divided by the mean of the
    magnitudes of its layer, after Molchanov et al., who divide by the root of the sum of
    squares. A unit whose mean is NaN or infinite is the strongest.

    References
    ----------
    P. Molchanov, S. Tyree, T. Karras, T. Aila, J. Kautz: Pruning convolutional neural
    networks for resource efficient inference, 2017, arXiv 1611.06440.
    """
    find(RULES, rule, "rule")
    names = tuple(usage.layer for usage in usages)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"usages: expected different layers, got {', '.join(names) or 'none'}")
    sizes = tuple(len(usage.strength) for usage in usages)
    places = np.repeat(np.arange(len(sizes)), sizes)
    units = np.concatenate([np.arange(size) for size in sizes])
    whole = Ranking(rule, names, sizes, places, units)
    if rule == "random":
        drawn = whole.shuffled([accepted_seed(seed)])
        places, units = drawn.layer, drawn.unit
    elif RULES[rule].group:
        kept = np.concatenate([_member(usage, rule) for usage in usages])
        places, units = places[kept], units[kept]
    else:
        strength = np.concatenate([_relative(usage.strength) for usage in usages])
        order = np.argsort(-strength if rule == "strongest" else strength, kind="stable")
        places, units = places[order], units[order]
    return Ranking(rule, names, sizes, places, units)


def choose(
    usages: Sequence[Usage], rule: str, share: float = 1.0, seed: int = 0
) -> dict[str, tuple[int, ...]]:
    """Return a share of all units by layer, those that go first by a rule.

    Parameters
    ----------
    usages, rule, seed
        As for :func:`rank`.
    share : float
        Of the units of all these layers, in [0, 1]; dead and rare ones end where there are
        no more.

    Raises
    ------
    TypeError, ValueError
        As :func:`rank`, and if the share is out of range.
    """
    ranking = rank(usages, rule, seed)
    return ranking.first(ranking.count(share))


def _member(usage: Usage, rule: str) -> np.ndarray:
    """Return which units belong to a group, (U,) bool."""
    group = usage.dead if rule == "dead" else usage.rare
    found = np.zeros(len(usage.strength), bool)
    if group is not None:
        found[group] = True
    return found


def _relative(strength: np.ndarray) -> np.ndarray:
    """Return strengths in units of their layer's mean; infinite for what is no number."""
    finite = np.isfinite(strength)
    mean = np.abs(strength[finite]).mean() if finite.any() else 0.0
    return np.where(finite, strength / (mean or 1.0), np.inf)
