"""Grad-CAM++, Smooth Grad-CAM++, LayerCAM and negative evidence against papers and laws."""

from __future__ import annotations

import numpy as np
import pytest
import reference
import torch
from attribution_networks import randomise
from torch import Tensor, nn

from xai import images
from xai.attribution import METHODS, STRIP_METHODS, Stage, run, strip
from xai.attribution.aim import Aim
from xai.attribution.cam import family
from xai.attribution.cam import params as cam_params
from xai.attribution.cam.seen import at_layer, at_layers
from xai.attribution.cam.stages import stages
from xai.attribution.gradients.gradient import batch_size
from xai.types import make_params

FAMILY = ("grad_cam", "grad_cam_pp", "smooth_grad_cam_pp", "layer_cam", "negative_grad_cam")
CHILDREN = tuple(name for name in FAMILY if name != "grad_cam")
IMAGE = np.array([[[0.0, 0.2], [0.5, 1.0]]], dtype=np.float32)


def explain(model, image, method, *, target=None, seed=0, progress=None, **params):
    return run(model, image, method, target=target, params=params, seed=seed, progress=progress)


def close(ours, theirs, tolerance=1e-5):
    return np.abs(ours - theirs).max() <= tolerance * np.abs(theirs).max()


def enlarged(coarse, size):
    coarse = torch.tensor(coarse)[None, None]
    return nn.functional.interpolate(coarse, size, mode="bilinear")[0].numpy()


class Weighing(nn.Module):
    """Two maps, the image and its negative moved up by one; a weight for every cell."""

    def __init__(self, weights: list[list[float]], bias: tuple[float, float] = (0.0, 1.0)) -> None:
        super().__init__()
        self.maps = nn.Conv2d(1, 2, 1)
        self.fc = nn.Linear(8, 1, bias=False)
        with torch.no_grad():
            self.maps.weight.copy_(torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1))
            self.maps.bias.copy_(torch.tensor(bias))
            self.fc.weight.copy_(torch.tensor(weights).reshape(1, 8))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.maps(x).flatten(1))


@pytest.fixture
def weighing(wrap):
    def make(first, second, **columns):
        return wrap(Weighing([first, second], **columns), (1, 2, 2), cam_layer="maps")

    return make


@pytest.fixture
def seen():
    """Maps of a layer and the slopes of a score there, (K, h, w) both, for any image."""

    def look(model, layer, image, target):
        found = at_layer(model, torch.from_numpy(image)[None], Aim(target), layer)
        return found.activation[0].numpy(), found.slope[0].numpy()

    return look


@pytest.fixture
def cases(vgg, residual, lenet, digits, picture):
    """A chain, a shortcut whose maps are as large as the image, a trained network."""
    return (
        (vgg, "features.relu4_3", picture((1, 32, 32), 5), 4),
        (residual, "relu2", picture((3, 8, 8), 3), 1),
        (lenet, lenet.spec.cam_layer, digits[2], 7),
    )


# --------------------------------------------------------------- closed form
def test_grad_cam_pp_of_constant_slopes(weighing):
    # Slopes 2 and 1; the maps add up to 1.7 and 2.3. Each of four cells weighs g / (2 + sum g).
    found = explain(weighing([2.0] * 4, [1.0] * 4), IMAGE, "grad_cam_pp")
    first, second = 4 * 2 / (2 + 1.7 * 2), 4 * 1 / (2 + 2.3)
    assert np.allclose(found.relevance, first * IMAGE + second * (1 - IMAGE))
    assert found.diagnostics["positive_share"] == 1.0
    assert found.diagnostics["raw_max"] == pytest.approx(first)
    assert found.diagnostics["unstable_share"] == 0.0
    assert (found.diagnostics["rows"], found.diagnostics["columns"]) == (2, 2)
    assert found.logit == pytest.approx(2 * 1.7 + 2.3)


