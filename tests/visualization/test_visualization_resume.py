"""A run that was stopped and goes on is the run that was not."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from xai.visualization import Sight, Visualization, VisualizationParams, ascent, off, preset, run
from xai.visualization.aims import aim
from xai.visualization.ascent import grow
from xai.visualization.course import MOST_FRAMES
from xai.visualization.likeness import crowding
from xai.visualization.scoring import scoring

EVERYTHING = VisualizationParams(
    steps=8, pace=2.0, momentum=0.6, weight_decay=0.02, blur_sigma=0.7, blur_every=3,
    total_variation=0.4, jitter=2, rotation=12.0, scale=0.2, gradient_clip=3.0, octaves=3,
)  # fmt: skip


class StoppedError(Exception):
    pass


def fingerprint(found: Visualization) -> tuple[Any, ...]:
    """All that a run is, to the last bit."""
    state = found.state
    arrays = (found.image, state.canvas, state.velocity, state.best, state.random)
    return (
        *(one.tobytes() for one in arrays),
        *(one.image.tobytes() for one in found.frames),
        tuple((one.step, one.score) for one in found.frames),
        found.history,
        (found.score, found.start_score, found.rate, found.proposed, found.notes, found.diverged),
        (state.step, state.best_score, state.proposed, state.restless, state.digest),
        found.prediction.logits.tobytes(),
    )


@pytest.mark.parametrize("schedule", ["renewed", "fixed"])
@pytest.mark.parametrize("start", ["noise", "image"])
@pytest.mark.parametrize(
    ("parameterization", "color"),
    [("pixels", "auto"), ("fourier", "decorrelated"), ("fourier", "independent")],
)
@pytest.mark.parametrize("held", [True, False])
def test_stopped_anywhere_it_goes_on_bit_for_bit(
    tiny, looks, schedule, start, parameterization, color, held
):
    params = dataclasses.replace(
        EVERYTHING if held else off(EVERYTHING),
        schedule=schedule, start=start, parameterization=parameterization, color=color,
    )  # fmt: skip
    given = {"layer": "5", "index": 2, "params": params, "seed": 3}
    image = np.random.default_rng(0).random((3, 9, 8), dtype=np.float32)
    whole = run(tiny, "channel", **given, image=image, on_step=looks.append)
    assert [look.done for look in looks] == list(range(9))
    assert len({look.state.digest for look in looks}) == 9
    for look in looks:
        again = run(tiny, "channel", **given, image=image, resume=look.state)
        assert fingerprint(again) == fingerprint(whole)
    assert fingerprint(run(tiny, "channel", **given, image=image)) == fingerprint(whole)


def test_lenet_stopped_by_its_watcher_goes_on_bit_for_bit(lenet, looks):
    params = {"steps": 30}
    whole = run(lenet, "class", index=5, params=params, seed=2)

    def stop(look: Sight) -> None:
        looks.append(look)
        if look.done == 17:
            raise StoppedError

    with pytest.raises(StoppedError):
        run(lenet, "class", index=5, params=params, seed=2, on_step=stop)
    last = looks[-1]
    again = run(lenet, "class", index=5, params=params, seed=2, resume=last.state)
    assert fingerprint(again) == fingerprint(whole)
    # Watching changes nothing.
    watched = run(lenet, "class", index=5, params=params, seed=2, on_step=looks.append)
    assert fingerprint(watched) == fingerprint(whole)
    np.testing.assert_array_equal(looks[-1].image, whole.image)
    assert looks[-1].score == pytest.approx(whole.score, abs=1e-5)


def test_more_steps_can_be_asked_for(lenet):
    """Without octaves, whose stages depend on the steps in all."""
    short = run(lenet, "class", index=5, params={"steps": 6}, seed=2)
    whole = run(lenet, "class", index=5, params={"steps": 14}, seed=2)
    longer = run(lenet, "class", index=5, params={"steps": 14}, seed=2, resume=short)
    assert fingerprint(longer) == fingerprint(whole)
    assert short.history == whole.history[:6]
    assert short.state.step == 6
    # More steps are no other settings.
    assert [step for step, _ in longer.state.changes] == [0]
    still = run(lenet, "class", index=5, params={"steps": 6}, seed=2, resume=longer)
    np.testing.assert_array_equal(still.image, longer.image)
    assert still.state.digest == longer.state.digest


def test_seeds_make_the_difference(tiny):
    def made(seed: int, **changes: Any) -> tuple[Any, ...]:
        params = dataclasses.replace(EVERYTHING, **changes)
        return fingerprint(run(tiny, "class", index=1, params=params, seed=seed))

    assert made(1) != made(2)
    assert made(1, start="grey") != made(2, start="grey")
    quiet = {"start": "grey", "jitter": 0, "rotation": 0.0, "scale": 0.0}
    for one, other in zip(made(1, **quiet), made(2, **quiet), strict=True):
        # Only the generators differ, and what names them.
        assert one == other or isinstance(one, bytes | tuple)
    assert made(1, **quiet)[0] == made(2, **quiet)[0]


# ----------------------------------------------------------------------- changed knobs
@pytest.mark.parametrize(
    "change",
    [
        {"pace": 5.0}, {"momentum": 0.0}, {"weight_decay": 0.2}, {"blur_sigma": 2.0},
        {"total_variation": 3.0}, {"jitter": 0}, {"rotation": 0.0}, {"scale": 0.0},
        {"gradient_clip": 1.0}, {"octaves": 1}, {"schedule": "fixed"}, {"learning_rate": 2.0},
        {"parameterization": "pixels"}, {"color": "independent"}, {"start": "grey"},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_knob_that_is_turned_acts_from_there_on(tiny, looks, change):
    begun = run(tiny, "class", index=1, params=EVERYTHING, on_step=looks.append)
    middle = looks[5]
    changed = dataclasses.replace(EVERYTHING, **change)
    seen: list[Sight] = []
    after = run(tiny, "class", index=1, params=changed, resume=middle.state, on_step=seen.append)
    # What there is stays: the image, its time line, and the settings it was made with.
    np.testing.assert_allclose(seen[0].image, middle.image, atol=2e-3)
    assert after.history[:5] == begun.history[:5]
    assert after.state.changes == ((0, EVERYTHING), (5, changed))
    assert after.params == changed
    assert [look.done for look in seen] == [5, 6, 7, 8]
    same = after.image.tobytes() == begun.image.tobytes()
    assert same == (change == {"start": "grey"})
    again = run(tiny, "class", index=1, params=changed, resume=middle.state)
    assert fingerprint(again) == fingerprint(after)


def test_settings_tried_in_one_place_count_once(tiny, looks):
    run(tiny, "class", index=1, params=EVERYTHING, on_step=looks.append)
    calm, wild = (dataclasses.replace(EVERYTHING, pace=pace) for pace in (1.0, 9.0))
    seen: list[Sight] = []
    run(tiny, "class", index=1, params=wild, resume=looks[4].state, on_step=seen.append)
    last = run(tiny, "class", index=1, params=calm, resume=seen[0].state)
    assert last.state.changes == ((0, EVERYTHING), (4, calm))
    back = run(tiny, "class", index=1, params=EVERYTHING, resume=looks[4].state)
    assert back.state.changes == ((0, EVERYTHING),)
    afresh = run(tiny, "class", index=1, params=wild, resume=looks[0].state)
    assert afresh.state.changes == ((0, wild),)


# ----------------------------------------------------------------- states and time lines
def test_a_state_cannot_be_written_to_and_belongs_to_its_run(tiny, looks):
    found = run(tiny, "class", index=1, params=EVERYTHING, on_step=looks.append)
    for name in ("canvas", "velocity", "best"):
        assert not getattr(found.state, name).flags.writeable
    assert not found.image.flags.writeable
    before = [look.state.canvas.copy() for look in looks]
    run(tiny, "class", index=1, params=EVERYTHING, resume=looks[2].state)
    for look, canvas in zip(looks, before, strict=True):
        np.testing.assert_array_equal(look.state.canvas, canvas)
        assert look.state.step == look.done == len(look.history)


def test_a_state_of_another_model_is_refused(tiny, lenet):
    params = off(preset(lenet))
    for parameterization in ("pixels", "fourier"):
        there = dataclasses.replace(params, parameterization=parameterization, steps=1)
        state = run(tiny, "class", index=1, params=there).state
        with pytest.raises(ValueError, match="resume"):
            run(lenet, "class", index=1, params=there, resume=state)


def test_the_time_line_starts_at_the_start_and_does_not_grow(linear):
    model = linear(np.ones((2, 1, 3, 3), np.float32))
    params = VisualizationParams(steps=200, start="grey", parameterization="pixels")
    found = run(model, "class", index=0, params=params)
    steps = [frame.step for frame in found.frames]
    assert MOST_FRAMES / 2 <= len(steps) <= MOST_FRAMES
    assert steps == list(range(0, 200, steps[1]))
    scores = {one.step - 1: one.score for one in found.history}
    assert all(frame.score == scores[frame.step] for frame in found.frames)
    assert found.frames[0].image.dtype == np.uint8
    assert found.frames[0].image.shape == (3, 3, 1)
    assert found.history[-1].step == 200


# ------------------------------------------------------------------------------ batches
def test_images_of_a_batch_grow_as_they_would_alone(tiny):
    wishes = [aim(tiny, "class", index=index) for index in (1, 4, 1)]
    params = off(EVERYTHING)
    together = grow(tiny, wishes, params, (7, 8, 9))
    for wish, seed, one in zip(wishes, (7, 8, 9), together, strict=True):
        alone = run(tiny, "class", index=wish.index, params=params, seed=seed)
        np.testing.assert_allclose(one.image, alone.image, atol=1e-4)
        assert one.score == pytest.approx(alone.score, abs=1e-3)
        assert (one.index, one.seed) == (wish.index, seed)
        assert [step.step for step in one.history] == [step.step for step in alone.history]
    assert abs(together[0].image - together[2].image).mean() > 0.01


def test_a_batch_goes_on_bit_for_bit(tiny, looks):
    wishes = [aim(tiny, "channel", "3", index) for index in (0, 3)]
    for diversity in (0.0, 0.5):
        looks.clear()
        whole = grow(tiny, wishes, EVERYTHING, (7, 8), diversity=diversity, on_step=looks.append)
        states = [one.state for one in looks[4]]
        again = grow(tiny, wishes, EVERYTHING, (7, 8), diversity=diversity, states=states)
        assert [fingerprint(one) for one in again] == [fingerprint(one) for one in whole]


def test_crowding_is_the_mean_cosine_of_two_different_images():
    rows = torch.tensor([[2.0, 0.0], [0.0, 0.5], [1.0, 1.0]])
    assert float(crowding(rows)) == pytest.approx(2 * 0.5**0.5 / 3)
    assert float(crowding(rows[:1])) == 0
    # Of maps: which channels go together, wherever that is.
    maps = torch.randn((1, 3, 4, 5), generator=torch.Generator().manual_seed(1))
    maps = maps * torch.tensor([0.5, 1.0, 2.0]).reshape(1, 3, 1, 1)
    moved = torch.cat((maps, maps.roll((1, 2), (2, 3)), maps.flip(1)))
    assert float(crowding(moved[:2])) == pytest.approx(1)
    assert float(crowding(moved[::2])) < 0.99


def test_images_that_are_pushed_apart_are_less_alike(tiny):
    wishes = [aim(tiny, "channel", "2", 1)] * 4
    params = dataclasses.replace(off(EVERYTHING), steps=20)

    def alike(diversity: float) -> float:
        found = grow(tiny, wishes, params, range(4), diversity=diversity)
        batch = tiny.tensor(np.stack([one.image for one in found]))
        with scoring(tiny, wishes) as score:
            return float(crowding(score(batch)[1]))

    assert alike(1.0) < alike(0.0) - 0.02
    # A model whose spec names no layer for it is compared by its logits.
    named = [aim(tiny, "class", index=1)] * 2
    assert len(grow(tiny, named, params, (1, 2), diversity=0.5)) == 2


def test_one_dead_image_stops_no_other(wrapped):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(18, 2))
    net[0].weight.data[0] = 0
    model = wrapped(net, (1, 5, 5))
    wishes = [aim(model, "channel", "0", index) for index in (0, 1)]
    said: list[str] = []
    dead, alive = grow(
        model, wishes, off(EVERYTHING), (1, 2), progress=lambda *told: said.append(told[2])
    )
    assert dead.history == ()
    assert "dead" in dead.notes[0]
    assert alive.score > alive.start_score
    assert len(alive.history) == len(said) == 8


def test_one_image_without_a_number_does_not_stop_the_push_of_others(tiny, monkeypatch):
    """Its answer makes all cosines NaN, and so every gradient of the push."""
    monkeypatch.setattr(ascent, "crowding", lambda output: crowding(output) * torch.nan)
    wishes = [aim(tiny, "channel", "3", index) for index in (0, 3)]
    found = grow(tiny, wishes, off(EVERYTHING), (7, 8), diversity=0.5)
    assert not any(one.diverged for one in found)
    assert all(len(one.history) == 8 for one in found)


def test_an_image_that_has_ended_is_not_moved_by_those_that_go_on(wrapped):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(18, 2))
    net[0].weight.data[0] = 0
    model = wrapped(net, (1, 5, 5))
    both = [aim(model, "channel", "0", index) for index in (1, 1)]
    params = off(EVERYTHING)
    states = [one.state for one in grow(model, both, params, (1, 2))]
    both[0] = aim(model, "channel", "0", 0)
    more = dataclasses.replace(params, steps=12)
    dead, alive = grow(model, both, more, (1, 2), states=states)
    np.testing.assert_array_equal(dead.state.canvas, states[0].canvas)
    np.testing.assert_array_equal(dead.state.velocity, states[0].velocity)
    assert states[0].velocity.any()
    assert len(alive.history) == 12


def test_a_shorter_film_shows_the_same_run(tiny):
    wish, params = [aim(tiny, "class", index=1)], dataclasses.replace(EVERYTHING, steps=23)
    (whole,), (short,) = (grow(tiny, wish, params, (1,), film=film) for film in (60, 5))
    assert [one.step for one in short.frames] == [0, 8, 16]
    for one in short.frames:
        np.testing.assert_array_equal(one.image, whole.frames[one.step].image)
        assert not one.image.flags.writeable
    assert short.image.tobytes() == whole.image.tobytes()
    (again,) = grow(tiny, wish, params, (1,), film=2, states=[whole.state])
    assert len(again.frames) == 2


def test_states_of_two_batches_are_refused(tiny):
    wishes = [aim(tiny, "class", index=1)] * 2
    one, other = (run(tiny, "class", index=1, params=EVERYTHING, seed=k).state for k in (1, 2))
    with pytest.raises(ValueError, match="one batch"):
        grow(tiny, wishes, EVERYTHING, (1, 2), states=(one, other))


def test_batches_that_make_no_sense_are_refused(tiny):
    one, other = aim(tiny, "class", index=1), aim(tiny, "channel", "3", 1)
    state = run(tiny, "class", index=1, params=EVERYTHING).state
    later = run(tiny, "class", index=1, params=dataclasses.replace(EVERYTHING, steps=9)).state
    for wishes, seeds, states in (
        ((one, other), (1, 2), None),
        ((one,), (1, 2), None),
        ((), (), None),
        ((one, one), (1, 2), (state,)),
        ((one, one), (1, 2), (state, later)),
    ):
        with pytest.raises(ValueError, match=r"aims|states"):
            grow(tiny, wishes, EVERYTHING, seeds, states=states)
