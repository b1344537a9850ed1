"""Rank correlation, structural similarity and the edge detector, against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from xai.attribution.checks.edges import edge_map
from xai.attribution.checks.likeness import displaced, ranks, spearman, spearman_matrix, ssim


def noise(shape=(24, 20), seed=0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


# ------------------------------------------------------------------- rank correlation
def test_equal_values_share_the_mean_of_their_ranks():
    assert ranks(np.array([3.0, 1.0, 3.0, 0.0])).tolist() == [3.5, 2.0, 3.5, 1.0]


@pytest.mark.parametrize("zeros", [0.0, 0.8])
def test_rank_correlation_is_scipys(zeros):
    rng = np.random.default_rng(1)
    a, b = noise(seed=2), noise(seed=3)
    b += a
    for values in (a, b):
        values[rng.random(values.shape) < zeros] = 0
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a.ravel(), b.ravel()).statistic)


def test_only_the_order_counts_and_the_sign_is_kept():
    a = noise()
    assert spearman(a, np.exp(3 * a)) == pytest.approx(1)
    assert spearman(a, -7 * a) == pytest.approx(-1)


def test_a_constant_map_has_no_order():
    assert math.isnan(spearman(np.full((4, 4), 2.0), noise((4, 4))))


def test_the_matrix_holds_each_pair():
    maps = np.stack([noise(seed=seed) for seed in range(3)] + [np.zeros((24, 20))])
    found = spearman_matrix(maps)
    assert found[0, 2] == found[2, 0] == pytest.approx(spearman(maps[0], maps[2]))
    assert np.diagonal(found)[:3].tolist() == [1, 1, 1]
    assert np.isnan(found[3]).all()
    assert np.isnan(found[:, 3]).all()


# ------------------------------------------------------------------------- mass that moved
def test_the_mass_that_moved_is_what_lies_elsewhere():
    before = np.array([[4.0, 0.0], [0.0, 0.0]])
    after = np.array([[3.0, 0.0], [0.0, 1.0]])
    assert displaced(before, after) == pytest.approx(0.25)
    assert displaced(before, np.array([[0.0, 2.0], [0.0, 0.0]])) == 1


def test_evidence_that_changed_sides_has_moved():
    values = noise()
    assert displaced(values, -values) == pytest.approx(1)
    assert displaced(np.array([[1.0, 1.0]]), np.array([[1.0, -1.0]])) == pytest.approx(0.5)


def test_the_scale_of_a_map_does_not_count_for_its_mass():
    a, b = noise(), noise(seed=1)
    assert displaced(a, 1e-7 * a) == pytest.approx(0, abs=1e-12)
    assert displaced(3 * a, b / 9) == pytest.approx(displaced(a, b))
    assert displaced(a, b) == pytest.approx(displaced(b, a))
    assert 0 < displaced(a, b) < 1


def test_an_empty_map_has_no_mass_to_move():
    assert math.isnan(displaced(np.zeros((4, 4)), noise((4, 4))))


def test_maps_of_two_shapes_have_no_common_mass():
    with pytest.raises(ValueError, match="one shape"):
        displaced(np.ones((2, 2)), np.ones((2, 3)))


# -------------------------------------------------------------- structural similarity
def literal_ssim(x: np.ndarray, y: np.ndarray, side: int = 11) -> float:
    """Wang et al., one window at a time; maps in [0, 1]."""
    at = np.arange(side) - side // 2
    bell = np.exp(-(at[:, None] ** 2 + at**2) / (2 * 1.5**2))
    bell /= bell.sum()
    found = []
    for top in range(x.shape[0] - side + 1):
        for left in range(x.shape[1] - side + 1):
            a, b = (m[top : top + side, left : left + side] for m in (x, y))
            mean_a, mean_b = (bell * a).sum(), (bell * b).sum()
            var_a, var_b = (bell * (a - mean_a) ** 2).sum(), (bell * (b - mean_b) ** 2).sum()
            shared = (bell * (a - mean_a) * (b - mean_b)).sum()
            light = (2 * mean_a * mean_b + 1e-4) / (mean_a**2 + mean_b**2 + 1e-4)
            found.append(light * (2 * shared + 9e-4) / (var_a + var_b + 9e-4))
    return float(np.mean(found))


def unit(values: np.ndarray, centred: bool) -> np.ndarray:
    part = (values / np.percentile(np.abs(values), 99)).clip(-1, 1)
    return (part + 1) / 2 if centred else part


@pytest.mark.parametrize("signed", [True, False])
def test_similarity_is_that_of_the_paper(signed):
    a, b = noise(seed=4), noise(seed=5) + noise(seed=4)
    if not signed:
        a, b = abs(a), abs(b)
    assert ssim(a, b) == pytest.approx(literal_ssim(unit(a, signed), unit(b, signed)))


def test_a_small_map_has_a_small_window():
    a, b = abs(noise((6, 7), 1)), abs(noise((6, 7), 2))
    assert ssim(a, b) == pytest.approx(literal_ssim(unit(a, False), unit(b, False), side=5))
    assert ssim(np.ones((1, 1)), np.ones((1, 1))) == pytest.approx(1)


def test_similarity_knows_no_scale_but_the_sign():
    a = noise()
    assert ssim(a, 1e-9 * a) == pytest.approx(1)
    assert ssim(a, -a) < 0


def test_a_few_extreme_pixels_do_not_make_two_maps_alike():
    a, b = noise((60, 60), 1), noise((60, 60), 2)
    a[5, 5], b[50, 50] = 100, 100
    assert abs(ssim(a, b)) < 0.1


def test_constant_maps_are_told_apart_by_their_sign_alone():
    full, zero = np.full((12, 12), 3.0), np.zeros((12, 12))
    assert ssim(full, 2 * full) == ssim(zero, zero) == pytest.approx(1)
    assert ssim(full, zero) < 0.01
    assert abs(ssim(zero, noise((12, 12)))) < 0.1


@pytest.mark.parametrize("compare", [spearman, ssim])
def test_maps_that_cannot_be_compared_are_refused(compare):
    with pytest.raises(ValueError, match="one shape"):
        compare(noise((4, 5)), noise((5, 4)))
    with pytest.raises(ValueError, match="one shape"):
        compare(np.zeros((0, 4)), np.zeros((0, 4)))
    bad = noise()
    bad[0, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        compare(bad, noise())


# ------------------------------------------------------------------- the edge detector
def test_a_step_has_one_edge_and_a_ramp_its_slope():
    step = np.zeros((1, 7, 8), np.float32)
    step[:, :, 4:] = 1
    found = edge_map(step)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.tile([0, 0, 0, 0.5, 0.5, 0, 0, 0], (7, 1)), atol=1e-7)
    ramp = np.arange(6.0)[:, None] * 0.3 + np.arange(7.0) * 0.4
    # The two differences span two pixels and are divided by 8 in all: half the slope of 1.
    np.testing.assert_allclose(edge_map(ramp[None])[1:-1, 1:-1], 2 * 0.5 / 2, rtol=1e-6)


def test_colour_counts_as_bright_as_it_looks():
    grey = np.random.default_rng(0).random((9, 9)).astype(np.float32)
    for channel, share in enumerate((0.299, 0.587, 0.114)):
        image = np.zeros((3, 9, 9), np.float32)
        image[channel] = grey
        np.testing.assert_allclose(edge_map(image), share * edge_map(grey[None]), rtol=1e-5)


def test_no_image_no_edges():
    assert not edge_map(np.full((3, 5, 5), 0.7)).any()
    with pytest.raises(ValueError, match="shape"):
        edge_map(np.zeros((5, 5)))
    with pytest.raises(ValueError, match="finite"):
        edge_map(np.full((1, 5, 5), np.nan))
