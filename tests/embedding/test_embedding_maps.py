"""Maps: what they keep, that they repeat, that they stop, and what they refuse."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.decomposition import PCA

from xai.embedding import METHODS, Features, TsneParams, run

#: Enough for a few hundred points to settle.
SHORT = {"early_iterations": 100, "iterations": 150}
#: Enough to see that steps are taken.
FEW = {"early_iterations": 20, "iterations": 30}


@pytest.fixture(scope="module")
def digit_map(pixels: Features):
    return run(pixels, "tsne", params=SHORT)


def test_tsne_of_digits_keeps_their_classes_together(pixels: Features, digit_map) -> None:
    plane = run(pixels, "pca")
    accuracy = digit_map.quality["knn_accuracy"]
    # A map cannot be expected to sort better than its features do; two axes of PCA lose
    # half of that, t-SNE is worth its time only if it loses little.
    assert accuracy > 0.85 * digit_map.quality["knn_accuracy_features"]
    assert accuracy > plane.quality["knn_accuracy"] + 0.2
    assert digit_map.quality["trustworthiness"] > 0.93
    assert digit_map.quality["trustworthiness"] > plane.quality["trustworthiness"] + 0.1


def test_a_map_says_where_it_comes_from(pixels: Features, digit_map) -> None:
    assert digit_map.points.shape == (600, 2)
    assert digit_map.points.dtype == np.float32
    assert (digit_map.model, digit_map.layer, digit_map.reduce) == ("lenet5-mnist", None, "pca90")
    assert digit_map.ids == pixels.ids
    assert digit_map.dataset == "mnist/test"
    assert (digit_map.iterations, digit_map.total, digit_map.stopped) == (250, 250, False)
    iterations = [iteration for iteration, _ in digit_map.history]
    assert iterations == list(range(10, 251, 10))
    assert digit_map.quality["kl"] == digit_map.history[-1][1]
    assert digit_map.history[-1][1] < digit_map.history[9][1]
    with pytest.raises(ValueError, match="read-only"):
        digit_map.points[0, 0] = 0


@pytest.mark.parametrize("method", ["tsne", "pca"])
def test_equal_seeds_give_equal_maps(cloud, method: str) -> None:
    params = FEW if method == "tsne" else None
    one, same, other = (run(cloud, method, params=params, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.points, same.points)
    assert one.quality == same.quality
    assert one.history == same.history
    assert np.array_equal(one.points, other.points) == (method == "pca")


def test_threads_get_the_maps_of_one(cloud) -> None:
    expected = [run(cloud, "tsne", params=FEW, seed=seed).points for seed in range(3)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda seed: run(cloud, "tsne", params=FEW, seed=seed), range(3)))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other.points)


def test_the_number_of_threads_does_not_matter(cloud, monkeypatch) -> None:
    from xai.embedding import tsne

    maps = []
    for jobs in (1, 2):
        monkeypatch.setattr(tsne, "_jobs", lambda jobs=jobs: jobs)
        maps.append(run(cloud, "tsne", params=FEW))
    np.testing.assert_array_equal(maps[0].points, maps[1].points)
    assert maps[0].history == maps[1].history


def test_many_images_take_early_steps_by_interpolation(cloud, monkeypatch) -> None:
    """Another sum of the same forces: the map is as good, and repeats on any threads."""
    from xai.embedding import tsne

    plain = run(cloud, "tsne")
    monkeypatch.setattr(tsne, "_MANY", 50)
    maps = []
    for jobs in (1, 2):
        monkeypatch.setattr(tsne, "_jobs", lambda jobs=jobs: jobs)
        maps.append(run(cloud, "tsne"))
    np.testing.assert_array_equal(maps[0].points, maps[1].points)
    assert maps[0].history[0] != plain.history[0]
    assert maps[0].quality["kl"] == pytest.approx(plain.quality["kl"], abs=0.05)


def test_the_start_can_be_random(cloud) -> None:
    first = {}
    for seed in (0, 1):
        run(
            cloud,
            "tsne",
            params={**FEW, "initialization": "random"},
            seed=seed,
            on_step=lambda done, total, points, seed=seed: (
                first.setdefault(seed, points) is not None
            ),
        )
    assert 0.5e-4 < first[0].std() < 2e-4
    assert abs(np.corrcoef(first[0].ravel(), first[1].ravel())[0, 1]) < 0.4


@pytest.mark.parametrize("last", [0, 10, 20, 30, 40])
def test_a_stop_keeps_the_last_state(cloud, last: int) -> None:
    seen = []

    def stop(iteration: int, total: int, points: np.ndarray) -> bool:
        seen.append((iteration, total, points))
        return iteration >= last

    stopped = run(cloud, "tsne", params=FEW, on_step=stop)
    assert stopped.stopped
    assert (stopped.iterations, stopped.total) == (last, 50)
    assert [iteration for iteration, _, _ in seen] == list(range(0, last + 1, 10))
    np.testing.assert_array_equal(stopped.points, seen[-1][2])
    if last >= 30:
        # The same number of steps, taken without a stop, leads to the same place.
        whole = run(cloud, "tsne", params={**FEW, "iterations": last - 20})
        np.testing.assert_array_equal(stopped.points, whole.points)


def test_steps_are_shown_from_start_to_end(cloud) -> None:
    seen = []
    whole = run(cloud, "tsne", params=FEW, on_step=lambda *step: seen.append(step))
    assert [step[0] for step in seen] == [0, 10, 20, 30, 40, 50]
    assert all(step[1] == 50 for step in seen)
    assert all(step[2].dtype == np.float32 for step in seen)
    np.testing.assert_array_equal(seen[-1][2], whole.points)
    # What is shown is a picture of the moment, not a window on the work.
    assert np.abs(seen[0][2]).max() < 1e-2


def test_stopping_at_the_very_end_is_finishing(cloud) -> None:
    whole = run(cloud, "tsne", params=FEW, on_step=lambda done, total, points: done == total)
    assert not whole.stopped


@pytest.mark.parametrize("method", ["tsne", "pca"])
def test_what_a_step_raises_reaches_the_caller(cloud, method: str) -> None:
    def fail(iteration: int, total: int, points: np.ndarray) -> None:
        raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        run(cloud, method, on_step=fail)


def test_pca_equals_scikit_learn_up_to_sign(pixels: Features) -> None:
    found = run(pixels, "pca")
    reference = PCA(2, svd_solver="full").fit(pixels.values.astype(np.float64))
    expected = reference.transform(pixels.values.astype(np.float64))
    np.testing.assert_allclose(np.abs(found.points), np.abs(expected), atol=1e-4)
    share = reference.explained_variance_ratio_.sum()
    assert found.quality["explained_variance"] == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize(("count", "used"), [(4, 2.0), (7, 2.0), (31, 10.0), (91, 30.0)])
def test_perplexity_is_lowered_to_what_there_is_and_said(count: int, used: float) -> None:
    rows = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    found = run(rows, "tsne", params=FEW)
    assert found.params.perplexity == used
    assert np.isfinite(found.points).all()
    assert bool(found.notes) == (used < 30)
    if found.notes:
        assert found.notes == (
            f"Perplexity 30 needs at least 91 images; {used:g} was used for {count}.",
        )


@pytest.mark.parametrize(
    ("perplexity", "count", "needed"), [(2.5, 7, 9), (2.5, 8, 9), (30.0, 90, 91), (2.9, 8, 10)]
)
def test_the_note_names_the_first_number_that_is_enough(
    perplexity: float, count: int, needed: int
) -> None:
    params = TsneParams(perplexity=perplexity)
    lowered, notes = params.within(count)
    assert notes == (
        f"Perplexity {perplexity:g} needs at least {needed} images; "
        f"{lowered.perplexity:.3g} was used for {count}.",
    )
    assert params.within(needed) == (params, ())
    assert params.within(needed - 1)[1]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_an_objective_below_zero_is_not_told(seed: int) -> None:
    """Of points that coincide openTSNE's tree loses some, and the divergence falls below 0."""
    rows = np.repeat(np.eye(2), 30, axis=0)
    found = run(rows, "tsne", seed=seed)
    assert all(divergence >= 0 for _, divergence in found.history)
    if "kl" in found.quality:
        assert found.history[-1] == (found.iterations, found.quality["kl"])


