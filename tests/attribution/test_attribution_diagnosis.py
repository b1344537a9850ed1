"""What is said of maps that are easily misread, on maps that are so by construction."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from xai import images
from xai.attribution import METHODS, Attribution, run
from xai.attribution.diagnosis import remarks
from xai.types import Params


def case(
    method: str, relevance: np.ndarray, params: dict[str, object] | None = None, **numbers: float
) -> Attribution:
    """Make an explanation of the score 10 by hand."""
    logit = numbers.pop("logit", 10.0)
    return Attribution(
        relevance=relevance.astype(np.float32),
        method=method,
        params=METHODS[method].params(**(params or {})),
        target=0,
        logit=logit,
        diagnostics=numbers,
        seed=0,
        model="toy",
        digest="",
    )


@pytest.fixture
def mixed() -> np.ndarray:
    """Make an ordinary signed map."""
    return np.random.default_rng(0).normal(size=(1, 20, 20))


@pytest.fixture
def positive(mixed) -> np.ndarray:
    return np.abs(mixed) + 0.1


class Linear(nn.Module):
    """A layer with maps, a ReLU, and a head that adds them up with one weight."""

    def __init__(self, weight: float, rectify: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 1, bias=False)
        self.relu = nn.ReLU() if rectify else nn.Identity()
        self.flat = nn.Flatten()
        self.head = nn.Linear(2 * 64, 2, bias=False)
        with torch.no_grad():
            self.conv.weight.copy_(
                torch.tensor([1.0, -1.0 if not rectify else 0.5])[:, None, None, None]
            )
            self.head.weight.copy_(torch.tensor([[weight], [0.0]]).expand(2, 128))

    def forward(self, x):
        return self.head(self.flat(self.relu(self.conv(x))))


@pytest.fixture
def linear(wrap):
    def make(weight: float, rectify: bool = True):
        return wrap(Linear(weight, rectify), (1, 8, 8), cam_layer="relu")

    return make


@pytest.fixture
def ramp() -> np.ndarray:
    return np.linspace(0.1, 1, 64, dtype=np.float32).reshape(1, 8, 8)


# ------------------------------------------------------------------ real explanations
def test_grad_cam_of_negative_evidence_alone_says_so_and_what_to_try(linear, ramp):
    model = linear(-1.0)
    (said,) = remarks(run(model, ramp, "grad_cam", target=0), model)
    assert "empty" in said
    assert "this layer (relu) is negative, and the ReLU removes it" in said
    assert "LayerCAM, an earlier layer, or Negative evidence" in said
    for method in ("layer_cam", "grad_cam_pp"):
        (said,) = remarks(run(model, ramp, method, target=0), model)
        assert "Nothing that this layer (relu) saw pushes the score up" in said
    assert remarks(run(model, ramp, "negative_grad_cam", target=0), model) == ()


def test_no_negative_evidence_is_another_sentence(linear, ramp):
    (said,) = remarks(run(linear(1.0), ramp, "negative_grad_cam", target=0))
    assert "No evidence at this layer speaks against the class" in said


def test_a_layer_the_class_does_not_lean_on_is_another_sentence(linear, ramp):
    (said,) = remarks(run(linear(1.0), ramp, "grad_cam", target=1))
    assert "does not lean on" in said


def test_a_black_image_is_named_where_the_map_multiplies_by_it(lenet):
    black = np.zeros((1, 28, 28), np.float32)
    for method in ("input_x_gradient", "integrated_gradients"):
        (said,) = remarks(run(lenet, black, method))
        assert "The image is black" in said
    assert remarks(run(lenet, black, "gradient")) == ()


def test_hiding_what_speaks_against_the_class_raises_the_score(linear, ramp):
    params = {"window": 4, "stride": 2, "fill": "black"}
    said = remarks(run(linear(-1.0), ramp, "occlusion", target=0, params=params))
    assert "Every window raises the score" in said[0]
    assert not any("speaks against" in sentence for sentence in said)


def test_noise_above_a_linear_head_changes_nothing(linear, ramp):
    model = linear(1.0)
    found = run(model, ramp, "smooth_grad_cam_pp", target=0, params={"n": 3})
    assert "all above this layer (relu) is linear" in remarks(found, model)[0]
    still = run(model, ramp, "smooth_grad_cam_pp", target=0, params={"sigma": 0.0})
    assert "Without noise" in remarks(still)[0]


def test_maps_of_a_negative_sum_make_grad_cam_pp_unstable(linear, ramp):
    found = run(linear(1.0, rectify=False), 5 * ramp, "grad_cam_pp", target=0)
    assert any("50 % of the weights" in sentence for sentence in remarks(found))


def test_two_masks_are_chance(lenet, digits):
    (said,) = remarks(run(lenet, digits[0], "rise", params={"n": 3}))
    assert "is chance" in said


def test_real_digits_go_without_remark(lenet, digits):
    for method in ("gradient", "integrated_gradients", "grad_cam", "occlusion", "lrp"):
        assert remarks(run(lenet, digits[1], method), lenet) == ()


def test_little_of_a_photographs_score_reaches_the_pixels(lite0, picture):
    found = run(lite0, picture(lite0.input_shape), "lrp")
    share = found.diagnostics["conserved"]
    said = remarks(found, lite0)[0]
    assert 0 < share < 0.05
    assert f"Only {100 * share:.2g} % of the score reaches the pixels" in said
    assert "leaving the biases out" in said


# ----------------------------------------------------------------- numbers made by hand
def test_a_gap_below_a_twentieth_is_let_pass(mixed):
    kind = "integrated_gradients"
    assert remarks(case(kind, mixed, baseline_logit=2.0, completeness_gap=0.39)) == ()
    (said,) = remarks(case(kind, mixed, baseline_logit=2.0, completeness_gap=-0.8))
    assert "add up to 7.2, but the score gained 8" in said
    assert "a gap of 10 %" in said
    assert "Try 200 steps" in said
    params = {"steps": 1000}
    (said,) = remarks(case(kind, mixed, params, baseline_logit=2.0, completeness_gap=-0.8))
    assert "another baseline" in said
    (said,) = remarks(case(kind, mixed, baseline_logit=9.99, completeness_gap=0.5))
    assert "nearly the same score" in said


@pytest.mark.parametrize(
    ("share", "word"),
    [(0.0003, "Only 0.03 %"), (2.5, "2.5 times the score"), (-0.3, "the other sign")],
)
def test_a_share_that_misleads_is_named(mixed, share, word):
    (said,) = remarks(case("lrp", mixed, conserved=share))
    assert word in said


@pytest.mark.parametrize("share", [0.05, 0.4, 2.0])
def test_a_fair_share_is_let_pass(mixed, share):
    assert remarks(case("lrp", mixed, conserved=share)) == ()


def test_without_biases_nobody_is_told_to_leave_them_out(mixed):
    (said,) = remarks(case("lrp", mixed, {"zero_bias": True}, conserved=0.01))
    assert "iases" not in said


def test_parts_that_cancel_are_named(mixed):
    assert remarks(case("lrp", mixed, positive=100.0, negative=-90.0, conserved=1.0)) == ()
    (said,) = remarks(case("lrp", mixed, positive=310.0, negative=-300.0, conserved=1.0))
    assert "over 30 times the score" in said


def test_one_sign_is_the_rules_or_the_images(positive):
    assert "rules of this composite" in remarks(case("lrp", positive))[0]
    free = {"composite": "epsilon"}
    assert "speaks for the class" in remarks(case("lrp", positive, free))[0]
    assert "against the class" in remarks(case("lrp", -positive, free))[0]
    assert "as the score is" in remarks(case("lrp", -positive))[0]
    assert remarks(case("grad_cam", positive)) == ()


def test_concentration_has_a_reason_by_method(mixed):
    mixed[0, 3, :4] = 1000.0, -1000.0, 1000.0, -1000.0
    assert "SmoothGrad" in remarks(case("gradient", mixed))[0]
    assert "larger epsilon" in remarks(case("lrp", mixed))[0]
    said = remarks(case("lrp", mixed, {"composite": "epsilon_gamma_box"}))[0]
    assert "gamma rule" in said
    assert "smaller gamma" in said


def test_a_gamma_rule_without_merged_norms_is_not_to_blame(mixed, linear):
    mixed[0, 3, :4] = 1000.0, -1000.0, 1000.0, -1000.0
    found = case("lrp", mixed, {"composite": "epsilon_gamma_box"})
    assert "gamma rule" not in remarks(found, linear(1.0))[0]


def test_a_constant_map_is_said_to_be_so():
    (said,) = remarks(case("rise", np.full((1, 4, 4), 0.25), contrast=0.0, contrast_error=0.0))
    assert "every value is 0.25" in said
    assert "smaller p" in said


def test_a_class_that_vanishes_behind_masks(positive):
    numbers = {"contrast": 1.0, "contrast_error": 0.1, "probability": 0.9}
    (said,) = remarks(case("rise", positive, mean_probability=0.001, **numbers))
    assert "from 90 % to 0.1 %" in said
    assert remarks(case("rise", positive, mean_probability=0.4, **numbers)) == ()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_sentence_for_an_empty_map(method):
    (said,) = remarks(case(method, np.zeros((3, 4, 4))))
    assert said.startswith("The map is empty. ")
    assert "Try" in said or "try" in said or "Look" in said or "Show" in said


def test_channels_that_cancel_do_not_make_a_map_empty():
    pair = np.ones((2, 4, 4)) * np.array([1.0, -1.0])[:, None, None]
    (said,) = remarks(case("gradient", pair))
    assert "constant" in said


def test_a_diagnosis_loads_no_torch():
    code = """
