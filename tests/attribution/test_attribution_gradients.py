"""Gradients: baselines, averages, times the input, and what is left behind."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import reference
import torch
from attribution_networks import randomise
from torch import nn

from xai.attribution import BASELINES, METHODS, baseline, blocked, requirements, run
from xai.attribution.gradients import gradient
from xai.attribution.gradients.rectifiers import RECTIFIERS
from xai.hooks import swap_each
from xai.types import Method

PATH = "integrated gradients"


def close(ours, theirs, share=1e-5):
    """Whether two maps differ by less than a share of the largest value."""
    scale = float(np.abs(theirs).max())
    assert scale > 0
    return ours.shape == theirs.shape and float(np.abs(ours - theirs).max()) <= share * scale


@pytest.fixture
def small_batches(monkeypatch):
    """Let three of the residual network's images go through it at once."""
    monkeypatch.setattr(gradient, "_BATCH_NUMBERS", 3 * 3 * 8 * 8)


@pytest.fixture
def image(picture):
    return picture((3, 8, 8), 12)


# ------------------------------------------------------------------ baselines
def test_baselines_are_what_their_names_say(residual, image):
    def made(kind, seed=0):
        return baseline(residual, image, {"baseline": kind}, seed=seed)

    assert not baseline(residual, image).any()
    assert (made("white") == 1).all()
    assert np.allclose(made("mean"), image.mean((1, 2), keepdims=True))
    assert made("mean").std((1, 2)).max() < 1e-6
    assert np.array_equal(made("noise", 3), made("noise", 3))
    assert not np.array_equal(made("noise", 3), made("noise", 4))
    for kind in BASELINES:
        one = made(kind)
        assert (one.shape, one.dtype) == (image.shape, np.float32)
        assert one.min() >= 0
        assert one.max() <= 1


def test_noise_is_even_over_the_whole_range(lenet):
    one = baseline(lenet, np.zeros((1, 28, 28), np.float32), {"baseline": "noise"}, seed=1)
    counts = np.histogram(one, bins=4, range=(0, 1))[0]
    assert counts.min() > 0.2 * one.size


def test_the_blur_keeps_an_even_image_and_spreads_a_point_in_all_directions(lenet):
    def blurred(one):
        return baseline(lenet, one, {"baseline": "blurred"})

    even = np.full((1, 28, 28), 0.3, np.float32)
    assert np.allclose(blurred(even), even, atol=1e-6)
    point = np.zeros((1, 28, 28), np.float32)
    point[0, 14, 14] = 1
    found = blurred(point)[0]
    # A Gaussian of a tenth of the side: after one standard deviation exp(-1/2) is left.
    line = np.interp(14 + 2.8, np.arange(28), found[14])
    assert line == pytest.approx(np.exp(-0.5) * found[14, 14], rel=0.02)
    assert np.allclose(found, found.T, atol=1e-7)


@pytest.mark.parametrize("kind", BASELINES)
def test_the_path_begins_at_the_baseline_that_is_shown(residual, image, kind):
    def slope(x):
        leaf = torch.tensor(x[None], dtype=torch.float32, requires_grad=True)
        return torch.autograd.grad(residual.logits(leaf)[0, 1], leaf)[0][0].numpy()

    params = {"steps": 20, "baseline": kind}
    found = run(residual, image, "integrated_gradients", target=1, params=params, seed=5)
    start = baseline(residual, image, params, seed=5)
    assert close(found.relevance, reference.midpoint_integral(slope, image, start, 20))
    below = float(residual.predict(start).logits[1])
    assert found.diagnostics["baseline_logit"] == pytest.approx(below, abs=1e-5)
    gain = found.logit - below
    gap = found.diagnostics["completeness_gap"]
    assert gap == pytest.approx(found.diagnostics["sum"] - gain, abs=1e-4)
    assert found.diagnostics["completeness_share"] == pytest.approx(abs(gap / gain), rel=1e-3)


def test_a_path_to_the_baseline_itself_has_no_share_to_tell(residual):
    black = np.zeros((3, 8, 8), np.float32)
    found = run(residual, black, "integrated_gradients")
    assert not found.relevance.any()
    assert found.diagnostics["completeness_gap"] == 0
    assert "completeness_share" not in found.diagnostics


