"""Many images at once: each is what it would be alone, and the grid can stop anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from xai.models.loaded import LoadedModel
from xai.visualization import Sight, VisualizationParams, run
from xai.visualization.aims import Aim, aim
from xai.visualization.studies import grid as study
from xai.visualization.studies.diversity import Several, alike, several
from xai.visualization.studies.grid import Grid, grid

Make = Callable[..., LoadedModel]

PARAMS = VisualizationParams(steps=6, pace=4.0, momentum=0.5, jitter=1, weight_decay=0.01)


class SeenEnoughError(Exception):
    """Raised by the tests where they stop a run."""


def classes(model: LoadedModel, *places: int) -> list[Aim]:
    return [aim(model, "class", None, place) for place in places]


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two images at most grow together."""
    monkeypatch.setattr(study, "most", lambda model: 2)


# --------------------------------------------------------------------------------- tiles
@pytest.mark.parametrize(("objective", "layer"), [("class", None), ("channel", "2")])
def test_a_tile_is_the_image_that_grows_alone(
    tiny: LoadedModel, objective: str, layer: str | None
) -> None:
    found = grid(tiny, [aim(tiny, objective, layer, place) for place in (3, 0, 2)], PARAMS, 7)
    assert found.complete
    for place, tile in zip((3, 0, 2), found.tiles, strict=True):
        alone = run(tiny, objective, layer=layer, index=place, params=PARAMS, seed=7)
        assert tile is not None
        assert tile.score == pytest.approx(alone.score, abs=1e-3)
        np.testing.assert_allclose(tile.image, alone.image, atol=1e-3)


def test_images_are_read_as_what_they_are_grown_for(linear: Make) -> None:
    model = linear(np.eye(4).reshape(4, 1, 2, 2) * 5)
    found = grid(model, classes(model, 2, 0, 1), replace(PARAMS, jitter=0))
    assert found.read == (True, True, True)
    assert found.images.shape == (3, 1, 2, 2)
    # The pixel that alone speaks for the class is the brightest.
    assert found.images.reshape(3, -1).argmax(1).tolist() == [2, 0, 1]


def test_a_class_that_cannot_win_is_not_called_right(linear: Make) -> None:
    model = linear(np.ones((2, 1, 2, 2)), bias=np.array([0.0, 3.0]))
    assert grid(model, classes(model, 0, 1), PARAMS).read == (False, True)


def test_of_channels_nothing_is_read(tiny: LoadedModel) -> None:
    found = grid(tiny, [aim(tiny, "channel", "0", 1)], PARAMS)
    assert found.read == (None,)


# ------------------------------------------------------------------------------- batches
def test_batches_follow_one_another(tiny: LoadedModel, pairs: None, looks: list[Sight]) -> None:
    seen: list[Grid] = []
    told: list[tuple[int, int]] = []
    found = grid(
        tiny,
        classes(tiny, 0, 1, 2, 3, 4),
        PARAMS,
        on_step=seen.append,
        progress=lambda done, total, message: told.append((done, total)),
    )
    begun = [len(one.begun) for one in seen]
    assert begun == sorted(begun)
    assert set(begun) == {2, 4, 5}
    # Whatever stands before the batch at work has all its steps.
    assert all(all(one.grown[: len(one.begun) - 2]) for one in seen)
    assert all(isinstance(one.tiles[0], Sight) for one in seen[:3])
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (30, 30)
    assert found.complete
    assert seen[-1].complete


@pytest.mark.parametrize("stop_at", [0, 3, 7, 9, 15])
def test_it_goes_on_from_where_it_was_stopped(
    tiny: LoadedModel, pairs: None, looks: list[Sight], stop_at: int
) -> None:
    aims, seen = classes(tiny, 0, 1, 2, 3, 4), []

    def stop(there: Grid) -> None:
        seen.append(there)
        if len(seen) > stop_at:
            raise SeenEnoughError

    with pytest.raises(SeenEnoughError):
        grid(tiny, aims, PARAMS, 3, on_step=stop)
    unbroken, resumed = grid(tiny, aims, PARAMS, 3), grid(tiny, aims, PARAMS, 3, state=seen[-1])
    np.testing.assert_array_equal(unbroken.images, resumed.images)
    np.testing.assert_array_equal(unbroken.scores, resumed.scores)
    for before, after in zip(seen[-1].tiles, resumed.tiles, strict=True):
        assert before is after or not isinstance(before, type(after))


def test_more_steps_make_all_go_on(tiny: LoadedModel, pairs: None) -> None:
    aims = classes(tiny, 0, 1, 2)
    first = grid(tiny, aims, PARAMS)
    longer = replace(PARAMS, steps=9)
    more = grid(tiny, aims, longer, state=first)
    assert [tile.state.step for tile in more.tiles if tile is not None] == [9, 9, 9]
    np.testing.assert_allclose(more.images, grid(tiny, aims, longer).images, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"aims": []}, "at least one"),
        ({"seeds": (1, 2, 3)}, "as many seeds"),
        ({"seeds": -1}, "seed: expected"),
    ],
)
def test_what_makes_no_grid_is_refused(
    tiny: LoadedModel, change: dict[str, object], match: str
) -> None:
    given: dict[str, object] = {"aims": classes(tiny, 0, 1), "seeds": 0} | change
    with pytest.raises(ValueError, match=match):
        grid(tiny, given["aims"], PARAMS, given["seeds"])  # type: ignore[arg-type]


