"""Stages, weights and the series by which two networks are compared."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from xai import network
from xai.network import Loss


def test_stages_of_resnet50(published) -> None:
    full = network.trace(published("resnet50"))
    found = network.stages(network.collapse(full))
    assert [(stage.label, stage.title, stage.nodes) for stage in found] == [
        ("224 × 224", "", ("x",)),
        ("112 × 112", "", ("conv1",)),
        ("56 × 56", "layer1", ("maxpool", "layer1.0", "layer1.1:layer1.2")),
        ("28 × 28", "layer2", ("layer2.0", "layer2.1:layer2.3")),
        ("14 × 14", "layer3", ("layer3.0", "layer3.1:layer3.5")),
        ("7 × 7", "layer4", ("layer4.0", "layer4.1:layer4.2")),
        ("Classifier", "", ("avgpool", "fc")),
    ]
    # Step by step, the first convolution of a stage still works on the larger map.
    by_step = network.stages(full)
    assert [(stage.label, stage.title) for stage in by_step] == [
        (stage.label, stage.title) for stage in found
    ]
    assert "layer2_0_conv1" in by_step[2].nodes


def test_stages_of_vgg16_and_densenet121(published) -> None:
    graph = network.collapse(network.trace(published("vgg16")))
    found = network.stages(graph)
    sizes = [f"{side} × {side}" for side in (224, 112, 56, 28, 14, 7)]
    assert [stage.label for stage in found] == [*sizes, "Classifier"]
    # "features" is all stages but one, so it names none of them.
    assert [stage.title for stage in found] == [""] * 6 + ["classifier"]
    dense = network.stages(network.trace(published("densenet121")))
    titles = [stage.title for stage in dense if stage.title]
    assert titles == [f"features.denseblock{count}" for count in (1, 2, 3, 4)]


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "densenet121", "mobilenet_v2"])
def test_every_node_lies_in_one_stage(published, name: str) -> None:
    full = network.trace(published(name))
    for level in network.LEVELS:
        graph = network.collapse(full, level)
        nodes = [name for stage in network.stages(graph) for name in stage.nodes]
        assert nodes == [node.name for node in graph.nodes]


def test_borders_and_gates_open_no_stage(lite0, wrapped) -> None:
    labels = [stage.label for stage in network.stages(network.trace(lite0))]
    sizes = [f"{side} × {side}" for side in (224, 112, 56, 28, 14, 7)]
    assert labels == [*sizes, "Classifier"]

    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3, padding=1)
            self.squeeze = nn.AdaptiveAvgPool2d(1)
            self.gate = nn.Conv2d(2, 2, 1)
            self.pool = nn.MaxPool2d(2)

        def forward(self, x):
            x = self.conv(x)
            return self.pool(x * self.gate(self.squeeze(x)))

    model = wrapped(Gated())
    found = network.stages(network.trace(model))
    assert [(stage.label, len(stage.nodes)) for stage in found] == [("8 × 8", 5), ("4 × 4", 1)]
    assert network.profile(model).losses == (Loss("pool", 8, 4),)


def test_weights_are_copies(wrapped) -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, groups=1, bias=False), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 3)
    )
    model = wrapped(net)
    conv, norm, dense = (network.weights(model, name) for name in ("0", "1", "3"))
    assert (conv.kind, conv.kernel.shape, conv.bias) == ("Conv2d", (4, 1, 3, 3), None)
    assert (norm.kernel.shape, norm.bias.shape, dense.kernel.shape) == ((4,), (4,), (3, 144))
    for found in (conv, norm, dense):
        assert found.kernel.dtype == found.norms.dtype == np.float32
        expected = [np.linalg.norm(row) for row in found.kernel]
        assert found.norms == pytest.approx(expected)
        assert not found.kernel.flags.writeable
        assert not found.norms.flags.writeable
    before = conv.kernel.copy()
    with torch.no_grad():
        model.net[0].weight.zero_()
    assert np.array_equal(conv.kernel, before)
    assert before.any()


def test_what_has_no_weights_is_refused(lite0) -> None:
    with pytest.raises(ValueError, match=r"such as stem\.conv.*got stem\.act \(ReLU6\)"):
        network.weights(lite0, "stem.act")
    with pytest.raises(ValueError, match="expected a layer such as"):
        network.weights(lite0, "stem")


def test_profile_of_vgg16(published) -> None:
    model = published("vgg16")
    found = network.profile(model)
    total = network.summary(model)
    assert found.layers == tuple(layer.name for layer in model.layers)
    assert (found.parameters[-1], found.macs[-1]) == (138_357_544, 15_470_264_320)
    assert found.depth[-1] == 16
    assert found.receptive_field[found.layers.index("features.28")] == 196
    assert list(found.position) == list(range(total.layers))
    assert [(loss.before, loss.after) for loss in found.losses] == [
        *((224, 112), (112, 56), (56, 28), (28, 14), (14, 7)),
        (7, 1),
    ]
    assert [loss.layer for loss in found.losses][-2:] == ["features.30", "classifier.0"]
    shares = np.diff(found.parameters, prepend=0) / total.parameters
    assert list(shares) == pytest.approx([share.parameters for share in total.shares])
    for name in ("side", "channels", "depth", "parameters", "macs", "receptive_field"):
        series = getattr(found, name)
        assert series.dtype == np.int64
        assert not series.flags.writeable


def test_profile_of_branches_and_borders(published, lite0) -> None:
    residual = network.profile(published("resnet18"))
    # The projection shrinks the map too; the drop is one.
    assert [loss.layer for loss in residual.losses] == [
        *("conv1", "maxpool", "layer2.0.conv1", "layer3.0.conv1", "layer4.0.conv1", "avgpool")
    ]
    assert residual.depth[-1] == 18
    assert residual.depth[residual.layers.index("layer2.0.downsample.0")] == 6
    assert [(loss.before, loss.after) for loss in network.profile(lite0).losses] == [
        *((224, 112), (112, 56), (56, 28), (28, 14), (14, 7), (7, 1))
    ]
    for model in (residual, network.profile(lite0)):
        assert (np.diff(model.parameters) >= 0).all()
        assert (np.diff(model.macs) >= 0).all()


def test_the_depth_counts_classes_made_of_layers(wrapped) -> None:
    class Own(nn.Conv2d):
        pass

    model = wrapped(nn.Sequential(Own(1, 2, 3), nn.Conv2d(2, 2, 3), nn.Flatten(), nn.Linear(32, 3)))
    total = network.summary(model)
    assert (total.depth, total.conv_layers, total.dense_layers) == (3, 2, 1)
    assert list(network.profile(model).depth) == [1, 2, 3]
    assert network.weights(model, "0").kernel.shape == (2, 1, 3, 3)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_transposed_convolution_has_a_norm_for_each_output(wrapped, groups: int) -> None:
    conv = nn.ConvTranspose2d(4, 6, (2, 3), groups=groups, bias=True)
    model = wrapped(nn.Sequential(nn.Conv2d(1, 4, 1), conv))
    found = network.weights(model, "1")
    assert found.kernel.shape == (6, 4 // groups, 2, 3)
    assert found.norms.shape == found.bias.shape == (6,)
    assert not found.kernel.flags.writeable
    # One spike in an input channel leaves the kernel behind, channel by channel.
    spike = torch.zeros(1, 4, 1, 1)
    spike[0, 3] = 1
    with torch.no_grad():
        left = (model.net[1](spike) - conv.bias.reshape(1, -1, 1, 1))[0].numpy()
    outputs = slice(None) if groups == 1 else slice(3, 6)
    assert np.allclose(left[outputs], found.kernel[outputs, 3 if groups == 1 else 1], atol=1e-6)