def test_grad_cam_pp_counts_only_positive_slopes(weighing):
    found = explain(weighing([3.0, -3.0, 3.0, -3.0], [-1.0] * 4), IMAGE, "grad_cam_pp")
    assert np.allclose(found.relevance, 2 * 3 / (2 + 1.7 * 3) * IMAGE)


def test_layer_cam_sees_what_the_mean_slope_of_grad_cam_cancels(weighing):
    model = weighing([3.0, -3.0, 3.0, -3.0], [0.0] * 4)
    assert not explain(model, IMAGE, "grad_cam").relevance.any()
    found = explain(model, IMAGE, "layer_cam")
    assert np.allclose(found.relevance, IMAGE * [[[3.0, 0.0], [3.0, 0.0]]])
    assert found.diagnostics["positive_share"] == 0.25  # one of the two cells is black


def test_negative_grad_cam_shows_what_grad_cam_hides(weighing):
    model = weighing([-2.0] * 4, [-1.0] * 4)
    assert not explain(model, IMAGE, "grad_cam").relevance.any()
    found = explain(model, IMAGE, "negative_grad_cam")
    assert np.allclose(found.relevance, 1 + IMAGE)
    assert found.logit == pytest.approx(-(2 * 1.7 + 2.3))
    assert found.diagnostics["raw_min"] == pytest.approx(1.0)


def test_alpha_is_made_of_the_derivatives_of_the_exponential_score(weighing):
    # The paper's alpha for Y = exp(f), its second and third derivatives taken by autograd.
    maps = np.concatenate([IMAGE, 1 - IMAGE])
    slopes = [[0.3, -0.2, 0.1, 0.4], [0.2, 0.1, -0.3, 0.5]]
    flat = torch.tensor(maps.ravel(), dtype=torch.float64, requires_grad=True)
    y = torch.exp((torch.tensor(slopes, dtype=torch.float64).ravel() * flat).sum())
    first = torch.autograd.grad(y, flat, create_graph=True)[0]
    weights = np.zeros(2)
    for place in range(8):
        second = torch.autograd.grad(first[place], flat, create_graph=True)[0][place]
        third = torch.autograd.grad(second, flat, retain_graph=True)[0][place]
        channel = place // 4
        d1, d2, d3 = (one.item() for one in (first[place], second, third))
        alpha = d2 / (2 * d2 + float(maps[channel].sum()) * d3)
        weights[channel] += alpha * max(d1, 0.0) / y.item()
    expected = weights[0] * maps[0] + weights[1] * maps[1]
    found = explain(weighing(*slopes), IMAGE, "grad_cam_pp")
    assert close(found.relevance[0], expected)


# ------------------------------------------------------------------ reference
def test_each_equals_its_literal_version(cases, seen):
    literal = {
        "grad_cam": reference.weighted_maps,
        "negative_grad_cam": reference.negated_weighted_maps,
        "layer_cam": reference.layer_cam_map,
        "grad_cam_pp": lambda maps, slopes: reference.plus_plus_maps(maps, slopes[None]),
    }
    for model, layer, image, target in cases:
        maps, slopes = seen(model, layer, image, target)
        shown = 0
        for method, slow in literal.items():
            expected = enlarged(slow(maps, slopes), image.shape[1:])
            found = explain(model, image, method, target=target, layer=layer)
            assert found.relevance.shape == (1, *image.shape[1:])
            assert found.target == target
            assert close(found.relevance, expected)
            shown += bool(expected.any())
        assert shown >= 3  # at most one of a map and its opposite may be empty


def test_smooth_grad_cam_pp_equals_its_literal_version(cases, seen):
    for model, layer, image, target in cases:
        generator = torch.Generator().manual_seed(11)
        noise = [torch.randn(image.shape, generator=generator).numpy() for _ in range(3)]
        copies = [image + np.float32(0.2) * one for one in noise]
        params = {"layer": layer, "n": 3, "sigma": 0.2}
        found = explain(model, image, "smooth_grad_cam_pp", target=target, seed=11, **params)
        maps, _ = seen(model, layer, image, target)
        slopes = [seen(model, layer, one, target)[1] for one in copies]
        expected = enlarged(reference.plus_plus_maps(maps, np.stack(slopes)), image.shape[1:])
        assert expected.any()
        assert close(found.relevance, expected)


