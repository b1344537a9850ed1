"""The film of maps: each from the one before, on fixed axes, and what does not change stays."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from xai.embedding import Features, evolve
from xai.embedding.evolution import Evolution, continuing
from xai.embedding.evolution.keys import EvolutionKey, evolution_of
from xai.embedding.params import TsneParams
from xai.embedding.quality import in_common, reach
from xai.embedding.steadiness import aligned
from xai.store import Store

FEW = {"early_iterations": 50, "iterations": 200, "perplexity": 10}


def side(film: Evolution) -> float:
    return film.axes.span


def ways(film: Evolution) -> np.ndarray:
    """Return how far each point goes from map to map, as a share of the side: (E - 1, N)."""
    steps = np.diff(film.points.astype(np.float64), axis=0)
    return np.hypot(steps[..., 0], steps[..., 1]) / side(film)


@pytest.fixture(scope="module")
def epochs(cloud) -> list[np.ndarray]:
    """Groups that part: from noise alone, mixed with more and more of the cloud."""
    noise = np.random.default_rng(1).normal(size=cloud.shape).astype(np.float32)
    return [(1 - share) * noise + share * cloud for share in (0.0, 0.2, 0.5, 0.9, 1.0)]


@pytest.fixture(scope="module")
def film(epochs) -> Evolution:
    labels = np.repeat(np.arange(3), 20)
    given = [Features(values=one, labels=labels, classes=("a", "b", "c")) for one in epochs]
    return evolve(given, params=FEW)


# ------------------------------------------------------------------ what stays, what moves
@pytest.mark.parametrize("method", ["tsne", "pca"])
def test_the_same_answers_move_no_point(epochs, method: str) -> None:
    params = FEW if method == "tsne" else None
    found = evolve([*epochs, epochs[-1], epochs[-1].copy()], method=method, params=params)
    # The bound is 1 % of the map; nothing but rounding is left of it.
    assert ways(found)[-2:].max() < 1e-5
    assert found.turnover[-2:].tolist() == [0.0, 0.0]
    assert found.steps[-2:].tolist() == [0, 0]
    assert ways(found)[0].max() > 0.05


def test_what_hardly_changes_hardly_moves(epochs) -> None:
    last = epochs[-1]
    noise = np.random.default_rng(2).normal(size=last.shape).astype(np.float32) * last.std()
    furthest = []
    for amount in (1e-6, 1e-3, 1e-2, 0.3):
        found = evolve([*epochs, last + amount * noise], params=FEW)
        furthest.append(ways(found)[-1].max())
    assert furthest == sorted(furthest)
    assert furthest[0] < 1e-3
    assert furthest[1] < 0.01
    assert furthest[3] > 0.02


def test_answers_turned_mirrored_and_scaled_move_no_point(epochs) -> None:
    """Neighbours are the same, and t-SNE knows nothing else."""
    rng = np.random.default_rng(3)
    turn, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    turned = (epochs[-1] @ turn * 7.0 + 2.0).astype(np.float32)
    assert ways(evolve([*epochs, turned], params=FEW))[-1].max() < 1e-3
    # Of a shadow the turn and the mirror are undone; the scale is told, not hidden.
    twice = evolve([epochs[-1], -2.0 * epochs[-1]], method="pca").points
    np.testing.assert_allclose(twice[1], 2.0 * twice[0], atol=1e-4)


def test_a_map_that_was_turned_mirrored_and_moved_is_laid_back(cloud) -> None:
    target = cloud[:, :2] - cloud[:, :2].mean(axis=0)
    cosine, sine = np.cos(2.0), np.sin(2.0)
    for mirror in (1, -1):
        turn = np.array([[cosine, sine], [-sine * mirror, cosine * mirror]])
        moved = target @ turn + (300.0, -7.0)
        np.testing.assert_allclose(aligned(moved, target, scaled=False), target, atol=1e-3)
        np.testing.assert_allclose(aligned(5 * moved, target), target, atol=1e-3)
        kept = aligned(5 * moved, target, scaled=False)
        np.testing.assert_allclose(kept, 5 * target, atol=5e-3)


def test_each_map_is_laid_onto_the_one_before(film) -> None:
    """No turn and no mirror brings two maps in a row closer together."""
    for one, other in zip(film.points, film.points[1:], strict=False):
        left, sizes, right = np.linalg.svd(other.astype(np.float64).T @ one.astype(np.float64))
        np.testing.assert_allclose(left @ right, np.eye(2), atol=1e-4)
        assert (sizes >= 0).all()
    np.testing.assert_allclose(film.points.mean(axis=1), 0.0, atol=1e-4)


def test_groups_part_as_the_answers_do(film) -> None:
    assert film.quality["knn_accuracy"][0] < 0.6
    assert film.quality["knn_accuracy"][-1] == 1.0
    assert film.quality["trustworthiness"][-1] > 0.85
    assert np.isnan(film.turnover[0])
    assert np.isnan(film.moved[0])
    np.testing.assert_allclose(film.moved[1:], ways(film).mean(axis=1), rtol=1e-4)
    assert (film.steps[1:] <= FEW["iterations"]).all()


def test_axes_are_the_same_for_all_maps(film) -> None:
    frames = film.frames()
    assert frames.dtype == np.uint16
    assert frames.shape == film.points.shape
    # One scale and one origin: what is drawn is an even image of all maps together.
    flat = film.points.reshape(-1, 2).astype(np.float64)
    drawn = frames.reshape(-1, 2) / 65_535
    scale = (flat - flat.mean(0)) / side(film)
    np.testing.assert_allclose(drawn[:, 0] - drawn[:, 0].mean(), scale[:, 0], atol=1e-4)
    np.testing.assert_allclose(drawn[:, 1] - drawn[:, 1].mean(), -scale[:, 1], atol=1e-4)
    assert np.ptp(drawn, axis=0).max() == pytest.approx(1.0, abs=1e-4)


def test_turnover_counts_new_neighbours(epochs, film) -> None:
    def near(values: np.ndarray) -> list[set[int]]:
        apart = ((values[:, None] - values[None]) ** 2).sum(axis=2).astype(np.float64)
        np.fill_diagonal(apart, np.inf)
        return [set(row[:10].tolist()) for row in apart.argsort(axis=1)]

    pairs = zip(near(epochs[1]), near(epochs[2]), strict=True)
    expected = np.mean([len(after - before) / 10 for before, after in pairs])
    assert film.turnover[2] == pytest.approx(expected, abs=1e-6)


def test_neighbours_in_common_are_counted_in_any_order() -> None:
    near, other = np.array([[1, 2], [0, 2], [3, 1]]), np.array([[2, 1], [2, 3], [0, 4]])
    assert in_common(near, other).tolist() == [1.0, 0.5, 0.0]
    assert [reach(count) for count in (4, 5, 20, 21, 500)] == [1, 2, 9, 10, 10]


def test_equal_seeds_give_equal_films(epochs, film) -> None:
    np.testing.assert_array_equal(evolve(epochs, params=FEW).points, film.points)


def test_steps_follow_the_change_of_the_affinities(epochs) -> None:
    """``min(1, 4 d)`` of the steps, d being the total variation; fewer once points rest."""
    params = TsneParams(**FEW)
    first = continuing.begun(epochs[0], params, 0, None)
    assert first.affinities.sum() == pytest.approx(1.0)
    near = epochs[0] + 0.02 * epochs[-1]
    moved = continuing.continued(first, near, params, 0, lambda: None)
    change = abs(moved.affinities - first.affinities).sum() / 2
    assert 0 < change < 0.25
    assert 0 < moved.steps <= round(params.iterations * 4 * change)
    pulses: list[int] = []
    far = continuing.continued(first, epochs[-1], params, 0, lambda: pulses.append(1))
    assert moved.steps < far.steps <= params.iterations
    assert len(pulses) == -(-far.steps // continuing.STRIDE)


def test_the_first_map_goes_on_until_its_points_rest(epochs, monkeypatch) -> None:
    """Else what it has not finished would look like learning."""
    params = TsneParams(**FEW)
    said: list[str] = []
    first = continuing.begun(epochs[-1], params, 0, lambda done, total, word: said.append(word))
    strides = sum(word.endswith("until its points rest") for word in said)
    assert 1 < strides <= 12 * params.iterations / continuing.STRIDE
    named = params.early_iterations + params.iterations
    assert first.steps == named + strides * continuing.STRIDE
    # All steps, as if everything had changed, although nothing has: it has nowhere to go.
    monkeypatch.setattr(continuing, "_REST", 0.0)
    changed = dataclasses.replace(first, affinities=0 * first.affinities)
    on = continuing.continued(changed, epochs[-1], params, 0, lambda: None)
    assert on.steps == params.iterations
    way = np.hypot(*(on.points - first.points).T).max() / np.ptp(first.points, axis=0).max()
    assert way < 0.05


def test_exaggeration_holds_to_the_end(epochs) -> None:
    wide, tight = (
        continuing.begun(epochs[-1], TsneParams(**FEW, exaggeration=more), 0, None).points
        for more in (1.0, 2.0)
    )
    assert np.ptp(tight, axis=0).max() < 0.8 * np.ptp(wide, axis=0).max()


# ---------------------------------------------------------------------------- what is dead
@pytest.mark.parametrize("broken", ["constant", "nan"])
@pytest.mark.parametrize("method", ["tsne", "pca"])
def test_points_stay_while_a_layer_says_nothing(epochs, broken: str, method: str) -> None:
    dead = np.full_like(epochs[0], np.nan if broken == "nan" else 3.0)
    params = FEW if method == "tsne" else None
    found = evolve(
        [epochs[0], dead, epochs[0], epochs[-1]],
        method=method,
        params=params,
        names=("0", "0.5", "1", "2"),
    )
    assert found.still.tolist() == [False, True, False, False]
    np.testing.assert_array_equal(found.points[1], found.points[0])
    assert ways(found)[1].max() < 1e-5  # the same answers as before it fell silent
    assert ways(found)[2].max() > 0.02
    (note,) = found.notes
    word = "not finite" if broken == "nan" else "same numbers for all images"
    assert note.startswith("Epoch 0.5: ")
    assert word in note
    assert np.isnan(found.quality["trustworthiness"][1])
    assert np.isnan(found.turnover[1:3]).all()


def test_a_layer_may_wake_up_late(epochs) -> None:
    dead = np.zeros_like(epochs[0])
    found = evolve([dead, epochs[-1], epochs[-1]], params=FEW)
    assert (found.points[0] == 0).all()
    assert np.ptp(found.points[1]) > 1
    assert ways(found)[-1].max() < 1e-5
    with pytest.raises(ValueError, match="choose another layer"):
        evolve([dead, dead], params=FEW)


@pytest.mark.parametrize("count", [4, 5, 9, 14])
def test_few_images_make_a_film_too(cloud, count: int) -> None:
    given = [cloud[:count], cloud[:count] + 1.0, cloud[-count:]]
    found = evolve(given, params={**FEW, "exaggeration": 4})
    assert np.isfinite(found.points).all()
    assert np.ptp(found.points[-1]) > 1e-3
    assert "was used for" in found.notes[0]


# ------------------------------------------------------------------------------ at the door
def test_epochs_are_asked_for_one_by_one_and_told_as_they_come(epochs) -> None:
    asked, told, heard = [], [], []

    class Slow(list):
        def __iter__(self):
            for place, item in enumerate(list.__iter__(self)):
                asked.append(place)
                yield item

    def on_epoch(place: int, points: np.ndarray) -> None:
        assert asked == list(range(place + 1))
        told.append((place, points.copy()))

    found = evolve(
        Slow(epochs),
        params=FEW,
        progress=lambda done, total, message: heard.append((done, total, message)),
        on_epoch=on_epoch,
    )
    assert [place for place, _ in told] == list(range(len(epochs)))
    np.testing.assert_array_equal(np.stack([points for _, points in told]), found.points)
    assert [done for done, _, _ in heard] == sorted(done for done, _, _ in heard)
    assert all(done <= total for done, total, _ in heard)
    assert heard[-1][2].startswith("epoch 5")


@pytest.mark.parametrize("when", [1, 8, 25])
def test_what_progress_raises_ends_the_film(epochs, when: int) -> None:
    calls = []

    def stop(done: int, total: int, message: str) -> None:
        calls.append(done)
        if len(calls) == when:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        evolve(epochs, params=FEW, progress=stop)
    assert len(calls) == when


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": []}, "at least one epoch"),
        ({"method": "umap"}, "never comes to rest"),
        ({"method": "mds"}, "expected one of"),
        ({"names": ("1",)}, "names: expected 5"),
        ({"params": {"perplexity": 1}}, "perplexity"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_makes_no_film_is_refused(epochs, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evolve(**({"features": epochs, "params": FEW} | change))


def test_other_images_are_refused(epochs) -> None:
    with pytest.raises(ValueError, match="expected 60 images at each epoch, got 59"):
        evolve([epochs[0], epochs[1][:59]], params=FEW)
    with pytest.raises(ValueError, match="at least 4 images, got 3"):
        evolve([epochs[0][:3]], params=FEW)
    with pytest.raises(TypeError, match="expected Features"):
        evolve(["features"], params=FEW)  # type: ignore[list-item]


# ---------------------------------------------------------------------------------- by key
def test_a_film_is_made_once_and_kept(lenet, few, tmp_path) -> None:
    loaded: list[float] = []

    def load(mark: float):
        loaded.append(mark)
        return lenet

    params = TsneParams(**FEW)
    key = EvolutionKey(few.signature, "0" * 16, (0.0, 0.5, 1.0), "relu2", "tsne", params)
    store = Store(tmp_path)
    made = evolution_of(key, load, few, store)
    assert loaded == [0.0, 0.5, 1.0]
    assert ways(made).max() < 1e-5  # the same weights at each mark
    assert made.ids == few.ids
    again = evolution_of(key, load, few, Store(tmp_path))
    assert len(loaded) == 3
    np.testing.assert_array_equal(again.points, made.points)
    assert again.notes == made.notes
    for other in (dataclasses.replace(key, layer="fc2"), dataclasses.replace(key, run="1" * 16)):
        assert store.load(other) is None
    one = dataclasses.replace(
        key, marks=(1.0,), params=dataclasses.replace(params, initialization="random"), seed=1
    )
    drawn = evolution_of(one, load, few).points
    for changed in ({"seed": 2}, {"grid": 2}, {"layer": "fc2"}):
        other = evolution_of(dataclasses.replace(one, **changed), load, few)
        assert np.abs(other.points - drawn).max() > 0.1
    with pytest.raises(ValueError, match="expected the images"):
        evolution_of(key, load, few.subset(np.arange(50)), store)
    with pytest.raises(ValueError, match="read-only"):
        made.points[0, 0, 0] = 1.0
