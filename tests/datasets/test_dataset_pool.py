"""The pool of both splits, samples of it, and the text that stands for a set of images."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from xai import datasets
from xai.datasets import ImageSet, load, load_all, pool_sample


@pytest.fixture(scope="module")
def pool() -> ImageSet:
    return load_all("mnist")


def test_the_test_split_comes_first_and_then_the_training_images(pool):
    test, train = load("mnist"), load("mnist", split="train")
    assert (len(pool), pool.held_out, pool.split) == (10_000, 2_000, "all")
    assert pool.ids == test.ids + train.ids
    assert len(set(pool.ids)) == 10_000
    np.testing.assert_array_equal(pool.images[:2_000], test.images)
    np.testing.assert_array_equal(pool.images[2_000:], train.images)
    np.testing.assert_array_equal(pool.labels, np.concatenate([test.labels, train.labels]))


@pytest.mark.parametrize(
    ("most", "held_out", "split"),
    [(100, 100, "test"), (2_000, 2_000, "test"), (2_001, 2_000, "all"), (3_000, 2_000, "all")],
)
def test_a_smaller_pool_is_a_part_of_the_whole(pool, most, held_out, split):
    found = load_all("mnist", most=most)
    assert (len(found), found.held_out, found.split) == (most, held_out, split)
    places = [pool.index(name) for name in found.ids]
    assert places == sorted(places)
    np.testing.assert_array_equal(found.images, pool.images[places])
    counts = np.bincount(found.labels[:held_out], minlength=10) / held_out
    whole = np.bincount(pool.labels[:2_000], minlength=10) / 2_000
    np.testing.assert_allclose(counts, whole, atol=1 / held_out)


def test_photographs_give_their_test_split(monkeypatch):
    photos = load_all("photos")
    assert (len(photos), photos.held_out, photos.split) == (24, 24, "test")
    monkeypatch.setattr("xai.datasets.pool.MOST_PHOTOGRAPHS", 10)
    assert len(load_all("photos")) == 10


@pytest.mark.parametrize("n", [1, 100, 2_000])
def test_a_small_sample_is_one_of_the_test_split(pool, n):
    found, expected = pool_sample(pool, n, seed=3), load("mnist", n=n, seed=3)
    assert found.ids == expected.ids
    assert (found.split, found.held_out) == ("test", n)
    assert found.signature == expected.signature


@pytest.mark.parametrize("n", [2_001, 5_000, 10_000])
def test_a_large_sample_holds_all_test_images_first(pool, n):
    found = pool_sample(pool, n)
    assert (len(found), found.held_out, found.split) == (n, 2_000, "all")
    assert all(name.startswith("mnist-test-") for name in found.ids[:2_000])
    assert all(name.startswith("mnist-train-") for name in found.ids[2_000:])
    counts = np.bincount(found.labels[2_000:], minlength=10)
    expected = np.bincount(pool.labels[2_000:], minlength=10) * (n - 2_000) / 8_000
    np.testing.assert_allclose(counts, expected, atol=1)
    places = [pool.index(name) for name in found.ids]
    np.testing.assert_array_equal(found.images, pool.images[places])


def test_samples_grow_and_depend_on_the_seed(pool):
    sizes = (10, 1_999, 2_000, 2_001, 6_000, 10_000)
    samples = [pool_sample(pool, n).ids for n in sizes]
    for small, large in itertools.pairwise(samples):
        assert large[: len(small)] == small
    assert pool_sample(pool, 99_999).ids == samples[-1]
    assert pool_sample(pool, 100, seed=1).ids != pool_sample(pool, 100, seed=2).ids


def test_a_set_without_held_out_images_is_drawn_from_as_a_whole():
    images = load("mnist", n=50)
    assert images.held_out == 0
    found = pool_sample(images, 20)
    assert found.ids == images.subset(datasets.draw(images.labels, 20, 0)).ids
    assert (found.held_out, found.split) == (0, "test")


@pytest.mark.parametrize(
    ("places", "held_out"),
    [([0, 5, 1_999, 2_000], 3), ([2_000, 9_999], 0), ([3, 2_500, 4], 0), ([], 0), ([7], 1)],
)
def test_a_subset_knows_its_held_out_images_while_they_lead(pool, places, held_out):
    assert pool.subset(places).held_out == held_out


def test_refusals(pool):
    for most in (2.5, True, "10"):
        with pytest.raises(TypeError, match="most: expected a whole number"):
            load_all("mnist", most=most)
        with pytest.raises(TypeError, match="n: expected a whole number"):
            pool_sample(pool, most)
    with pytest.raises(ValueError, match="most: expected at least 1"):
        load_all("mnist", most=0)
    with pytest.raises(ValueError, match="n: expected at least 1"):
        pool_sample(pool, 0)
    with pytest.raises(ValueError, match="data set: expected one of"):
        load_all("svhn")
    with pytest.raises(ValueError, match="uploaded first"):
        load_all("folder")


# -------------------------------------------------------------------------- signature
def _three(**changes: object) -> ImageSet:
    given = ImageSet(
        np.zeros((3, 2, 2, 1), np.uint8), np.array([0, 1, 1]), ("a", "b"), ("x", "y", "z"), "own"
    )
    return dataclasses.replace(given, **changes)


CHANGES = (
    {"ids": ("x", "y", "w")},
    {"ids": ("y", "x", "z")},
    {"labels": np.array([0, 1, 0])},
    {"classes": ("a", "c")},
    {"classes": ("a", "b", "c")},
    {"name": "other"},
    # Texts that would be one if they were only joined.
    {"classes": ("a\nb",)},
    {"classes": ("a",), "ids": ("b", "x", "y\tz")},
    {"ids": ("x\n", "y", "z")},
)


def test_a_signature_changes_with_every_id_label_and_class():
    sets = [_three(), *(_three(**change) for change in CHANGES)]
    assert len({images.signature for images in sets}) == len(sets)
    assert _three().signature == _three().signature
    assert len(_three().signature) == 16
    # The same in every process: results on disk are filed under it.
    assert _three().signature == "92396c1d1059b996"


def test_a_signature_does_not_ask_for_the_pixels_nor_for_what_is_said_of_them():
    other = _three(images=np.ones((3, 2, 2, 1), np.uint8), notes=("One was left out.",))
    assert other.signature == _three().signature


def test_samples_of_a_pool_have_their_own_signatures(pool):
    sets = [pool_sample(pool, n, seed) for n in (100, 101, 5_000) for seed in (0, 1)]
    assert len({images.signature for images in (pool, *sets)}) == 7
