"""What an image is grown for: scores worked out by hand, steps uphill, and what is refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import ascent_reference as reference
import numpy as np
import pytest
import torch
from torch import nn

from xai.models import LoadedModel
from xai.visualization import OBJECTIVES, VisualizationParams, off, preset, run, settled
from xai.visualization import regularizers as hold
from xai.visualization.aims import aim
from xai.visualization.scoring import measure

#: One wish for each row of the registry, of LeNet-5 and of the tiny network.
WISHES = {
    "class": [(None, 3), (None, 4)],
    "channel": [("relu2", 5), ("5", 1)],
    "unit": [("relu2", (5, 4, 4)), ("3", (1, 4, 4))],
    "layer": [("pool1", None), ("2", None)],
    "contrast": [(None, (3, 8)), (None, (4, 0))],
    "mix": [("conv2", (2, 5)), ("3", (1, 3))],
}


class Hand(nn.Module):
    """Two channels, x - 1/2 and 2x, a rectifier in place used twice, and two classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act, self.flat = nn.Conv2d(1, 2, 1), nn.ReLU(inplace=True), nn.Flatten()
        self.dense = nn.Linear(8, 2)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([1.0, 2.0]).reshape(2, 1, 1, 1))
            self.conv.bias.copy_(torch.tensor([-0.5, 0.0]))
            self.dense.weight.copy_(torch.stack([torch.ones(8), torch.arange(8.0)]))
            self.dense.bias.copy_(torch.tensor([0.25, -1.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dense(self.flat(self.act(self.act(self.conv(x)) - 1)))


X = np.array([[[0.1, 0.5], [0.7, 0.9]]], dtype=np.float32)
MAPS = np.stack([X[0] - 0.5, 2 * X[0]])
LAST = np.maximum(MAPS, 0) - 1


@pytest.fixture(scope="module")
def hand(wrapped):
    return wrapped(Hand(), (1, 2, 2), mean=(0.0,), std=(1.0,))


# --------------------------------------------------------------------- scores by hand
@pytest.mark.parametrize(
    ("objective", "layer", "index", "expected"),
    [
        ("class", None, 0, np.maximum(LAST, 0).sum() + 0.25),
        ("contrast", None, (1, 0), np.maximum(LAST, 0).ravel() @ (np.arange(8) - 1) - 1.25),
        ("channel", "conv", 0, MAPS[0].mean()),
        ("unit", "conv", (1, 1, 0), 1.4),
        ("mix", "conv", (0, 1), MAPS.mean((1, 2)).sum()),
        ("layer", "conv", None, (MAPS**2).mean()),
        # Before the rectifier, at the last of its two calls; dreaming takes what it gives.
        ("channel", "act", 1, LAST[1].mean()),
        ("unit", "act", (0, 0, 0), -1.0),
        ("layer", "act", None, (np.maximum(LAST, 0) ** 2).mean()),
        ("unit", "dense", 1, np.maximum(LAST, 0).ravel() @ np.arange(8) - 1),
        ("channel", "dense", 0, np.maximum(LAST, 0).sum() + 0.25),
    ],
)
def test_scores_are_those_worked_out(hand, objective, layer, index, expected):
    wanted = aim(hand, objective, layer, index)
    found = measure(hand, wanted, np.stack([X, X[:, ::-1].copy(), X]))
    assert found.dtype == np.float64
    assert found[[0, 2]] == pytest.approx(expected, abs=1e-6)
    assert measure(hand, wanted, X) == pytest.approx(expected, abs=1e-6)
    assert measure(hand, wanted, np.zeros((0, 1, 2, 2), np.float32)).shape == (0,)


@pytest.mark.parametrize("layer", ["0", "1", "2", "3", "6", "8", "9"])
def test_folded_batch_norms_leave_every_layer_what_it_is(tiny, layer):
    """Those of the layer that is asked for are not folded into it."""
    batch = np.random.default_rng(1).random((3, 3, 9, 8), dtype=np.float32)
    net = tiny.private()
    with torch.no_grad():
        x = tiny.normalize(batch)
        for name, module in net.named_children():
            before, x = x.clone(), module(x)
            if name == layer:
                break
    x = before if layer in "29" else x
    found = measure(tiny, aim(tiny, "channel", layer, 3), batch)
    expected = x[:, 3].flatten(1).mean(1) if x.dim() == 4 else x[:, 3]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_run_ends_at_its_layer(wrapped):
    """What lies behind is not computed, unless the layer might be called again."""
    calls = []

    class Behind(nn.Module):
        def forward(self, x):
            calls.append(1)
            return x.mean((2, 3))

    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True), Behind())
    model = wrapped(net, (1, 5, 5))
    assert len(model.layers) >= 2
    for objective, layer, index in (("channel", "0", 1), ("channel", "1", 1), ("layer", "1", None)):
        wanted = aim(model, objective, layer, index)
        calls.clear()
        measure(model, wanted, np.zeros((1, 1, 5, 5), np.float32))
        assert calls == []
    measure(model, aim(model, "class", index=1), np.zeros((2, 1, 5, 5), np.float32))
    assert calls == [1]


def test_measuring_in_inference_mode_leaves_nothing_that_gradients_choke_on(wrapped):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(18, 2))
    model = wrapped(net, (1, 5, 5))
    for objective, layer in (("class", None), ("channel", "1")):
        with torch.inference_mode():
            measure(model, aim(model, objective, layer, 0), np.zeros((1, 1, 5, 5), np.float32))
        run(model, objective, layer=layer, index=0, params={"steps": 1})