# ----------------------------------------------------------------------- laws
def test_one_copy_without_noise_is_grad_cam_pp(cases):
    for model, layer, image, target in cases:
        plain = explain(model, image, "grad_cam_pp", target=target, layer=layer)
        params = {"layer": layer, "n": 1, "sigma": 0.0}
        smooth = explain(model, image, "smooth_grad_cam_pp", target=target, seed=3, **params)
        assert close(smooth.relevance, plain.relevance, 1e-6)
        expected = plain.diagnostics | {"slope_spread": 0.0}
        told = smooth.diagnostics | {"seconds": expected["seconds"]}
        assert told == pytest.approx(expected, rel=1e-5, abs=1e-12)
        assert smooth.logit == plain.logit


def test_grad_cam_and_its_opposite_are_the_two_parts_of_one_map(cases, seen):
    for model, layer, image, target in cases:
        maps, slopes = seen(model, layer, image, target)
        raw = np.einsum("k,khw->hw", slopes.mean((1, 2)), maps)
        arguments = {"target": target, "layer": layer}
        positive = explain(model, image, "grad_cam", **arguments)
        negative = explain(model, image, "negative_grad_cam", **arguments)
        both = positive.relevance - negative.relevance
        assert close(both, enlarged(raw, image.shape[1:]))
        assert positive.diagnostics["raw_min"] == -negative.diagnostics["raw_max"]
        assert positive.logit == negative.logit


@pytest.mark.parametrize("method", FAMILY)
def test_maps_are_not_negative_and_default_to_the_predicted_class(residual, picture, method):
    image = picture((3, 8, 8), 7)
    found = explain(residual, image, method)
    assert found.relevance.min() >= 0
    assert found.relevance.dtype == np.float32
    assert found.target == int(residual.logits(residual.tensor(image))[0].argmax())


def test_equal_seeds_equal_noise_and_other_seeds_other_noise(lenet, digits):
    first, again, other = (
        explain(lenet, digits[0], "smooth_grad_cam_pp", seed=seed, n=4) for seed in (5, 5, 6)
    )
    assert np.array_equal(first.relevance, again.relevance)
    assert not np.array_equal(first.relevance, other.relevance)


def test_noise_changes_nothing_below_a_linear_head_and_is_said_to(weighing, lenet, digits):
    model = weighing([0.3, -0.2, 0.1, 0.4], [0.2, 0.1, -0.3, 0.5])
    plain = explain(model, IMAGE, "grad_cam_pp")
    noisy = explain(model, IMAGE, "smooth_grad_cam_pp", n=4, sigma=0.5)
    assert close(noisy.relevance, plain.relevance, 1e-6)
    assert noisy.diagnostics["slope_spread"] == pytest.approx(0, abs=1e-12)
    spread = explain(lenet, digits[0], "smooth_grad_cam_pp", n=4).diagnostics["slope_spread"]
    assert 0.01 < spread < 1


def test_the_batch_size_does_not_matter(residual, picture, monkeypatch):
    image = picture((3, 8, 8), 7)
    whole = explain(residual, image, "smooth_grad_cam_pp", n=5)
    assert batch_size(residual.tensor(image)) >= 5
    monkeypatch.setattr(family, "batch_size", lambda x: 2)
    told = []
    split = explain(
        residual, image, "smooth_grad_cam_pp", n=5, progress=lambda *words: told.append(words[:2])
    )
    assert close(split.relevance, whole.relevance)
    assert told == [(0, 1), (2, 5), (4, 5), (5, 5), (1, 1)]


