"""The traced graph: edges, shapes, costs, receptive fields, shortcuts."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from xai import network
from xai.models.nets import Concat, Sum


class Residual(nn.Module):
    """A hand-drawn residual net, its addition and its flattening bare functions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.pool = nn.AvgPool2d(2)
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        first = self.relu(self.conv1(x))
        joined = self.conv2(first) + first
        return self.fc(torch.flatten(self.pool(joined), 1))


class Dense(nn.Module):
    """Three layers, each of which reads all before it."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(1, 2, 1)
        self.b = nn.Conv2d(2, 3, 1)
        self.join1 = Concat()
        self.c = nn.Conv2d(5, 1, 1)
        self.join2 = Concat()

    def forward(self, x):
        a = self.a(x)
        b = self.b(a)
        return self.join2(a, b, self.c(self.join1(a, b)))


def test_edges_of_a_residual_net(wrapped) -> None:
    graph = network.trace(wrapped(Residual()))
    assert graph.edges == (
        ("x", "conv1"),
        ("conv1", "relu"),
        ("relu", "conv2"),
        ("conv2", "add"),
        ("relu", "add"),
        ("add", "pool"),
        ("pool", "flatten"),
        ("flatten", "fc"),
    )
    assert [node.shape for node in graph.nodes] == [
        (1, 8, 8),
        (4, 8, 8),
        (4, 8, 8),
        (4, 8, 8),
        (4, 8, 8),
        (4, 4, 4),
        (64,),
        (10,),
    ]
    assert [node.depth for node in graph.nodes] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert graph.shortcuts == {("relu", "add")}
    conv = graph.node("conv2")
    assert (conv.parameters, conv.macs, conv.receptive_field) == (148, 8 * 8 * 4 * 4 * 9, 5)
    assert (conv.kind, conv.module, conv.layer, conv.detail) == (
        "Conv2d",
        "conv2",
        "conv2",
        "3 × 3",
    )
    assert (graph.node("flatten").module, graph.node("flatten").layer) == ("", "")


def test_edges_of_a_dense_net(wrapped) -> None:
    graph = network.trace(wrapped(Dense()))
    assert graph.edges == (
        ("x", "a"),
        ("a", "b"),
        ("a", "join1"),
        ("b", "join1"),
        ("join1", "c"),
        ("a", "join2"),
        ("b", "join2"),
        ("c", "join2"),
    )
    assert graph.shortcuts == {("a", "join1"), ("a", "join2"), ("b", "join2")}
    assert graph.sources("join2") == ("a", "b", "c")
    assert graph.targets("a") == ("b", "join1", "join2")


def _block(name: str, before: str, projected: bool) -> list[tuple[str, str]]:
    """Write down the edges of one basic block of ResNet-18."""
    side = f"{name}_downsample_1" if projected else before
    edges = [
        (before, f"{name}_conv1"),
        (f"{name}_conv1", f"{name}_bn1"),
        (f"{name}_bn1", f"{name}_relu"),
        (f"{name}_relu", f"{name}_conv2"),
        (f"{name}_conv2", f"{name}_bn2"),
    ]
    if projected:
        edges.append((before, f"{name}_downsample_0"))
        edges.append((f"{name}_downsample_0", side))
    edges.append((f"{name}_bn2", f"{name}_add"))
    edges.append((side, f"{name}_add"))
    edges.append((f"{name}_add", f"{name}_relu_2"))
    return edges


def test_edges_of_resnet18(published) -> None:
    graph = network.trace(published("resnet18"))
    expected = [("x", "conv1"), ("conv1", "bn1"), ("bn1", "relu"), ("relu", "maxpool")]
    expected += _block("layer1_0", "maxpool", projected=False)
    expected += _block("layer1_1", "layer1_0_relu_2", projected=False)
    expected += _block("layer2_0", "layer1_1_relu_2", projected=True)
    expected += _block("layer2_1", "layer2_0_relu_2", projected=False)
    expected += _block("layer3_0", "layer2_1_relu_2", projected=True)
    expected += _block("layer3_1", "layer3_0_relu_2", projected=False)
    expected += _block("layer4_0", "layer3_1_relu_2", projected=True)
    expected += _block("layer4_1", "layer4_0_relu_2", projected=False)
    expected += [("layer4_1_relu_2", "avgpool"), ("avgpool", "flatten"), ("flatten", "fc")]
    assert list(graph.edges) == expected
    assert graph.shortcuts == {
        ("maxpool", "layer1_0_add"),
        ("layer1_0_relu_2", "layer1_1_add"),
        ("layer2_0_downsample_1", "layer2_0_add"),
        ("layer2_0_relu_2", "layer2_1_add"),
        ("layer3_0_downsample_1", "layer3_0_add"),
        ("layer3_0_relu_2", "layer3_1_add"),
        ("layer4_0_downsample_1", "layer4_0_add"),
        ("layer4_0_relu_2", "layer4_1_add"),
    }
    assert graph.node("layer2_0_conv1").group == "layer2.0"
    assert graph.node("layer2_0_conv1").detail == "3 × 3, stride 2"
    assert graph.node("avgpool").group == ""


def test_vgg16_has_the_known_numbers(published) -> None:
    model = published("vgg16")
    total = network.summary(model)
    assert total.parameters == 138_357_544
    assert total.macs == 15_470_264_320
    assert (total.conv_layers, total.dense_layers) == (13, 3)
    # The 13th convolution, conv5_3 in the paper.
    assert network.trace(model).node("features_28").receptive_field == 196


def test_efficientnet_lite0_has_the_known_numbers(lite0) -> None:
    total = network.summary(lite0)
    assert total.parameters == 4_652_008
    assert total.macs == pytest.approx(385e6, rel=5e-3)


@pytest.mark.parametrize(
    ("name", "depth"),
    [("vgg16", 16), ("resnet50", 50), ("densenet121", 121), ("googlenet", 22)],
)
def test_depth_is_the_number_in_the_name(published, name: str, depth: int) -> None:
    assert network.summary(published(name)).depth == depth


def test_shares_add_up(lite0) -> None:
    total = network.summary(lite0)
    assert [share.layer for share in total.shares] == [layer.name for layer in lite0.layers]
    assert sum(share.parameters for share in total.shares) == pytest.approx(1)
    assert sum(share.macs for share in total.shares) == pytest.approx(1)


class Mixed(nn.Module):
    """Stride, dilation, pooling and a shortcut, with nothing that could hide a gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 5, stride=2, padding=2)
        self.conv2 = nn.Conv2d(3, 3, 3, padding=2, dilation=2)
        self.pool = nn.AvgPool2d(3, stride=2, padding=1)
        self.conv3 = nn.Conv2d(3, 3, 3, padding=1, groups=3)
        self.conv4 = nn.Conv2d(3, 3, 1)
        self.add = Sum()

    def forward(self, x):
        x = self.pool(self.conv2(torch.tanh(self.conv1(x))))
        return self.add(self.conv4(self.conv3(x)), x)