def test_aims_have_names(lenet):
    names = {name: aim(lenet, name, *WISHES[name][0]).label(lenet.classes) for name in OBJECTIVES}
    assert names == {
        "class": "class 3",
        "channel": "channel 5 of relu2, before its ReLU",
        "unit": "unit 5 of relu2 at row 4, column 4, before its ReLU",
        "layer": "layer pool1",
        "contrast": "3 and not 8",
        "mix": "channels 2 and 5 of conv2",
    }
    dense = aim(lenet, "unit", "fc1", 7)
    assert dense.places == (7,)
    assert dense.label(lenet.classes) == "unit 7 of fc1"


# --------------------------------------------------------------------------- uphill
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("place", [0, 1], ids=["lenet5", "tiny"])
@pytest.mark.parametrize("parameterization", ["pixels", "fourier"])
def test_every_objective_rises_over_the_first_five_steps(
    lenet, tiny, objective, place, parameterization
):
    model, (layer, index) = (lenet, tiny)[place], WISHES[objective][place]
    plain = off(preset(model, objective))
    settings = {**vars(plain), "parameterization": parameterization, "pace": 1.0}
    found = run(model, objective, layer=layer, index=index, params={**settings, "steps": 6})
    scores = [step.score for step in found.history]
    assert len(scores) == 6
    assert all(later > sooner for sooner, later in itertools.pairwise(scores))
    assert found.score > scores[-1]
    assert found.start_score == scores[0]
    wanted = aim(model, objective, layer, index)
    assert found.score == pytest.approx(measure(model, wanted, found.image)[0], abs=1e-5)
    assert (found.objective, found.layer, found.index) == (objective, layer, index)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_preset_raises_the_score(lenet, looks, objective):
    """Shifts and turns make single steps uneven: judged on the images themselves."""
    layer, index = WISHES[objective][0]
    params = {"steps": 5}
    found = run(lenet, objective, layer=layer, index=index, params=params, on_step=looks.append)
    assert found.score > looks[0].score
    assert found.params == settled(lenet, objective, params)
    assert found.image.shape == (1, 28, 28)
    assert found.image.dtype == np.float32
    assert 0 <= found.image.min() < found.image.max() <= 1


def test_a_presets_first_click_shows_the_digit_it_is_for(lenet):
    for digit in (0, 4, 7):
        found = run(lenet, "class", index=digit, seed=1)
        assert found.prediction.label == digit
        assert found.score == pytest.approx(float(found.prediction.logits[digit]), abs=1e-4)
        assert found.score > found.start_score + 5
        assert not found.diverged
        assert found.notes == ()


