"""What must hold for every network and image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from attribution_networks import Residual, randomise
from torch import nn

from xai.attribution import METHODS, run
from xai.attribution.lrp.composites import COMPOSITES
from xai.models.explicit import explicit


@pytest.mark.parametrize("name", ["lenet", "residual"])
@pytest.mark.parametrize("baseline", ["black", "white"])
def test_integrated_gradients_add_up_to_the_difference(request, picture, name, baseline):
    model = request.getfixturevalue(name)
    image = picture(model.input_shape, 1)
    change = (
        model.predict(image).logits - model.predict(np.full_like(image, baseline == "white")).logits
    )
    target = int(np.abs(change).argmax())
    params = {"steps": 200, "baseline": baseline}
    found = run(model, image, "integrated_gradients", target=target, params=params)
    difference = float(change[target])
    assert found.logit - found.diagnostics["baseline_logit"] == pytest.approx(difference, abs=1e-5)
    assert found.diagnostics["sum"] == pytest.approx(difference, rel=0.02)
    gap = found.diagnostics["sum"] - difference
    assert found.diagnostics["completeness_gap"] == pytest.approx(gap, abs=1e-4)


def test_smoothgrad_of_one_clean_copy_is_the_gradient(lenet, residual, digits, picture):
    for model, image in ((lenet, digits[0]), (residual, picture((3, 8, 8)))):
        one = run(model, image, "smoothgrad", params={"n": 1, "sigma": 0.0})
        assert np.array_equal(one.relevance, run(model, image, "gradient").relevance)


def test_smoothgrad_is_the_mean_over_its_own_noise(residual, picture):
    image = picture((3, 8, 8))
    generator = torch.Generator().manual_seed(7)
    noise = [torch.randn((3, 8, 8), generator=generator).numpy() for _ in range(3)]
    target = residual.predict(image).label
    copies = [
        run(residual, image + np.float32(0.2) * one, "gradient", target=target).relevance
        for one in noise
    ]
    found = run(residual, image, "smoothgrad", params={"n": 3, "sigma": 0.2}, seed=7)
    assert np.allclose(found.relevance, np.mean(copies, axis=0), atol=1e-5)


def test_equal_seeds_give_equal_maps_and_others_do_not(lenet, digits):
    first, again, other = (run(lenet, digits[0], "smoothgrad", seed=s) for s in (3, 3, 4))
    assert np.array_equal(first.relevance, again.relevance)
    assert not np.array_equal(first.relevance, other.relevance)
    assert (first.seed, other.seed) == (3, 4)


@pytest.mark.parametrize("layer", ["", "conv1"])
def test_guided_grad_cam_is_the_product_of_its_parents(residual, lenet, digits, picture, layer):
    for model, image in ((residual, picture((3, 8, 8), 4)), (lenet, digits[1])):
        target = model.predict(image).label
        where = run(model, image, "grad_cam", target=target, params={"layer": layer})
        lines = run(model, image, "guided_backprop", target=target)
        found = run(model, image, "guided_grad_cam", params={"layer": layer})
        assert found.relevance.shape == image.shape
        assert found.relevance.any()
        assert np.array_equal(found.relevance, lines.relevance * where.relevance)
        assert found.target == target
        assert found.diagnostics["positive_share"] == where.diagnostics["positive_share"]


def test_a_relu_net_with_lrp_0_is_the_gradient_times_what_the_net_sees(residual, picture):
    image = picture((3, 8, 8), 2)
    slope = run(residual, image, "gradient", target=2).relevance
    spec = residual.spec
    mean, std = (np.reshape(value, (3, 1, 1)) for value in (spec.mean, spec.std))
    expected = (image - mean) / std * (slope * std)
    found = run(residual, image, "lrp", target=2, params={"composite": "zero"}).relevance
    assert np.allclose(found, expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize("shortcut", [False, True])
def test_without_biases_lrp_hands_back_the_whole_logit(wrap, picture, composite, shortcut):
    if shortcut:
        model = wrap(randomise(Residual(bias=False), 3), (3, 8, 8))
    else:
        net = nn.Sequential(
            *(nn.Conv2d(3, 12, 3, bias=False), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
            *(nn.Linear(12 * 9, 20, bias=False), nn.ReLU(), nn.Linear(20, 4, bias=False)),
        )
        model = wrap(randomise(net, 4), (3, 8, 8), mean=(0.5,) * 3, std=(0.25,) * 3)
    image = picture(model.input_shape, 5)
    for target in range(3):
        found = run(model, image, "lrp", target=target, params={"composite": composite})
        assert found.diagnostics["sum"] == pytest.approx(found.logit, rel=1e-4)
        assert found.diagnostics["conserved"] == pytest.approx(1.0, abs=1e-4)


def test_with_biases_zeroed_lenet_keeps_nine_tenths(lenet, digits):
    for image in digits:
        found = run(lenet, image, "lrp", params={"zero_bias": True})
        assert found.diagnostics["conserved"] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("composite", ["epsilon_plus_flat", "epsilon_plus", "excitation_backprop"])
def test_positive_rules_give_positive_relevance(vgg, picture, composite):
    image = picture((1, 32, 32), 6)
    params = {"composite": composite}
    found = run(vgg, image, "lrp", params=params)
    assert found.logit > 0
    assert found.diagnostics["max"] > 0
    # Only the dense layers' epsilon rule may bring a sign in.
    if composite == "excitation_backprop":
        assert found.diagnostics["min"] >= 0
        assert found.diagnostics["negative"] == 0


def test_a_larger_epsilon_absorbs_more(lenet, digits):
    kept = [
        run(lenet, digits[0], "lrp", params={"epsilon": eps, "zero_bias": True}).diagnostics["sum"]
        for eps in (1e-6, 1.0, 10.0)
    ]
    assert kept[0] > kept[1] > kept[2] > 0


def test_gamma_favours_what_agrees_with_the_score(vgg, picture):
    image = picture((1, 32, 32), 7)
    plain = run(vgg, image, "lrp", params={"composite": "epsilon_gamma_box", "gamma": 0.0})
    strong = run(vgg, image, "lrp", params={"composite": "epsilon_gamma_box", "gamma": 2.0})
    assert plain.diagnostics["negative"] < 0
    spread = [one.diagnostics["negative"] / one.diagnostics["positive"] for one in (plain, strong)]
    assert abs(spread[1]) < abs(spread[0])


@pytest.mark.parametrize("maker", ["ResNet", "DenseNet", "SqueezeNet"])
def test_relevance_balances_through_architectures_of_torchvision(wrap, picture, maker):
    from torchvision import models as zoo

    makers = {
        "ResNet": lambda: zoo.ResNet(zoo.resnet.Bottleneck, [1, 2, 1, 1], num_classes=6),
        "DenseNet": lambda: zoo.DenseNet(8, (2, 2), 16, num_classes=6),
        "SqueezeNet": lambda: zoo.SqueezeNet("1_1", num_classes=6),
    }
    net = explicit(randomise(makers[maker](), 8))
    without_biases(net)
    model = wrap(net, (3, 32, 32))
    found = run(model, picture((3, 32, 32), 8), "lrp", params={"composite": "epsilon_plus"})
    assert abs(found.diagnostics["folding_shift"]) < 1e-4 * max(1.0, abs(found.logit))
    assert found.diagnostics["conserved"] == pytest.approx(1.0, abs=0.01)
    # DenseNet's norms follow a join: one in each layer and transition, and the last.
    assert found.diagnostics["own_norms"] == (6 if maker == "DenseNet" else 0)


def without_biases(net: nn.Module) -> None:
    """Let batch norms scale alone and linear layers have no bias."""
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.fill_(1.3)
            if getattr(module, "bias", None) is not None:
                module.bias.zero_()


@pytest.mark.parametrize("method", METHODS)
def test_the_answer_is_that_of_the_class_asked_for(residual, picture, method):
    image = picture((3, 8, 8), 9)
    prediction = residual.predict(image)
    asked = [run(residual, image, method, target=index) for index in prediction.top(2)]
    assert [one.target for one in asked] == list(prediction.top(2))
    for one in asked:
        assert one.logit == pytest.approx(float(prediction.logits[one.target]), abs=1e-5)
    default = run(residual, image, method)
    assert default.target == prediction.label
    assert np.array_equal(default.relevance, asked[0].relevance)
    assert not np.array_equal(default.relevance, asked[1].relevance)