@pytest.mark.parametrize(
    ("params", "seed", "error"),
    [
        ({"baseline": "grey"}, 0, ValueError),
        ({"base": "black"}, 0, ValueError),
        (3, 0, TypeError),
        (None, -1, ValueError),
        (None, 1.5, TypeError),
    ],
)
def test_the_baselines_door_refuses_what_the_methods_does(residual, image, params, seed, error):
    with pytest.raises(error):
        baseline(residual, image, params, seed=seed)
    with pytest.raises(error):
        run(residual, image, "integrated_gradients", params=params, seed=seed)


# ---------------------------------------------------------------- times input
@pytest.mark.parametrize("method", ["gradient", "guided_backprop", "deconvnet"])
def test_times_input_is_the_product_with_the_image(residual, image, method):
    plain = run(residual, image, method, target=2)
    found = run(residual, image, method, target=2, params={"times_input": True})
    assert np.array_equal(found.relevance, plain.relevance * image)
    if method == "gradient":
        product = run(residual, image, "input_x_gradient", target=2)
        assert np.array_equal(found.relevance, product.relevance)


def test_without_the_distance_integrated_gradients_are_the_mean_gradient(residual, image):
    params = {"steps": 12, "baseline": "white"}
    whole = run(residual, image, "integrated_gradients", target=2, params=params)
    params["times_input"] = False
    slope = run(residual, image, "integrated_gradients", target=2, params=params)
    assert close(slope.relevance * (image - 1), whole.relevance)
    for name in ("baseline_logit", "completeness_gap", "completeness_share"):
        assert slope.diagnostics[name] == whole.diagnostics[name]


# ------------------------------------------------------------------ SmoothGrad
@pytest.mark.parametrize("of", ["gradient", PATH])
@pytest.mark.parametrize("times_input", [False, True])
def test_smoothgrad_is_the_mean_of_the_maps_of_its_copies(
    residual, image, small_batches, of, times_input
):
    params = {"n": 4, "sigma": 0.2, "of": of, "path_steps": 5, "times_input": times_input}
    found = run(residual, image, "smoothgrad", target=3, params=params, seed=7)
    method = "integrated_gradients" if of == PATH else "gradient"
    own = {"times_input": times_input} | ({"steps": 5} if of == PATH else {})
    generator = torch.Generator().manual_seed(7)
    maps = [
        run(
            residual,
            image + np.float32(0.2) * torch.randn((3, 8, 8), generator=generator).numpy(),
            *(method,),
            target=3,
            params=own,
        ).relevance
        for _ in range(4)
    ]
    assert close(found.relevance, np.mean(maps, axis=0))


def test_without_noise_smoothgrad_of_paths_is_integrated_gradients(lenet, digits):
    params = {"n": 2, "sigma": 0.0, "of": PATH, "path_steps": 8, "times_input": True}
    smooth = run(lenet, digits[0], "smoothgrad", params=params)
    plain = run(lenet, digits[0], "integrated_gradients", params={"steps": 8})
    assert close(smooth.relevance, plain.relevance)


def test_the_number_of_points_is_only_used_on_paths(residual, image):
    few, many = (
        run(residual, image, "smoothgrad", params={"n": 2, "path_steps": steps}).relevance
        for steps in (1, 50)
    )
    assert np.array_equal(few, many)


# -------------------------------------------------------------- many at a time
LONG = {
    "integrated_gradients": {"steps": 40, "baseline": "white"},
    "smoothgrad": {"n": 40, "times_input": True},
}


@pytest.mark.parametrize("method", LONG)
def test_the_size_of_a_batch_does_not_change_the_map(residual, image, monkeypatch, method):
    whole = run(residual, image, method, params=LONG[method]).relevance
    for count in (1, 7):
        monkeypatch.setattr(gradient, "_BATCH_NUMBERS", count * image.size)
        assert close(run(residual, image, method, params=LONG[method]).relevance, whole)


@pytest.mark.parametrize("method", LONG)
def test_no_more_images_than_a_batch_are_in_the_network_at_once(
    residual, image, small_batches, monkeypatch, method
):
    sizes = []
    inner = type(residual).normalize
    monkeypatch.setattr(
        type(residual), "normalize", lambda own, x: sizes.append(len(x)) or inner(own, x)
    )
    run(
        residual, image, method, params=LONG[method] | ({"of": PATH} if "n" in LONG[method] else {})
    )
    assert max(sizes) == 3