# --------------------------------------------------------------------- steps by hand
def test_a_step_on_pixels_worked_out_by_hand(linear, looks):
    weight = np.random.default_rng(3).normal(size=(2, 1, 4, 5)).astype(np.float32)
    model = linear(weight, (0.5, 0.0))
    start = np.full((1, 4, 5), 0.5, np.float32)
    settings = {"parameterization": "pixels", "start": "image", "pace": 2.0, "momentum": 0.5}
    settings |= {"steps": 3, "schedule": "fixed"}
    found = run(
        model, "class", index=0, params=VisualizationParams(**settings), image=start,
        on_step=looks.append,
    )  # fmt: skip
    slope = weight[0]
    size = abs(slope).mean()
    step = 2 / 255 / size * slope
    images = [start, start + step, start + 2.5 * step, start + 4.25 * step]
    assert found.proposed == pytest.approx(1 / 255 / size, rel=1e-5)
    assert found.rate == pytest.approx(2 / 255 / size, rel=1e-5)
    for look, image in zip(looks, images, strict=True):
        np.testing.assert_allclose(look.image, image, atol=1e-6)
        assert look.score == pytest.approx((slope * (image - 0.5)).sum() + 0.5, abs=1e-5)
    for count, one in enumerate(found.history):
        assert one.step == count + 1
        assert one.score == pytest.approx((slope * (images[count] - 0.5)).sum() + 0.5, abs=1e-5)
        assert one.gradient == pytest.approx(size, rel=1e-5)
        moved = abs(images[count + 1] - images[count]).mean()
        assert one.update == pytest.approx(moved, abs=1e-6)
    assert [one.step for one in found.frames] == [0, 1, 2]
    assert [one.score for one in found.frames] == [one.score for one in found.history]
    np.testing.assert_array_equal(
        found.frames[2].image, np.rint(255 * images[2]).astype(np.uint8).transpose(1, 2, 0)
    )


def test_steps_end_at_black_and_white(linear):
    weight = np.where(np.arange(20).reshape(1, 1, 4, 5) % 2, 1.0, -1.0).astype(np.float32)
    model = linear(np.concatenate([weight, -weight]))
    settings = {"parameterization": "pixels", "start": "grey", "pace": 90.0, "steps": 4}
    found = run(model, "class", index=0, params=VisualizationParams(**settings))
    np.testing.assert_array_equal(found.image, weight[0] > 0)
    other = run(model, "contrast", index=(1, 0), params=VisualizationParams(**settings))
    np.testing.assert_array_equal(other.image, weight[0] < 0)
    assert other.score == pytest.approx(20)


def test_a_learning_rate_of_ones_own(linear):
    weight = np.random.default_rng(3).normal(size=(1, 1, 4, 5)).astype(np.float32)
    settings = {"parameterization": "pixels", "start": "grey", "steps": 1, "learning_rate": 0.02}
    found = run(linear(weight), "class", index=0, params=VisualizationParams(**settings))
    np.testing.assert_allclose(found.image, 0.5 + 0.02 * weight[0], atol=1e-6)
    assert found.rate == pytest.approx(0.02)
    assert found.proposed == pytest.approx(1 / 255 / abs(weight).mean(), rel=1e-5)


@pytest.mark.parametrize("schedule", ["renewed", "fixed"])
def test_how_far_a_step_goes(smooth, schedule):
    """One grey level on average, times the pace: always, or at the first step alone."""
    settings = {"steps": 4, "pace": 3.0, "schedule": schedule, "parameterization": "pixels"}
    params = VisualizationParams(**settings, start="grey")
    found = run(smooth((3, 6, 5)), "class", index=2, params=params)
    moves = [255 * step.update / 3 for step in found.history]
    slopes = [step.gradient for step in found.history]
    assert moves[0] == pytest.approx(1, rel=1e-3)
    kept = [slope / slopes[0] for slope in slopes]
    assert kept[3] != pytest.approx(1, abs=0.01)
    assert moves == pytest.approx([1] * 4 if schedule == "renewed" else kept, rel=1e-3)


EVERYTHING = {
    "weight_decay": 0.03, "blur_sigma": 0.6, "blur_every": 2, "total_variation": 0.6,
    "jitter": 2, "rotation": 20.0, "scale": 0.3, "gradient_clip": 1.5, "octaves": 2,
}  # fmt: skip
ALONE = [{}, *({name: EVERYTHING[name]} for name in EVERYTHING if name != "blur_every")]


