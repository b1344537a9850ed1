"""Explanations of networks so small that the answer is worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from xai.attribution import run
from xai.models.nets import Concat, Sum


def linear(rows: list[list[float]], bias: list[float] | None = None) -> nn.Linear:
    layer = nn.Linear(len(rows[0]), len(rows), bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(rows))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer


def pixels(values: list[float]) -> np.ndarray:
    """Make an image of one row."""
    return np.array(values, dtype=np.float32).reshape(1, 1, -1)


# ----------------------------------------------------------------- gradients
@pytest.fixture
def plane(wrap):
    """Two classes, linear in the image; the normalization has a slope of 2."""
    net = nn.Sequential(nn.Flatten(), linear([[1.0, -2.0, 0.5], [0.0, 1.0, 1.0]], [0.3, 0.0]))
    return wrap(net, (1, 1, 3), mean=(0.25,), std=(0.5,))


def test_gradients_are_those_of_the_image_before_normalization(plane):
    image = pixels([0.5, 0.1, 0.8])
    assert np.allclose(run(plane, image, "gradient", target=0).relevance, [[[2.0, -4.0, 1.0]]])
    product = run(plane, image, "input_x_gradient", target=0).relevance
    assert np.allclose(product, [[[1.0, -0.4, 0.8]]])
    assert np.allclose(run(plane, image, "smoothgrad", target=0).relevance, [[[2.0, -4.0, 1.0]]])


@pytest.mark.parametrize(("baseline", "start"), [("black", 0.0), ("white", 1.0)])
def test_integrated_gradients_of_a_plane_are_slope_times_distance(plane, baseline, start):
    image = pixels([0.5, 0.1, 0.8])
    params = {"steps": 3, "baseline": baseline}
    found = run(plane, image, "integrated_gradients", target=0, params=params)
    assert np.allclose(found.relevance, [[[2.0, -4.0, 1.0]]] * (image - start), atol=1e-6)
    assert found.diagnostics["completeness_gap"] == pytest.approx(0, abs=1e-6)
    normal = (np.full(3, start) - 0.25) / 0.5
    assert found.diagnostics["baseline_logit"] == pytest.approx(0.3 + normal @ [1, -2, 0.5])


def test_integrated_gradients_sample_the_middle_of_each_step(wrap):
    # f = relu(x - 0.4) + 2 relu(x - 0.6): the slope is 0 at 1/4 and 3 at 3/4; at 1/2 it is 1.
    hidden = linear([[1.0], [1.0]], [-0.4, -0.6])
    net = nn.Sequential(nn.Flatten(), hidden, nn.ReLU(), linear([[1.0, 2.0]]))
    found = run(wrap(net, (1, 1, 1)), pixels([1.0]), "integrated_gradients", params={"steps": 2})
    assert found.relevance.item() == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("rectifier", "kept"),
    [
        # Hidden values are 2, -1, 9 and 1 with upper weights 1, 1, 1 and -1: the second is
        # inactive, the fourth speaks against; the third is beyond what a ReLU6 passes.
        (nn.ReLU(), [2.0, 0.0, 9.0]),
        (nn.ReLU6(), [2.0, 0.0, 0.0]),
    ],
)
def test_guided_backprop_lets_positive_signals_through_active_units(wrap, rectifier, kept):
    hidden = linear([[2.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 9.0], [1.0, 0.0, 0.0]])
    net = nn.Sequential(nn.Flatten(), hidden, rectifier, linear([[1.0, 1.0, 1.0, -1.0]]))
    model = wrap(net, (1, 1, 3))
    found = run(model, pixels([1.0, 1.0, 1.0]), "guided_backprop")
    assert np.array_equal(found.relevance.ravel(), kept)
    plain = run(model, pixels([1.0, 1.0, 1.0]), "gradient")
    assert plain.relevance.ravel()[0] == 1.0  # 2 from the first unit, -1 from the fourth


# ----------------------------------------------------------------------- cam
class Seeing(nn.Module):
    """Two maps, the image and its negative moved up by one; then a dense layer."""

    def __init__(self, weights: list[float]) -> None:
        super().__init__()
        self.maps = nn.Conv2d(1, 2, 1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = linear([weights])
        with torch.no_grad():
            self.maps.weight.copy_(torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1))
            self.maps.bias.copy_(torch.tensor([0.0, 1.0]))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.flatten(self.pool(self.maps(x))))


IMAGE = np.array([[[0.0, 0.2], [0.5, 1.0]]], dtype=np.float32)


def test_grad_cam_weighs_maps_by_their_mean_slope(wrap):
    model = wrap(Seeing([8.0, 4.0]), (1, 2, 2), cam_layer="maps")
    found = run(model, IMAGE, "grad_cam")
    # Each map's slope is its weight over the 4 positions: 2 x + 1 (1 - x) = 1 + x.
    assert np.allclose(found.relevance, 1 + IMAGE)
    assert found.diagnostics["positive_share"] == 1.0
    assert found.diagnostics["raw_max"] == pytest.approx(2.0)
    assert (found.diagnostics["rows"], found.diagnostics["columns"]) == (2, 2)


def test_grad_cam_shows_no_negative_evidence_and_says_what_it_hid(wrap):
    model = wrap(Seeing([-8.0, -4.0]), (1, 2, 2), cam_layer="maps")
    found = run(model, IMAGE, "grad_cam")
    assert not found.relevance.any()
    assert found.diagnostics["positive_share"] == 0.0
    assert found.diagnostics["raw_min"] == pytest.approx(-2.0)
    assert found.diagnostics["raw_max"] == pytest.approx(-1.0)


def test_grad_cam_enlarges_a_coarse_map_to_the_input(wrap):
    net = nn.Sequential(
        nn.AvgPool2d(2), nn.Conv2d(1, 1, 1, bias=False), nn.Flatten(), linear([[1.0] * 4])
    )
    nn.init.ones_(net[1].weight)
    image = np.repeat(np.repeat(IMAGE, 2, axis=1), 2, axis=2)
    found = run(wrap(net, (1, 4, 4), cam_layer="1"), image, "grad_cam").relevance
    assert found.shape == (1, 4, 4)
    corners = found[0, ::3, ::3]
    assert np.allclose(corners, IMAGE[0])
    assert found[0, 0, 1] == pytest.approx(0.75 * IMAGE[0, 0, 0] + 0.25 * IMAGE[0, 0, 1])


# ----------------------------------------------------------------------- lrp
@pytest.fixture
def two_layers(wrap):
    """Hidden units 1 x0 + 1 x1 + 1 and 2 x0 - 1 x1; the score is 2 h0 + 1 h1 + 1."""
    net = nn.Sequential(
        nn.Flatten(),
        linear([[1.0, 1.0], [2.0, -1.0]], [1.0, 0.0]),
        nn.ReLU(),
        linear([[2.0, 1.0]], [1.0]),
    )
    return wrap(net, (1, 1, 2))


@pytest.mark.parametrize("composite", ["zero", "epsilon"])
def test_lrp_shares_by_contribution_and_biases_absorb_theirs(two_layers, composite):
    # x = (1, 0.5): h = (2.5, 1.5), score 5 + 1.5 + 1 = 7.5, of which the bias takes 1.
    # Hidden relevance 5 and 1.5; x0 gets 5 * 1/2.5 + 1.5 * 2/1.5 = 4, x1 gets 1 - 0.5.
    params = {"composite": composite, "epsilon": 1e-9}
    found = run(two_layers, pixels([1.0, 0.5]), "lrp", params=params)
    assert found.logit == 7.5
    assert np.allclose(found.relevance, [[[4.0, 0.5]]], rtol=1e-5)
    assert found.diagnostics["conserved"] == pytest.approx(4.5 / 7.5)


def test_lrp_without_biases_hands_back_the_whole_score(two_layers):
    # The score is shared as 5 : 1.5 without its bias, the first unit's 1 : 0.5 likewise.
    params = {"composite": "zero", "zero_bias": True}
    found = run(two_layers, pixels([1.0, 0.5]), "lrp", params=params)
    upper = 7.5 * np.array([5.0, 1.5]) / 6.5
    by_hand = [upper[0] * 1 / 1.5 + upper[1] * 2 / 1.5, upper[0] * 0.5 / 1.5 - upper[1] * 0.5 / 1.5]
    assert np.allclose(found.relevance.ravel(), by_hand, rtol=1e-5)
    assert found.diagnostics["conserved"] == pytest.approx(1.0)


def test_lrp_first_layer_rules(two_layers):
    image = pixels([1.0, 0.5])
    flat = run(two_layers, image, "lrp", params={"composite": "epsilon_plus_flat"})
    # Both hidden relevances, 5 and 1.5, are halved between the two pixels.
    assert np.allclose(flat.relevance, [[[3.25, 3.25]]], rtol=1e-5)
    box = run(two_layers, image, "lrp", params={"composite": "epsilon_gamma_box"})
    # z - low w+ - high w-: (1, 0.5) for the first unit; (2, -0.5 + 1) for the second.
    by_hand = [5 * 1 / 1.5 + 1.5 * 2 / 2.5, 5 * 0.5 / 1.5 + 1.5 * 0.5 / 2.5]
    assert np.allclose(box.relevance.ravel(), by_hand, rtol=1e-5)


def test_the_box_is_that_of_the_normalised_pixels(wrap):
    net = nn.Sequential(nn.Flatten(), linear([[1.0, 3.0]], [0.7]))
    model = wrap(net, (1, 1, 2), mean=(0.5,), std=(0.25,))
    found = run(model, pixels([1.0, 0.5]), "lrp", params={"composite": "epsilon_gamma_box"})
    # Normalised (2, 0), low -2: contributions 2 + 2 and 0 + 6 of the score 2.7.
    assert np.allclose(found.relevance.ravel(), [2.7 * 0.4, 2.7 * 0.6], rtol=1e-5)


class Shortcut(nn.Module):
    """Score = sum over pixels of (x + 3 x), by a convolution and a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.triple = nn.Conv2d(1, 1, 1, bias=False)
        self.add = Sum()
        self.flatten = nn.Flatten()
        self.fc = linear([[1.0, -1.0]])
        nn.init.constant_(self.triple.weight, 3.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.flatten(self.add(self.triple(x), x)))