def test_the_map_so_far_is_the_mean_of_what_was_done(residual, image, small_batches):
    shown, heard = [], []
    params = LONG["smoothgrad"]
    found = run(
        residual,
        image,
        "smoothgrad",
        target=1,
        params=params,
        progress=lambda *said: heard.append(said[:2]),
        on_map=lambda one: shown.append((heard[-1][0], one)),
    )
    assert heard == [(0, 1), *((min(done, 40), 40) for done in range(3, 43, 3)), (1, 1)]
    assert 5 <= len(shown) <= 10
    done, early = shown[0]
    alone = run(residual, image, "smoothgrad", target=1, params=params | {"n": done})
    assert close(early, alone.relevance)
    assert all((one.shape, one.dtype) == (image.shape, np.float32) for _, one in shown)
    errors = [float(np.abs(one - found.relevance).max()) for _, one in shown]
    assert errors[-1] < errors[0]


def test_the_path_so_far_is_shown_in_the_unit_of_the_map(residual, image, small_batches):
    shown = []
    params = LONG["integrated_gradients"]
    run(residual, image, "integrated_gradients", params=params, on_map=shown.append)
    slopes = []
    params = params | {"times_input": False}
    run(residual, image, "integrated_gradients", params=params, on_map=slopes.append)
    assert len(shown) == len(slopes) <= 10
    assert close(shown[0], slopes[0] * (image - 1))


@pytest.mark.parametrize(
    "method", ["gradient", "input_x_gradient", "integrated_gradients", "smoothgrad"]
)
def test_a_contrast_is_the_difference_of_two_maps(residual, image, method):
    params = LONG.get(method)
    one, other = (
        run(residual, image, method, target=index, params=params).relevance for index in (1, 4)
    )
    both = run(residual, image, method, target=1, contrast=4, params=params)
    assert close(both.relevance, one - other)


# --------------------------------------------------------------------- rules
class LiteralGuide(torch.autograd.Function):
    """Springenberg's rule at one rectifier, written out."""

    @staticmethod
    def forward(ctx, x, ceiling):
        ctx.save_for_backward((x > 0) & (x < ceiling))
        return x.clamp(0, ceiling)

    @staticmethod
    def backward(ctx, slope):
        (active,) = ctx.saved_tensors
        return torch.where(active & (slope > 0), slope, torch.zeros_like(slope)), None


class Literal(nn.Module):
    def __init__(self, ceiling):
        super().__init__()
        self.ceiling = ceiling

    def forward(self, x):
        return LiteralGuide.apply(x, self.ceiling)


@pytest.mark.parametrize("kind", [nn.ReLU, nn.ReLU6])
def test_guided_backprop_equals_the_rule_written_out(wrap, residual, image, kind):
    # A residual network: what comes back to the first rectifier is the sum of two ways.
    net = residual.private()
    swap_each(net, (nn.ReLU,), lambda module: kind())
    model = wrap(net, (3, 8, 8), cam_layer="relu2")
    image = 20 * image  # so that some values are beyond a ReLU6's ceiling
    literal = model.private()
    ceiling = 6.0 if kind is nn.ReLU6 else torch.inf
    swap_each(literal, RECTIFIERS, lambda module: Literal(ceiling))
    leaf = torch.tensor(image[None], requires_grad=True)
    (theirs,) = torch.autograd.grad(literal(model.normalize(leaf))[0, 1], leaf)
    found = run(model, image, "guided_backprop", target=1)
    assert close(found.relevance, theirs[0].numpy(), 1e-6)
    plain = run(model, image, "gradient", target=1)
    assert not close(found.relevance, plain.relevance, 0.1)


def test_the_gradient_of_many_colour_images_is_that_of_each(residual, picture):
    from xai.attribution.aim import Aim

    batch = torch.from_numpy(np.stack([picture((3, 8, 8), seed) for seed in range(5)]))
    together = gradient.batch_gradient(residual.logits, batch, Aim(2, 0))
    for one, expected in zip(batch, together, strict=True):
        alone = gradient.batch_gradient(residual.logits, one[None], Aim(2, 0))[0]
        assert close(alone.numpy(), expected.numpy())


