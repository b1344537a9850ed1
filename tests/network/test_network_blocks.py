"""Folding a graph: what is drawn, what is conserved, what is unfolded."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from xai import network
from xai.network import ModelGraph

NAMES = ("resnet50", "densenet121", "googlenet", "squeezenet1_1", "mobilenet_v2", "vgg16")


def _totals(graph: ModelGraph) -> tuple[int, int]:
    return (
        sum(node.parameters for node in graph.nodes),
        sum(node.macs for node in graph.nodes),
    )


def _is_forward(graph: ModelGraph) -> bool:
    place = {node.name: index for index, node in enumerate(graph.nodes)}
    return len(place) == len(graph.nodes) and all(place[a] < place[b] for a, b in graph.edges)


@pytest.mark.parametrize("name", NAMES)
def test_folding_conserves_costs_steps_and_order(published, name: str) -> None:
    full = network.trace(published(name))
    steps = sorted(node.name for node in full.nodes)
    for level in network.LEVELS:
        graph = network.collapse(full, level)
        assert _totals(graph) == _totals(full)
        assert sorted(step for node in graph.nodes for step in node.members) == steps
        assert _is_forward(graph)
        assert [node.depth for node in graph.nodes if not graph.sources(node.name)] == [0]
        last = graph.nodes[-1]
        assert (last.shape, last.receptive_field) == (
            full.nodes[-1].shape,
            full.nodes[-1].receptive_field,
        )


@pytest.mark.parametrize("name", NAMES)
def test_overview_is_short_enough_to_read(published, name: str) -> None:
    graph = network.collapse(network.trace(published(name)))
    assert 10 <= len(graph.nodes) <= 24
    assert graph.nodes[0].label == "Image"


def test_overview_of_resnet50(published) -> None:
    graph = network.collapse(network.trace(published("resnet50")))
    assert [(node.label, node.shape) for node in graph.nodes] == [
        ("Image", (3, 224, 224)),
        ("Convolution + Norm + ReLU", (64, 112, 112)),
        ("Max pool", (64, 56, 56)),
        ("Bottleneck", (256, 56, 56)),
        ("Bottleneck × 2", (256, 56, 56)),
        ("Bottleneck", (512, 28, 28)),
        ("Bottleneck × 3", (512, 28, 28)),
        ("Bottleneck", (1024, 14, 14)),
        ("Bottleneck × 5", (1024, 14, 14)),
        ("Bottleneck", (2048, 7, 7)),
        ("Bottleneck × 2", (2048, 7, 7)),
        ("Average pool", (2048,)),
        ("Dense", (1000,)),
    ]
    run = graph.nodes[8]
    assert (run.repeats, run.layer, len(run.members)) == (5, "layer3.5.relu_3", 50)


def test_overview_of_efficientnet_lite0(lite0) -> None:
    graph = network.collapse(network.trace(lite0))
    labels = [node.label for node in graph.nodes]
    assert labels[:3] == ["Image", "Convolution + Norm + ReLU6", "InvertedResidual"]
    # Stage 6 repeats its block four times: one that shrinks, then three equal ones.
    assert labels.count("InvertedResidual × 3") == 1
    assert labels.count("InvertedResidual × 2") == 2
    assert labels[-3:] == ["Convolution + Norm + ReLU6", "Average pool", "Dense"]


def test_dense_blocks_say_what_is_inside(published) -> None:
    graph = network.collapse(network.trace(published("densenet121")))
    labels = [node.label for node in graph.nodes if node.kind == "_DenseBlock"]
    assert labels == [f"DenseBlock ({count} × DenseLayer)" for count in (6, 12, 24, 16)]


def test_expanding_goes_down_one_level_at_a_time(published) -> None:
    full = network.trace(published("resnet50"))
    closed = network.collapse(full)
    run = "layer3.1:layer3.5"
    opened = network.collapse(full, expanded=[run])
    assert len(opened.nodes) == len(closed.nodes) + 4
    inside = network.collapse(full, expanded=[run, "layer3.2"])
    added = [node.label for node in inside.nodes if node.group == "layer3.2"]
    assert added == [
        "Convolution + Norm + ReLU",
        "Convolution + Norm + ReLU",
        "Convolution + Norm",
        "Add + ReLU",
    ]
    assert inside.shortcuts == {("layer3.1", "layer3_2_add")}
    assert _totals(inside) == _totals(full)


def test_an_expanded_dense_block_shows_its_connections(published) -> None:
    full = network.trace(published("densenet121"))
    graph = network.collapse(full, expanded=["features.denseblock1"])
    block = "features.denseblock1"
    assert graph.sources(f"{block}.denselayer3") == (
        "features_pool0",
        f"{block}.denselayer1",
        f"{block}.denselayer2",
    )
    # Each of six layers and the closing join reads the block's input and all layers before it.
    inner = [edge for edge in graph.edges if edge[1].replace("_", ".").startswith(block)]
    assert len(inner) == 1 + 2 + 3 + 4 + 5 + 6 + 7


def test_one_block_from_inside(published) -> None:
    full = network.trace(published("resnet50"))
    block = network.within(full, "layer2.0")
    assert block.nodes[0].name == "layer1_2_relu_3"
    assert {node.group for node in block.nodes[1:]} == {"layer2.0"}
    assert len(block.nodes) == 1 + 12
    stage = network.within(full, "layer2")
    assert len(stage.nodes) == 1 + 12 + 3 * 10
    with pytest.raises(ValueError, match="expected a container such as layer1"):
        network.within(full, "layer9")


class Torn(nn.Module):
    """Calls one part, something outside, then the part again."""

    class Part(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Conv2d(1, 1, 1)
            self.b = nn.Conv2d(1, 1, 1)

        def forward(self, x):
            return self.b(self.a(x))

    def __init__(self) -> None:
        super().__init__()
        self.part = self.Part()
        self.outside = nn.Conv2d(1, 1, 1)

    def forward(self, x):
        return self.part.b(self.outside(self.part.a(x)))


def test_a_block_that_is_left_and_entered_again_stays_unfolded(wrapped) -> None:
    graph = network.collapse(network.trace(wrapped(Torn())), "blocks")
    assert [node.name for node in graph.nodes] == ["x", "part_a", "outside", "part_b"]
    assert graph.edges == (("x", "part_a"), ("part_a", "outside"), ("outside", "part_b"))


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x):
        return torch.tanh(self.conv(torch.tanh(self.conv(x))))


def test_a_shared_layer_is_two_nodes_but_counts_once(wrapped) -> None:
    model = wrapped(Twice())
    graph = network.trace(model)
    assert [node.module for node in graph.nodes if node.kind == "Conv2d"] == ["conv", "conv"]
    assert network.summary(model).parameters == 10
    assert network.summary(model).depth == 2


def test_an_unknown_level_is_refused(lite0) -> None:
    with pytest.raises(ValueError, match="overview, blocks, layers"):
        network.collapse(network.trace(lite0), "stages")
