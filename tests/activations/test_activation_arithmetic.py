"""The arithmetic of one number: it adds up to what the network holds, or it says why not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xai import models
from xai.activations import capture
from xai.activations.arithmetic import account
from xai.models import MODELS, LoadedModel
from xai.models.nets import Concat, Sum


def loaded(net: nn.Module, channels: int = 1, side: int = 8) -> LoadedModel:
    """Return a network of the test as a model without any preprocessing."""
    spec = replace(
        MODELS["lenet5-mnist"],
        name="toy",
        input_size=(side, side),
        channels=channels,
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
    )
    return LoadedModel(spec, net)


@pytest.fixture(scope="module")
def digit() -> np.ndarray:
    return np.random.default_rng(3).random((1, 28, 28)).astype(np.float32)


def every_kind() -> nn.Sequential:
    """Return layers with all the edges that a window can have."""
    net = nn.Sequential(
        nn.Conv2d(2, 6, (3, 5), stride=(2, 1), padding=(1, 2), dilation=(2, 1), bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU6(),
        nn.Conv2d(6, 12, 3, padding="same", groups=3, padding_mode="reflect"),
        nn.LeakyReLU(0.2),
        nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True),
        nn.Conv2d(12, 4, 1),
        nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True),
        nn.Tanh(),
        nn.AdaptiveAvgPool2d((2, 3)),
        nn.Flatten(),
        nn.Linear(24, 5),
        nn.BatchNorm1d(5, affine=False),
        nn.Sigmoid(),
    )
    generator = torch.Generator().manual_seed(0)
    for tensor in net.state_dict().values():
        if tensor.dtype == torch.float32:
            tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.4)
    for norm in (net[1], net[12]):
        norm.running_var.abs_().add_(0.3)
    return net


def positions(shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Return corners, edges and some middle of a layer's output."""
    if len(shape) == 1:
        return [(place, 0, 0) for place in {0, shape[0] // 2, shape[0] - 1}]
    corners = [{0, side // 2, side - 1} for side in shape]
    return [(c, y, x) for c in corners[0] for y in corners[1] for x in corners[2]]


def agrees(model: LoadedModel, image: np.ndarray, layer: str) -> None:
    held = capture(model, image, [layer])[layer][0]
    for channel, row, column in positions(held.shape):
        found = account(model, image, layer, channel, row, column)
        stored = held[channel, row, column] if held.ndim == 3 else held[channel]
        assert found.stored == pytest.approx(stored, abs=1e-6)
        assert found.value == pytest.approx(stored, rel=1e-5, abs=1e-5)
        ways = found.total + (found.bias or 0.0)
        for change in found.changes:
            assert change.before == pytest.approx(ways)
            if change.scale is not None:
                assert change.after == pytest.approx(change.scale * change.before + change.shift)
            ways = change.after
        assert ways == pytest.approx(found.value)


@pytest.mark.parametrize("place", [p for p in range(14) if p != 10])
def test_every_kind_of_layer_adds_up_at_every_edge(place: int) -> None:
    model = loaded(every_kind(), channels=2, side=13)
    image = np.random.default_rng(1).random((2, 13, 13)).astype(np.float32)
    agrees(model, image, str(place))


def test_every_layer_of_the_bundled_digits_network_adds_up(digit: np.ndarray) -> None:
    model = models.load("lenet5-mnist")
    for layer in model.layers:
        agrees(model, digit, layer.name)


def test_layers_of_a_deep_network_add_up() -> None:
    model = models.load("efficientnet-lite0")
    image = np.random.default_rng(0).random((3, 224, 224)).astype(np.float32)
    for layer in model.layers[::29]:
        held = capture(model, image, [layer.name])[layer.name][0]
        place = (*tuple(side // 3 for side in held.shape), 0, 0)
        found = account(model, image, layer.name, *place[:3])
        assert found.value == pytest.approx(found.stored, rel=1e-5, abs=1e-5)


def test_a_convolution_in_closed_form() -> None:
    conv = nn.Conv2d(1, 1, 3, padding=1)
    conv.weight.data = torch.arange(9.0).reshape(1, 1, 3, 3)
    conv.bias.data = torch.tensor([0.5])
    image = np.zeros((1, 8, 8), np.float32)
    image[0, 0, 0], image[0, 1, 1] = 1.0, 0.5
    found = account(loaded(nn.Sequential(conv, nn.ReLU())), image, "1", 0, 0, 0)
    assert found.base == "0"
    assert found.kind == "convolution"
    # Above and left of the corner is padding.
    assert found.padding.tolist() == [[True] * 3, [True, False, False], [True, False, False]]
    assert found.patch[0].tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0.5]]
    assert found.products[0].tolist() == [[0, 0, 0], [0, 4, 0], [0, 0, 4]]
    assert (found.total, found.bias, found.value) == (8.0, 0.5, 8.5)
    assert [(c.layer, c.kind, c.before, c.after) for c in found.changes] == [
        ("1", "ReLU", 8.5, 8.5)
    ]


def test_a_maximum_says_which_number_won_and_padding_never_does() -> None:
    image = np.full((1, 8, 8), 0.25, np.float32)
    image[0, 0, 1] = 0.75
    net = nn.Sequential(nn.MaxPool2d(3, stride=2, padding=1))
    found = account(loaded(net), image, "0", 0, 0, 0)
    assert found.kind == "maximum"
    assert np.argwhere(found.weights[0]).tolist() == [[1, 2]]
    assert found.value == 0.75
    negative = nn.Sequential(nn.Conv2d(1, 1, 1), nn.MaxPool2d(2, padding=1))
    negative[0].weight.data.fill_(-1.0)
    negative[0].bias.data.fill_(-1.0)
    assert account(loaded(negative), image, "1", 0, 0, 0).value == pytest.approx(-1.25)


class _Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(1, 2, 1), nn.Conv2d(1, 2, 3, padding=1)
        self.add, self.join, self.act = Sum(), Concat(), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        one, two = self.one(x), self.two(x)
        return self.join(self.act(self.add(one, two)), two)


def test_an_addition_and_a_join_name_their_branches() -> None:
    model = loaded(_Branches())
    image = np.random.default_rng(2).random((1, 8, 8)).astype(np.float32)
    held = capture(model, image, ["one", "two", "add", "join"])
    added = account(model, image, "add", 1, 2, 3)
    assert (added.kind, added.inputs) == ("sum", ("one", "two"))
    assert added.patch.ravel() == pytest.approx([held[n][0, 1, 2, 3] for n in ("one", "two")])
    # Behind the activation it is the same sum, cut at zero.
    assert account(model, image, "act", 1, 2, 3).base == "add"
    joined = account(model, image, "join", 3, 2, 3)
    assert (joined.kind, joined.sources.tolist()) == ("join", [1])
    assert joined.value == pytest.approx(held["two"][0, 1, 2, 3])


def test_a_dense_layer_shows_the_maps_that_it_reads(digit: np.ndarray) -> None:
    model = models.load("lenet5-mnist")
    first = account(model, digit, "fc1", 7)
    assert first.patch.shape == (16, 5, 5)
    assert first.inputs == ("pool2",)
    second = account(model, digit, "fc2", 7)
    assert second.patch.shape == (120, 1, 1)
    assert second.inputs == ("relu3",)


def test_a_layer_that_is_called_twice_is_read_at_its_last_call() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.act = nn.Conv2d(1, 1, 3, padding=1), nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            return self.act(self.conv(self.act(self.conv(x))))

    model = loaded(Twice())
    image = np.random.default_rng(5).random((1, 8, 8)).astype(np.float32)
    for layer in ("conv", "act"):
        agrees(model, image, layer)


def test_activations_that_work_in_place_do_not_spoil_what_was_read() -> None:
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(inplace=True), nn.Conv2d(3, 2, 3))
    model = loaded(net)
    image = np.random.default_rng(6).random((1, 8, 8)).astype(np.float32)
    for layer in "012":
        agrees(model, image, layer)
    assert net[1].inplace


@pytest.mark.parametrize(
    ("layer", "place", "error", "words"),
    [
        ("conv9", (0, 0, 0), ValueError, "expected a layer such as conv"),
        ("conv1", (6, 0, 0), ValueError, "channel: expected 0 to 5 in conv1, got 6"),
        ("conv1", (0, -1, 0), ValueError, "row: expected 0 to 27"),
        ("conv1", (0, 0, 28), ValueError, "column: expected 0 to 27"),
        ("conv1", (0, 0.5, 0), TypeError, "row: expected a whole number"),
        ("fc1", (0, 1, 0), ValueError, "row: expected 0 to 0"),
    ],
)
def test_bad_positions_are_refused(
    digit: np.ndarray, layer: str, place: tuple[int, int, int], error: type, words: str
) -> None:
    with pytest.raises(error, match=words):
        account(models.load("lenet5-mnist"), digit, layer, *place)


def test_what_cannot_be_followed_is_refused_and_not_made_up() -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * 2

    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.odd, self.act = Odd(), nn.Softmax2d()

        def forward(self, x: Tensor) -> Tensor:
            return self.act(self.odd(x))

    image = np.full((1, 8, 8), 0.5, np.float32)
    for layer, kind in (("act", "Softmax2d"), ("odd", "Odd")):
        with pytest.raises(ValueError, match=f"got {kind}"):
            account(loaded(Inner()), image, layer, 0, 0, 0)
    broken = nn.Sequential(nn.Conv2d(1, 1, 1))
    broken[0].weight.data.fill_(torch.inf)
    with pytest.raises(ValueError, match="finite"):
        account(loaded(broken), image, "0", 0, 0, 0)


def test_the_shared_network_is_left_as_it_was(digit: np.ndarray) -> None:
    model = models.load("lenet5-mnist")
    before = {name: type(module) for name, module in model.net.named_modules()}
    account(model, digit, "relu2", 0, 0, 0)
    with pytest.raises(ValueError):
        account(model, digit, "relu2", 99, 0, 0)
    assert before == {name: type(module) for name, module in model.net.named_modules()}
    assert not any(module._forward_hooks for module in model.net.modules())


# ------------------------------------------------------- networks of all habits
IMAGE = np.random.default_rng(7).random((1, 8, 8)).astype(np.float32)


def seeded(net: nn.Module, scale: float = 1.0) -> LoadedModel:
    generator = torch.Generator().manual_seed(4)
    for tensor in net.parameters():
        tensor.data = (torch.rand(tensor.shape, generator=generator) - 0.5) * scale
    return loaded(net)


class Shared(nn.Module):
    """One activation under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 3, 3, padding=1)
        self.r1 = nn.ReLU()
        self.r2 = self.r1

    def forward(self, x: Tensor) -> Tensor:
        return self.r2(self.c2(self.r1(self.c1(x))))


@pytest.mark.parametrize("layer", ["r1", "r2", "c1", "c2"])
def test_a_module_of_two_names_is_read_at_its_last_call(layer: str) -> None:
    agrees(seeded(Shared()), IMAGE, layer)


def test_a_network_may_look_at_its_own_layers() -> None:
    class Looking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.c = nn.Conv2d(1, 2, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.c(x.to(self.c.weight.dtype)) + self.c.bias.sum()

    agrees(seeded(Looking()), IMAGE, "c")


class InPlace(nn.Module):
    """Bare functions that write over what a layer gave, and over what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.c, self.b = nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2)
        self.act, self.last = nn.ReLU(inplace=True), nn.Conv2d(2, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.b(self.c(x))
        y += x
        F.relu(y, inplace=True)
        return F.relu(self.last(self.act(y - 0.5)), inplace=True)


@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_functions_that_work_in_place_do_not_spoil_what_was_read(scale: float) -> None:
    model = seeded(InPlace(), scale)
    for layer in ("c", "b", "act", "last"):
        held = capture(model, IMAGE, [layer])[layer][0]
        # What is below zero is what the functions behind it write over.
        assert (held < 0).any() or layer == "act" or (layer != "c" and scale < 1)
        for place in positions(held.shape):
            found = account(model, IMAGE, layer, *place)
            assert found.stored == held[place]
            assert found.value == pytest.approx(held[place], rel=1e-4, abs=1e-5 * scale)


def test_an_activation_in_place_shows_what_it_read() -> None:
    read = {
        account(seeded(InPlace()), IMAGE, "act", *place).changes[0].before
        for place in positions((2, 8, 8))
    }
    assert min(read) < 0


def test_a_small_sum_that_does_not_add_up_is_refused() -> None:
    class Off(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) * 1.001

    for scale in (1e-6, 1.0, 1e4):
        with pytest.raises(ValueError, match="cannot be followed"):
            account(seeded(nn.Sequential(Off(1, 2, 3)), scale), IMAGE, "0", 0, 3, 3)


def test_a_normalisation_that_enlarges_rounding_is_followed() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU())
    model = seeded(net)
    net[1].running_mean.fill_(40.0)
    net[0].bias.data.fill_(40.0)
    net[1].running_var.fill_(1e-4)
    for layer in "12":
        found = account(model, IMAGE, layer, 1, 3, 3)
        assert found.base == "0"
        assert found.value == pytest.approx(found.stored, abs=40 * 1e2 * 2e-6)


class ChannelsLast(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c, self.line, self.act = nn.Conv2d(1, 4, 3), nn.Linear(4, 6), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.line(self.c(x).permute(0, 2, 3, 1)))


def test_a_dense_layer_along_the_last_axis_of_maps_is_refused() -> None:
    model = seeded(ChannelsLast())
    for place in ((1, 1, 1), (5, 5, 5)):
        with pytest.raises(ValueError, match=r"reads \(D,\) an image, got \(6, 6, 4\)"):
            account(model, IMAGE, "line", *place)
    # The activation behind it begins with what it reads.
    found = account(model, IMAGE, "act", 1, 2, 3)
    assert (found.base, found.kind) == ("act", "single")
    agrees(model, IMAGE, "act")


@pytest.mark.parametrize("size", [[3, 2], [None, 3], (2, None), 3])
def test_adaptive_pooling_takes_every_way_to_say_its_size(size: object) -> None:
    agrees(loaded(nn.Sequential(nn.AdaptiveAvgPool2d(size))), IMAGE, "0")  # type: ignore[arg-type]


@pytest.mark.parametrize("axis", [1, 2, 3, -1, -2, -3])
def test_a_join_along_any_axis_of_the_maps(axis: int) -> None:
    class Joined(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.j = nn.Conv2d(1, 2, 3), Concat(axis)

        def forward(self, x: Tensor) -> Tensor:
            y = self.a(x)
            return self.j(y, y + 1)

    model = seeded(Joined())
    agrees(model, IMAGE, "j")
    last = [side - 1 for side in capture(model, IMAGE, ["j"])["j"].shape[1:]]
    assert account(model, IMAGE, "j", *last).sources.tolist() == [1]


def test_a_join_of_images_is_refused() -> None:
    class Joined(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.j = Concat(0)

        def forward(self, x: Tensor) -> Tensor:
            return self.j(x, x)

    with pytest.raises(ValueError, match="layer"):
        account(loaded(Joined()), IMAGE, "j", 0)


def test_a_gate_is_added_to_every_position() -> None:
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.s = nn.Conv2d(1, 2, 3), Sum()
            self.register_buffer("level", torch.tensor(0.25))

        def forward(self, x: Tensor) -> Tensor:
            y = self.a(x)
            return self.s(self.s(y, y.mean((2, 3), keepdim=True)), self.level)

    agrees(seeded(Gated()), IMAGE, "s")


def test_layers_may_be_called_by_the_names_of_their_arguments() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.r, self.s = nn.Conv2d(1, 2, 3), nn.ReLU(), Sum()
            self.f = nn.Linear(2, 3)

        def forward(self, x: Tensor) -> Tensor:
            y = self.r(input=self.a(input=x))
            return self.f(input=self.s(a=y, b=y).mean((2, 3)))

    model = seeded(Named())
    for layer in ("a", "r", "s", "f"):
        agrees(model, IMAGE, layer)
    assert account(model, IMAGE, "r", 0, 1, 1).base == "a"


def test_behind_what_is_not_known_the_account_begins_with_what_is_read() -> None:
    net = nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.Flatten(), nn.ReLU()),
        *(nn.Linear(144, 4), nn.LayerNorm(4), nn.BatchNorm1d(4), nn.Tanh()),
    )
    model = seeded(net)
    for layer in ("2", "4", "7", "8"):
        agrees(model, IMAGE, layer)
    alone = account(model, IMAGE, "2", 1, 1, 1)
    assert (alone.kind, alone.base, len(alone.changes)) == ("single", "2", 1)
    both = account(model, IMAGE, "8", 1)
    assert (both.kind, both.base) == ("single", "7")
    assert [change.layer for change in both.changes] == ["7", "8"]


@pytest.mark.parametrize(
    "act",
    [
        *(nn.PReLU(), nn.PReLU(3), nn.Softplus(), nn.Softplus(2.0, 1.0), nn.Hardtanh(-0.1, 0.1)),
        *(nn.Hardsigmoid(), nn.Mish(), nn.SELU(), nn.CELU(0.5), nn.Dropout2d(), nn.LeakyReLU(3.0)),
        *(nn.ELU(), nn.GELU(), nn.GELU("tanh"), nn.SiLU(), nn.Hardswish(), nn.Sigmoid()),
    ],
    ids=repr,
)
def test_every_activation_is_followed_from_the_sum(act: nn.Module) -> None:
    model = seeded(nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), act), 4.0)
    assert (capture(model, IMAGE, ["0"])["0"] < 0).any()
    agrees(model, IMAGE, "1")
    for channel in range(3):
        assert account(model, IMAGE, "1", channel, 2, 2).base == "0"