# --------------------------------------------------------- nothing to be seen
@pytest.mark.parametrize("method", FAMILY)
def test_black_maps_and_flat_scores_give_empty_maps(weighing, method):
    black = weighing([2.0, -1.0, 0.5, 1.0], [1.0] * 4)
    flat = weighing([0.0] * 4, [0.0] * 4)
    with torch.no_grad():
        for value in black.net.maps.parameters():
            value.zero_()
    for model in (black, flat):
        found = explain(model, IMAGE, method)
        assert np.array_equal(found.relevance, np.zeros((1, 2, 2), np.float32))
        assert np.isfinite(list(found.diagnostics.values())).all()
        assert found.diagnostics["positive_share"] == 0.0


@pytest.mark.parametrize("scale", [1e-20, 1e18])
def test_tiny_and_huge_slopes_are_neither_lost_nor_infinite(weighing, scale):
    # g / (2 + sum g) tends to g / 2 and to 1 / sum; in float32 the cube of either is lost.
    found = explain(weighing([scale] * 4, [0.0] * 4), IMAGE, "grad_cam_pp")
    assert close(found.relevance, 4 * scale / (2 + 1.7 * scale) * IMAGE)


def test_a_denominator_of_zero_weighs_nothing_and_is_reported(weighing):
    # The first map adds up to 2 - 4 = -2, so with slopes of 1 the denominator is 2 - 2.
    image = np.full((1, 2, 2), 0.5, np.float32)
    found = explain(weighing([1.0] * 4, [0.0] * 4, bias=(-1.0, 0.0)), image, "grad_cam_pp")
    assert not found.relevance.any()
    assert found.diagnostics["unstable_share"] == 1.0


# -------------------------------------------------------------------- contrast
def test_the_slopes_of_a_contrast_are_those_of_the_difference(cases):
    for model, layer, image, _ in cases:
        x = torch.from_numpy(image)[None]
        one, other, both = (
            at_layer(model, x, Aim(*aim), layer).slope for aim in ((1,), (3,), (1, 3))
        )
        assert torch.allclose(both, one - other, atol=1e-5 * float(one.abs().max()))
        assert float(other.abs().max()) > 0


def test_why_one_and_not_the_other_is_the_opposite_of_the_other_way_round(residual, picture):
    image, layer = picture((3, 8, 8), 3), {"params": {"layer": "relu1"}}
    for ours, theirs in (("grad_cam", "negative_grad_cam"), ("negative_grad_cam", "grad_cam")):
        one = run(residual, image, ours, target=1, contrast=3, **layer)
        other = run(residual, image, theirs, target=3, contrast=1, **layer)
        assert np.allclose(one.relevance, other.relevance, atol=1e-6)
    assert one.relevance.any()


def test_the_map_of_noisy_copies_is_shown_while_it_is_made(lenet, digits, monkeypatch):
    monkeypatch.setattr(family, "batch_size", lambda x: 2)
    shown = []
    params = {"n": 40}
    run(lenet, digits[0], "smooth_grad_cam_pp", params=params, on_map=shown.append, seed=2)
    assert len(shown) == 9
    first = run(lenet, digits[0], "smooth_grad_cam_pp", params={"n": 4}, seed=2)
    assert close(shown[0], first.relevance)


# ------------------------------------------------------------------- the strip
@pytest.mark.parametrize("method", STRIP_METHODS)
def test_each_stage_is_the_map_of_the_method_at_this_layer(vgg, picture, method):
    image = picture((1, 32, 32), 5)
    found = strip(vgg, image, method=method, target=2, contrast=4)
    assert len(found.stages) == 5
    assert (found.method, found.target, found.contrast) == (method, 2, 4)
    assert found.digest == images.digest(image)
    shown = 0
    for stage in found.stages:
        alone = run(vgg, image, method, target=2, contrast=4, params={"layer": stage.layer})
        assert np.allclose(stage.relevance, alone.relevance, rtol=1e-4, atol=1e-7)
        for name in ("raw_min", "raw_max", "positive_share"):
            expected = pytest.approx(alone.diagnostics[name], rel=1e-4, abs=1e-7)
            assert getattr(stage, name) == expected
        rows_and_columns = (alone.diagnostics["rows"], alone.diagnostics["columns"])
        assert stage.shape[1:] == rows_and_columns
        assert stage.kind == "ReLU"
        assert not stage.relevance.flags.writeable
        shown += bool(stage.relevance.any())
    assert shown >= 3
    assert (found.logit, found.contrast_logit) == (alone.logit, alone.contrast_logit)


