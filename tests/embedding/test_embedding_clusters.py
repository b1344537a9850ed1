"""Clusters in the features' own space."""

from __future__ import annotations

import numpy as np
import pytest

from xai.embedding import clusters


def test_groups_are_found_and_numbered_by_falling_size() -> None:
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1, 2], [20, 50, 30]))
    values = np.eye(3)[labels] * 10 + rng.normal(size=(100, 3)) * 0.1
    found = clusters(values, 3)
    assert found.dtype == np.int64
    # 50, 30 and 20 images.
    np.testing.assert_array_equal(found, np.array([2, 0, 1])[labels])
    np.testing.assert_array_equal(found, clusters(values * 1e-20, 3))


def test_equal_seeds_give_equal_clusters(cloud) -> None:
    np.testing.assert_array_equal(clusters(cloud, 7, seed=3), clusters(cloud, 7, seed=3))
    sizes = np.bincount(clusters(cloud, 7))
    assert len(sizes) == 7
    assert (np.diff(sizes) <= 0).all()


def test_one_cluster_and_one_each(cloud) -> None:
    assert not clusters(cloud, 1).any()
    np.testing.assert_array_equal(clusters(cloud, 60), np.arange(60))


def test_there_are_no_more_clusters_than_different_rows() -> None:
    rows = np.repeat(np.eye(3), [5, 3, 2], axis=0)
    np.testing.assert_array_equal(clusters(rows, 8), np.repeat([0, 1, 2], [5, 3, 2]))


def test_refusals(cloud) -> None:
    for count in (0, 61):
        with pytest.raises(ValueError, match="count: expected 1 to 60"):
            clusters(cloud, count)
    with pytest.raises(TypeError, match="count: expected a whole number"):
        clusters(cloud, 2.0)
    for seed in (0.5, True, None):
        with pytest.raises(TypeError, match="seed: expected a whole number"):
            clusters(cloud, 2, seed=seed)
    for seed in (-1, 2**32):
        with pytest.raises(ValueError, match="seed: expected 0 to"):
            clusters(cloud, 2, seed=seed)
    with pytest.raises(ValueError, match="no variance"):
        clusters(np.ones((9, 2)), 2)
