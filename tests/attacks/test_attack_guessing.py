"""Blind pairs: dealt evenly and told by nothing but the seed; votes add up by hand."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from xai.attacks.studies.guessing import Guess, deal, levels, tally
from xai.attacks.studies.intervals import wilson


# ------------------------------------------------------------------------------ strengths
@pytest.mark.parametrize(("low", "high"), [(1, 20), (1, 100), (3, 4), (7, 7), (1, 255)])
def test_strengths_rise_from_end_to_end(low, high):
    found = levels(low, high)
    assert (found[0], found[-1]) == (low, high)
    assert list(found) == sorted(set(found))
    assert len(found) <= 6


def test_strengths_stand_in_equal_ratios():
    assert levels(1, 32) == (1, 2, 4, 8, 16, 32)


@pytest.mark.parametrize(("low", "high", "most"), [(0, 5, 6), (6, 5, 6), (1, 256, 6), (1, 5, 1)])
def test_strengths_that_make_no_sense_are_refused(low, high, most):
    with pytest.raises(ValueError, match="expected"):
        levels(low, high, most)


# ---------------------------------------------------------------------------------- pairs
def test_all_strengths_and_all_images_come_before_one_comes_again():
    strengths, count = (1, 4, 16), 5
    dealt = [deal(turn, count, strengths, 3) for turn in range(15)]
    for first in range(0, 15, 3):
        assert {one.strength for one in dealt[first : first + 3]} == set(strengths)
    for first in range(0, 15, 5):
        assert {one.place for one in dealt[first : first + 5]} == set(range(count))


def test_the_seed_decides_and_nothing_else():
    dealt = [deal(turn, 50, (1, 2, 3), 8) for turn in range(40)]
    assert dealt == [deal(turn, 50, (1, 2, 3), 8) for turn in range(40)]
    assert dealt != [deal(turn, 50, (1, 2, 3), 9) for turn in range(40)]


def test_the_side_is_a_toss_that_goes_with_nothing_else():
    dealt = [deal(turn, 10, (1, 2), 0) for turn in range(1000)]
    for some in (
        dealt,
        dealt[::2],
        [one for one in dealt if one.strength == 1],
        [one for one in dealt if one.place < 5],
    ):
        low, high = wilson(sum(one.left for one in some), len(some), z=3.5)
        assert low < 0.5 < high
    # Nor can it be worked out from the side before.
    after = Counter((a.left, b.left) for a, b in pairwise(dealt))
    assert min(after.values()) > 180


@pytest.mark.parametrize(("turn", "count", "strengths"), [(-1, 3, (1,)), (0, 0, (1,)), (0, 3, ())])
def test_there_is_nothing_to_deal(turn, count, strengths):
    with pytest.raises(ValueError, match="expected"):
        deal(turn, count, strengths, 0)


# ---------------------------------------------------------------------------------- votes
VOTES = (
    Guess(8, True, True),
    Guess(2, None, True),
    Guess(8, False, False),
    Guess(2, None, False),
    Guess(8, True, True),
    Guess(2, True, True),
)


def test_votes_add_up_by_strength():
    found = tally(VOTES)
    assert found.strengths.tolist() == [2, 8]
    assert found.count.tolist() == [3, 3]
    assert found.unsure.tolist() == [2, 0]
    # One found, and two that a coin would have found one of.
    np.testing.assert_allclose(found.right, [2 / 3, 2 / 3])
    np.testing.assert_allclose(found.fooled, [2 / 3, 2 / 3])
    np.testing.assert_allclose(found.right_bounds, np.transpose(wilson([2, 2], [3, 3])))
    np.testing.assert_allclose(found.fooled_bounds[0], wilson(2, 3))


def test_who_never_can_tell_stands_at_chance():
    assert tally([Guess(1, None, True)] * 7).right.tolist() == [0.5]


def test_the_order_of_votes_does_not_count():
    one, other = tally(VOTES), tally(VOTES[::-1])
    for field in ("strengths", "count", "right", "right_bounds", "fooled_bounds"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


def test_a_strength_without_votes_knows_nothing():
    found = tally(VOTES, (1, 2, 8))
    assert found.count.tolist() == [0, 3, 3]
    assert np.isnan(found.right[0])
    assert np.isnan(found.fooled[0])
    assert found.right_bounds[0].tolist() == [0, 1]


def test_no_vote_is_lost():
    with pytest.raises(ValueError, match=r"\[8\]"):
        tally(VOTES, (1, 2))


def test_nothing_adds_up_to_nothing():
    found = tally(())
    assert found.strengths.shape == found.right.shape == (0,)
    assert found.right_bounds.shape == (0, 2)
