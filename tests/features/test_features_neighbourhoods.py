"""Neighbours in the features' own space, against scikit-learn and against a literal search."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from xai.embedding import Features, clusters, neighbours
from xai.features import neighbourhoods
from xai.features.neighbourhoods import search


def literal(values: np.ndarray, k: int) -> np.ndarray:
    """Nearest others by differences in float64, ties to the lower index."""
    found = []
    for at, row in enumerate(values.astype(np.float64)):
        squares = ((values - row) ** 2).sum(axis=1)
        squares[at] = np.inf
        found.append(np.argsort(squares, kind="stable")[:k])
    return np.array(found)


def test_neighbours_agree_with_scikit_learn(pixels: Features) -> None:
    found = neighbours(pixels)
    assert found.shape == (600, 10)
    assert found.dtype == np.int32
    reference = NearestNeighbors(n_neighbors=10).fit(pixels.values.astype(np.float64))
    lengths, rows = reference.kneighbors()
    np.testing.assert_array_equal(found, rows)
    np.testing.assert_allclose(search(pixels.values, 10).distances, lengths, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_any_scale_and_place(cloud, scale: float, offset: float) -> None:
    rows = ((cloud + offset) * scale).astype(np.float32)
    np.testing.assert_array_equal(neighbours(rows, 7), literal(rows, 7))


@pytest.mark.parametrize(
    "rows",
    [
        np.repeat(np.random.default_rng(0).normal(size=(10, 40)), 30, axis=0),
        np.vstack([np.zeros((99, 3)), np.ones((1, 3))]),
        np.arange(100.0)[:, None],
        np.stack(np.meshgrid(np.arange(12.0), np.arange(12.0)), axis=-1).reshape(-1, 2),
        np.vstack([np.random.default_rng(0).normal(size=(80, 3)), np.full((1, 3), 1e12)]),
    ],
    ids=["duplicates", "all but one equal", "a line", "a lattice", "an outlier"],
)
@pytest.mark.parametrize("k", [1, 5, 30])
def test_ties_go_to_the_lower_index(rows: np.ndarray, k: int) -> None:
    rows = rows.astype(np.float32)
    np.testing.assert_array_equal(neighbours(rows, k), literal(rows, k))


def test_there_are_no_more_neighbours_than_other_images(cloud) -> None:
    found = neighbours(cloud[:5], 10)
    assert found.shape == (5, 4)
    assert all(sorted([at, *row]) == [0, 1, 2, 3, 4] for at, row in enumerate(found))


def test_it_tells_how_far_it_is_and_stops(cloud, monkeypatch) -> None:
    monkeypatch.setattr(neighbourhoods, "_STEP", 16)
    seen = []
    neighbours(cloud, 3, progress=lambda *told: seen.append(told))
    assert seen == [(at, 60, "Searching neighbours") for at in (0, 16, 32, 48, 60)]

    def fail(done: int, total: int, message: str) -> None:
        if done == 32:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        neighbours(cloud, 3, progress=fail)


def test_tied_rows_tell_their_progress_and_share_an_answer(monkeypatch) -> None:
    """Every row of two heaps is tied; each heap is looked at once in a step."""
    rows = np.repeat(np.random.default_rng(0).normal(size=(2, 40)), 50, axis=0)
    rows = rows[np.random.default_rng(1).permutation(100)].astype(np.float32)
    seen = []
    found = neighbours(rows, 5, progress=lambda *told: seen.append(told[0]))
    np.testing.assert_array_equal(found, literal(rows, 5))
    second = int(np.flatnonzero((rows != rows[0]).any(axis=1))[0])
    assert seen == [0, 0, second, 100]

    def fail(done: int, total: int, message: str) -> None:
        if done == second:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        neighbours(rows, 5, progress=fail)


def test_threads_leave_the_process_as_it_was(pixels: Features, monkeypatch) -> None:
    """scikit-learn limits the threads of BLAS while it works; two at once keep the limit."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_info, threadpool_limits

    inside: list[int] = []
    most: list[int] = []
    failed: list[Exception] = []

    def watched(real):
        def call(*args, **kwargs):
            inside.append(1)
            most.append(len(inside))
            threading.Event().wait(0.01)
            found = real(*args, **kwargs)
            inside.pop()
            return found

        return call

    def counts() -> list[int]:
        return [row["num_threads"] for row in threadpool_info() if row["user_api"] == "blas"]

    def work(number: int) -> None:
        try:
            neighbours(pixels) if number % 2 else clusters(pixels, 5)
        except Exception as error:
            failed.append(error)

    monkeypatch.setattr(NearestNeighbors, "kneighbors", watched(NearestNeighbors.kneighbors))
    monkeypatch.setattr(KMeans, "fit_predict", watched(KMeans.fit_predict))
    with threadpool_limits(limits=3, user_api="blas"):
        before = counts()
        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed
        assert counts() == before
    assert max(most) == 1


def test_refusals(cloud) -> None:
    with pytest.raises(TypeError, match="k: expected a whole number"):
        neighbours(cloud, 2.5)
    with pytest.raises(ValueError, match="k: expected at least 1"):
        neighbours(cloud, 0)
    with pytest.raises(ValueError, match="at least 4 images"):
        neighbours(cloud[:3])
    with pytest.raises(ValueError, match="no variance"):
        neighbours(np.ones((9, 2)))
    with pytest.raises(TypeError, match="expected Features"):
        neighbours([[1, 2]])