import sys, numpy as np
from xai.attribution import METHODS, Attribution
from xai.attribution.manifests import manifest
from xai.attribution.diagnosis import remarks
row = METHODS["lrp"]
map = np.zeros((1, 4, 4), np.float32)
print(remarks(Attribution(map, "lrp", row.params(), 0, 1.0, {}, 0, "", ""))[0][:3])
print([name for name in ("torch", "PIL", "zennit") if name in sys.modules])
"""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=False
    )
    assert done.stdout == "The\n[]\n", done.stderr


def test_the_black_image_is_known_by_its_digest():
    """The diagnosis never sees the image: its name has to be the one of the explanation."""
    black = np.zeros((3, 5, 5), np.float32)
    found = Attribution(
        np.zeros_like(black),
        "input_x_gradient",
        METHODS["input_x_gradient"].params(),
        *(0, 1.0, {}, 0, "toy", images.digest(black)),
    )
    assert isinstance(found.params, Params)
    assert "black" in remarks(found)[0]
    # The distance from white is not what is zero here.
    params = METHODS["integrated_gradients"].params
    for start, blamed in (("black", True), ("white", False)):
        path = dataclasses.replace(
            found, method="integrated_gradients", params=params(baseline=start)
        )
        assert ("The image is black" in remarks(path)[0]) is blamed
