"""One unit brought back to the pixels, and relevance at the output of a layer."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from attribution_networks import Residual, randomise
from torch import nn

from xai.attribution import (
    BACKPROJECTIONS,
    METHODS,
    backproject,
    backprojection_blocked,
    channel_relevance,
    run,
)
from xai.attribution.lrp.composites import COMPOSITES
from xai.models.explicit import explicit
from xai.models.nets import Sum


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


# ------------------------------------------------------------- the three rules
@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        # Hidden values are 1, -1, 2 and 7; what arrives at them is 1, 1, -1 and 1.
        ("gradient", [1.0, 0.0, -1.0, 0.0]),
        ("guided", [1.0, 0.0, 0.0, 0.0]),
        ("deconvnet", [1.0, 1.0, 0.0, 1.0]),
    ],
)
@pytest.mark.parametrize("layer", ["3", "4"])
def test_rules_differ_in_what_a_rectifier_hands_back(wrap, rule, kept, layer):
    # One pixel for each hidden value; a ReLU6 takes the fourth as inactive, since it is above 6.
    hidden = linear(np.diag([2.0, -2.0, 4.0, 14.0]).tolist())
    net = nn.Sequential(
        *(nn.Flatten(), hidden, nn.ReLU6(), linear([[1.0, 1.0, -1.0, 1.0]])),
        *(nn.ReLU(), linear([[1.0], [2.0]])),
    )
    model = wrap(net, (1, 1, 4))
    found = backproject(model, pixels([0.5] * 4), layer, 0, rule=rule)
    assert np.allclose(found.relevance[0, 0], np.array(kept) * [2.0, -2.0, 4.0, 14.0])
    assert found.value == pytest.approx(1 + 0 - 2 + 6)
    assert (found.row, found.column) == (None, None)
    assert found.relevance.dtype == np.float32
    assert found.relevance.shape == (1, 1, 4)


@pytest.mark.parametrize("rule", BACKPROJECTIONS)
def test_pooling_hands_back_to_the_pixel_that_won(wrap, rule):
    conv = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.constant_(conv.weight, 3.0)
    net = nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4, 2))
    image = np.full((1, 4, 4), 0.1, np.float32)
    image[0, 1, 0], image[0, 2, 3] = 0.5, 0.9
    model = wrap(net, (1, 4, 4), mean=(0.0,), std=(0.5,))
    strongest = backproject(model, image, "2", 0, rule=rule)
    assert (strongest.row, strongest.column) == (1, 1)
    assert strongest.value == pytest.approx(0.9 / 0.5 * 3)
    assert strongest.box == (2, 3, 3, 4)
    asked = backproject(model, image, "2", 0, row=0, column=0, rule=rule)
    assert asked.box == (1, 0, 2, 1)
    # The weight and the slope of the normalization.
    assert asked.relevance[0, 1, 0] == pytest.approx(6.0)
    assert np.count_nonzero(asked.relevance) == 1


def test_a_silent_unit_has_a_picture_by_deconvnet_alone(wrap):
    conv = nn.Conv2d(1, 1, 1)
    nn.init.constant_(conv.weight, 2.0)
    nn.init.constant_(conv.bias, -5.0)
    model = wrap(nn.Sequential(conv, nn.ReLU(), nn.Flatten(), nn.Linear(4, 2)), (1, 2, 2))
    image = np.full((1, 2, 2), 0.5, np.float32)
    for rule in ("guided", "gradient"):
        found = backproject(model, image, "1", 0, row=1, column=0, rule=rule)
        assert (found.value, found.box) == (0.0, None)
        assert not found.relevance.any()
    found = backproject(model, image, "1", 0, row=1, column=0)
    assert found.rule == "deconvnet"
    assert found.box == (1, 0, 2, 1)
    assert found.relevance[0, 1, 0] == 2.0


def test_shortcuts_add_what_both_ways_bring(wrap):
    class Short(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.relu, self.add = nn.Conv2d(1, 1, 1, bias=False), nn.ReLU(), Sum()
            self.fc = nn.Linear(4, 2)
            nn.init.constant_(self.conv.weight, -3.0)

        def forward(self, x):
            return self.fc(self.add(self.relu(self.conv(x)), x).flatten(1))

    model = wrap(Short(), (1, 2, 2))
    image = np.full((1, 2, 2), 0.5, np.float32)
    values = {
        rule: backproject(model, image, "add", 0, row=0, column=1, rule=rule).relevance[0, 0, 1]
        for rule in BACKPROJECTIONS
    }
    assert values == {"deconvnet": -2.0, "guided": 1.0, "gradient": 1.0}


def test_where_all_is_active_and_positive_the_rules_agree(wrap, picture):
    net = nn.Sequential(
        *(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, 3), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(5, 2)),
    )
    randomise(net, 3)
    with torch.no_grad():
        for value in net.parameters():
            value.abs_()
    model = wrap(net, (3, 8, 8))
    image = picture((3, 8, 8), 1)
    found = [backproject(model, image, "4", 2, rule=rule).relevance for rule in BACKPROJECTIONS]
    assert found[0].any()
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_of_a_score_they_are_the_methods_of_the_same_name(lenet, residual, digits, picture):
    for model, image in ((lenet, digits[0]), (residual, picture((3, 8, 8)))):
        last = model.layers[-1].name
        for rule, method in (("gradient", "gradient"), ("guided", "guided_backprop")):
            unit = backproject(model, image, last, 3, rule=rule)
            whole = run(model, image, method, target=3)
            assert np.array_equal(unit.relevance, whole.relevance)
            assert unit.value == pytest.approx(whole.logit, abs=1e-5)


@pytest.mark.parametrize("name", ["lenet", "vgg", "residual", "lite0"])
def test_every_layer_gives_the_value_that_it_has(request, picture, name):
    model = request.getfixturevalue(name)
    image = picture(model.input_shape, 2)
    layers = model.layers if name != "lite0" else model.layers[2::23]
    for layer in layers:
        found = backproject(model, image, layer.name, 1, rule="gradient")
        net, kept = model.private(), []
        handle = net.get_submodule(layer.name).register_forward_hook(
            lambda module, args, output, kept=kept: kept.append(output[0, 1].clone())
        )
        with torch.no_grad():
            net(model.normalize(image[None]))
        handle.remove()
        assert found.value == pytest.approx(float(kept[0].max()), abs=1e-5)
        if layer.spatial:
            assert kept[0][found.row, found.column] == kept[0].max()


def test_the_forward_pass_ends_at_the_layer(wrap, state_of):
    class Loud(nn.Module):
        def forward(self, x):
            passed.append(1)
            return x * 1.0

    passed: list[int] = []
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), Loud(), nn.Flatten(), nn.Linear(8, 2))
    model = wrap(randomise(net, 1), (1, 4, 4))
    assert model.steps
    before = state_of(model.net)
    passed.clear()
    backproject(model, np.full((1, 4, 4), 0.5, np.float32), "1", 0)
    assert not passed
    assert state_of(model.net) == before


def test_a_module_that_is_called_twice_counts_at_its_last_call(wrap):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.relu = linear([[2.0, 0.0], [0.0, 3.0]]), nn.ReLU(inplace=True)

        def forward(self, x):
            return self.relu(self.fc(self.relu(self.fc(x.flatten(1)))))

    model = wrap(Twice(), (1, 1, 2))
    found = backproject(model, pixels([0.5, 0.5]), "fc", 1, rule="gradient")
    assert found.value == pytest.approx(4.5)
    assert found.relevance.tolist() == [[[0.0, 9.0]]]


class TwoRectifiers(nn.Module):
    """Two dense layers with a rectifier each, or with one under two names."""

    def __init__(self, shared: bool) -> None:
        super().__init__()
        self.f1, self.r1 = linear([[1.0, 0.0], [0.0, -1.0]]), nn.ReLU()
        self.f2 = linear([[1.0, -2.0], [-1.0, 1.0]])
        self.r2 = self.r1 if shared else nn.ReLU()
        self.f3 = linear([[-1.0, 3.0]])

    def forward(self, x):
        return self.f3(self.r2(self.f2(self.r1(self.f1(x.flatten(1))))))


@pytest.mark.parametrize("rule", ["deconvnet", "guided"])
def test_a_rectifier_of_two_names_has_the_rule_under_both(wrap, rule):
    image = pixels([0.5, 0.25])
    shared, separate = (
        backproject(wrap(TwoRectifiers(one), (1, 1, 2)), image, "f3", 0, rule=rule).relevance
        for one in (True, False)
    )
    plain = backproject(wrap(TwoRectifiers(True), (1, 1, 2)), image, "f3", 0, rule="gradient")
    assert np.array_equal(shared, separate)
    assert not np.array_equal(shared, plain.relevance)


def test_what_works_in_place_behind_a_layer_does_not_change_its_value(wrap):
    class Writing(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = linear([[2.0, 0.0], [0.0, 3.0]])

        def forward(self, x):
            return self.fc(x.flatten(1)).mul_(0)

    found = backproject(wrap(Writing(), (1, 1, 2)), pixels([0.5, 0.5]), "fc", 1, rule="gradient")
    assert found.value == pytest.approx(1.5)
    assert found.relevance.tolist() == [[[0.0, 3.0]]]


def test_a_network_that_chooses_its_way_is_run_to_its_end(wrap):
    class Choosing(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = linear([[2.0, 0.0], [0.0, 3.0]])

        def forward(self, x):
            y = self.fc(x.flatten(1))
            return self.fc(y) if x.sum() > 0 else y

    found = backproject(wrap(Choosing(), (1, 1, 2)), pixels([0.5, 0.5]), "fc", 1, rule="gradient")
    assert found.value == pytest.approx(4.5)


class Deciding(nn.Module):
    """A network that cannot be traced."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.relu, self.fc = nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True), nn.Linear(8, 2)

    def forward(self, x):
        x = self.conv(x)
        return self.fc(self.relu(x if x.sum() > -1 else -x).flatten(1))


