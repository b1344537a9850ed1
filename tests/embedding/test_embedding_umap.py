"""UMAP: the steps of umap-learn, seen, stopped, and never two at once."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from xai.embedding import Features, UmapParams, run, umap, umap_ready, warm_umap
from xai.features.components import scaling
from xai.features.neighbourhoods import Near, search


@pytest.fixture
def no_steps(monkeypatch):
    """UMAP without umap-learn: the steps do nothing, and count who takes them at once."""
    crowd = {"inside": 0, "most": 0, "seeds": []}

    def optimize(watch, graph, params, seed) -> None:
        crowd["inside"] += 1
        crowd["most"] = max(crowd["most"], crowd["inside"])
        crowd["seeds"].append(seed)
        threading.Event().wait(0.02)
        crowd["inside"] -= 1

    monkeypatch.setattr(umap, "_optimize", optimize)
    monkeypatch.setattr(umap, "_graph", lambda near, scale, params: None)
    monkeypatch.setattr(umap, "COMPILED", threading.Event())
    return crowd


def test_one_at_a_time_with_its_seed(cloud, no_steps) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda seed: run(cloud, "umap", seed=seed), range(4)))
    assert no_steps["most"] == 1
    assert sorted(no_steps["seeds"]) == [0, 1, 2, 3]


def test_a_wait_for_another_can_be_given_up(cloud, no_steps) -> None:
    from xai.embedding.epochs import alone

    def fail(done: int, total: int, message: str) -> None:
        if message == "Waiting for another UMAP":
            raise InterruptedError

    with alone(None), pytest.raises(InterruptedError):
        run(cloud, "umap", progress=fail)
    assert no_steps["seeds"] == []
    run(cloud, "umap", progress=fail)


def test_it_can_be_stopped_between_the_graph_and_the_steps(cloud, no_steps) -> None:
    def fail(done: int, total: int, message: str) -> None:
        if message.endswith("the steps of UMAP"):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run(cloud, "umap", progress=fail)
    assert no_steps["seeds"] == []


def test_neighbours_are_lowered_and_said(cloud, no_steps) -> None:
    few = run(cloud[:9], "umap")
    assert few.params.neighbours == 8
    assert few.notes == ("15 neighbours were asked for; there are 8 other images.",)


def test_a_stop_before_the_first_step(cloud, no_steps) -> None:
    stopped = run(cloud, "umap", on_step=lambda *step: True)
    assert (stopped.stopped, stopped.iterations, no_steps["seeds"]) == (True, 0, [])


def test_umap_that_is_missing_is_said(cloud, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ValueError, match="not installed"):
        run(cloud, "umap")
    monkeypatch.setattr(umap, "COMPILED", threading.Event())
    assert not warm_umap()


# The real one, which compiles for some seconds.
@pytest.fixture(scope="module")
def groups() -> Features:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 40)
    values = rng.normal(size=(3, 8))[labels] * 4 + rng.normal(size=(120, 8))
    return Features(values=values.astype(np.float32), components=8, raw_dim=8, labels=labels)


@pytest.fixture(scope="module")
def learn():
    package = pytest.importorskip("umap")
    assert warm_umap()
    assert umap_ready()
    return package


def test_umap_finds_groups_repeats_and_shows_its_steps(groups, learn) -> None:
    shown = []
    one = run(groups, "umap", seed=1, on_step=lambda *step: shown.append(step))
    same = run(groups, "umap", seed=1)
    other = run(groups, "umap", seed=2)
    np.testing.assert_array_equal(one.points, same.points)
    assert not np.allclose(one.points, other.points)
    assert one.quality["knn_accuracy"] == 1.0
    assert [step[0] for step in shown] == list(range(0, 501, 10))
    np.testing.assert_array_equal(shown[-1][2], one.points)
    # What is shown is a picture of the moment, not a window on the work.
    assert not np.allclose(shown[5][2], one.points)
    assert (len(one.frames), one.frames.iterations[-1]) == (51, 500)


def test_the_steps_are_those_of_umap_learn(groups, learn) -> None:
    from umap import umap_

    params = UmapParams(neighbours=10, min_dist=0.3)
    scale = scaling(groups.values)
    table = scale.apply(groups.values).astype(np.float32)
    start = umap._start(groups.values, params, 5)
    assert (start.min(), start.max()) == (0.0, 10.0)
    whole = learn.UMAP(n_neighbors=10, min_dist=0.3, init=start, random_state=5, n_jobs=1)
    graph = umap._graph(search(groups.values, 10), scale, params)
    difference = (graph - whole.fit(table).graph_).tocoo()
    assert np.abs(difference.data).max() < 1e-4
    # Equal graphs and starts make equal steps, bit by bit; umap-learn scales its start.
    a, b = umap_.find_ab_params(1.0, 0.3)
    expected, _ = umap_.simplicial_set_embedding(
        table, graph.copy(), 2, 1.0, a, b, 1.0, 5, None, start, np.random.RandomState(5),
        "euclidean", {}, False, {}, False,
    )  # fmt: skip
    again = 10 * (start - start.min(axis=0)) / (start.max(axis=0) - start.min(axis=0))
    watch = umap._Watch(again.astype(np.float32), 500, None)
    umap._optimize(watch, graph, params, 5)
    np.testing.assert_array_equal(watch.points, expected)


def test_a_placed_row_goes_where_umap_learn_puts_it(groups, learn) -> None:
    found = run(groups, "umap", seed=1)
    scale = scaling(groups.values)
    whole = learn.UMAP(n_epochs=0, init=found.points, random_state=1, n_jobs=1)
    whole.fit(scale.apply(groups.values).astype(np.float32))
    whole.embedding_, whole.n_epochs = found.points, None
    row = groups.values[[7]] * 0.7 + groups.values[[8]] * 0.3
    expected = whole.transform(scale.apply(row).astype(np.float32))[0]
    lengths = np.linalg.norm(groups.values.astype(np.float64) - row, axis=1)
    near = np.argsort(lengths)[:15]
    own = Near(near[None].astype(np.int32), lengths[near][None] / scale.factor)
    placed = umap.transform(found.points, own, UmapParams(), whole.transform_seed)
    np.testing.assert_allclose(placed, expected, atol=1e-3)


@pytest.mark.parametrize("last", [10, 40])
def test_a_stop_keeps_the_last_state(groups, learn, last: int) -> None:
    seen = []

    def stop(done: int, total: int, points: np.ndarray) -> bool:
        seen.append(points)
        return done >= last

    stopped = run(groups, "umap", on_step=stop)
    assert (stopped.stopped, stopped.iterations, stopped.total) == (True, last, 500)
    np.testing.assert_array_equal(stopped.points, seen[-1])
    assert stopped.quality["trustworthiness"] > 0.5


def test_what_a_step_raises_reaches_the_caller_and_the_next_can_run(groups, learn) -> None:
    def fail(done: int, total: int, points: np.ndarray) -> None:
        if done == 20:
            raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        run(groups, "umap", on_step=fail)
    stopped = run(groups, "umap", on_step=lambda done, *_: done >= 10)
    assert stopped.iterations == 10


@pytest.mark.parametrize(
    "rows",
    [
        np.repeat(np.random.default_rng(0).normal(size=(10, 4)), 6, axis=0),
        np.vstack([np.zeros((49, 4)), np.ones((1, 4))]),
        np.arange(50.0)[:, None],
        np.random.default_rng(0).normal(size=(4, 3)),
        np.random.default_rng(0).normal(size=(50, 3)) * 1e-30,
    ],
    ids=["duplicates", "all but one equal", "one column", "four", "tiny"],
)
def test_degenerate_rows_stay_finite(learn, rows: np.ndarray) -> None:
    found = run(rows, "umap")
    assert np.isfinite(found.points).all()
    assert all(np.isfinite(value) for value in found.quality.values())


def test_the_start_can_be_random(groups, learn) -> None:
    first = []
    run(
        groups,
        "umap",
        params={"initialization": "random"},
        on_step=lambda done, total, points: bool(first.append(points) or True),
    )
    assert first[0].min() == 0.0
    assert first[0].max() == 10.0
