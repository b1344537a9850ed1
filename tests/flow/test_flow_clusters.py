"""Clusters of a layer: what is found, what is told, and what is refused."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest
from sklearn.cluster import OPTICS, cluster_optics_dbscan
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score

from xai.features.components import scaling
from xai.features.result import Features
from xai.flow.clustering import cluster
from xai.flow.clustering.methods import METHODS
from xai.types import make_params


def blobs(count, width, seed=0, *, each=20, scale=1.0, far=8.0):
    """Return round clusters far apart, (N, D) float32, and which row is of which."""
    rng = np.random.default_rng(seed)
    step = far * np.sqrt(width)
    centres = np.zeros((count, width))
    # On a line of steps of unequal length, each also moved along another axis.
    centres[:, 0] = np.cumsum(step * rng.uniform(1.0, 1.5, count))
    centres[np.arange(count), np.arange(count) % width] += step * rng.uniform(0.0, 0.2, count)
    sizes = rng.integers(each, 2 * each, count)
    truth = np.repeat(np.arange(count), sizes)
    rows = centres[truth] + rng.normal(size=(len(truth), width))
    order = rng.permutation(len(rows))
    return (rows[order] * scale).astype(np.float32), truth[order]


def with_noise(rows, truth, share=0.05, seed=1):
    """Add rows far from all clusters and from each other."""
    rng = np.random.default_rng(seed)
    count = max(3, int(share * len(rows)))
    size = float(np.abs(rows).max())
    noise = rng.normal(size=(count, rows.shape[1]))
    noise *= size * np.linspace(4, 40, count)[:, None] / np.linalg.norm(noise, axis=1)[:, None]
    return (
        np.concatenate([rows, noise.astype(np.float32)]),
        np.concatenate([truth, np.full(count, -1)]),
    )


def told(rows, labels=None):
    return Features(
        values=rows, components=rows.shape[1], raw_dim=rows.shape[1], labels=labels, classes=("a",)
    )


@pytest.fixture(autouse=True)
def _silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


# ------------------------------------------------------------------ what is found
@pytest.mark.parametrize(
    ("count", "width", "scale"),
    [(2, 1, 1.0), (3, 2, 1e-20), (5, 10, 1e20), (8, 3, 1e-3), (12, 40, 1.0), (20, 5, 1e4)],
)
def test_optics_finds_blobs_and_nothing_else(count, width, scale):
    rows, truth = blobs(count, width, seed=count, scale=scale, each=15)
    found = cluster(rows)
    assert found.count == count
    assert adjusted_rand_score(truth, found.labels) > 0.98


@pytest.mark.parametrize(("count", "width"), [(2, 3), (6, 8), (15, 30)])
def test_optics_leaves_out_what_lies_far_from_all_blobs(count, width):
    rows, truth = with_noise(*blobs(count, width, seed=count, each=15))
    found = cluster(rows)
    assert found.count == count
    assert (found.labels[truth < 0] == -1).all()
    assert adjusted_rand_score(truth[truth >= 0], found.labels[truth >= 0]) > 0.98


def test_optics_finds_clusters_that_no_single_height_parts():
    rng = np.random.default_rng(3)
    # Two tight ones that are nearer to each other than the rows of the loose ones are.
    tight = [rng.normal(0, 0.02, (30, 2)) + at for at in ((0, 0), (1, 0))]
    loose = [rng.normal(0, 2.0, (30, 2)) + at for at in ((60, 0), (90, 40))]
    rows = np.concatenate([*tight, *loose]).astype(np.float32)
    truth = np.repeat(np.arange(4), 30)
    assert adjusted_rand_score(truth, cluster(rows).labels) > 0.95
    best = max(
        adjusted_rand_score(truth, cluster(rows, params={"extraction": "cut", "cut": cut}).labels)
        for cut in (40, 50, 60, 70, 80, 90, 95, 98, 99, 100)
    )
    assert best < 0.9


@pytest.mark.parametrize("width", [2, 5, 20])
def test_optics_invents_no_groups_among_rows_without_any(width):
    rows = np.random.default_rng(width).normal(size=(150, width)).astype(np.float32)
    found = cluster(rows)
    assert found.count == 1
    assert "No groups stand out" in found.notes[0]
    assert found.noise < 0.1
    assert found.silhouette is None


@pytest.mark.parametrize("seed", range(3))
def test_in_many_dimensions_near_blobs_stand_out(seed):
    """Their rows are hardly farther from the others' than from each other, but all of them are."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(4), 50))
    rows = 9.0 * np.eye(40)[truth] + rng.normal(size=(200, 40))
    found = cluster(rows)
    assert found.noise == 0
    assert adjusted_rand_score(truth, found.labels) == 1


def test_optics_needs_no_labels():
    rows, truth = blobs(4, 5)
    bare, known = cluster(rows), cluster(told(rows, truth))
    np.testing.assert_array_equal(bare.labels, known.labels)