@pytest.mark.parametrize("parameterization", ["pixels", "fourier"])
@pytest.mark.parametrize("held", [*ALONE, EVERYTHING], ids=lambda held: "-".join(held)[:20])
def test_steps_are_those_of_the_literal_version(smooth, looks, monkeypatch, parameterization, held):
    shape = (3, 5, 6) if parameterization == "fourier" else (1, 5, 7)
    check_literally(
        smooth(shape), looks, monkeypatch, {**held, "parameterization": parameterization}
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"parameterization": "fourier", "color": "independent"},
        {"parameterization": "fourier", "schedule": "fixed", **EVERYTHING},
        {"parameterization": "pixels", "schedule": "fixed", **EVERYTHING},
        {"parameterization": "fourier", "learning_rate": 3.0},
    ],
)
def test_so_are_those_with_other_rates_and_colours(smooth, looks, monkeypatch, settings):
    check_literally(smooth((3, 4, 5)), looks, monkeypatch, settings)


def spy(rule, calls: list[tuple]):
    """Let a rule be used and write down how."""

    def used(x, *how):
        calls.append(how)
        return rule(x, *how)

    return used


def check_literally(model, looks, monkeypatch, settings) -> None:
    """Hold each of four steps to the literal version, from where the step began."""
    drawn: list[tuple] = []
    monkeypatch.setattr(hold, "turned", spy(hold.turned, drawn))
    params = VisualizationParams(**{"steps": 4, "momentum": 0.5, "pace": 2.0, **settings})
    run(model, "contrast", index=(2, 0), params=params, seed=4, on_step=looks.append)
    score = reference.in_float64(model, "contrast", (2, 0))
    literal = reference.LiteralStep(score, model.input_shape[2], model.spec.mean, params)
    rate = params.learning_rate
    for step, (before, after) in enumerate(itertools.pairwise(looks)):
        degrees, factor, *shift = moved = drawn[step] if drawn else (0, 1, 0, 0)
        assert abs(degrees) <= params.rotation
        assert abs(factor - 1) <= params.scale
        assert max(map(abs, shift)) <= params.jitter
        state = before.state
        z, velocity, used = literal.take(state.canvas, state.velocity, step, moved, rate)
        scale = max(1, abs(z).max())
        np.testing.assert_allclose(after.state.canvas / scale, z / scale, atol=1e-5)
        np.testing.assert_allclose(after.state.velocity / scale, velocity / scale, atol=1e-5)
        np.testing.assert_allclose(after.image, literal.image(z), atol=1e-5)
        if params.schedule == "fixed" and rate is None:
            rate = used
    assert len(looks) == 5
    assert len({one[:2] for one in drawn}) == (
        4 if params.rotation or params.scale else bool(params.jitter)
    )


