"""The public door: what is refused and how, what is offered, what a result holds."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from attribution_networks import randomise
from torch import nn

from xai import images
from xai.attribution import METHODS, Attribution, blocked, run
from xai.attribution.cam.params import GradCamParams
from xai.attribution.lrp.composites import COMPOSITES
from xai.attribution.lrp.params import LrpParams
from xai.models import MODELS, load
from xai.types import make_params

ORDER = (
    *("gradient", "input_x_gradient", "integrated_gradients", "smoothgrad", "guided_backprop"),
    *("deconvnet", "grad_cam", "grad_cam_pp", "smooth_grad_cam_pp", "layer_cam"),
    *("guided_grad_cam", "negative_grad_cam", "occlusion", "rise", "lrp"),
)
#: Those whose maps have no colour.
GREY = (
    *("grad_cam", "grad_cam_pp", "smooth_grad_cam_pp", "layer_cam", "negative_grad_cam"),
    *("occlusion", "rise"),
)
FAST = {
    "integrated_gradients": {"steps": 2},
    "smoothgrad": {"n": 2},
    "smooth_grad_cam_pp": {"n": 2},
    "occlusion": {"window": 8},
    "rise": {"n": 4},
}


# ------------------------------------------------------------------ the table
def test_methods_stand_in_the_order_of_display():
    assert tuple(METHODS) == ORDER


def test_importing_the_table_loads_no_torch():
    code = (
        "import sys; from xai.attribution import METHODS, run, blocked, Attribution; "
        "[row.params.infos() for row in METHODS.values()]; "
        "print(sorted({'torch', 'zennit', 'torchvision', 'PIL'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("method", METHODS)
def test_every_parameter_has_help_and_every_method_says_what_is_seen(method):
    row = METHODS[method]
    assert row.label
    assert row.summary.endswith(".")
    assert row.formula
    assert row.paper.year > 1980
    for name, info in row.params.infos().items():
        assert info.help.endswith("."), name


# ------------------------------------------------------------------ the result
@pytest.mark.parametrize("method", METHODS)
def test_a_result_holds_what_repeats_it(lenet, digits, method):
    calls = []
    found = run(
        lenet,
        digits[0],
        method,
        params=FAST.get(method),
        seed=5,
        progress=lambda done, total, message: calls.append((done / total, message)),
    )
    assert isinstance(found, Attribution)
    assert found.relevance.shape == (1, 28, 28)
    assert found.relevance.dtype == np.float32
    assert not found.relevance.flags.writeable
    assert found.relevance.flags.c_contiguous
    assert (found.method, found.model, found.seed) == (method, "lenet5-mnist", 5)
    assert found.digest == images.digest(digits[0])
    assert type(found.params) is METHODS[method].params
    assert found.diagnostics["sum"] == float(found.relevance.sum(dtype=np.float64))
    assert found.diagnostics["max"] == float(found.relevance.max())
    assert found.diagnostics["min"] == float(found.relevance.min())
    assert found.diagnostics["seconds"] > 0
    numbers = json.loads(json.dumps(found.diagnostics, allow_nan=False))
    assert all(type(value) is float for value in numbers.values())
    shares = [share for share, _ in calls]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_colour_survives_where_a_method_knows_it(residual, picture):
    image = picture((3, 8, 8))
    for method in METHODS:
        channels = 1 if method in GREY else 3
        found = run(residual, image, method, params=FAST.get(method))
        assert found.relevance.shape == (channels, 8, 8)


def test_the_image_is_read_only_read(residual, picture):
    image = picture((3, 8, 8))
    before = image.copy()
    image.setflags(write=False)
    for method in METHODS:
        run(residual, image, method, params=FAST.get(method))
    assert np.array_equal(image, before)


def test_a_batch_of_one_and_double_precision_are_the_same_image(lenet, digits):
    plain = run(lenet, digits[0], "gradient")
    tracked = torch.tensor(digits[0], requires_grad=True)
    with torch.inference_mode():
        inferred = torch.from_numpy(digits[0]) + 0
    for same in (digits[:1], digits[0].astype(np.float64), tracked, inferred):
        other = run(lenet, same, "gradient")
        assert np.array_equal(other.relevance, plain.relevance)
        assert other.digest == plain.digest
    assert tracked.grad is None


@pytest.mark.parametrize("guard", [torch.no_grad, torch.inference_mode])
def test_a_caller_without_gradients_gets_the_same(lenet, digits, guard):
    for method in METHODS:
        plain = run(lenet, digits[0], method, params=FAST.get(method))
        with guard():
            other = run(lenet, digits[0], method, params=FAST.get(method))
        assert np.array_equal(other.relevance, plain.relevance)


@pytest.mark.parametrize("level", [0.0, 1.0])
@pytest.mark.parametrize("method", METHODS)
def test_an_empty_image_is_explained_too(lenet, level, method):
    found = run(lenet, np.full((1, 28, 28), level, np.float32), method, params=FAST.get(method))
    assert np.isfinite(found.relevance).all()
    if level == 0 and method in ("input_x_gradient", "integrated_gradients"):
        assert not found.relevance.any()


# ------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"method": "magic"}, ValueError, "gradient, input_x_gradient"),
        ({"method": 3}, TypeError, "method: expected a name"),
        ({"target": 10}, ValueError, "target: expected 0 to 9, got 10"),
        ({"target": -1}, ValueError, "target: expected 0 to 9, got -1"),
        ({"target": True}, TypeError, "target: expected a whole number"),
        ({"target": 2.0}, TypeError, "target: expected a whole number"),
        ({"target": "cat"}, TypeError, "target: expected a whole number"),
        ({"target": np.array([1])}, TypeError, "target: expected a whole number"),
        ({"target": 4, "contrast": 4}, ValueError, "another class than the explained one, 4"),
        ({"contrast": 10}, ValueError, "contrast: expected 0 to 9, got 10"),
        ({"contrast": 1.0}, TypeError, "contrast: expected a whole number"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 0.5}, TypeError, "seed"),
        ({"image": np.zeros((1, 27, 28), np.float32)}, ValueError, "(1, 28, 28)"),
        ({"image": np.zeros((2, 1, 28, 28), np.float32)}, ValueError, "one image"),
        ({"image": np.zeros((0, 1, 28, 28), np.float32)}, ValueError, "image"),
        ({"image": np.zeros((1, 28, 28), np.uint8)}, TypeError, "uint8"),
        ({"image": np.full((1, 28, 28), np.nan, np.float32)}, ValueError, "finite"),
        ({"image": "digit.png"}, TypeError, "image"),
        ({"params": {"layer": "conv1"}}, ValueError, "params"),
        ({"params": GradCamParams()}, TypeError, "GradientParams"),
        ({"params": 3}, TypeError, "GradientParams"),
        ({"model": "lenet5-mnist"}, TypeError, "LoadedModel"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(lenet, digits, change, error, words):
    arguments = {"model": lenet, "image": digits[0], "method": "gradient"} | change
    with pytest.raises(error) as caught:
        run(**arguments)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("integrated_gradients", {"steps": 0}, ValueError),
        ("integrated_gradients", {"steps": 2.5}, TypeError),
        ("integrated_gradients", {"baseline": "purple"}, ValueError),
        ("smoothgrad", {"n": 0}, ValueError),
        ("smoothgrad", {"sigma": -0.1}, ValueError),
        ("smoothgrad", {"sigma": float("nan")}, ValueError),
        ("grad_cam", {"layer": None}, TypeError),
        ("grad_cam", {"layer": 3}, TypeError),
        ("lrp", {"composite": "magic"}, ValueError),
        ("lrp", {"epsilon": 0.0}, ValueError),
        ("lrp", {"epsilon": "small"}, TypeError),
        ("lrp", {"gamma": -1.0}, ValueError),
        ("lrp", {"zero_bias": 1}, TypeError),
    ],
)
def test_parameters_are_checked_in_the_library_too(lenet, digits, method, params, error):
    with pytest.raises(error, match=next(iter(params))):
        run(lenet, digits[0], method, params=params)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("conv9", "conv1"),
        ("fc1", "rows and columns"),
        ("flatten", "rows and columns"),
    ],
)
def test_grad_cam_says_why_a_layer_will_not_do(lenet, digits, layer, words):
    with pytest.raises(ValueError, match="layer") as caught:
        run(lenet, digits[0], "grad_cam", params={"layer": layer})
    assert words in str(caught.value)


def test_grad_cam_refuses_a_map_of_one_cell(lite0, picture):
    with pytest.raises(ValueError, match="rows and columns"):
        run(lite0, picture((3, 224, 224)), "grad_cam", params={"layer": "pool"})


def test_grad_cam_refuses_a_container_that_is_never_called(wrap):
    class Called(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.ModuleList([nn.Conv2d(1, 2, 3)])

        def forward(self, x):
            return self.body[0](x).flatten(1)

    model = wrap(Called(), (1, 4, 4))
    with pytest.raises(ValueError, match="never calls 'body'"):
        run(model, np.ones((1, 4, 4), np.float32), "grad_cam", params={"layer": "body"})


@pytest.mark.parametrize("method", METHODS)
def test_a_score_that_is_no_number_is_refused(wrap, method):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    model = wrap(randomise(net, 1), (1, 4, 4), cam_layer="1")
    with torch.no_grad():
        net[3].bias[1] = float("nan")
    for target in (None, 0):
        with pytest.raises(ValueError, match="finite scores"):
            run(model, np.ones((1, 4, 4), np.float32), method, target=target)


def test_relevance_that_is_no_number_is_refused(wrap):
    net = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))
    model = wrap(randomise(net, 1), (1, 2, 2), std=(1e-30,))
    with torch.no_grad():
        net[0].weight.fill_(1e-20)
        net[3].weight.fill_(1e30)
        net[3].bias.zero_()
    image = np.full((1, 2, 2), 1e-20, np.float32)
    with pytest.raises(ValueError, match="finite relevance"):
        run(model, image, "gradient")


def test_a_network_in_training_mode_is_refused(wrap):
    model = wrap(nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 2)), (1, 2, 2))
    model.net[1].train()
    with pytest.raises(ValueError, match="training mode"):
        run(model, np.ones((1, 2, 2), np.float32), "gradient")


# ------------------------------------------------------------------- pairings
class Bare(nn.Module):
    """A network that rectifies, adds or multiplies with bare functions."""

    def __init__(self, function) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.relu = nn.ReLU()
        self.fc = nn.Linear(32, 2)
        self.function = function

    def forward(self, x):
        return self.fc(torch.flatten(self.function(self.relu(self.conv(x))), 1))


class Twice(nn.Module):
    """A network that uses one rectifier twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.conv(self.relu(self.conv(x)))).flatten(1)


