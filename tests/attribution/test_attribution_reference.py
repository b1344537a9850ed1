"""Every method against a slow literal version, and against the libraries of the field."""

from __future__ import annotations

import numpy as np
import pytest
import reference
import torch
from captum import attr
from torch import nn

from xai.attribution import run
from xai.attribution.black_box.rise import draw
from xai.attribution.lrp.canonical import canonical


def close(ours: np.ndarray, theirs: np.ndarray, tolerance: float) -> bool:
    """Whether two maps differ by less than a share of the largest value."""
    scale = float(np.abs(theirs).max())
    assert scale > 0
    return ours.shape == theirs.shape and float(np.abs(ours - theirs).max()) <= tolerance * scale


# --------------------------------------------------------------- own reference
@pytest.fixture(scope="module")
def chain(wrap):
    """Convolutions, both poolings and dense layers, all with biases; two channels in."""
    net = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(3, 4, 2),
        nn.ReLU6(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(4, 5),
        nn.ReLU(),
        nn.Linear(5, 3),
    )
    generator = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for value in net.parameters():
            value.copy_(0.6 * torch.randn(value.shape, generator=generator))
    return wrap(net, (2, 6, 6), mean=(0.4, 0.6), std=(0.3, 0.5))


RULES = {
    "epsilon_plus_flat": ("flat", "z_plus", "epsilon"),
    "epsilon_plus": ("z_plus", "z_plus", "epsilon"),
    "epsilon": ("epsilon", "epsilon", "epsilon"),
    "epsilon_gamma_box": ("box", "gamma", "epsilon"),
    "epsilon_alpha2_beta1": ("alpha2_beta1", "alpha2_beta1", "epsilon"),
    "epsilon_alpha2_beta1_flat": ("flat", "alpha2_beta1", "epsilon"),
    "excitation_backprop": ("z_plus", "z_plus", "z_plus"),
    "zero": ("epsilon", "epsilon", "epsilon"),
}


@pytest.mark.parametrize("composite", RULES)
@pytest.mark.parametrize("target", [0, 2])
def test_lrp_equals_the_rules_written_out_term_by_term(chain, picture, composite, target):
    image = picture((2, 6, 6), 3)
    params = {"composite": composite, "epsilon": 0.02, "gamma": 0.4}
    found = run(chain, image, "lrp", target=target, params=params)
    first, conv, dense = RULES[composite]
    # LRP-0 divides by the sum itself; what is 0 / 0 then is a share of nothing.
    small, wide = (1e-6, 0.02) if composite != "zero" else (1e-30, 1e-30)
    of = {"epsilon": wide}
    rules = {
        0: (first, of.get(first, small), 0.4),
        3: (conv, of.get(conv, small), 0.4),
        5: ("epsilon", small, 0.0),
        7: (dense, of.get(dense, small), 0.0),
        9: (dense, of.get(dense, small), 0.0),
    }
    bounds = [chain.normalize(np.full((1, 2, 6, 6), value)).numpy().ravel() for value in (0, 1)]
    x = chain.normalize(image[None])[0].numpy()
    literal = reference.relevance_of_chain(list(chain.net), rules, x, target, *bounds)
    assert close(found.relevance, literal, 1e-5)


@pytest.mark.parametrize("baseline", [0.0, 1.0])
def test_integrated_gradients_equal_the_path_walked_point_by_point(residual, picture, baseline):
    image = picture((3, 8, 8), 4)

    def slope(x):
        leaf = torch.tensor(x[None], dtype=torch.float32, requires_grad=True)
        return torch.autograd.grad(residual.logits(leaf)[0, 1], leaf)[0][0].numpy()

    params = {"steps": 37, "baseline": "white" if baseline else "black"}
    found = run(residual, image, "integrated_gradients", target=1, params=params)
    start = np.full_like(image, baseline)
    assert close(found.relevance, reference.midpoint_integral(slope, image, start, 37), 1e-5)


