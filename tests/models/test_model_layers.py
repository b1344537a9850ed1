"""Shapes, parameters, multiply-accumulates and receptive fields, worked out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from xai.hooks import recording, swap
from xai.models import MODELS
from xai.models.computation import layers, steps
from xai.models.loading import build
from xai.models.outline import outline
from xai.types import Layer

#: name, kind, shape, parameters, multiply-accumulates, receptive field
LENET5 = (
    ("conv1", "Conv2d", (6, 28, 28), 6 * (25 + 1), 6 * 28 * 28 * 25, 5),
    ("relu1", "ReLU", (6, 28, 28), 0, 0, 5),
    ("pool1", "MaxPool2d", (6, 14, 14), 0, 0, 5 + 1),
    ("conv2", "Conv2d", (16, 10, 10), 16 * (150 + 1), 16 * 10 * 10 * 150, 6 + 4 * 2),
    ("relu2", "ReLU", (16, 10, 10), 0, 0, 14),
    ("pool2", "MaxPool2d", (16, 5, 5), 0, 0, 14 + 2),
    ("fc1", "Linear", (120,), 400 * 120 + 120, 400 * 120, 16 + 4 * 4),
    ("relu3", "ReLU", (120,), 0, 0, 32),
    ("fc2", "Linear", (84,), 120 * 84 + 84, 120 * 84, 32),
    ("relu4", "ReLU", (84,), 0, 0, 32),
    ("fc3", "Linear", (10,), 84 * 10 + 10, 84 * 10, 32),
)


def listed(name: str) -> tuple[Layer, ...]:
    spec = MODELS[name]
    return layers(steps(build(spec), (spec.channels, *spec.input_size)))


def test_lenet5_by_hand(model):
    assert model("lenet5-mnist").layers == tuple(Layer(*row) for row in LENET5)


def test_vgg16_by_hand():
    found = {layer.name: layer for layer in listed("vgg16")}
    convolutions = [layer for layer in found.values() if layer.kind == "Conv2d"]
    assert len(convolutions) == 13
    # Simonyan and Zisserman: three 3x3 see 7; known fields of VGG-16's stages.
    fields = [layer.receptive_field for layer in convolutions]
    assert fields == [3, 5, 10, 14, 24, 32, 40, 60, 76, 92, 132, 164, 196]
    assert sum(layer.parameters for layer in found.values()) == 138_357_544
    assert found["classifier.0"].macs == 25_088 * 4_096
    assert found["classifier.0"].receptive_field == 212 + 6 * 32


@pytest.mark.parametrize("name", MODELS)
def test_sums_agree_with_the_network_and_with_what_is_published(name):
    spec = MODELS[name]
    found = listed(name)
    net = build(spec)
    assert sum(layer.parameters for layer in found) == sum(p.numel() for p in net.parameters())
    assert [layer.name for layer in found] == list(dict.fromkeys(layer.name for layer in found))
    modules = dict(net.named_modules())
    assert all(type(modules[layer.name]).__name__ == layer.kind for layer in found)
    cam = next(layer for layer in found if layer.name == spec.cam_layer)
    assert cam.spatial
    assert min(cam.shape[1:]) >= 4
    assert found[-1].shape[0] == len(spec.classes)
    if not spec.bundled:
        import torchvision.models

        published = torchvision.models.get_model_weights(name).DEFAULT.meta["_ops"]
        # torchvision counts multiply-accumulates of everything, poolings and norms included.
        assert sum(layer.macs for layer in found) / 1e9 == pytest.approx(published, rel=0.02)


@pytest.mark.parametrize("name", ["lenet5-mnist", "vgg16-mnist"])
def test_the_receptive_field_is_what_the_output_depends_on(model, name):
    """Without rectifiers and maxima an output's slope covers its whole field."""
    found = model(name)
    side = found.spec.input_size[0]
    net = found.private()
    for path, module in list(net.named_modules()):
        if isinstance(module, nn.ReLU):
            swap(net, path, nn.Identity())
        elif isinstance(module, nn.MaxPool2d):
            swap(net, path, nn.AvgPool2d(2))
    seen = [layer for layer in found.layers if layer.spatial and layer.receptive_field < side]
    assert len(seen) >= 6
    x = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(1))
    x.requires_grad_(True)
    with recording(net, [layer.name for layer in seen]) as outputs:
        net(x)
    for layer in seen:
        middle = layer.shape[1] // 2
        score = outputs[layer.name][0, :, middle, middle].sum()
        (slope,) = torch.autograd.grad(score, x, retain_graph=True)
        rows = slope[0, 0].abs().sum(1).nonzero().flatten()
        assert int(rows.max() - rows.min()) + 1 == layer.receptive_field, layer.name