def test_optics_is_scikit_learns():
    rows, _ = blobs(4, 5)
    scale = scaling(rows)
    theirs = OPTICS(min_samples=7).fit(scale.apply(rows))
    ours = cluster(rows, params={"min_samples": 7, "extraction": "cut", "cut": 80.0, "min_size": 2})
    np.testing.assert_array_equal(ours.ordering, theirs.ordering_)
    np.testing.assert_allclose(ours.reachability, theirs.reachability_ * scale.factor, rtol=1e-12)
    reach = theirs.reachability_
    cut = cluster_optics_dbscan(
        reachability=reach,
        core_distances=theirs.core_distances_,
        ordering=theirs.ordering_,
        eps=np.quantile(reach[np.isfinite(reach)], 0.8),
    )
    sizes = np.bincount(cut[cut >= 0])
    cut[np.isin(cut, np.flatnonzero(sizes < 2))] = -1
    assert adjusted_rand_score(cut, ours.labels) == 1.0
    np.testing.assert_array_equal(cut < 0, ours.labels < 0)
    steep = cluster(rows, params={"min_samples": 7, "min_size": 7, "extraction": "xi"})
    assert adjusted_rand_score(theirs.labels_, steep.labels) == 1.0


def test_hdbscan_finds_blobs():
    rows, truth = with_noise(*blobs(6, 4))
    found = cluster(rows, "hdbscan")
    assert found.count == 6
    inside = (truth >= 0) & (found.labels >= 0)
    assert inside.mean() > 0.7
    assert adjusted_rand_score(truth[inside], found.labels[inside]) == 1.0


@pytest.mark.parametrize("count", [2, 7])
def test_kmeans_finds_how_many_by_itself_or_by_the_classes(count):
    rows, truth = blobs(count, 6, seed=count)
    alone = cluster(rows, "kmeans")
    assert alone.params.clusters == alone.count == count
    assert adjusted_rand_score(truth, alone.labels) == 1.0
    wrong = np.arange(len(rows)) % 3
    assert cluster(told(rows, wrong), "kmeans").count == 3


# ------------------------------------------------------------------- what is told
@pytest.mark.parametrize("method", METHODS)
def test_measures_are_scikit_learns_with_noise_as_a_cluster(method):
    rows, truth = with_noise(*blobs(4, 5))
    labels = np.random.default_rng(0).permutation(truth + 1)
    labels = np.where(np.arange(len(rows)) % 3, truth + 1, labels)
    found = cluster(told(rows, labels), method)
    assert found.ari == adjusted_rand_score(labels, found.labels)
    assert found.nmi == normalized_mutual_info_score(labels, found.labels)
    commonest = [np.bincount(labels[found.labels == one]).max() for one in np.unique(found.labels)]
    assert found.purity == pytest.approx(sum(commonest) / len(rows))
    inside = found.labels >= 0
    assert found.noise == pytest.approx(1 - inside.mean())
    without = sum(commonest[1:] if (~inside).any() else commonest)
    assert found.clustered_purity == pytest.approx(without / inside.sum())
    assert found.silhouette == pytest.approx(silhouette_score(rows[inside], found.labels[inside]))


@pytest.mark.parametrize("method", METHODS)
def test_the_largest_cluster_comes_first(method):
    rows, _ = with_noise(*blobs(5, 4, seed=2))
    found = cluster(rows, method)
    assert found.labels.dtype == np.int64
    assert found.labels.min() >= -1
    sizes = np.bincount(found.labels[found.labels >= 0])
    assert (np.diff(sizes) <= 0).all()
    assert (sizes > 0).all()
    assert len(sizes) == found.count > 1


def test_clusters_of_equal_size_are_in_the_order_of_their_first_images():
    rows = np.repeat([[5.0], [0.0], [9.0]], 6, axis=0).astype(np.float32)
    found = cluster(rows, "kmeans", params={"clusters": 3})
    np.testing.assert_array_equal(found.labels, np.repeat([0, 1, 2], 6))


@pytest.mark.parametrize("method", METHODS)
def test_what_was_used_gives_the_same_again(method):
    rows, truth = with_noise(*blobs(4, 5))
    first = cluster(told(rows, truth + 1), method, seed=3)
    again = cluster(rows, method, params=first.params, seed=first.seed)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert again.params == first.params
    assert again.method == method
    automatic = make_params(METHODS[method].params, None)
    assert first.params != automatic


@pytest.mark.parametrize("method", METHODS)
def test_nothing_in_them_can_be_written_to(method):
    found = cluster(blobs(3, 3)[0], method)
    for array in (found.labels, found.ordering, found.reachability):
        if array is not None:
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0