def test_a_network_that_cannot_be_traced_has_its_gradient(wrap):
    model = wrap(randomise(Deciding(), 1), (1, 4, 4))
    image = np.full((1, 4, 4), 0.5, np.float32)
    assert "cannot be traced" in backprojection_blocked(model, "guided")
    assert backprojection_blocked(model, "gradient") == ""
    found = backproject(model, image, "conv", 0, row=1, column=0, rule="gradient")
    assert np.allclose(found.relevance[0, 1:4, 0:3], model.net.conv.weight[0, 0].numpy())
    with pytest.raises(ValueError, match="cannot be traced"):
        backproject(model, image, "conv", 0)
    with pytest.raises(ValueError, match="cannot be traced"):
        channel_relevance(model, image, "conv")


# ------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"channel": 6}, ValueError, "channel: expected 0 to 5, got 6"),
        ({"channel": -1}, ValueError, "channel: expected 0 to 5, got -1"),
        ({"channel": 1.5}, TypeError, "channel: expected a whole number"),
        ({"channel": True}, TypeError, "channel: expected a whole number"),
        ({"row": 28, "column": 0}, ValueError, "row: expected 0 to 27, got 28"),
        ({"row": 0, "column": -1}, ValueError, "column: expected 0 to 27, got -1"),
        ({"row": 3}, ValueError, "both or neither, got no column"),
        ({"column": 3}, ValueError, "both or neither, got no row"),
        ({"row": "a", "column": 1}, TypeError, "row: expected a whole number"),
        ({"layer": "conv9"}, ValueError, "conv1"),
        ({"layer": "fc1", "channel": 120}, ValueError, "channel: expected 0 to 119, got 120"),
        ({"layer": "fc1", "row": 1, "column": 0}, ValueError, "row: expected 0 to 0, got 1"),
        ({"rule": "magic"}, ValueError, "deconvnet, guided, gradient"),
        ({"rule": 3}, TypeError, "rule"),
        ({"image": np.zeros((1, 5, 5), np.float32)}, ValueError, "image: expected shape"),
        ({"image": np.zeros((2, 1, 28, 28), np.float32)}, ValueError, "one image"),
        ({"image": np.full((1, 28, 28), np.nan, np.float32)}, ValueError, "finite"),
        ({"model": None}, TypeError, "LoadedModel"),
    ],
)
def test_what_no_unit_is_is_refused(lenet, digits, given, error, words):
    known = {"model": lenet, "image": digits[0], "layer": "conv1", "channel": 0} | given
    with pytest.raises(error, match=words):
        backproject(**known)