# ----------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"objective": "neuron"}, ValueError, "class, channel, unit"),
        ({"objective": 3}, TypeError, "objective"),
        ({"index": 10}, ValueError, "class: expected 0 to 9, got 10"),
        ({"index": -1}, ValueError, "0 to 9"),
        ({"index": None}, TypeError, "whole number"),
        ({"index": 3.0}, TypeError, "whole number"),
        ({"index": True}, TypeError, "whole number"),
        ({"index": "3"}, TypeError, "whole number"),
        ({"index": b"3"}, TypeError, "whole number"),
        ({"index": np.array(3.5)}, TypeError, "whole number"),
        ({"index": (3, 4)}, ValueError, "whole number"),
        ({"layer": "relu1"}, ValueError, "layer: expected None"),
        ({"objective": "contrast"}, ValueError, "2 whole numbers"),
        ({"objective": "contrast", "index": (3, 3)}, ValueError, "different"),
        ({"objective": "contrast", "index": (3, 11)}, ValueError, "0 to 9"),
        ({"objective": "mix", "layer": "conv1", "index": (3, 3)}, ValueError, "different"),
        ({"objective": "mix", "layer": "conv1", "index": (3, 6)}, ValueError, "0 to 5"),
        ({"objective": "mix", "layer": "conv1"}, ValueError, "2 whole numbers"),
        ({"objective": "channel"}, ValueError, "layer: expected"),
        ({"objective": "channel", "layer": "relu9"}, ValueError, "relu9"),
        ({"objective": "channel", "layer": 3}, ValueError, "layer: expected"),
        ({"objective": "channel", "layer": "conv1", "index": 6}, ValueError, "0 to 5"),
        ({"objective": "unit", "layer": "relu2", "index": 5}, ValueError, "3 whole numbers"),
        ({"objective": "unit", "layer": "relu2", "index": (5, 10, 0)}, ValueError, "row of relu2"),
        ({"objective": "unit", "layer": "relu2", "index": (5, 0, 10)}, ValueError, "column"),
        ({"objective": "unit", "layer": "relu2", "index": (16, 0, 0)}, ValueError, "channel"),
        ({"objective": "unit", "layer": "relu2", "index": (5, -1, 0)}, ValueError, "row"),
        ({"objective": "unit", "layer": "fc1", "index": (5, 0, 0)}, ValueError, "whole number"),
        ({"objective": "unit", "layer": "fc1", "index": 120}, ValueError, "0 to 119"),
        ({"objective": "layer", "layer": "conv1", "index": 1}, ValueError, "index"),
        ({"params": {"steps": 0}}, ValueError, "steps: expected 1 to 2000, got 0"),
        ({"params": {"steps": 2.5}}, TypeError, "steps"),
        ({"params": {"sigma": 1}}, ValueError, "params: expected steps"),
        ({"params": {"pace": float("nan")}}, ValueError, "pace"),
        ({"params": {"learning_rate": 0.0}}, ValueError, "learning_rate"),
        ({"params": {"learning_rate": float("inf")}}, ValueError, "learning_rate"),
        ({"params": 3}, TypeError, "params"),
        ({"params": {"color": "decorrelated"}}, ValueError, "grey"),
        ({"params": {"start": "image"}}, ValueError, "image: expected one"),
        ({"params": {"start": "image"}, "image": np.zeros((1, 9, 9))}, ValueError, "shape"),
        ({"params": {"start": "image"}, "image": np.full((1, 28, 28), 1.5)}, ValueError, "0, 1"),
        ({"params": {"start": "image"}, "image": "digit"}, TypeError, "image"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 1.5}, TypeError, "seed"),
        ({"seed": "one"}, TypeError, "seed"),
        ({"resume": "there"}, TypeError, "resume"),
        ({"model": "lenet5-mnist"}, TypeError, "model"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(lenet, change, error, said):
    given = {"model": lenet, "objective": "class", **change}
    if given["objective"] != "layer" and "index" not in given:
        given["index"] = 3
    with pytest.raises(error, match=said):
        run(given.pop("model"), given.pop("objective"), **given)


def test_lists_arrays_and_numpys_numbers_are_indices(lenet):
    assert aim(lenet, "class", index=np.int64(3)) == aim(lenet, "class", index=3)
    assert aim(lenet, "contrast", index=[3, 8]) == aim(lenet, "contrast", index=np.array([3, 8]))
    assert type(aim(lenet, "class", index=np.int32(3)).index) is int


# ------------------------------------------------------------------- what stands still
@pytest.mark.parametrize("objective", ["channel", "unit"])
def test_a_channel_that_nothing_reaches_is_said_to_be_dead(wrapped, objective):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(18, 2))
    with torch.no_grad():
        net[0].weight[1] = 0
        net[0].bias[1] = -1
    index = 1 if objective == "channel" else (1, 0, 0)
    found = run(wrapped(net, (1, 5, 5)), objective, layer="1", index=index, params={"steps": 9})
    assert found.score == -1
    assert not found.diverged
    assert "dead" in " ".join(found.notes)
    assert np.isfinite(found.image).all()
    assert len(found.history) == found.state.step == 0


def test_a_silent_channel_has_a_gradient_before_its_rectifier(wrapped):
    """Silent for any image in [0, 1], yet it climbs: and is said to be silent still."""
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(18, 2))
    with torch.no_grad():
        net[0].weight[1] = 1
        net[0].bias[1] = -100
    model = wrapped(net, (1, 5, 5))
    found = run(model, "channel", layer="1", index=1, params={"steps": 9})
    assert found.score > found.start_score
    assert "silent" in " ".join(found.notes)
    alive = run(model, "channel", layer="0", index=1, params={"steps": 9})
    np.testing.assert_array_equal(found.image, alive.image)
    assert alive.notes == ()