@pytest.mark.parametrize("method", LONG)
def test_folded_norms_and_channels_last_move_the_mean_by_rounding_alone(lite0, picture, method):
    # By rounding some units take the other side of their kink, and few of these matter.
    image = picture((3, 224, 224), 3)
    x = torch.from_numpy(image)[None]
    params = {"steps": 2} if method == "integrated_gradients" else {"n": 2}
    found = run(lite0, image, method, target=7, params=params).relevance
    generator = torch.Generator().manual_seed(0)
    if method == "integrated_gradients":
        images, factor = [0.25 * x, 0.75 * x], image
    else:
        noise = [torch.randn(x.shape[1:], generator=generator) for _ in range(2)]
        images, factor = [x + 0.15 * one for one in noise], 1.0
    leaves = [one.requires_grad_() for one in images]
    slopes = [torch.autograd.grad(lite0.logits(leaf)[0, 7], leaf)[0][0].numpy() for leaf in leaves]
    literal = factor * (slopes[0] + slopes[1]) / 2
    assert np.linalg.norm(found - literal) < 0.01 * np.linalg.norm(literal)


def test_norms_that_cannot_be_folded_stay(wrap, picture):
    net = nn.Sequential(
        *(nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(4 * 36, 3)),
    )
    model = wrap(randomise(net, 5), (3, 8, 8))
    image = picture((3, 8, 8), 5)
    found = run(model, image, "smoothgrad", target=0, params={"n": 1, "sigma": 0.0})
    assert model.norm_pairs == (("2", "3"),)
    assert close(found.relevance, run(model, image, "gradient", target=0).relevance)


# -------------------------------------------------------------------- hygiene
def test_what_a_model_lacks_is_looked_up_once(wrap, monkeypatch):
    asked = []
    monkeypatch.setitem(requirements._CHECKS, "relu", lambda model: asked.append(1) or "no")
    net = randomise(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2)), 1)
    first, second = (wrap(net, (1, 4, 4)) for _ in range(2))
    assert [blocked(first, "guided_backprop") for _ in range(3)] == ["no"] * 3
    assert blocked(first, "gradient") == ""
    assert len(asked) == 1
    blocked(second, "guided_backprop")
    assert len(asked) == 2


def test_a_model_whose_pass_failed_is_asked_again(wrap, monkeypatch):
    def fails(model):
        raise ValueError("its forward pass fails")

    net = randomise(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2)), 1)
    model = wrap(net, (1, 4, 4))
    with monkeypatch.context() as patched:
        patched.setitem(requirements._CHECKS, "relu", fails)
        assert "fails" in blocked(model, "guided_backprop")
    assert blocked(model, "guided_backprop") == ""


def test_two_hundred_explanations_leave_nothing_behind(lenet, digits, state_of):
    class StoppedError(Exception):
        pass

    def stop(*said):
        raise StoppedError

    short = {"integrated_gradients": {"steps": 3}, "smoothgrad": {"n": 3, "of": PATH}}
    methods = ("gradient", "input_x_gradient", *short, "guided_backprop", "deconvnet", "grad_cam")
    logits, before = lenet.predict(digits[0]).logits, state_of(lenet.net)

    def explain(turn):
        method = methods[turn % len(methods)]
        run(lenet, digits[turn % 8], method, params=short.get(method))
        if turn % 10 == 9:
            with pytest.raises(StoppedError):
                run(lenet, digits[0], method, params=short.get(method), on_map=stop, progress=stop)

    def alive():
        gc.collect()
        return len(gc.get_objects())

    for turn in range(2 * len(methods)):
        explain(turn)
    start = alive()
    for turn in range(200):
        explain(turn)
    assert alive() - start < 100
    assert state_of(lenet.net) == before
    assert np.array_equal(lenet.predict(digits[0]).logits, logits)


def test_every_method_of_the_family_has_a_parameter_class_of_its_own():
    names = ("gradient", "input_x_gradient", *LONG, "guided_backprop", "deconvnet")
    rows: list[Method] = [METHODS[name] for name in names]
    assert len({row.params for row in rows}) == len(rows)
    flags = {name: METHODS[name].params.infos().get("times_input") for name in names}
    assert [name for name, info in flags.items() if info is None] == ["input_x_gradient"]
    assert METHODS["integrated_gradients"].params().times_input
    assert not any(
        METHODS[name].params().times_input
        for name in ("gradient", "smoothgrad", "guided_backprop", "deconvnet")
    )