def test_what_is_no_model_is_refused(digit: np.ndarray) -> None:
    with pytest.raises(TypeError, match="model: expected a loaded model, got NoneType"):
        account(None, digit, "conv1", 0)  # type: ignore[arg-type]


def test_several_images_are_refused(digit: np.ndarray) -> None:
    model = models.load("lenet5-mnist")
    with pytest.raises(ValueError, match="expected one image, got a batch of 2"):
        account(model, np.stack([digit, digit]), "conv1", 0)
    one = account(model, digit[None], "conv1", 0, 3, 3)
    assert one.value == account(model, digit, "conv1", 0, 3, 3).value


class Loud(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        passed.append(1)
        return x * 1.0


passed: list[int] = []


def test_the_pass_ends_behind_the_layer() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), Loud())
    model = seeded(net)
    assert model.steps
    passed.clear()
    agreed = account(model, IMAGE, "1", 0, 1, 1)
    assert not passed
    assert agreed.base == "0"
    assert not any(module._forward_pre_hooks for module in model.net.modules())


def test_a_network_that_chooses_its_way_is_run_to_its_end() -> None:
    class Choosing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.c = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            y = self.c(x)
            return self.c(y) if x.sum() > 0 else y

    agrees(seeded(Choosing()), IMAGE, "c")


def test_a_layer_that_is_never_called_is_refused() -> None:
    class Idle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.c, self.idle = nn.Conv2d(1, 1, 3), nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            return self.c(x)

    with pytest.raises(ValueError, match="does not reach it"):
        account(loaded(Idle()), IMAGE, "idle", 0)