def test_a_neuron_may_be_asked_for_at_its_only_place(lenet, digits):
    plain = backproject(lenet, digits[0], "fc1", 7)
    placed = backproject(lenet, digits[0], "fc1", 7, row=0, column=0)
    assert np.array_equal(plain.relevance, placed.relevance)
    assert placed.row is None


def test_the_message_names_the_last_channel(wrap):
    net = nn.Sequential(nn.Conv2d(1, 64, 1), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))
    with pytest.raises(ValueError, match="channel: expected 0 to 63, got 70"):
        backproject(wrap(net, (1, 1, 1)), pixels([0.5]), "0", 70)


def test_other_activations_are_named(wrap):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.SiLU(), nn.Flatten(), nn.Linear(8, 2))
    model = wrap(net, (1, 4, 4))
    image = np.full((1, 4, 4), 0.5, np.float32)
    for rule in ("deconvnet", "guided"):
        reason = backprojection_blocked(model, rule)
        assert "1 (SiLU) is no ReLU" in reason
        with pytest.raises(ValueError, match="SiLU"):
            backproject(model, image, "1", 0, rule=rule)
    assert np.isfinite(backproject(model, image, "1", 0, rule="gradient").relevance).all()
    with pytest.raises(ValueError, match="deconvnet"):
        backprojection_blocked(model, "magic")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_said(wrap, bad):
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(2, 2))
    model = wrap(randomise(net, 1), (1, 1, 1))
    with torch.no_grad():
        model.net[0].bias.fill_(bad)
    with pytest.raises(ValueError, match="expected a finite value, got"):
        backproject(model, pixels([0.5]), "0", 0)