def test_only_the_objective_of_the_last_step_is_the_maps(cloud) -> None:
    from xai.embedding.tsne import _Watch

    watch = _Watch(None, 20)
    watch.note(10, 0.5, cloud[:, :2])
    watch.note(20, -0.5, cloud[:, :2])
    found = watch.result(cloud[:, :2], TsneParams(), (), None)
    assert found.history == ((10, 0.5),)
    assert found.quality == {}


@pytest.mark.parametrize("exaggeration", [1.0, 8.0])
@pytest.mark.parametrize("count", [4, 6, 24])
def test_few_images_do_not_collapse(count: int, exaggeration: float) -> None:
    """All of them are neighbours: attraction twelve times as strong leaves one point."""
    rows = np.random.default_rng(0).normal(size=(count, 30))
    shown = []
    found = run(
        rows,
        "tsne",
        params={"exaggeration": exaggeration},
        on_step=lambda done, total, points: shown.append(done),
    )
    assert np.ptp(found.points, axis=0).min() > 1
    assert found.quality["trustworthiness"] > 0.6
    # A divergence; of a single point the approximation gives nonsense below zero.
    assert found.quality["kl"] > 0
    assert shown == sorted(set(shown))
    assert (shown[-1], found.iterations) == (750, 750)
    assert any("Exaggeration was left out" in note for note in found.notes) == (exaggeration > 1)


