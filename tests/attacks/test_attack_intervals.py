"""Wilson's interval: its closed form, its ends, and how often it holds the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xai.attacks.studies.intervals import wilson


def literal(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Solve (p - h/n)^2 = z^2 p (1 - p) / n for p, which is what the bounds are."""
    a = 1 + z * z / count
    b = -(2 * hits / count + z * z / count)
    c = (hits / count) ** 2
    root = math.sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


@pytest.mark.parametrize("count", [1, 2, 7, 10, 100, 1000])
def test_the_bounds_solve_the_equation_that_defines_them(count: int) -> None:
    for hits in {0, 1, count // 3, count // 2, count - 1, count}:
        low, high = wilson(hits, count)
        assert (float(low), float(high)) == pytest.approx(literal(hits, count), abs=1e-9)
        assert 0 <= low <= hits / count <= high <= 1


def test_nothing_tried_is_nothing_known() -> None:
    assert [float(bound) for bound in wilson(0, 0)] == [0.0, 1.0]


def test_no_hit_and_every_hit_reach_the_ends_and_mirror_each_other() -> None:
    low, high = wilson([0, 3, 10], 10)
    turned_low, turned_high = wilson([10, 7, 0], 10)
    assert low[0] == 0
    assert high[2] == 1
    assert 0 < high[0] < 0.35  # not the certainty that the plain interval claims
    assert np.allclose(low, 1 - turned_high)
    assert np.allclose(high, 1 - turned_low)


def test_shapes_are_broadcast() -> None:
    low, high = wilson(np.array([[1], [2]]), np.array([4, 8, 16]))
    assert low.shape == high.shape == (2, 3)
    assert (np.diff(high - low, axis=1) < 0).all()  # more trials, less doubt


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    for share in (0.05, 0.3, 0.5):
        hits = np.random.default_rng(1).binomial(100, share, 4000)
        low, high = wilson(hits, 100)
        held = float(((low <= share) & (share <= high)).mean())
        assert 0.92 < held < 0.98


@pytest.mark.parametrize(("hits", "count"), [(-1, 5), (6, 5), (1, 0), ([1, 9], [5, 5])])
def test_impossible_counts_are_refused(hits: object, count: object) -> None:
    with pytest.raises(ValueError, match="hits: expected"):
        wilson(hits, count)  # type: ignore[arg-type]
