"""LRP: our rules against zennit's, what is lent and kept, which layer gets which rule."""

from __future__ import annotations

import dataclasses
import gc
import weakref

import numpy as np
import pytest
import reference
import torch
from attribution_networks import Residual, randomise
from relevance_rules import Bottleneck, by_zennit, published
from torch import nn
from toys import likely

from xai.attribution import assignment, blocked, channel_relevance, run
from xai.attribution.aim import Aim
from xai.attribution.lrp.canonical import canonical
from xai.attribution.lrp.composites import COMPOSITES, LABELS
from xai.attribution.lrp.params import LrpParams
from xai.attribution.lrp.propagation import ruled
from xai.attribution.lrp.variants import Share, Variants, scaled
from xai.hooks import recording
from xai.models.lending import forget, lent
from xai.types import make_params

CHOICES = [
    *({"composite": name} for name in COMPOSITES if name != "custom"),
    {"composite": "custom", "lower": "box", "middle": "gamma", "upper": "alpha2_beta1"},
    {"composite": "custom", "lower": "flat", "middle": "z_plus", "upper": "gamma"},
    {"composite": "custom", "gamma": 1.5, "epsilon": 0.02},
]


def close(found, wanted, relative):
    return float(np.abs(found - wanted).max()) <= relative * float(np.abs(wanted).max())


def started(model, image, target):
    with torch.no_grad():
        return Aim(target).start(model.logits(image[None]))[0]


@pytest.fixture(scope="module")
def mobile(wrap):
    """Inputs of either sign, groups, dilation, norms that fold and one that does not."""
    columns = {"mean": (0.4, 0.5, 0.6), "std": (0.2, 0.3, 0.4)}
    return wrap(likely(Bottleneck(), 5), (3, 12, 12), **columns)


# ---------------------------------------------------------------------- rules
@pytest.mark.parametrize("zero_bias", [False, True])
@pytest.mark.parametrize("given", CHOICES, ids=lambda given: "-".join(map(str, given.values())))
@pytest.mark.parametrize("name", ["mobile", "residual", "vgg"])
def test_the_quick_rules_give_what_zennits_own_give(request, picture, name, given, zero_bias):
    model = request.getfixturevalue(name)
    image = picture(model.input_shape, 4)
    params = make_params(LrpParams, given | {"zero_bias": zero_bias})
    theirs = by_zennit(model, image, params, started(model, image, 2))
    ours = run(model, image, "lrp", target=2, params=params).relevance
    assert float(np.abs(theirs).max()) > 0
    assert close(ours, theirs, 1e-5)


@pytest.mark.parametrize("given", [{}, {"composite": "epsilon_alpha2_beta1"}], ids=["plus", "ab"])
def test_efficientnet_too(lite0, picture, given):
    image = picture(lite0.input_shape, 9)
    found = run(lite0, image, "lrp", params=given)
    params = make_params(LrpParams, given)
    theirs = by_zennit(lite0, image, params, started(lite0, image, found.target))
    assert close(found.relevance, theirs, 1e-4)


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        ({}, ("gamma", "gamma", "epsilon", "zero")),
        ({"lower": "box", "middle": "gamma", "upper": "z_plus", "upper_from": 0.5},
         ("box", "gamma", "z_plus", "z_plus")),
        ({"lower": "flat", "middle_from": 0.6}, ("flat", "epsilon", "epsilon", "zero")),
        ({"lower": "alpha2_beta1", "middle_from": 0.75, "upper_from": 0.8},
         ("alpha2_beta1", "alpha2_beta1", "alpha2_beta1", "epsilon")),
        ({"middle_from": 0.0, "upper_from": 0.0, "upper": "gamma"}, ("gamma",) * 4),
    ],
)  # fmt: skip
def test_custom_rules_equal_those_written_out_term_by_term(wrap, picture, given, rules):
    net = nn.Sequential(
        *(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 4, 2), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 3)),
    )
    model = wrap(likely(net, 12), (2, 5, 5), mean=(0.4, 0.6), std=(0.3, 0.5))
    image = picture((2, 5, 5), 3)
    # The four layers stand at 0, a quarter, a half and three quarters of the depth.
    params = {"composite": "custom", "epsilon": 0.02, "gamma": 0.4, "upper_from": 0.75} | given
    found = run(model, image, "lrp", target=1, params=params)
    small = {"epsilon": 0.02, "zero": 1e-30}
    literal = {
        place: ("epsilon" if rule == "zero" else rule, small.get(rule, 1e-6), 0.4)
        for place, rule in zip((0, 2, 5, 7), rules, strict=True)
    }
    bounds = [model.normalize(np.full((1, 2, 5, 5), value)).numpy().ravel() for value in (0, 1)]
    x = model.normalize(image[None])[0].numpy()
    wanted = reference.relevance_of_chain(list(model.net), literal, x, 1, *bounds)
    assert close(found.relevance, wanted, 1e-5)
    words = (rules[0], "pass", rules[1], "pass", rules[2], "pass", rules[3])
    assert assignment(model, params) == tuple(zip("0123567", words, strict=True))