def test_receptive_field_is_the_support_of_the_gradient(wrapped) -> None:
    model = wrapped(Mixed(), side=101)
    graph = network.trace(model)
    model.net.double()
    inputs = torch.randn(1, 1, 101, 101, generator=torch.Generator().manual_seed(0)).double()
    inputs.requires_grad_(True)
    outputs = {"conv1": model.net.conv1(inputs)}
    outputs["conv2"] = model.net.conv2(torch.tanh(outputs["conv1"]))
    outputs["pool"] = model.net.pool(outputs["conv2"])
    outputs["conv3"] = model.net.conv3(outputs["pool"])
    outputs["add"] = model.net(inputs)
    for name, output in outputs.items():
        middle = output.shape[-1] // 2
        (gradient,) = torch.autograd.grad(output[0, 0, middle, middle], inputs, retain_graph=True)
        rows, columns = torch.nonzero(gradient[0, 0], as_tuple=True)
        field = graph.node(name).receptive_field
        assert int(rows.max() - rows.min()) + 1 == field
        assert int(columns.max() - columns.min()) + 1 == field


def test_every_layer_of_a_node_can_be_picked(lite0, published) -> None:
    for model in (lite0, published("googlenet"), published("vgg16")):
        known = {layer.name for layer in model.layers}
        graph = network.trace(model)
        for shown in (graph, network.collapse(graph)):
            assert {node.layer for node in shown.nodes} <= known | {""}
        inputs = [node.name for node in network.collapse(graph).nodes if not node.layer]
        assert inputs == ["x"]


class Broken(nn.Module):
    def forward(self, x):
        raise RuntimeError("no such file")


def test_refusals(wrapped) -> None:
    with pytest.raises(TypeError, match="loaded model"):
        network.trace(Residual())
    with pytest.raises(ValueError, match=r"forward pass fails \(no such file\)"):
        network.trace(wrapped(Broken()))
    graph = network.trace(wrapped(Residual()))
    with pytest.raises(ValueError, match="'nope' is not among"):
        graph.node("nope")


def test_bare_functions_lie_in_the_module_that_calls_them(wrapped) -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2, 2, 3, padding=1)
            self.scale = nn.Parameter(torch.ones(2, 1, 1))

        def forward(self, x):
            return torch.relu(torch.cat([x, self.conv(x) * self.scale], 1)[:, :2])

    model = wrapped(nn.Sequential(nn.Conv2d(1, 2, 1), Block(), Block()))
    owners = {step.name: step.owner for step in model.steps}
    assert [owners[name] for name in ("_1_scale", "cat", "_2_scale", "cat_1")] == [*"1122"]
    graph = network.trace(model)
    assert {graph.node(name).group for name in ("cat", "relu", "getitem", "mul")} == {"1"}
    assert [node.label for node in network.collapse(graph).nodes][-1] == "Block × 2"


def test_a_densenet_that_nobody_rewrote_folds_as_the_rewritten_one() -> None:
    import torchvision

    from xai.models import MODELS
    from xai.models.loaded import LoadedModel

    with torch.device("meta"):
        net = torchvision.models.densenet121(weights=None)
    model = LoadedModel(MODELS["densenet121"], net.to_empty(device="cpu"))
    graph = network.trace(model)
    assert len(graph.nodes) > 400
    assert len(network.collapse(graph).nodes) < 20