@pytest.mark.parametrize(
    "change", [{"perplexity": 5}, {"exaggeration": 2}, {"learning_rate": 3}, {"iterations": 40}]
)
def test_every_parameter_counts(cloud, change: dict[str, float]) -> None:
    plain = run(cloud, "tsne", params=FEW)
    changed = run(cloud, "tsne", params={**FEW, **change})
    assert not np.allclose(plain.points, changed.points, rtol=1e-3)


@pytest.mark.parametrize("method", ["tsne", "pca"])
@pytest.mark.parametrize("scale", [1e-40, 1e-30, 1e30, 1e36])
def test_any_scale(cloud, method: str, scale: float) -> None:
    found = run((cloud * scale).astype(np.float32), method, params=FEW if method == "tsne" else {})
    assert np.isfinite(found.points).all()
    assert found.quality["trustworthiness"] > 0.75


@pytest.mark.parametrize("method", ["tsne", "pca"])
@pytest.mark.parametrize(
    "rows",
    [
        np.repeat(np.random.default_rng(0).normal(size=(10, 4)), 6, axis=0),
        np.repeat(np.eye(2), 40, axis=0),
        np.vstack([np.zeros((49, 4)), np.ones((1, 4))]),
        np.arange(50.0)[:, None],
    ],
    ids=["duplicates", "two kinds", "all but one equal", "one column"],
)
def test_degenerate_rows_stay_finite(method: str, rows: np.ndarray) -> None:
    found = run(rows, method, params=FEW if method == "tsne" else {})
    assert np.isfinite(found.points).all()
    assert all(np.isfinite(value) for value in found.quality.values())
    assert np.ptp(found.points, axis=0)[0] > 0


def test_a_line_is_called_a_line() -> None:
    found = run(np.arange(50.0)[:, None], "pca")
    assert found.notes == ("The features vary in one direction only: the map is a line.",)
    assert not found.points[:, 1].any()


@pytest.mark.parametrize("method", list(METHODS))
def test_refusals(cloud, method: str) -> None:
    for count in range(4):
        with pytest.raises(ValueError, match=f"at least 4 images, got {count}"):
            run(cloud[:count], method)
    with pytest.raises(ValueError, match="no variance"):
        run(np.full((50, 4), 0.1, np.float32), method)
    for broken in (np.nan, np.inf):
        rows = cloud.copy()
        rows[5, 2] = broken
        with pytest.raises(ValueError, match="1 of 60 rows hold NaN or infinity"):
            run(rows, method)
    with pytest.raises(ValueError, match="shape"):
        run(cloud[0], method)
    with pytest.raises(TypeError, match="expected Features"):
        run([[1, 2]], method)
    with pytest.raises(TypeError, match="seed"):
        run(cloud, method, seed=0.5)
    with pytest.raises(ValueError, match="seed"):
        run(cloud, method, seed=-1)
    with pytest.raises(ValueError, match="params"):
        run(cloud, method, params={"magic": 1})


def test_unknown_methods_and_values_are_refused(cloud) -> None:
    with pytest.raises(ValueError, match="tsne, umap, pca"):
        run(cloud, "isomap")
    with pytest.raises(ValueError, match="perplexity"):
        TsneParams(perplexity=101)
    with pytest.raises(TypeError, match="expected PcaParams"):
        run(cloud, "pca", params=TsneParams())