def test_a_layer_of_several_outputs_is_refused(wrap):
    class Pair(nn.Module):
        def forward(self, x):
            return x, x

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.pair, self.relu, self.fc = Pair(), nn.ReLU(), nn.Linear(4, 2)
            self.unused = nn.ReLU()

        def forward(self, x):
            return self.fc(self.relu(self.pair(x)[0]).flatten(1))

    model = wrap(Net(), (1, 2, 2))
    image = np.full((1, 2, 2), 0.5, np.float32)
    with pytest.raises(ValueError, match="single output, got 'pair' with tuple"):
        backproject(model, image, "pair", 0)
    with pytest.raises(ValueError, match="never calls 'unused'"):
        backproject(model, image, "unused", 0)


# ------------------------------------------------------ relevance of channels
@pytest.mark.parametrize("composite", COMPOSITES)
def test_without_biases_the_sums_add_up_at_every_layer(wrap, picture, composite):
    net = nn.Sequential(
        *(nn.Conv2d(3, 12, 3, bias=False), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(12 * 9, 20, bias=False), nn.ReLU(), nn.Linear(20, 4, bias=False)),
    )
    model = wrap(randomise(net, 4), (3, 8, 8), mean=(0.5,) * 3, std=(0.25,) * 3)
    image = picture((3, 8, 8), 5)
    for layer in model.layers:
        found = channel_relevance(
            model, image, layer.name, target=1, params={"composite": composite}
        )
        assert found.maps.shape == layer.shape
        assert found.sums.shape == layer.shape[:1]
        assert float(found.sums.sum(dtype=np.float64)) == pytest.approx(found.logit, rel=1e-4)
        assert found.conserved == pytest.approx(1.0, abs=1e-4)
        assert np.allclose(found.maps.reshape(len(found.maps), -1).sum(1), found.sums, atol=1e-5)
        assert found.params.composite == composite


def test_with_shortcuts_the_sums_add_up_where_all_ways_meet(wrap, picture):
    model = wrap(randomise(Residual(bias=False), 3), (3, 8, 8))
    image = picture((3, 8, 8), 5)
    found = {layer.name: channel_relevance(model, image, layer.name) for layer in model.layers}
    for name in ("conv1", "relu1", "add", "relu2", "pool", "fc"):
        assert found[name].conserved == pytest.approx(1.0, abs=1e-4), name
    # Behind the shortcut the convolution has only its own part.
    assert found["conv2"].conserved != pytest.approx(1.0, abs=1e-3)