def test_a_residual_sum_shares_by_contribution_not_by_slope(wrap):
    model = wrap(Shortcut(), (1, 1, 2))
    found = run(model, pixels([0.25, 0.75]), "lrp", params={"composite": "epsilon"})
    # Scores 4 x0 = 1 and -4 x1 = -3; a plain gradient would count each twice.
    assert np.allclose(found.relevance, [[[1.0, -3.0]]], rtol=1e-4)


def test_flat_relevance_never_goes_to_padding(wrap):
    padded = nn.Sequential(
        nn.ZeroPad2d((0, 1, 0, 1)),
        nn.Conv2d(1, 1, 3, stride=2, bias=False),
        nn.Flatten(),
        linear([[1.0]]),
    )
    nn.init.ones_(padded[1].weight)
    found = run(wrap(padded, (1, 2, 2)), IMAGE, "lrp")
    # Nine taps, of which four lie on pixels: they share all of it.
    assert np.allclose(found.relevance, found.logit / 4, rtol=1e-5)


class JoinedNorm(nn.Module):
    """A batch norm behind a join: there is no convolution to fold it into."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 1, bias=False)
        self.join = Concat()
        self.norm = nn.BatchNorm2d(2, eps=0.0)
        self.flatten = nn.Flatten()
        self.fc = linear([[1.0, 1.0]])
        with torch.no_grad():
            nn.init.constant_(self.conv.weight, 2.0)
            self.norm.running_mean.copy_(torch.tensor([0.5, 0.0]))
            self.norm.running_var.copy_(torch.tensor([4.0, 1.0]))
            self.norm.weight.copy_(torch.tensor([6.0, 1.0]))
            self.norm.bias.copy_(torch.tensor([0.5, 2.0]))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.flatten(self.norm(self.join(self.conv(x), x))))


@pytest.mark.parametrize(("zero_bias", "expected"), [(False, 7.0), (True, 8.0)])
def test_a_batch_norm_that_cannot_be_folded_is_a_scale_and_a_bias(wrap, zero_bias, expected):
    # Channel 0: 3 * 2x - 1.5 + 0.5, channel 1: x + 2; at x = 1 the score is 5 + 3 = 8.
    # With biases: 6 + 1. Without: 5 and 3 are handed on whole.
    model = wrap(JoinedNorm(), (1, 1, 1))
    params = {"composite": "epsilon", "zero_bias": zero_bias}
    found = run(model, pixels([1.0]), "lrp", params=params)
    assert found.logit == pytest.approx(8.0)
    assert found.relevance.item() == pytest.approx(expected, rel=1e-5)
    assert found.diagnostics["own_norms"] == 1
