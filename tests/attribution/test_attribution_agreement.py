"""Whether maps agree: the rule of the matrix, and which pixels count."""

from __future__ import annotations

import numpy as np
import pytest

from xai.attribution.checks import agreement
from xai.attribution.checks.likeness import spearman
from xai.attribution.methods import METHODS
from xai.attribution.result import Attribution


def made(values: np.ndarray, method: str = "gradient", digest: str = "d") -> Attribution:
    relevance = np.asarray(values, np.float32)
    relevance = relevance if relevance.ndim == 3 else relevance[None]
    return Attribution(relevance, method, METHODS[method].params(), 0, 1.0, {}, 0, "toy", digest)


def noise(seed: int, shape=(1, 10, 10)) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_a_pair_without_a_sign_is_compared_by_size():
    a, b = noise(0, (3, 10, 10)), noise(1)
    found = agreement([made(a), made(b, "guided_backprop"), made(abs(b), "grad_cam")])
    summed = a.astype(np.float64).sum(0)
    assert found.spearman[0, 1] == pytest.approx(spearman(summed, b[0]))
    assert found.spearman[0, 2] == pytest.approx(spearman(abs(summed), abs(b[0])))
    # The same places, whatever the sign.
    assert found.spearman[1, 2] == pytest.approx(1)
    assert found.spearman_abs[0, 1] == pytest.approx(spearman(abs(summed), abs(b[0])))
    np.testing.assert_array_equal(found.spearman, found.spearman.T)
    np.testing.assert_array_equal(np.diagonal(found.spearman), 1)


def test_a_contrast_by_rise_has_a_sign():
    a, b = noise(0), noise(1)
    positive, both = made(abs(b), "rise"), made(b, "rise")
    assert (positive.signed, both.signed) == (False, True)
    found = agreement([made(a), positive, both])
    assert found.spearman[0, 1] == pytest.approx(spearman(abs(a[0]), abs(b[0])))
    assert found.spearman[0, 2] == pytest.approx(spearman(a[0], b[0]))


def test_consensus_counts_the_maps_that_mark_a_pixel():
    first, second = np.zeros((10, 10)), np.zeros((10, 10))
    first[:2], second[1:3] = -np.arange(20).reshape(2, 10) - 1, 5
    found = agreement([made(first), made(second)])
    assert (found.consensus[0] == 0.5).all()
    assert (found.consensus[1] == 1).all()
    assert (found.consensus[2] == 0.5).all()
    assert not found.consensus[3:].any()
    assert found.shared == pytest.approx(0.1)
    assert found.chance == pytest.approx(0.04)
    assert "All 2 maps have 10 % of the image" in found.sentence


def test_the_fraction_is_that_of_the_pixels():
    values = np.arange(100.0).reshape(10, 10)
    found = agreement([made(values), made(values)], fraction=0.07)
    assert (found.consensus.ravel() == (values.ravel() >= 93)).all()


def test_zeros_never_count_and_constant_maps_take_no_part():
    few = np.zeros((10, 10))
    few[4, 4] = 1
    found = agreement([made(few), made(few), made(np.full((10, 10), 3.0)), made(0 * few)])
    assert found.counted == 2
    assert np.argwhere(found.consensus).tolist() == [[4, 4]]
    assert found.consensus[4, 4] == 1
    assert np.isnan(found.spearman[2]).all()
    assert "2 constant left out" in found.sentence
    none = agreement([made(0 * few), made(0 * few)])
    assert none.shared == 0
    assert "nothing to agree on" in none.sentence


def test_names_tell_the_maps_apart():
    assert agreement([made(noise(0)), made(noise(1), "lrp")]).labels == ("Gradient", "LRP")


def test_nonsense_is_refused():
    one = made(noise(0))
    with pytest.raises(ValueError, match="at least two"):
        agreement([one])
    with pytest.raises(ValueError, match="one image"):
        agreement([one, made(noise(1), digest="other")])
    with pytest.raises(ValueError, match="fraction"):
        agreement([one, one], fraction=1.0)
    with pytest.raises(TypeError, match="sequence"):
        agreement(one)
    with pytest.raises(TypeError, match="Attributions"):
        agreement([one, noise(0)])