def test_the_relevance_of_a_dense_layer_is_value_times_weight(wrap):
    # Epsilon through fc2: hidden values 1, 2, 0 times weights 3, -1, 5 make 3, -2, 0.
    first, second = linear([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]]), linear([[3.0, -1.0, 5.0]])
    net = nn.Sequential(nn.Flatten(), first, nn.ReLU(), second)
    model = wrap(net, (1, 1, 2))
    image = pixels([1.0, 1.0])
    for layer in ("1", "2"):
        found = channel_relevance(model, image, layer, target=0)
        assert found.logit == pytest.approx(1.0)
        assert np.allclose(found.maps, [3.0, -2.0, 0.0], atol=1e-4)
        assert np.array_equal(found.maps, found.sums)
    last = channel_relevance(model, image, "3", target=0)
    assert last.maps.tolist() == [1.0]


def batch_norms(seed: int) -> nn.Sequential:
    net = randomise(
        nn.Sequential(
            *(nn.Conv2d(3, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(6, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten(), nn.Linear(5, 4)),
        ),
        seed,
    )
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for norm in (net[1], net[5]):
            norm.weight.copy_(1 + 0.3 * torch.randn(norm.weight.shape, generator=generator))
            norm.running_mean.copy_(0.2 * torch.randn(norm.bias.shape, generator=generator))
            norm.running_var.copy_(0.5 + torch.rand(norm.bias.shape, generator=generator))
    return net


def test_a_batch_norm_has_the_relevance_of_its_convolution_and_activation(wrap, picture):
    model = wrap(batch_norms(2), (3, 8, 8))
    image = picture((3, 8, 8), 3)
    for group in (("0", "1", "2"), ("4", "5", "6")):
        maps = [channel_relevance(model, image, name).maps for name in group]
        assert maps[0].any()
        assert np.array_equal(maps[0], maps[1])
        assert np.array_equal(maps[1], maps[2])
    # What arrives at the image is what all layers have let through.
    pooled, below = (channel_relevance(model, image, name).conserved for name in ("3", "0"))
    assert below == pytest.approx(pooled, abs=1e-5)


def test_it_is_the_relevance_from_which_the_pixels_have_theirs(wrap, picture):
    # One more layer below, which passes everything on, makes a layer's relevance the image's.
    net = nn.Sequential(nn.ReLU(), nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    model = wrap(randomise(net, 5), (3, 8, 8))
    image = picture((3, 8, 8), 4)
    pixelwise = run(model, image, "lrp", params={"composite": "epsilon"})
    layerwise = channel_relevance(model, image, "0", params={"composite": "epsilon"})
    assert np.array_equal(pixelwise.relevance, layerwise.maps)
    assert pixelwise.diagnostics["conserved"] == pytest.approx(layerwise.conserved)
    assert (layerwise.target, layerwise.logit) == (pixelwise.target, pixelwise.logit)
    assert layerwise.digest == pixelwise.digest


@pytest.mark.parametrize("maker", ["ResNet", "DenseNet"])
def test_every_layer_of_torchvision_networks_has_relevance(wrap, picture, maker):
    from torchvision import models as zoo

    makers = {
        "ResNet": lambda: zoo.ResNet(zoo.resnet.Bottleneck, [1, 1, 1, 1], num_classes=6),
        "DenseNet": lambda: zoo.DenseNet(8, (2, 2), 16, num_classes=6),
    }
    model = wrap(explicit(randomise(makers[maker](), 8)), (3, 32, 32))
    image = picture((3, 32, 32), 8)
    for layer in model.layers[::3]:
        found = channel_relevance(model, image, layer.name)
        assert found.maps.shape == layer.shape
        assert np.isfinite(found.sums).all()


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"layer": "conv9"}, ValueError, "conv1"),
        ({"layer": "flatten"}, ValueError, "one of the model's layers, got 'flatten'"),
        ({"layer": 3}, ValueError, "layer"),
        ({"target": 10}, ValueError, "target: expected 0 to 9, got 10"),
        ({"target": 1.0}, TypeError, "target"),
        ({"params": {"composite": "magic"}}, ValueError, "composite"),
        ({"params": {"alpha": 1}}, ValueError, "composite, epsilon"),
        ({"image": np.zeros((2, 1, 28, 28), np.float32)}, ValueError, "one image"),
        ({"model": "lenet5-mnist"}, TypeError, "LoadedModel"),
    ],
)
def test_what_has_no_relevance_is_refused(lenet, digits, given, error, words):
    known = {"model": lenet, "image": digits[0], "layer": "conv1"} | given
    with pytest.raises(error, match=words):
        channel_relevance(**known)