def test_a_strip_takes_one_pass_and_no_gradient_below_its_first_layer(lenet, digits, monkeypatch):
    passes, gradients = [], []
    forward, grad = type(lenet.net).forward, torch.autograd.grad
    monkeypatch.setattr(
        type(lenet.net), "forward", lambda net, x: passes.append(x) or forward(net, x)
    )
    monkeypatch.setattr(
        torch.autograd, "grad", lambda *a, **k: gradients.append(a[1]) or grad(*a, **k)
    )
    strip(lenet, digits[0], layers=["pool1", "relu2"])
    assert len(passes) == len(gradients) == 1
    assert not passes[0].requires_grad
    first, second = gradients[0]
    assert first.is_leaf
    assert not second.is_leaf


def test_a_layer_behind_another_still_hands_its_slope_on(residual, picture):
    # relu1 feeds conv2 and the shortcut; the slope there is the sum of both ways.
    x = torch.from_numpy(picture((3, 8, 8)))[None]
    names = ["relu1", "conv2", "relu2"]
    together = at_layers(residual, x, Aim(2), names)
    for name, seen in zip(names, together, strict=True):
        alone = at_layer(residual, x, Aim(2), name)
        assert torch.equal(seen.activation, alone.activation)
        assert torch.allclose(seen.slope, alone.slope, atol=1e-6)


def test_what_works_in_place_behind_a_layer_does_not_change_what_it_saw(wrap, picture):
    def net(inplace):
        return nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.ReLU(inplace), nn.Flatten(), nn.Linear(3 * 36, 2)
        )

    image = torch.from_numpy(picture((1, 8, 8)))[None]
    honest, hasty = (wrap(randomise(net(inplace), 4), (1, 8, 8)) for inplace in (False, True))
    one, other = (at_layer(model, image, Aim(0), "0") for model in (honest, hasty))
    assert torch.equal(one.activation, other.activation)
    assert torch.equal(one.slope, other.slope)
    assert float(one.activation.min()) < 0


def test_the_stages_are_the_ends_of_blocks_and_sizes(lenet, vgg, residual, lite0):
    assert stages(lenet) == ("relu1", "relu2")
    assert stages(vgg) == tuple(
        f"features.relu{name}" for name in ("1_2", "2_2", "3_3", "4_3", "5_3")
    )
    # Neither conv2 nor the shortcut around it is all there is; relu2 is the model's own.
    assert stages(residual) == ("relu1", "relu2")
    found = stages(lite0)
    assert len(found) == 9
    assert found[0] == "stem.act"
    assert found[-1] == lite0.spec.cam_layer
    assert "stages.2.1.add" in found


@pytest.mark.parametrize("depth", [1, 5, 30])
def test_there_are_never_more_than_twelve_stages(wrap, depth):
    parts = [part for _ in range(depth) for part in (nn.Conv2d(1, 1, 3, padding=1), nn.ReLU())]
    net = nn.Sequential(*parts, nn.Flatten(), nn.Linear(64, 2))
    last = str(2 * depth - 1)
    model = wrap(randomise(net, 1), (1, 8, 8), cam_layer=last)
    found = stages(model)
    assert len(found) == (depth if depth <= 12 else 1)
    assert found[-1] == last
    made = strip(model, np.ones((1, 8, 8), np.float32)).stages
    assert [stage.layer for stage in made] == list(found)


