"""Which one is attacked?: pairs dealt blind, votes on them, and what the votes add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xai.attacks.studies.intervals import wilson

#: Grey levels of an 8-bit image above black: the largest strength.
MOST = 255


@dataclass(frozen=True)
class Deal:
    """One blind pair: which image, how strongly attacked, and on which side.

    Attributes
    ----------
    place : int
        Index of the image.
    strength : int
        How far each pixel may move, in units of 1/255.
    left : bool
        Whether the attacked image stands on the left.
    """

    place: int
    strength: int
    left: bool


@dataclass(frozen=True)
class Guess:
    """One vote.

    Attributes
    ----------
    strength : int
        Of the attack, in units of 1/255.
    right : bool or None
        Whether the attacked image was pointed at; None for "cannot tell".
    fooled : bool
        Whether the network says something else of the attacked image than of the clean one.
    """

    strength: int
    right: bool | None
    fooled: bool


@dataclass(frozen=True, eq=False)
class Tally:
    """What votes add up to, by strength; S strengths, rising.

    Attributes
    ----------
    strengths : ndarray, shape (S,), int64
        In units of 1/255.
    count : ndarray, shape (S,), int64
        Votes at each strength.
    unsure : ndarray, shape (S,), int64
        How many of them were "cannot tell".
    right : ndarray, shape (S,), float64
        Share of votes for the attacked image, in [0, 1]; NaN without a vote.
    right_bounds : ndarray, shape (S, 2), float64
        Its 95 % interval.
    fooled : ndarray, shape (S,), float64
        Share of the same pairs whose attack changed what the network says; NaN without one.
    fooled_bounds : ndarray, shape (S, 2), float64
        Its 95 % interval.

    Notes
    -----
    "Cannot tell" counts as half a right guess: that is what tossing a coin would give. Left
    out it would let the class look sharp-eyed, since only easy pairs would be counted; as a
    wrong guess it would push the share below that of blind guessing.
    """

    strengths: np.ndarray
    count: np.ndarray
    unsure: np.ndarray
    right: np.ndarray
    right_bounds: np.ndarray
    fooled: np.ndarray
    fooled_bounds: np.ndarray


def levels(low: int, high: int, most: int = 6) -> tuple[int, ...]:
    """Return whole strengths from ``low`` to ``high``, in equal ratios as far as that goes.

    Parameters
    ----------
    low, high : int
        In units of 1/255, both included.
    most : int
        How many there are at most: votes on few strengths soon say something of each.

    Raises
    ------
    ValueError
        If not ``1 <= low <= high <= 255``, or ``most`` is below 2.
    """
    if not 1 <= low <= high <= MOST:
        raise ValueError(f"levels: expected 1 <= low <= high <= {MOST}, got {low} and {high}")
    if most < 2:
        raise ValueError(f"most: expected at least 2, got {most}")
    return tuple(sorted({int(level) for level in np.rint(np.geomspace(low, high, most))}))


def deal(turn: int, count: int, strengths: Sequence[int], seed: int) -> Deal:
    """Deal the pair of a turn: equal arguments, the same pair.

    Parameters
    ----------
    turn : int
        From 0.
    count : int
        How many images there are.
    strengths : sequence of int
        In units of 1/255.
    seed : int
        Of the game's own numbers.

    Returns
    -------
    Deal

    Raises
    ------
    ValueError
        If there is no image or no strength, or the turn is negative.

    Notes
    -----
    Images and strengths are each dealt like cards, all of them once before one comes again:
    drawn afresh each time, some strengths would wait long for their first vote. The side
    is tossed for each pair by itself, so that it cannot be worked out from those before.
    """
    if turn < 0 or count < 1 or not strengths:
        raise ValueError(
            "deal: expected a turn from 0, an image and a strength; "
            f"got turn {turn}, {count} images, {len(strengths)} strengths"
        )
    strength = strengths[_card(turn, len(strengths), seed, 0)]
    tossed = np.random.default_rng((seed, 2, turn)).random()
    return Deal(_card(turn, count, seed, 1), int(strength), bool(tossed < 0.5))


def _card(turn: int, count: int, seed: int, pack: int) -> int:
    """Return the card of a turn from a pack that is shuffled anew when it is used up."""
    shuffled = np.random.default_rng((seed, pack, turn // count)).permutation(count)
    return int(shuffled[turn % count])


def tally(guesses: Sequence[Guess], strengths: Sequence[int] | None = None) -> Tally:
    """Count votes by strength.

    Parameters
    ----------
    guesses : sequence of Guess
    strengths : sequence of int, optional
        Which to report, in units of 1/255; None takes those that were voted on.

    Raises
    ------
    ValueError
        If a guess has a strength that is not to be reported: it would be lost.
    """
    voted = {guess.strength for guess in guesses}
    asked = sorted(voted if strengths is None else set(strengths))
    lost = sorted(voted.difference(asked))
    if lost:
        raise ValueError(f"strengths: expected all that were voted on, got none for {lost}")
    piles = [[guess for guess in guesses if guess.strength == level] for level in asked]
    count = np.array([len(pile) for pile in piles], np.int64)
    unsure = np.array([sum(one.right is None for one in pile) for pile in piles], np.int64)
    pointed = np.array([sum(one.right is True for one in pile) for pile in piles], np.int64)
    fooled = np.array([sum(one.fooled for one in pile) for pile in piles], np.int64)
    hits = pointed + unsure / 2
    return Tally(
        strengths=np.array(asked, np.int64),
        count=count,
        unsure=unsure,
        right=_share(hits, count),
        right_bounds=np.stack(wilson(hits, count), axis=-1),
        fooled=_share(fooled, count),
        fooled_bounds=np.stack(wilson(fooled, count), axis=-1),
    )


def _share(hits: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.where(count > 0, hits / np.maximum(count, 1), np.nan)