def test_grad_cam_equals_the_weighted_sum_of_maps(vgg, picture):
    image = picture((1, 32, 32), 5)
    net = vgg.private()
    front, back = net.features[:24], nn.Sequential(net.features[24:], net.flatten, net.classifier)
    assert dict(net.features.named_children())["relu4_3"] is front[22]
    maps = front[:23](vgg.normalize(image[None])).detach().requires_grad_()
    score = back(front[23](maps))[0, 4]
    slopes = torch.autograd.grad(score, maps)[0][0].numpy()
    literal = reference.weighted_maps(maps.detach()[0].numpy(), slopes)
    found = run(vgg, image, "grad_cam", target=4)
    # Cells of the 4x4 map are 8 pixels wide: between two centres the map is a straight line.
    centres = found.relevance[0].reshape(4, 8, 4, 8)[:, 3:5, :, 3:5].mean((1, 3))
    inner = np.pad(literal, 1, mode="edge")
    blurred = (15 * inner[1:-1] + 0.5 * inner[:-2] + 0.5 * inner[2:]) / 16
    blurred = (15 * blurred[:, 1:-1] + 0.5 * blurred[:, :-2] + 0.5 * blurred[:, 2:]) / 16
    assert close(centres, blurred, 1e-5)


# --------------------------------------------------------------------- captum
class FromPixels(nn.Module):
    """A private network that takes images in [0, 1], for libraries that want a module."""

    def __init__(self, model) -> None:
        super().__init__()
        self.net = model.private()
        shape = (1, model.spec.channels, 1, 1)
        self.mean = torch.tensor(model.spec.mean).reshape(shape)
        self.std = torch.tensor(model.spec.std).reshape(shape)

    def forward(self, x):
        return self.net((x - self.mean) / self.std)


@pytest.fixture(params=["lenet", "vgg", "residual"])
def case(request, picture, digits):
    model = request.getfixturevalue(request.param)
    image = digits[2] if request.param == "lenet" else picture(model.input_shape, 6)
    target = model.predict(image).top(2)[1]
    return model, image, target, FromPixels(model), torch.tensor(image[None], requires_grad=True)


def test_gradients_equal_captum(case):
    model, image, target, net, x = case
    theirs = attr.Saliency(net).attribute(x, target=target, abs=False)[0].detach().numpy()
    assert close(run(model, image, "gradient", target=target).relevance, theirs, 1e-4)
    theirs = attr.InputXGradient(net).attribute(x, target=target)[0].detach().numpy()
    assert close(run(model, image, "input_x_gradient", target=target).relevance, theirs, 1e-4)


def test_integrated_gradients_equal_captum(case):
    model, image, target, net, x = case
    theirs = attr.IntegratedGradients(net).attribute(
        x, target=target, n_steps=20, method="riemann_middle"
    )
    ours = run(model, image, "integrated_gradients", target=target, params={"steps": 20})
    assert close(ours.relevance, theirs[0].detach().numpy(), 1e-4)


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_guided_backprop_equals_captum(case):
    model, image, target, net, x = case
    theirs = attr.GuidedBackprop(net).attribute(x, target=target)[0].detach().numpy()
    assert close(run(model, image, "guided_backprop", target=target).relevance, theirs, 1e-4)


@pytest.mark.parametrize("early", [False, True])
def test_grad_cam_equals_captum(case, early):
    model, image, target, net, x = case
    spatial = [layer.name for layer in model.layers if layer.spatial]
    layer = spatial[0] if early else ""
    module = net.net.get_submodule(layer or model.spec.cam_layer)
    coarse = attr.LayerGradCam(net, module).attribute(x, target=target, relu_attributions=True)
    theirs = attr.LayerAttribution.interpolate(coarse, model.spec.input_size, "bilinear")
    ours = run(model, image, "grad_cam", target=target, params={"layer": layer})
    theirs = theirs[0].detach().numpy()
    if theirs.any():
        assert close(ours.relevance, theirs, 1e-4)
    else:
        assert ours.diagnostics["positive_share"] == 0
        assert not ours.relevance.any()


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_guided_grad_cam_equals_captum(case):
    model, image, target, net, x = case
    layer = next(layer.name for layer in model.layers if layer.spatial)
    module = net.net.get_submodule(layer)
    guided = attr.GuidedGradCam(net, module)
    theirs = guided.attribute(x, target=target, interpolate_mode="bilinear")[0].detach().numpy()
    ours = run(model, image, "guided_grad_cam", target=target, params={"layer": layer})
    assert close(ours.relevance, theirs, 1e-4)