def test_a_strip_counts_its_stages_and_may_be_stopped(lenet, digits, state_of):
    told, before = [], state_of(lenet.net)
    strip(lenet, digits[0], progress=lambda *words: told.append(words[:2]))
    assert told == [(0, 2), (1, 2), (2, 2)]

    def stop(done, total, message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        strip(lenet, digits[0], progress=stop)
    assert state_of(lenet.net) == before
    assert all(isinstance(stage, Stage) for stage in strip(lenet, digits[0]).stages)
    assert set(STRIP_METHODS) <= set(METHODS)


@pytest.mark.parametrize("guard", [torch.no_grad, torch.inference_mode])
def test_a_strip_has_gradients_of_its_own(lenet, digits, guard):
    plain = strip(lenet, digits[0])
    with guard():
        other = strip(lenet, digits[0])
    for one, same in zip(plain.stages, other.stages, strict=True):
        assert np.array_equal(one.relevance, same.relevance)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"method": "lrp"}, ValueError, "method: expected one of grad_cam"),
        ({"method": "smooth_grad_cam_pp"}, ValueError, "method: expected one of"),
        ({"target": 10}, ValueError, "target: expected 0 to 9"),
        ({"target": 3, "contrast": 3}, ValueError, "contrast: expected another class"),
        ({"layers": "relu1"}, TypeError, "layers: expected a sequence"),
        ({"layers": []}, ValueError, "at least one"),
        ({"layers": ["relu1", "conv9"]}, ValueError, "conv1"),
        ({"layers": ["relu1", "fc1"]}, ValueError, "rows and columns"),
    ],
)
def test_a_strip_that_cannot_be_made_is_refused(lenet, digits, arguments, error, words):
    with pytest.raises(error, match=words):
        strip(lenet, digits[0], **arguments)


def test_a_network_without_rows_and_columns_has_no_stages(wrap):
    model = wrap(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), (1, 2, 2), cam_layer="")
    assert stages(model) == ()
    with pytest.raises(ValueError, match="rows and columns"):
        strip(model, IMAGE)


# -------------------------------------------------------------------- hygiene
@pytest.mark.parametrize("method", FAMILY)
def test_the_shared_network_and_the_generators_of_the_process_stay(
    residual, picture, state_of, method
):
    before, image = state_of(residual.net), picture((3, 8, 8))
    drawn = torch.get_rng_state()
    explain(residual, image, method)
    assert state_of(residual.net) == before
    assert torch.equal(torch.get_rng_state(), drawn)


def test_a_stop_in_the_middle_leaves_the_network_clean(residual, picture, state_of):
    def stop(done, total, message):
        if message == "noisy copies":
            raise KeyboardInterrupt

    before = state_of(residual.net)
    with pytest.raises(KeyboardInterrupt):
        explain(residual, picture((3, 8, 8)), "smooth_grad_cam_pp", progress=stop)
    assert state_of(residual.net) == before


# ------------------------------------------------------------------- bad input
@pytest.mark.parametrize("method", CHILDREN)
@pytest.mark.parametrize(
    ("layer", "words"),
    [("conv9", "conv1"), ("fc1", "rows and columns"), ("flatten", "rows and columns")],
)
def test_a_layer_that_will_not_do_is_refused(lenet, digits, method, layer, words):
    with pytest.raises(ValueError, match=words):
        explain(lenet, digits[0], method, layer=layer)


@pytest.mark.parametrize("method", CHILDREN)
def test_a_score_that_is_no_number_is_refused(wrap, method):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    model = wrap(randomise(net, 1), (1, 4, 4), cam_layer="1")
    with torch.no_grad():
        net[3].bias[1] = float("nan")
    with pytest.raises(ValueError, match="finite scores"):
        explain(model, np.ones((1, 4, 4), np.float32), method)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"n": 0}, ValueError),
        ({"n": 2.5}, TypeError),
        ({"sigma": -0.1}, ValueError),
        ({"sigma": float("nan")}, ValueError),
        ({"layer": None}, TypeError),
    ],
)
def test_parameters_are_checked(params, error):
    with pytest.raises(error, match=next(iter(params))):
        make_params(cam_params.SmoothGradCamPlusPlusParams, params)