@pytest.mark.parametrize("parameterization", ["pixels", "fourier"])
def test_a_learning_rate_that_is_too_high_is_noticed(lenet, parameterization):
    settings = {"parameterization": parameterization, "learning_rate": 1e9, "steps": 60}
    found = run(lenet, "class", index=3, params=settings)
    assert found.diverged
    assert len(found.notes) == 1
    assert f"{1e9:.3g}" in found.notes[0]
    assert np.isfinite(found.image).all()
    assert found.score >= found.start_score - 3
    # From there on with another rate: the image that was kept is where it goes on.
    proposal = float(found.notes[0].rpartition("try ")[2])
    assert 0 < proposal < 1e9
    calmer = {**settings, "learning_rate": None, "steps": found.state.step + 20}
    again = run(lenet, "class", index=3, params=calmer, resume=found)
    assert not again.diverged
    assert again.score > found.score


class Cliff(nn.Module):
    """The darker the better, down to a mean where the logarithm ends."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = x.mean((2, 3))
        return torch.cat((-mean + 0 * torch.log(mean - 0.2), mean), 1)


@pytest.mark.parametrize("watched", [False, True])
def test_a_network_that_answers_nan_is_followed_no_further(wrapped, looks, watched):
    model = wrapped(nn.Sequential(nn.Identity(), Cliff()), (1, 4, 4), mean=(0.0,), std=(1.0,))
    settings = {"start": "grey", "steps": 90, "pace": 20.0, "parameterization": "pixels"}
    found = run(
        model,
        "class",
        index=0,
        params=VisualizationParams(**settings),
        on_step=looks.append if watched else None,
    )
    assert found.diverged
    assert 0.2 < found.image.mean() < 0.3
    assert found.score == pytest.approx(-found.image.mean())
    assert found.score == pytest.approx(max(step.score for step in found.history))
    assert len(found.history) == found.state.step == 4
    assert found.frames[-1].step == 3


def test_a_network_without_numbers_for_the_start_says_so(wrapped):
    model = wrapped(nn.Sequential(nn.Identity(), Cliff()), (1, 4, 4), mean=(0.0,), std=(1.0,))
    params = VisualizationParams(start="image", steps=9)
    dark = np.full((1, 4, 4), 0.1, np.float32)
    found = run(model, "class", index=0, params=params, image=dark)
    assert found.diverged
    assert found.history == ()
    assert "no number" in found.notes[0]
    np.testing.assert_allclose(found.image, dark, atol=1e-5)


@pytest.mark.parametrize(("threshold", "spread"), [(0.4, 0.05), (0.74, 0.12), (0.98, 0.3)])
def test_where_faint_noise_is_not_heard_it_starts_louder(wrapped, looks, threshold, spread):
    """As loud as it takes, of the three amplitudes that are tried."""
    net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.AvgPool2d(12), nn.Flatten())
    with torch.no_grad():
        net[0].weight.fill_(1)
        # What is shown to the network is the image less its mean colour.
        net[0].bias.fill_(0.5 - threshold)
    model = wrapped(net, (1, 12, 12), mean=(0.5,), std=(1.0,))
    params = VisualizationParams(steps=3, parameterization="pixels")
    found = run(model, "class", index=0, params=params, on_step=looks.append)
    assert looks[0].image.std() == pytest.approx(spread, rel=0.3)
    assert found.score > looks[0].score
    assert found.notes == ()


def test_an_image_that_is_not_heard_is_shown_otherwise_before_it_is_given_up(
    wrapped: Callable[..., LoadedModel],
) -> None:
    class Spot(nn.Module):
        """Answers to one pixel alone, and only if it is bright."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen = torch.relu(x[:, 0, 4, 4] - 0.5)
            return torch.stack([seen, -seen], 1)

    model = wrapped(Spot(), (1, 9, 9), mean=(0.0,), std=(1.0,))
    image = np.zeros((1, 9, 9), np.float32)
    image[0, 4, 5] = 1
    settings = VisualizationParams(steps=1, start="image", parameterization="pixels", jitter=1)
    found = [run(model, "class", index=0, params=settings, image=image, seed=s) for s in range(30)]
    # One of nine shifts is heard: a single look would take about three of thirty steps.
    assert 8 <= sum(len(one.history) for one in found) <= 22
    still = replace(settings, jitter=0)
    assert not run(model, "class", index=0, params=still, image=image).history