def test_the_box_follows_the_preprocessing(wrap, picture):
    mean, std = torch.tensor((0.4, 0.5, 0.6)), torch.tensor((0.2, 0.3, 0.4))
    outside = randomise(Residual(), 7)
    outside.conv1.padding = (0, 0)  # else the padding would be black here and grey there
    outside.conv2 = nn.Conv2d(8, 8, 1)
    outside.fc = nn.Linear(8 * 9, 5)
    inside = wrap(likely(outside, 8), (3, 8, 8), mean=tuple(mean.tolist()), std=tuple(std.tolist()))
    net = inside.private()
    with torch.no_grad():
        weight = net.conv1.weight / std[:, None, None]
        shift = (weight * mean[:, None, None]).sum((1, 2, 3))
        net.conv1.bias = nn.Parameter(net.conv1.bias - shift)
        net.conv1.weight = nn.Parameter(weight)
    image, params = picture((3, 8, 8), 2), {"composite": "epsilon_gamma_box"}
    found = run(inside, image, "lrp", target=1, params=params).relevance
    wanted = run(wrap(net, (3, 8, 8)), image, "lrp", target=1, params=params).relevance
    assert close(found, wanted, 1e-4)


# ------------------------------------------------------------------- contrast
@pytest.mark.parametrize("composite", COMPOSITES)
def test_a_contrast_is_what_one_class_gets_less_what_the_other_gets(residual, picture, composite):
    image, params = picture((3, 8, 8), 1), {"composite": composite}
    both = run(residual, image, "lrp", target=1, contrast=3, params=params)
    one, other = (run(residual, image, "lrp", target=t, params=params) for t in (1, 3))
    assert close(both.relevance, one.relevance - other.relevance, 1e-5)
    assert both.score == pytest.approx(one.logit - other.logit, rel=1e-5)


def test_a_contrast_inside_the_network(residual, picture):
    image = picture((3, 8, 8), 1)
    both = channel_relevance(residual, image, "relu1", target=1, contrast=3)
    one, other = (channel_relevance(residual, image, "relu1", target=t) for t in (1, 3))
    assert close(both.maps, one.maps - other.maps, 1e-5)
    assert (both.target, both.contrast, one.contrast) == (1, 3, None)
    assert both.score == pytest.approx(one.logit - other.logit)
    assert both.conserved == pytest.approx(float(both.maps.sum()) / both.score, rel=1e-4)
    with pytest.raises(ValueError, match="contrast: expected another class"):
        channel_relevance(residual, image, "relu1", target=1, contrast=1)


# ----------------------------------------------------------- which rule where
def test_the_textbook_recipe_on_vgg16():
    found = assignment(published("vgg16", 32), {"composite": "custom"})
    rules = [rule for _, rule in found if rule not in ("pass", "norm", "exact norm")]
    # Two dense layers in place of three.
    assert rules == ["gamma"] * 6 + ["epsilon"] * 6 + ["zero"] * 3


def test_rows_name_parameters_that_there_are_and_every_row_has_a_label():
    assert list(LABELS) == list(COMPOSITES)
    fields = {field.name for field in dataclasses.fields(LrpParams)}
    for row in COMPOSITES.values():
        assert set(row.fields) <= fields - {"composite"}


@pytest.mark.parametrize("composite", COMPOSITES)
def test_parameters_that_a_composite_does_not_name_change_nothing(vgg, picture, composite):
    image = picture((1, 32, 32), 6)
    other = {
        **{"epsilon": 0.5, "gamma": 3.0, "zero_bias": True, "lower": "flat", "middle": "z_plus"},
        **{"upper": "gamma", "middle_from": 0.2, "upper_from": 0.5},
    }
    plain = run(vgg, image, "lrp", target=0, params={"composite": composite}).relevance
    for name, value in other.items():
        params = {"composite": composite, name: value}
        same = np.array_equal(run(vgg, image, "lrp", target=0, params=params).relevance, plain)
        assert same == (name not in COMPOSITES[composite].fields), name


def test_upper_layers_begin_above_the_middle():
    with pytest.raises(ValueError, match=r"upper_from: expected at least middle_from, 0\.9"):
        LrpParams(composite="custom", middle_from=0.9)