class Deciding(nn.Module):
    """A network that cannot be traced."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(16, 2)

    def forward(self, x):
        return self.fc(x.flatten(1)) if x.sum() > -1 else self.fc(-x.flatten(1))


PAIRS = [
    (lambda: Bare(F.relu), "lrp", "bare function (relu)"),
    (lambda: Bare(F.relu), "guided_backprop", "bare function (relu)"),
    (lambda: Bare(lambda y: y + y), "lrp", "bare function (add)"),
    (lambda: Bare(nn.Identity()), "lrp", ""),
    (lambda: Bare(nn.Identity()), "guided_backprop", ""),
    (lambda: Bare(nn.Softmax(1)), "lrp", "no relevance rule for function (Softmax)"),
    (lambda: Bare(nn.GELU()), "guided_backprop", "function (GELU) is no ReLU"),
    (lambda: Bare(nn.BatchNorm2d(2, track_running_stats=False)), "lrp", "running statistics"),
    (Twice, "lrp", "conv (Conv2d) is used twice"),
    (lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), "grad_cam", "1 (Linear)"),
    (lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), "guided_backprop", "no ReLU"),
    (lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), "guided_grad_cam", "1 (Linear)"),
    (lambda: Bare(F.relu), "guided_grad_cam", "bare function (relu)"),
    (lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), "lrp", ""),
    (Deciding, "lrp", "cannot be traced"),
    (Deciding, "gradient", ""),
]


@pytest.mark.parametrize(("make", "method", "words"), PAIRS)
def test_a_pairing_that_cannot_work_is_known_before_it_is_tried(wrap, make, method, words):
    model = wrap(make(), (1, 4, 4))
    reason = blocked(model, method)
    image = np.full((1, 4, 4), 0.5, np.float32)
    if words:
        assert words in reason
        with pytest.raises(ValueError, match="cannot explain Toy") as caught:
            run(model, image, method)
        assert reason in str(caught.value)
    else:
        assert reason == ""
        assert np.isfinite(run(model, image, method).relevance).all()


def test_the_box_rule_says_when_the_first_layer_reads_no_pixels(wrap):
    net = nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4, 2))
    params = {"composite": "epsilon_gamma_box"}
    with pytest.raises(ValueError, match="reads the pixels"):
        run(wrap(net, (1, 4, 4)), np.ones((1, 4, 4), np.float32), "lrp", params=params)


@pytest.mark.parametrize("name", [name for name, spec in MODELS.items() if spec.bundled])
def test_every_bundled_model_takes_every_method(name):
    model = load(name, device="cpu")
    assert [blocked(model, method) for method in METHODS] == [""] * len(METHODS)


def test_blocked_refuses_an_unknown_method(lenet):
    with pytest.raises(ValueError, match="gradient"):
        blocked(lenet, "magic")


@pytest.mark.parametrize("composite", COMPOSITES)
def test_every_composite_is_a_choice(composite):
    assert make_params(LrpParams, {"composite": composite}).composite == composite


def test_no_formula_holds_a_character_that_a_slash_has_swallowed() -> None:
    for row in METHODS.values():
        assert row.formula.isprintable()
