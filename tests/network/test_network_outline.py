"""Networks that cannot be traced: who stopped the tracer, and what is known all the same."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from xai import network
from xai.activations import capture
from xai.hooks import recording


class Gate(nn.Module):
    """Looks at its input to choose its way, around a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.skipped = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        if x.abs().sum() < 0:
            return self.skipped(x)
        return F.relu(self.conv(x)) + x


class Pair(nn.Module):
    """A module without parts that gives a tuple."""

    def forward(self, x):
        return x, 2 * x


class Untraceable(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.blocks = nn.Sequential(Gate(), Gate())
        self.pair = Pair()
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout()
        self.fc = nn.Linear(64, 3)

    def forward(self, x):
        x = self.blocks(self.act(self.stem(x)))
        left, right = self.pair(x)
        return self.fc(self.drop(self.pool(self.act(left + right))).flatten(1))


@pytest.fixture
def model(wrapped):
    return wrapped(Untraceable(), side=16)


def test_the_sentence_names_the_module_and_the_reason(model) -> None:
    graph = network.trace(model)
    assert graph.problem == model.problem
    assert graph.problem == (
        "The forward pass cannot be traced, since its module blocks.0 (Gate) chooses its way by "
        "numbers that are known only when an image comes."
    )
    assert network.collapse(graph).problem == graph.problem
    assert network.within(graph, "blocks.0").problem == graph.problem


def test_modules_are_listed_as_one_image_meets_them(model) -> None:
    graph = network.trace(model)
    assert [(node.name, node.shape, node.receptive_field) for node in graph.nodes] == [
        ("x", (1, 16, 16), 1),
        ("stem", (4, 8, 8), 3),
        ("act", (4, 8, 8), 3),
        ("blocks_0_conv", (4, 8, 8), 3 + 2 * 2),
        ("blocks_1_conv", (4, 8, 8), 7 + 2 * 2),
        ("pair", (4, 8, 8), 11),
        ("act_1", (4, 8, 8), 11),
        ("pool", (4, 4, 4), 11 + 2),
        ("drop", (4, 4, 4), 13),
        ("fc", (3,), 13 + 3 * 4),
    ]
    # The shortcuts are there, though the additions are no modules.
    assert graph.sources("blocks_1_conv") == ("blocks_0_conv", "act")
    assert graph.sources("pair") == ("blocks_1_conv", "blocks_0_conv", "act")
    assert graph.node("blocks_0_conv").group == "blocks.0"
    assert graph.node("pair").detail == "2 outputs, the first one is shown"
    assert [graph.node(name).detail for name in ("act", "act_1")] == ["call 1 of 2", "call 2 of 2"]


def test_layers_have_names_of_their_own_and_can_be_recorded(model) -> None:
    names = [layer.name for layer in model.layers]
    assert names == ["stem", "blocks.0.conv", "blocks.1.conv", "act", "pool", "fc"]
    total = network.summary(model)
    assert (total.layers, total.depth, total.parameters) == (
        6,
        4,
        sum(parameter.numel() for parameter in model.net.parameters()),
    )
    assert total.macs == 8 * 8 * 4 * 9 + 2 * 8 * 8 * 16 * 9 + 64 * 3
    found = capture(model, torch.zeros(model.input_shape).numpy(), names)
    assert {name: maps.shape[1:] for name, maps in found.items()} == {
        layer.name: layer.shape for layer in model.layers
    }


def test_all_views_of_a_graph_work(model) -> None:
    full = network.trace(model)
    for level in network.LEVELS:
        graph = network.collapse(full, level)
        assert sum(node.macs for node in graph.nodes) == network.summary(model).macs
        nodes = [name for stage in network.stages(graph) for name in stage.nodes]
        assert nodes == [node.name for node in graph.nodes]
    assert [node.name for node in network.within(full, "blocks.0").nodes] == [
        "act",
        "blocks_0_conv",
    ]
    assert [loss.layer for loss in network.profile(model).losses] == ["stem", "pool", "fc"]
    found = network.field(model, "blocks.1.conv", 4, 4)
    assert (found.top, found.bottom, found.rows) == (3, 14, 11)
    assert network.weights(model, "blocks.0.conv").kernel.shape == (4, 4, 3, 3)


def test_nothing_is_left_on_the_network(model) -> None:
    state = {name: value.clone() for name, value in model.net.state_dict().items()}
    assert model.problem
    for module in model.net.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
    assert all(torch.equal(value, state[name]) for name, value in model.net.state_dict().items())
    assert all(parameter.grad is None for parameter in model.net.parameters())
    assert model.norm_pairs == ()


class Stopping(nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.function = function
        self.conv = nn.Conv2d(1, 1, 1)

    def forward(self, x):
        return self.conv(self.function(self.conv(x)))


@pytest.mark.parametrize(
    ("function", "words", "field"),
    [
        (lambda x: x * len(x), "asks how many parts its input has", 1),
        (lambda x: torch.stack(list(x)), "in a loop", 0),
        (lambda x: sum(x for _ in range(x.size(0))), "counts by the size", 1),
        (lambda x: x * float(x.sum()), "takes single numbers out", 1),
        (lambda x: torch.from_numpy(x.numpy()), "leaves torch", 0),
        (lambda x: x if x.shape[1] == 1 else -x, "chooses its way", 1),
        (lambda x: x[x > -9].reshape(x.shape), "size is known only when an image comes", 0),
        (lambda x: x.repeat(int(x.shape[0]), 1, 1, 1), "takes single numbers out", 0),
    ],
)
def test_reasons_and_what_gets_lost(wrapped, function, words: str, field: int) -> None:
    model = wrapped(nn.Sequential(Stopping(function), nn.Flatten(), nn.Linear(64, 2)))
    assert "module 0 (Stopping)" in model.problem
    assert words in model.problem
    assert [step.name for step in model.steps] == ["x", "0_conv", "0_conv_1", "1", "2"]
    assert model.steps[2].inputs == ("0_conv",)
    # A function that may look around hides what is seen from there on.
    assert [step.receptive_field for step in model.steps[1:3]] == [1, field]
    assert (model.steps[-1].receptive_field == 0) is (field == 0)


def test_the_network_itself_may_be_the_one(wrapped) -> None:
    class Root(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(64, 2)

        def forward(self, x):
            return self.fc(torch.cat([part.flatten(1) for part in x.split(1)]))

    model = wrapped(Root())
    assert "the network itself (Root) takes its input apart in a loop" in model.problem
    assert [step.name for step in model.steps] == ["x", "fc"]


def test_a_pass_with_what_cannot_be_copied_off_the_shared_net_fails_in_words(wrapped) -> None:
    class Broken(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else x @ torch.zeros(3, 3)

    with pytest.raises(ValueError, match="forward pass fails"):
        network.trace(wrapped(Broken()))


def test_parts_of_a_composite_layer_are_no_steps(wrapped) -> None:
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
            self.fc = nn.Linear(64, 2)

        def forward(self, x):
            rows = x.flatten(1, 2)
            mixed, _ = self.attention(rows, rows, rows)
            return self.fc(mixed.flatten(1)) if x.sum() > -1 else mixed

    model = wrapped(Attending())
    assert [step.module for step in model.steps] == ["", "attention", "fc"]
    assert model.steps[1].parameters == 8 * 24 + 24 + 8 * 8 + 8
    assert [layer.name for layer in model.layers] == ["fc"]


def test_a_traced_graph_tells_of_several_outputs_too(wrapped) -> None:
    class Several(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool = nn.MaxPool2d(2, return_indices=True)
            self.conv = nn.Conv2d(1, 2, 3)

        def forward(self, x):
            values, _ = self.pool(x)
            return self.conv(values)

    model = wrapped(Several())
    graph = network.trace(model)
    assert graph.problem == ""
    assert graph.node("pool").detail == "2 × 2, stride 2, 2 outputs, the first one is shown"
    assert graph.node("pool").layer == ""
    assert graph.sources("getitem") == ("pool",)
    net = model.private()
    with recording(net, ["conv"]) as outputs:
        net(torch.zeros(1, 1, 8, 8))
    assert tuple(outputs["conv"].shape[1:]) == model.layers[0].shape