def test_aims_at_several_layers_are_refused(tiny: LoadedModel) -> None:
    with pytest.raises(ValueError, match="one layer"):
        grid(tiny, [aim(tiny, "channel", "0", 1), aim(tiny, "channel", "3", 1)], PARAMS)


def test_a_state_of_other_aims_is_refused(tiny: LoadedModel) -> None:
    state = grid(tiny, classes(tiny, 0, 1), PARAMS)
    with pytest.raises(ValueError, match="same model, aims, seeds"):
        grid(tiny, classes(tiny, 0, 2), PARAMS, state=state)


# ----------------------------------------------------------------------------- diversity
def test_likeness_is_the_mean_cosine_of_neurons(linear: Make) -> None:
    model = linear(np.eye(4).reshape(4, 1, 2, 2), mean=0.0)
    images = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0]], np.float32).reshape(3, 1, 2, 2)
    wanted = aim(model, "channel", "1", 0)
    assert alike(model, wanted, images) == pytest.approx(np.sqrt(0.5) / 3, abs=1e-5)
    assert alike(model, wanted, images[[0, 0]]) == pytest.approx(1.0, abs=1e-5)


def test_likeness_of_maps_knows_no_place(tiny: LoadedModel) -> None:
    rng = np.random.default_rng(0)
    image = np.full((3, 9, 8), 0.5, np.float32)
    image[:, 2:5, 2:4] = rng.random((3, 3, 2))
    moved = np.roll(image, (2, 2), (1, 2))
    other = rng.random((3, 9, 8)).astype(np.float32)
    wanted = aim(tiny, "channel", "0", 0)
    assert alike(tiny, wanted, np.stack([image, moved])) == pytest.approx(1.0, abs=1e-5)
    assert alike(tiny, wanted, np.stack([image, other])) < 0.999


def test_pushed_apart_images_are_less_alike(lenet: LoadedModel) -> None:
    wanted = aim(lenet, "class", None, 3)
    params = replace(PARAMS, steps=30)
    found = several(lenet, wanted, params, (0, 1, 2), 1.0)
    assert found.complete
    assert found.layer == lenet.spec.cam_layer
    assert found.alone is not None
    assert found.apart is not None
    assert found.likeness_alone == pytest.approx(alike(lenet, wanted, found.alone.images))
    assert found.likeness_apart == pytest.approx(alike(lenet, wanted, found.apart.images))
    assert found.likeness_apart < found.likeness_alone - 0.1
    left = grid(lenet, [wanted] * 3, params, (0, 1, 2))
    np.testing.assert_array_equal(found.alone.images, left.images)


def test_pushed_apart_images_are_one_batch(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "most", lambda model: 1)
    wanted = aim(tiny, "channel", "3", 1)
    found = grid(tiny, [wanted] * 3, PARAMS, (0, 1, 2), diversity=2.0)
    alone = grid(tiny, [wanted] * 3, PARAMS, (0, 1, 2))
    assert np.abs(found.images - alone.images).max() > 0.01


def test_without_a_push_there_is_one_half(tiny: LoadedModel) -> None:
    found = several(tiny, aim(tiny, "channel", "3", 1), PARAMS, (0, 1), 0.0)
    assert found.complete
    assert found.apart is None
    assert found.likeness_apart is None


@pytest.mark.parametrize("stop_at", [2, 9])
def test_both_halves_go_on_from_where_they_were_stopped(
    tiny: LoadedModel, looks: list[Sight], stop_at: int
) -> None:
    wanted, seen = aim(tiny, "channel", "3", 1), []

    def stop(there: Several) -> None:
        seen.append(there)
        if len(seen) > stop_at:
            raise SeenEnoughError

    with pytest.raises(SeenEnoughError):
        several(tiny, wanted, PARAMS, (0, 1), 0.5, on_step=stop)
    assert (seen[-1].apart is None) == (stop_at == 2)
    assert not seen[-1].complete
    unbroken = several(tiny, wanted, PARAMS, (0, 1), 0.5)
    resumed = several(tiny, wanted, PARAMS, (0, 1), 0.5, state=seen[-1])
    for half in ("alone", "apart"):
        np.testing.assert_array_equal(getattr(unbroken, half).images, getattr(resumed, half).images)
    assert resumed.likeness_apart == unbroken.likeness_apart


@pytest.mark.parametrize(
    ("seeds", "push", "match"),
    [((0,), 0.5, "two"), ((1, 1), 0.5, "different"), ((0, 1), -0.1, "push")],
)
def test_what_makes_no_several_is_refused(
    tiny: LoadedModel, seeds: tuple[int, ...], push: float, match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        several(tiny, aim(tiny, "class", None, 0), PARAMS, seeds, push)


def test_the_time_lines_of_a_grid_are_bounded_together(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 3 * 9 * 8
    monkeypatch.setattr(study, "_FILM_BYTES", 2 * 5 * size)
    params = VisualizationParams(steps=20)
    found = grid(tiny, [aim(tiny, "class", index=index) for index in (0, 1)], params)
    kept = [frame.image.nbytes for tile in found.tiles if tile for frame in tile.state.frames]
    assert 4 * size <= sum(kept) <= 2 * 5 * size