def test_strides_dilations_and_branches():
    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Conv2d(1, 2, 3, stride=2, padding=1)
            self.wide = nn.Conv2d(2, 2, 3, dilation=2, padding=2)
            self.tall = nn.Conv2d(2, 2, (5, 1), padding=(2, 0), groups=2)
            self.pool = nn.AdaptiveAvgPool2d(1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.first(x)
            return self.pool(self.wide(x) + self.tall(x))

    found = {layer.name: layer for layer in layers(steps(Branches().eval(), (1, 16, 16)))}
    assert found["first"].shape == (2, 8, 8)
    assert found["wide"].receptive_field == 3 + 4 * 2
    assert found["tall"].receptive_field == 3 + 4 * 2
    assert found["tall"].macs == 2 * 8 * 8 * 5
    assert found["pool"].receptive_field == 11 + 7 * 2


def test_a_module_that_is_called_twice_is_one_layer():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3)
            self.pool = nn.MaxPool2d(2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(self.pool(self.conv(x)))

    found = steps(Twice().eval(), (1, 16, 16))
    assert [(step.module, step.shape) for step in found[1:]] == [
        ("conv", (1, 14, 14)),
        ("pool", (1, 7, 7)),
        ("conv", (1, 5, 5)),
    ]
    # The last call is what a recording holds; the work is that of both.
    assert layers(found) == (
        Layer("pool", "MaxPool2d", (1, 7, 7), 0, 0, 4),
        Layer("conv", "Conv2d", (1, 5, 5), 10, 9 * (14 * 14 + 5 * 5), 4 + 2 * 2),
    )


def test_of_several_outputs_the_first_counts_and_none_is_a_layer():
    class Several(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool = nn.MaxPool2d(2, return_indices=True)
            self.conv = nn.Conv2d(1, 2, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            values, _ = self.pool(x)
            return self.conv(values)

    found = steps(Several().eval(), (1, 8, 8))
    pool = found[1]
    assert (pool.module, pool.shape, pool.outputs) == ("pool", (1, 4, 4), 2)
    # What is taken out of the pair still knows where it comes from.
    assert found[-1].receptive_field == 2 + 2 * 2
    assert [layer.name for layer in layers(found)] == ["conv"]


def _bare(function):
    class Bare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3, padding=1)
            self.then = nn.Conv2d(4, 4, 3, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.then(function(self.conv(x)))

    return {step.name: step for step in steps(Bare().eval(), (1, 16, 16))}["then"]


@pytest.mark.parametrize(
    ("function", "field"),
    [
        (lambda x: torch.tanh(x) + 1, 5),
        (lambda x: functional.max_pool2d(x, 3, 2), 3 + 2 + 2 * 2),
        (lambda x: functional.avg_pool2d(x, kernel_size=2), 3 + 1 + 2 * 2),
        (lambda x: functional.adaptive_avg_pool2d(x, 4), 3 + 3 + 2 * 4),
        (lambda x: x * x.mean((2, 3), keepdim=True), 3 + 15 + 2),
        # Nobody can say where the numbers went.
        (lambda x: torch.roll(x, 3, dims=2), 0),
        (lambda x: x[:, :, 1:], 0),
        (lambda x: x.transpose(2, 3), 0),
    ],
)
def test_the_receptive_field_behind_a_bare_function(function, field):
    assert _bare(function).receptive_field == field


def test_numbers_of_the_networks_own_hide_nothing():
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3)
            self.scale = nn.Parameter(torch.ones(4, 1, 1))
            self.then = nn.Conv2d(4, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.then(self.conv(x) * self.scale)

    assert steps(Scaled().eval(), (1, 16, 16))[-1].receptive_field == 5


@pytest.mark.parametrize(
    ("function", "field"),
    [
        # Another order of the rows, by numbers or by names.
        (lambda x: x[:, :, torch.arange(15, -1, -1)], 0),
        (lambda x: x[:, :, list(range(16))[::-1]], 0),
        (lambda x: x[..., [1, 0, *range(2, 16)]], 0),
        (lambda x: x[:, torch.ones(4, 16, dtype=torch.bool)].reshape(1, 4, 16, 16), 0),
        (lambda x: torch.flip(x, [3]), 0),
        # Channels may go as they like.
        (lambda x: x[:, [3, 2, 1, 0]], 5),
        (lambda x: x[:, [3, 2, 1, 0], :, :], 5),
        (lambda x: x[:, [3, 2, 1, 0], ...], 5),
        # A border of one number sees nothing; a mirror does.
        (lambda x: functional.pad(x, (1, 2, 0, 1)), 5),
        (lambda x: functional.pad(x, (1, 2)), 5),
        (lambda x: functional.pad(x, (1, 1, 1, 1), mode="reflect"), 0),
    ],
)
def test_an_index_or_a_border_keeps_rows_and_columns_or_hides_them(function, field):
    assert _bare(function).receptive_field == field


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"padding": 1}, 3),
        ({"padding": 2}, 3 + 7),
        ({"padding": 2, "dilation": 2}, 5),
        ({"padding": (0, 3)}, 3 + 7),
    ],
)
def test_a_mirror_wider_than_half_the_kernel_sees_beyond_it(options, field):
    net = nn.Sequential(nn.Conv2d(1, 1, 3, padding_mode="reflect", **options))
    expected = 8 if field > 5 else field
    assert layers(steps(net.eval(), (1, 8, 8)))[0].receptive_field == expected


