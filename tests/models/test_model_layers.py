"""Shapes, parameters, multiply-accumulates and receptive fields, worked out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from xai.hooks import recording, swap
from xai.models import MODELS
from xai.models.computation import layers, steps
from xai.models.loading import build
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