# ------------------------------------------------------------ canonical form
@pytest.mark.parametrize(
    "name",
    ["vgg11", "vgg11_bn", "resnet18", "densenet121", "googlenet", "squeezenet1_1", "mobilenet_v2"],
)
def test_published_networks_can_be_explained_and_stay_what_they_are(name, picture):
    model = published(name)
    image = picture(model.input_shape, 3)
    assert blocked(model, "lrp") == ""
    x = model.normalize(image[None])
    with torch.no_grad():
        wanted = model.net(x)
        found = canonical(model)(x)
    assert close(found.numpy(), wanted.numpy(), 1e-4)
    for given in ({}, {"composite": "custom"}):
        map_ = run(model, image, "lrp", params=given).relevance
        assert float(np.abs(map_).max()) > 0
        with torch.no_grad():
            assert torch.equal(model.net(x), wanted)


# ----------------------------------------------------------------- what is kept
def test_the_gradient_of_a_lent_network_is_relevance_and_the_loan_ends(lenet, digits):
    params = LrpParams()
    leaf = lenet.normalize(digits[:1]).requires_grad_()
    with ruled(lenet, params) as net, recording(net, ["conv2"]) as outputs:
        scores = net(leaf)
        start = Aim(4).start(scores.detach())
        found = torch.autograd.grad(scores, [leaf, outputs["conv2"]], start)
    assert np.array_equal(found[0][0], run(lenet, digits[0], "lrp", target=4).relevance)
    inner = channel_relevance(lenet, digits[0], "conv2", target=4).maps
    assert np.array_equal(found[1][0], inner)
    for module in net.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_the_next_explanation_gets_the_same_network_but_not_after_an_error(lenet, digits):
    with ruled(lenet, LrpParams()) as first, ruled(lenet, LrpParams()) as other:
        assert other is not first
    with ruled(lenet, LrpParams(composite="zero")) as second:
        assert second in (first, other)
    with pytest.raises(KeyError), ruled(lenet, LrpParams()) as lost:
        raise KeyError
    with ruled(lenet, LrpParams()) as third:
        assert third is not lost


def test_no_tensor_of_a_pass_outlives_it(lenet, digits):
    with ruled(lenet, LrpParams(composite="epsilon")) as net:
        leaf = lenet.normalize(digits[:1]).requires_grad_()
        with recording(net, ["conv1"]) as outputs:
            scores = net(leaf)
        watched = [weakref.ref(outputs.pop("conv1")), weakref.ref(scores)]
        del scores, leaf
        gc.collect()
        assert [one() for one in watched] == [None, None]


def test_changed_weights_are_kept_within_a_bound_and_dropped_when_unused():
    layers = [nn.Linear(10, 10) for _ in range(3)]
    kept = Variants(most=2 * 400)
    first = kept.of(layers[0], Share(1.0, 0.0)).weight
    assert kept.of(layers[0], Share(1.0, 0.0, bias=False)).weight is first
    for layer in layers:
        changed = kept.of(layer, Share(1.0, 0.0))
        assert torch.equal(changed.weight, layer.weight.clamp(min=0))
        assert torch.equal(changed.bias, layer.bias.clamp(min=0))
    assert kept.size == 2 * 400
    kept.forget_unused()
    assert kept.size == 2 * 400
    kept.of(layers[1], Share(1.0, 0.0))
    kept.forget_unused()
    assert kept.size == 400
    # Nothing is kept of what is not changed.
    assert kept.of(layers[2], Share(1.0, 1.0)).weight.data_ptr() == layers[2].weight.data_ptr()
    kept.forget_unused()
    assert kept.size == 0


def test_weights_of_rules_that_are_no_longer_used_are_not_kept(residual, picture):
    image = picture(residual.input_shape)

    def kept(composite):
        forget(residual)
        for name in composite:
            run(residual, image, "lrp", params={"composite": name})
        with lent(residual, "lrp", lambda model: pytest.fail("none waits")) as prepared:
            return prepared.variants.size

    one, other = kept(["epsilon_plus"]), kept(["epsilon_gamma_box"])
    assert one > 0
    assert other > 0
    assert kept(["epsilon_plus", "epsilon_gamma_box"]) == other
    assert kept(["epsilon_plus", "epsilon"]) == 0


def test_weights_are_scaled_by_their_sign():
    values = torch.tensor([-2.0, 0.0, 3.0])
    assert scaled(values, Share(1.25, 1.0)).tolist() == [-2.0, 0.0, 3.75]
    assert scaled(values, Share(1.0, 1.25)).tolist() == [-2.5, 0.0, 3.0]
    assert scaled(values, Share(0.0, 1.0)).tolist() == [-2.0, 0.0, 0.0]
    assert values.tolist() == [-2.0, 0.0, 3.0]