def test_eight_threads_find_what_one_finds():
    rows, _ = with_noise(*blobs(4, 5, each=12))
    alone = {method: cluster(rows, method).labels for method in METHODS}
    found, methods = [], [*METHODS] * 3

    def work(method):
        found.append((method, cluster(rows, method).labels))

    threads = [threading.Thread(target=work, args=(method,)) for method in methods[:8]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    for method, labels in found:
        np.testing.assert_array_equal(labels, alone[method])


# ----------------------------------------------------------------------- hard cases
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_images_are_one_cluster(method, count):
    found = cluster(told(np.eye(3, dtype=np.float32)[:count], np.arange(count)), method)
    assert found.labels.tolist() == [0] * count
    assert "too few" in found.notes[0]
    assert found.purity == pytest.approx(1 / count)
    assert found.silhouette is None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0.0, 7.25, -3e8])
def test_equal_images_are_one_cluster(method, value):
    found = cluster(np.full((30, 4), value, np.float32), method)
    assert found.count == 1
    assert found.noise == 0
    assert "same numbers" in found.notes[0]


@pytest.mark.parametrize("method", METHODS)
def test_copies_of_a_few_images_are_as_many_clusters(method):
    few = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    found = cluster(np.repeat(few, 10, axis=0), method)
    np.testing.assert_array_equal(found.labels, np.repeat(np.arange(4), 10))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [4, 5, 9])
def test_few_images_do_no_harm(method, count):
    rows = np.random.default_rng(count).normal(size=(count, 3)).astype(np.float32)
    found = cluster(rows, method)
    assert len(found) == count
    assert found.labels.max() < count


def test_two_pairs_are_two_clusters():
    rows = np.array([[0, 0], [0.1, 0], [9, 9], [9, 9.1]], np.float32)
    assert cluster(rows).labels.tolist() == [0, 0, 1, 1]


def test_everything_may_be_noise_and_is_said_to_be():
    rows = np.random.default_rng(0).normal(size=(24, 15)).astype(np.float32)
    found = cluster(told(rows, np.arange(24)), "hdbscan")
    assert (found.labels == -1).all()
    assert (found.count, found.noise) == (0, 1.0)
    assert found.clustered_purity is None
    assert found.silhouette is None
    assert found.purity == pytest.approx(1 / 24)
    assert "noise" in found.notes[-1]


@pytest.mark.parametrize("method", METHODS)
def test_one_image_far_from_the_others_stands_alone(method):
    rows = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    rows[0] = 1e6
    found = cluster(rows, method)
    if method == "hdbscan":
        assert found.labels[0] == -1
    else:
        assert (found.labels == found.labels[0]).sum() == 1
        assert found.count == (1 if method == "optics" else 2)


def test_a_class_for_each_image_does_not_make_as_many_clusters():
    rows, _ = blobs(3, 4, each=5)
    assert cluster(told(rows, np.arange(len(rows))), "kmeans").count == 3


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("optics", {"min_samples": 150, "min_size": 200}),
        ("hdbscan", {"min_cluster_size": 200, "min_samples": 150}),
        ("kmeans", {"clusters": 150}),
    ],
)
def test_more_than_there_is_is_lowered_and_told(method, given):
    found = cluster(np.random.default_rng(0).normal(size=(20, 3)), method, params=given)
    for name in given:
        assert getattr(found.params, name) == 20
    assert "there are 20 images" in found.notes[0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("rows", "error", "says"),
    [
        (np.full((9, 2), np.nan), ValueError, "NaN or infinity"),
        (np.full((9, 2), 1e300), ValueError, "NaN or infinity"),
        (np.zeros((9, 0)), ValueError, "at least one number"),
        (np.zeros((0, 3)), ValueError, "at least one image"),
        (np.zeros(9), ValueError, r"\(N, D\)"),
        (np.array([["a"]]), TypeError, "numbers"),
        ([[1.0]], TypeError, "Features"),
    ],
)
def test_what_is_no_table_is_refused(method, rows, error, says):
    with pytest.raises(error, match=says):
        cluster(rows, method)


def test_unknown_names_and_seeds_are_refused():
    rows = np.eye(6)
    with pytest.raises(ValueError, match="optics, hdbscan, kmeans"):
        cluster(rows, "dbscan")
    with pytest.raises(ValueError, match="min_samples"):
        cluster(rows, params={"samples": 3})
    with pytest.raises(ValueError, match="cut"):
        cluster(rows, params={"cut": 0})
    with pytest.raises(TypeError, match="seed"):
        cluster(rows, seed=1.5)


class StoppedError(Exception):
    """What a job raises to be stopped."""


@pytest.mark.parametrize("method", METHODS)
def test_progress_is_told_and_can_stop(method):
    seen = []
    cluster(blobs(3, 3)[0], method, progress=lambda *step: seen.append(step[:2]))
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1] > 0

    def stop(done, total, message):
        raise StoppedError

    with pytest.raises(StoppedError):
        cluster(blobs(3, 3)[0], method, progress=stop)
    assert cluster(blobs(3, 3)[0], method).count == 3