def test_a_layer_that_the_score_does_not_depend_on_is_named(wrap):
    class Aside(nn.Module):
        def __init__(self):
            super().__init__()
            self.aside, self.fc = nn.Conv2d(1, 2, 1), nn.Linear(4, 2)

        def forward(self, x):
            self.aside(x)
            return self.fc(x.flatten(1))

    model = wrap(Aside(), (1, 2, 2))
    with pytest.raises(ValueError, match="does not depend on 'aside'"):
        channel_relevance(model, np.full((1, 2, 2), 0.5, np.float32), "aside")


# -------------------------------------------------------------------- hygiene
def jobs(model, image):
    def unit(layer, rule):
        return lambda: backproject(model, image, layer, 1, rule=rule).relevance

    def relevance(layer):
        return lambda: channel_relevance(model, image, layer, target=2).maps

    layers = [layer.name for layer in model.layers][:: max(1, len(model.layers) // 4)]
    every = [unit(layer, rule) for layer in layers for rule in BACKPROJECTIONS]
    return every + [relevance(layer) for layer in layers]


@pytest.mark.parametrize("name", ["lenet", "residual"])
def test_eight_threads_get_the_answers_of_one_and_leave_nothing(request, picture, state_of, name):
    model = request.getfixturevalue(name)
    image = picture(model.input_shape, 6)
    before = state_of(model.net)
    work = jobs(model, image)
    single = [job() for job in work]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda job: job(), work * 3))
    for place, ours in enumerate(found):
        assert np.array_equal(ours, single[place % len(single)])
    assert state_of(model.net) == before


def test_failure_leaves_nothing_and_results_cannot_be_written_to(lenet, digits, state_of):
    before = state_of(lenet.net)
    for call in (
        lambda: backproject(lenet, digits[0], "conv2", 99),
        lambda: channel_relevance(lenet, digits[0], "conv2", target=99),
    ):
        with pytest.raises(ValueError, match="expected 0 to"):
            call()
    assert state_of(lenet.net) == before
    for values in (
        backproject(lenet, digits[0], "conv2", 0).relevance,
        channel_relevance(lenet, digits[0], "conv2").maps,
        channel_relevance(lenet, digits[0], "conv2").sums,
    ):
        with pytest.raises(ValueError, match="read-only"):
            values[:] = 0


def test_gradients_flow_under_a_callers_inference_mode(lenet, digits):
    plain = backproject(lenet, digits[0], "conv2", 3).relevance
    relevance = channel_relevance(lenet, digits[0], "conv2").maps
    with torch.inference_mode():
        assert np.array_equal(backproject(lenet, digits[0], "conv2", 3).relevance, plain)
        assert np.array_equal(channel_relevance(lenet, digits[0], "conv2").maps, relevance)


def test_no_tensor_outlives_its_run(lenet, digits):
    def tensors() -> int:
        return sum(type(one) in (torch.Tensor, nn.Parameter) for one in gc.get_objects())

    work = jobs(lenet, digits[0])
    for job in work:
        job()
    gc.collect()
    gc.disable()  # a cycle through the graph would be seen here, not swept away
    try:
        before = tensors()
        for job in work * 3:
            job()
        assert tensors() <= before
    finally:
        gc.enable()


def test_every_rule_names_its_paper_and_needs_what_can_be_checked():
    for row in BACKPROJECTIONS.values():
        assert row.label
        assert row.summary.endswith(".")
        assert row.paper.arxiv
        assert row.formula.isprintable()
    assert METHODS["guided_backprop"].needs == BACKPROJECTIONS["guided"].needs