@pytest.mark.parametrize("of", ["gradient", "integrated gradients"])
def test_smoothgrad_is_captums_map_averaged_over_noisy_copies(case, of):
    model, image, target, net, x = case
    generator = torch.Generator().manual_seed(5)
    copies = [
        x.detach() + 0.2 * torch.randn(image.shape, generator=generator)[None] for _ in range(3)
    ]
    if of == "gradient":
        slope = attr.Saliency(net)
        maps = [slope.attribute(one.requires_grad_(), target=target, abs=False) for one in copies]
    else:
        path = attr.IntegratedGradients(net, multiply_by_inputs=False)
        maps = [
            path.attribute(one, target=target, n_steps=4, method="riemann_middle") for one in copies
        ]
    theirs = torch.cat(maps).mean(0).detach().numpy()
    params = {"n": 3, "sigma": 0.2, "of": of, "path_steps": 4}
    ours = run(model, image, "smoothgrad", target=target, params=params, seed=5)
    assert close(ours.relevance, theirs, 1e-4)


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_deconvnet_equals_captum(case):
    model, image, target, net, x = case
    theirs = attr.Deconvolution(net).attribute(x, target=target)[0].detach().numpy()
    assert close(run(model, image, "deconvnet", target=target).relevance, theirs, 1e-4)


def test_occlusion_equals_captum(case):
    model, image, target, net, x = case
    channels, side, _ = image.shape
    window = side // 4
    with torch.no_grad():
        theirs = attr.Occlusion(net).attribute(
            x,
            sliding_window_shapes=(channels, window, window),
            strides=(channels, window // 2, window // 2),
            baselines=0.0,
            target=target,
        )
    params = {"window": window, "stride": window // 2, "fill": "black"}
    ours = run(model, image, "occlusion", target=target, params=params)
    # They give each channel what the whole window took.
    assert close(ours.relevance, theirs[0, :1].numpy(), 1e-4)


def test_rise_equals_its_masks_one_after_the_other(case):
    model, image, target, net, _ = case

    def probability(one):
        with torch.no_grad():
            return float(net(torch.from_numpy(one.astype(np.float32))[None]).softmax(1)[0, target])

    drawn = draw(6, 3, 0.5, image.shape[1:], 2)
    masks = [
        reference.enlarged_mask(cells.float().numpy(), drawn.cell, shift, image.shape[1:])
        for cells, shift in zip(drawn.cells, drawn.shifts, strict=True)
    ]
    literal = reference.weighted_masks(probability, image, masks, 0.5)[None]
    params = {"n": 6, "grid": 3, "p": 0.5}
    ours = run(model, image, "rise", target=target, params=params, seed=2)
    assert close(ours.relevance, literal, 1e-4)


# --------------------------------------------------------------------- zennit
@pytest.mark.parametrize(
    ("composite", "extra"),
    [
        ("epsilon_plus_flat", {}),
        ("epsilon_plus", {}),
        ("epsilon_alpha2_beta1", {}),
        ("epsilon_alpha2_beta1_flat", {}),
        ("epsilon_gamma_box", {"low": 0.0, "high": 1.0}),
        ("excitation_backprop", {}),
    ],
)
@pytest.mark.parametrize("zero_bias", [False, True])
@pytest.mark.parametrize("name", ["lenet", "vgg"])
def test_lrp_equals_plain_zennit_on_chains(
    request, picture, digits, name, composite, extra, zero_bias
):
    from zennit.composites import COMPOSITES

    model = request.getfixturevalue(name)
    image = digits[1] if name == "lenet" else picture(model.input_shape, 8)
    bounds = {key: model.normalize(torch.full((1, 1, 1, 1), value)) for key, value in extra.items()}
    zeroed = {"zero_params": ["bias"]} if zero_bias else {}
    net = model.private()
    x = model.normalize(image[None]).requires_grad_()
    with COMPOSITES[composite](**bounds, **zeroed).context(net):
        scores = net(x)
        start = torch.eye(scores.shape[1])[[3]] * scores
        theirs = torch.autograd.grad(scores, x, start)[0][0].numpy()
    ours = run(
        model, image, "lrp", target=3, params={"composite": composite, "zero_bias": zero_bias}
    )
    assert close(ours.relevance, theirs, 1e-6)


def test_the_canonical_network_says_the_same(lite0, residual, picture):
    for model in (lite0, residual):
        x = model.normalize(picture(model.input_shape, 9)[None])
        with torch.no_grad():
            shift = canonical(model)(x) - model.net(x)
        assert float(shift.abs().max()) < 1e-4
        norms = [m for m in canonical(model).modules() if isinstance(m, nn.BatchNorm2d)]
        assert norms == []