def test_rows_and_columns_count_apart():
    net = nn.Sequential(
        nn.Conv2d(1, 1, (1, 5), stride=(2, 1)), nn.Conv2d(1, 1, (5, 1)), nn.AdaptiveAvgPool2d(1)
    )
    found = steps(net.eval(), (1, 32, 16))
    assert found[2].sight.field == (9, 5)
    assert found[2].sight.jump == (2, 1)
    # Twelve by twelve positions are left.
    assert found[3].sight.field == (9 + 11 * 2, 5 + 11)
    pooled = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1))
    assert layers(steps(pooled.eval(), (1, 32, 16)))[-1].receptive_field == 32


def test_a_gate_does_not_widen_the_jump():
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.squeeze = nn.AdaptiveAvgPool2d(1)
            self.then = nn.Conv2d(1, 1, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.then(x * self.squeeze(x))

    assert steps(Gated().eval(), (1, 16, 16))[-1].receptive_field == 16 + 2


class _MyConv(nn.Conv2d):
    pass


class _MyDense(nn.Linear):
    pass


class _Standardised(nn.Conv2d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(x, self.weight - self.weight.mean(), self.bias)


class _Choosy(nn.Sequential):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x if x.sum() > -1e9 else -x)


@pytest.mark.parametrize("kind", [nn.Sequential, _Choosy])
def test_a_class_made_of_a_layer_is_a_layer(kind):
    net = kind(_MyConv(1, 4, 3), nn.ReLU(), nn.Flatten(), _MyDense(4 * 36, 3)).eval()
    trace = steps if kind is nn.Sequential else outline
    found = trace(net, (1, 8, 8))
    assert [(layer.name, layer.parameters, layer.macs) for layer in layers(found)] == [
        ("0", 40, 4 * 36 * 9),
        ("1", 0, 0),
        ("3", 4 * 36 * 3 + 3, 4 * 36 * 3),
    ]
    assert [step.role for step in found] == ["", "conv", "", "", "dense"]
    assert layers(found)[1].receptive_field == 3


def test_of_a_class_that_computes_in_its_own_way_the_geometry_is_not_known():
    net = nn.Sequential(_Standardised(1, 4, 3), nn.ReLU()).eval()
    assert [layer.receptive_field for layer in layers(steps(net, (1, 8, 8)))] == [0, 0]
