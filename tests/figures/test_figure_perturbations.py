"""Perturbations made visible: one round factor, nothing cut, the sign kept."""

from __future__ import annotations

import numpy as np
import pytest

from xai.figures.colours import DIVERGING
from xai.figures.perturbations import perturbation
from xai.figures.wording import round_factor


@pytest.mark.parametrize(
    ("largest", "factor"),
    [(8 / 255, 10), (1 / 255, 100), (16 / 255, 5), (0.1, 5), (0.5, 1), (0.51, 0.5), (1, 0.5)],
)
def test_the_factor_is_the_largest_round_one_that_cuts_nothing(
    largest: float, factor: float
) -> None:
    found = perturbation(np.full((3, 2, 2), -largest, np.float32))
    assert found.factor == pytest.approx(factor)
    assert found.scale == pytest.approx(0.5 / factor)
    assert found.largest == pytest.approx(largest)
    assert found.colours is not None
    drawn = 255 * max(0, 0.5 - factor * largest)
    assert found.colours[0, 0, 0] == pytest.approx(drawn, abs=0.51)
    assert 0.4 <= largest * factor / 0.5 <= 1 + 1e-6


def test_signs_have_their_colours_and_the_mean_over_the_colours_counts() -> None:
    delta = np.zeros((3, 1, 4), np.float32)
    delta[:, 0, 0] = 0.05
    delta[:, 0, 1] = -0.05
    delta[:, 0, 2] = (0.05, -0.05, 0.0)
    found = perturbation(delta)
    np.testing.assert_array_equal(found.signed[0], DIVERGING[[510, 0, 255, 255]])
    assert found.colours is not None
    np.testing.assert_array_equal(found.colours[0, 2], [255, 0, 128])
    np.testing.assert_array_equal(found.colours[0, 3], [128, 128, 128])
    assert found.words == "amplified × 10"


def test_a_grey_perturbation_has_no_colours() -> None:
    found = perturbation(np.full((1, 2, 3), 0.002))
    assert found.colours is None
    assert found.signed.shape == (2, 3, 3)
    assert found.words == "amplified × 200"


@pytest.mark.parametrize("channels", [1, 3])
def test_no_change_is_drawn_and_called_so(channels: int) -> None:
    found = perturbation(np.zeros((channels, 2, 2)))
    assert (found.signed == 255).all()
    assert found.colours is None or (found.colours == 128).all()
    assert (found.factor, found.largest, found.words) == (1.0, 0.0, "no change at all")


def test_what_is_below_float32_is_not_blown_up() -> None:
    found = perturbation(np.full((3, 2, 2), 1e-9))
    assert (found.factor, found.words) == (1.0, "as large as it is")


@pytest.mark.parametrize(
    "delta",
    [np.zeros((2, 2)), np.zeros((2, 4, 4)), np.zeros((3, 0, 4)), np.full((1, 2, 2), np.nan)],
)
def test_what_is_no_perturbation_is_refused(delta: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected|finite"):
        perturbation(delta)
    with pytest.raises(ValueError, match=r"in \[-1, 1\]"):
        perturbation(np.full((1, 2, 2), 1.5))


def test_round_factors_are_never_above_what_was_asked_for() -> None:
    values = np.geomspace(1e-3, 1e6, 400)
    rounded = np.array([round_factor(value) for value in values])
    assert (rounded <= values * (1 + 1e-9)).all()
    assert (rounded * 2.5 > values * (1 - 1e-9)).all()
    assert [round_factor(one) for one in (0.5, 1, 2, 5, 49.99, 1000)] == [0.5, 1, 2, 5, 20, 1000]
