"""What each regulariser does: the runs of the comparison, and the grain of an image."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from xai import models, visualization
from xai.visualization import REGULARIZERS, VisualizationParams, off, used
from xai.visualization.aims import aim
from xai.visualization.studies.ablation import FINE, covers, roughness, trial, variants
from xai.visualization.studies.toys import SIDE, toy

HELD = VisualizationParams(steps=4, weight_decay=0.01, jitter=2, rotation=5.0)


@pytest.fixture(scope="module")
def model():
    return models.load("lenet5-mnist", device="cpu")


# ------------------------------------------------------------------------------ the runs
def test_every_regulariser_has_a_run_of_its_own():
    runs = variants(HELD, "alone")
    single = {one.name: one.params for one in runs if one.kind == "alone"}
    assert tuple(single) == REGULARIZERS
    assert {name: used(params) for name, params in single.items()} == {
        name: (name,) for name in REGULARIZERS
    }
    assert single["jitter"].jitter == HELD.jitter
    assert single["blur_sigma"].blur_sigma > 0  # telling, though the settings do not use it
    assert (runs[0].kind, runs[0].params) == ("all", HELD)
    bare = [one for one in runs if one.kind == "none"]
    assert [one.name for one in bare] == ["fourier", "pixels"]
    assert all(used(one.params) == () for one in bare)


def test_each_that_is_used_is_left_out_once():
    runs = [one for one in variants(HELD, "without") if one.kind == "without"]
    assert [one.name for one in runs] == ["weight_decay", "jitter", "rotation"]
    for one in runs:
        assert set(used(one.params)) == set(used(HELD)) - {one.name}


@pytest.mark.parametrize("way", ["alone", "without"])
@pytest.mark.parametrize("kept", [(), ("jitter",), ("jitter", "octaves")])
@pytest.mark.parametrize("drawn", ["fourier", "pixels"])
def test_no_two_runs_have_the_same_settings(way, kept, drawn):
    values = {"jitter": 3, "octaves": 2}
    params = replace(off(HELD), parameterization=drawn, **{name: values[name] for name in kept})
    runs = variants(params, way)
    assert len({one.params for one in runs}) == len(runs)
    assert next(one.name for one in runs if one.kind == "none") == drawn


def test_colours_that_pixels_cannot_move_are_left_to_the_network():
    params = replace(HELD, color="decorrelated")
    (pixels,) = [one for one in variants(params, "alone") if one.name == "pixels"]
    assert pixels.params.color == "auto"


def test_an_unknown_way_is_refused():
    with pytest.raises(ValueError, match="alone or without"):
        variants(HELD, "beside")


def test_a_trial_is_the_run_with_its_settings(model):
    wanted = aim(model, "class", None, 3)
    for variant in variants(HELD, "without"):
        found = trial(model, wanted, variant, 5)
        plain = visualization.run(model, "class", index=3, params=variant.params, seed=5)
        assert np.array_equal(found.image, plain.image)
        assert (found.score, found.steps) == (plain.score, 4)
        assert found.roughness == roughness(plain.image)


def test_a_trial_that_was_stopped_ends_as_an_unbroken_one(model):
    wanted = aim(model, "class", None, 3)
    variant = variants(HELD, "alone")[0]
    short = replace(variant, params=replace(variant.params, steps=2))
    begun = visualization.run(model, "class", index=3, params=short.params, seed=1).state
    found = trial(model, wanted, variant, 1, state=begun)
    assert np.array_equal(found.image, trial(model, wanted, variant, 1).image)


def test_a_run_is_taken_for_a_variant_only_if_nothing_was_changed_on_its_way(model):
    variant = variants(HELD, "alone")[0]
    whole = visualization.run(model, "class", index=3, params=HELD)
    assert covers(whole, variant)
    assert not covers(whole, variants(HELD, "alone")[1])
    other = visualization.run(model, "class", index=3, params=replace(HELD, steps=2, jitter=5))
    turned = visualization.run(model, "class", index=3, params=HELD, resume=other)
    assert turned.params == variant.params
    assert not covers(turned, variant)


def test_a_prolonged_run_of_several_octaves_is_another_one(model):
    for octaves, same in ((1, True), (2, False)):
        params = replace(HELD, octaves=octaves)
        first = visualization.run(model, "class", index=3, params=replace(params, steps=2))
        longer = visualization.run(model, "class", index=3, params=params, resume=first)
        variant = variants(params, "alone")[0]
        assert covers(longer, variant) is same
        unbroken = visualization.run(model, "class", index=3, params=params)
        assert np.array_equal(longer.image, unbroken.image) is same


# ------------------------------------------------------------------------------ the grain
def wave(cycles: float, size: int = 64) -> np.ndarray:
    """Return a cosine along the rows that its mirror image goes on with."""
    places = (np.arange(size) + 0.5) * 2 * math.pi * cycles
    return np.broadcast_to(0.5 + 0.4 * np.cos(places), (1, size, size)).astype(np.float32)


@pytest.mark.parametrize("cycles", [4 / 64, 15 / 64, 17 / 64, 30 / 64])
def test_a_single_wave_is_coarse_or_fine(cycles):
    expected = 1.0 if cycles > FINE else 0.0
    assert roughness(wave(cycles)).fine == pytest.approx(expected, abs=1e-6)
    assert roughness(wave(cycles).transpose(0, 2, 1)).fine == pytest.approx(expected, abs=1e-6)


def test_white_noise_has_the_share_of_the_area():
    noise = np.random.default_rng(0).random((3, 128, 128))
    assert roughness(noise).fine == pytest.approx(1 - math.pi / 16, abs=0.02)


def test_a_ramp_has_no_edge_where_it_is_joined_to_itself():
    ramp = np.broadcast_to(np.linspace(0, 1, 64), (1, 64, 64))
    assert roughness(ramp).fine < 0.001


def test_constant_images_have_no_grain():
    for size in (1, 2, 7):
        found = roughness(np.full((3, size, size), 0.3, np.float32))
        assert (found.variation, found.fine) == (0, 0)


def test_the_variation_is_the_mean_step():
    board = np.indices((4, 6)).sum(0)[None] % 2 * 0.5
    assert roughness(board).variation == pytest.approx(0.5)
    # A step of 1 between two columns of three: 4 of 4 × 2 + 3 × 3 neighbours.
    edge = np.zeros((1, 4, 3))
    edge[:, :, 2] = 1
    assert roughness(edge).variation == pytest.approx(4 / 17)


def test_the_grain_of_something_else_is_refused():
    with pytest.raises(ValueError, match="C, H, W"):
        roughness(np.zeros((4, 4)))


# ------------------------------------------------------------------------------ the toys
TELLING = {"weight_decay": 0.02, "blur_sigma": 1.0, "total_variation": 1.0, "jitter": 2,
           "rotation": 20.0, "scale": 0.2, "gradient_clip": 2.0, "octaves": 3}  # fmt: skip


@pytest.mark.parametrize("name", REGULARIZERS)
def test_a_toy_shows_no_difference_where_nothing_is_done(name):
    before, *after = toy(name, 1 if name == "octaves" else 0)
    assert after
    assert all(np.array_equal(before, one) for one in after)


@pytest.mark.parametrize("name", REGULARIZERS)
def test_a_toy_shows_what_is_done(name):
    panels = toy(name, TELLING[name])
    assert all(one.min() >= 0 and one.max() <= 1 for one in panels if one.ndim == 3)
    assert not np.array_equal(panels[0], panels[-1])


def test_toys_do_what_their_names_say():
    before, after = toy("weight_decay", 0.02)
    assert np.allclose(after - 0.5, (before - 0.5) * 0.98**40, atol=1e-5)
    for name in ("blur_sigma", "total_variation"):
        before, after = toy(name, 1.0)
        assert roughness(after).variation < 0.6 * roughness(before).variation
    before, after = toy("gradient_clip", 2.0)
    assert after.max() == pytest.approx(2 * before.mean())
    assert np.array_equal(after[before < after.max()], before[before < after.max()])
    grain = [roughness(stage).fine for stage in toy("octaves", 3)]
    assert grain == sorted(grain)


def test_both_extremes_of_a_shift_are_seen():
    before, after = toy("jitter", 3)
    orange, blue = np.roll(before[0], (-3, -3), (0, 1)), np.roll(before[0], (3, 3), (0, 1))
    assert np.array_equal(after[0] > 0.5, orange > 0.5)
    assert np.array_equal(after[2] > 0.5, blue > 0.5)


def test_a_shift_means_less_of_a_large_image():
    assert np.array_equal(toy("jitter", 16, 8 * SIDE)[1], toy("jitter", 2)[1])


def test_the_strongest_of_all_can_be_drawn():
    infos = VisualizationParams.infos()
    for name in REGULARIZERS:
        for panel in toy(name, infos[name].high):
            assert np.isfinite(panel).all()


def test_toys_of_what_there_is_not_are_refused():
    with pytest.raises(ValueError, match="regulariser"):
        toy("momentum", 0.5)
    with pytest.raises(ValueError, match="blur_sigma"):
        toy("blur_sigma", 99.0)
    with pytest.raises(ValueError, match="side"):
        toy("jitter", 1, 0)
