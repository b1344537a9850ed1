"""What one output sees, against the pixels that its slope knows of."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from xai import network
from xai.hooks import recording
from xai.models.nets import Concat, Sum
from xai.network import Field


def _gradient_box(model, layer: str, row: int, column: int) -> tuple[int, int, int, int] | None:
    """Return the smallest box around the pixels that move one output of a layer."""
    net = model.private().double()
    with torch.no_grad():
        for parameter in net.parameters():
            # Positive weights cannot cancel each other, and no rectifier closes.
            parameter.fill_(0.5)
    x = torch.ones((1, *model.input_shape), dtype=torch.float64).requires_grad_(True)
    with recording(net, [layer]) as outputs:
        net(x)
    output = outputs[layer]
    unit = output[0, :, row, column].sum() if output.dim() == 4 else output[0, 0]
    (slope,) = torch.autograd.grad(unit, x)
    rows, columns = torch.nonzero(slope[0].abs().sum(0), as_tuple=True)
    if not len(rows):
        return None
    return int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1


def _box(found: Field) -> tuple[int, int, int, int]:
    return found.top, found.left, found.bottom, found.right


def _positions(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    if len(shape) != 3:
        return [(0, 0)]
    rows = sorted({0, 1 % shape[1], shape[1] // 2, shape[1] - 1})
    columns = sorted({0, shape[2] // 3, shape[2] - 1})
    return [(row, column) for row in rows for column in columns]


class Plain(nn.Module):
    """Everything that bends a window: strides, dilation, borders, ceilings, shares."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, (3, 5), stride=(1, 2), padding=(1, 0))
        self.wide = nn.Conv2d(2, 2, 3, dilation=3, padding=3)
        self.pad = nn.ZeroPad2d((2, 0, 1, 3))
        self.same = nn.Conv2d(2, 2, 4, padding="same")
        self.pool = nn.AvgPool2d(3, 2, padding=1, ceil_mode=True, count_include_pad=False)
        self.relu = nn.ReLU()
        self.far = nn.Conv2d(2, 2, 1, stride=2, padding=2)
        self.share = nn.AdaptiveAvgPool2d((4, 3))
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(24, 3)

    def forward(self, x):
        x = self.same(self.pad(self.wide(self.conv(x))))
        x = self.share(self.far(self.relu(self.pool(x))))
        return self.fc(self.flatten(x))


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_the_field_is_exactly_what_the_slope_covers(wrapped) -> None:
    model = wrapped(Plain(), side=37)
    empty = 0
    for layer in model.layers:
        for row, column in _positions(layer.shape):
            found = network.field(model, layer.name, row, column)
            box = _gradient_box(model, layer.name, row, column)
            empty += box is None
            assert _box(found) == (box or (0, 0, 0, 0)), layer
    # The border of "far" is wider than its kernel: its corner sees zeros alone.
    assert empty > 0


class Branches(nn.Module):
    """A wide and a far branch, joined and added."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 2, 3, stride=2, padding=1)
        self.tall = nn.Conv2d(2, 2, (7, 1), padding=(3, 0))
        self.broad = nn.Conv2d(2, 2, (1, 5), padding=(0, 2))
        self.concat = Concat()
        self.mix = nn.Conv2d(4, 2, 1)
        self.add = Sum()

    def forward(self, x):
        x = self.stem(x)
        return self.add(self.mix(self.concat(self.tall(x), self.broad(x))), x)


def test_where_branches_meet_all_that_any_of_them_sees_counts(wrapped) -> None:
    model = wrapped(Branches(), side=41)
    for name in ("tall", "broad", "concat", "add"):
        for row, column in ((0, 0), (10, 10), (20, 3)):
            found = network.field(model, name, row, column)
            assert _box(found) == _gradient_box(model, name, row, column), (name, row, column)
    middle = network.field(model, "add", 10, 10)
    assert (middle.rows, middle.columns) == (3 + 6 * 2, 3 + 4 * 2)
    # As it stands in the corner, half of it lies outside of the image.
    corner = network.field(model, "add", 0, 0)
    assert (corner.full_top, corner.full_bottom, corner.top, corner.bottom) == (-7, 8, 0, 8)
    assert (corner.rows, corner.columns) == (middle.rows, middle.columns)
    assert (corner.visible_rows, corner.visible_columns) == (8, 6)


class Gated(nn.Module):
    """A squeeze-and-excitation gate, with bare functions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.gate = nn.Conv2d(2, 2, 1)
        self.then = nn.Conv2d(2, 2, 3)

    def forward(self, x):
        x = self.conv(x)
        return self.then(x * torch.sigmoid(self.gate(self.squeeze(x))))


def test_a_gate_sees_the_whole_image(wrapped) -> None:
    model = wrapped(Gated(), side=12)
    assert _box(network.field(model, "conv", 2, 3)) == (2, 3, 5, 6)
    found = network.field(model, "then", 2, 3)
    assert _box(found) == _gradient_box(model, "then", 2, 3) == (0, 0, 12, 12)


def test_the_known_field_of_vgg16(published) -> None:
    model = published("vgg16")
    middle = network.field(model, "features.28", 7, 7)
    assert (middle.rows, middle.columns) == (196, 196)
    assert _box(middle) == (
        max(middle.full_top, 0),
        max(middle.full_left, 0),
        min(middle.full_bottom, 224),
        min(middle.full_right, 224),
    )
    assert _box(network.field(model, "classifier.0")) == (0, 0, 224, 224)
    for layer in model.layers:
        if layer.spatial:
            found = network.field(model, layer.name)
            assert found.rows == found.columns == layer.receptive_field, layer.name


@pytest.mark.parametrize("name", ["resnet18", "googlenet"])
def test_neighbours_are_one_jump_apart(published, name: str) -> None:
    model = published(name)
    jumps = {step.module: step.sight.jump[0] for step in model.steps}
    for layer in model.layers:
        if layer.spatial and layer.shape[1] > 2 and layer.kind in ("Conv2d", "MaxPool2d"):
            one = network.field(model, layer.name, 1, 1)
            other = network.field(model, layer.name, 2, 1)
            assert other.full_top - one.full_top == jumps[layer.name]
            assert (one.rows, one.full_left) == (other.rows, other.full_left)
            assert one.rows == layer.receptive_field


def test_the_last_call_of_a_reused_layer_counts(wrapped) -> None:
    conv = nn.Conv2d(1, 1, 3, padding=1)
    model = wrapped(nn.Sequential(conv, nn.ReLU(), conv), side=9)
    found = network.field(model, "0", 4, 4)
    assert _box(found) == (2, 2, 7, 7)


def test_refusals(lite0) -> None:
    assert network.field(lite0, "stem.conv", np.int64(111), 111).bottom == 224
    for place, words in (((112, 0), "row: expected 0 to 111"), ((0, -1), "column: expected 0")):
        with pytest.raises(ValueError, match=words):
            network.field(lite0, "stem.conv", *place)
    with pytest.raises(ValueError, match="row: expected 0 to 0, got 1"):
        network.field(lite0, "classifier", 1, 0)
    with pytest.raises(ValueError, match=r"layer such as stem\.conv"):
        network.field(lite0, "stem.pad", 0, 0)
    for place in (1.5, True, "1"):
        with pytest.raises(TypeError, match="row: expected a whole number"):
            network.field(lite0, "stem.conv", place, 0)


@pytest.mark.parametrize("flatten", [nn.Flatten, None])
def test_a_neuron_of_a_flat_map_sees_its_own_window(wrapped, flatten) -> None:
    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3)
            self.flatten = flatten() if flatten else None
            self.relu = nn.ReLU()
            self.fc = nn.Linear(144, 3)

        def forward(self, x):
            x = self.conv(x)
            x = self.flatten(x) if self.flatten else x.view(-1, 144)
            return self.fc(self.relu(x))

    model = wrapped(Flat())
    for unit, row, column in ((0, 0, 0), (7, 1, 1), (36 + 5, 0, 5), (143, 5, 5)):
        found = network.field(model, "relu", unit=unit)
        assert _box(found) == (row, column, row + 3, column + 3), unit
    assert _box(network.field(model, "relu")) == (0, 0, 8, 8)
    # A dense layer mixes them, and a map's channels all see the same.
    assert _box(network.field(model, "fc", unit=2)) == (0, 0, 8, 8)
    assert _box(network.field(model, "conv", 1, 2, unit=3)) == (1, 2, 4, 5)
    with pytest.raises(ValueError, match="unit: expected 0 to 143"):
        network.field(model, "relu", unit=144)


def test_numbers_in_another_order_are_not_mapped_back(wrapped) -> None:
    class Shuffled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3)
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(self.conv(x).flatten(1)[:, list(range(36))[::-1]])

    assert _box(network.field(wrapped(Shuffled()), "relu", unit=0)) == (0, 0, 8, 8)


class Turned(nn.Module):
    """The rows in reverse: an index, not a window."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.then = nn.Conv2d(2, 2, 1)

    def forward(self, x):
        return self.then(self.conv(x)[:, :, [7, 6, 5, 4, 3, 2, 1, 0]])


class Bordered(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, stride=2)
        self.then = nn.Conv2d(2, 2, 2)

    def forward(self, x):
        return self.then(torch.nn.functional.pad(self.conv(x), (2, 0, 1, 1)))


@pytest.mark.parametrize(
    ("net", "layer", "exact"),
    [
        (Turned(), "then", False),
        (Bordered(), "then", True),
        (nn.Sequential(nn.Conv2d(1, 1, 3, padding=2, padding_mode="reflect")), "0", False),
        (nn.Sequential(nn.Conv2d(1, 1, 3, padding=2, padding_mode="replicate")), "0", True),
        (
            nn.Sequential(nn.Conv2d(1, 1, 2, dilation=3, padding=1, padding_mode="replicate")),
            "0",
            False,
        ),
    ],
)
def test_no_field_is_too_small(wrapped, net, layer: str, exact: bool) -> None:
    model = wrapped(net)
    shape = next(known.shape for known in model.layers if known.name == layer)
    for row, column in _positions(shape):
        found = _box(network.field(model, layer, row, column))
        box = _gradient_box(model, layer, row, column) or (0, 0, 0, 0)
        assert found == box or not exact
        assert found[0] <= box[0]
        assert found[1] <= box[1]
        assert found[2] >= box[2]
        assert found[3] >= box[3]


def test_the_door_of_the_package_takes_models_only(wrapped) -> None:
    for door in (network.trace, network.summary, network.profile):
        with pytest.raises(TypeError, match="model: expected a loaded model, got int"):
            door(3)
    for door in (network.field, network.weights):
        with pytest.raises(TypeError, match="model: expected a loaded model, got NoneType"):
            door(None, "conv")

    class Bare(nn.Module):
        def forward(self, x):
            return x.mean((2, 3))

    for door in (network.field, network.weights):
        with pytest.raises(ValueError, match=r"layer of the network, which has none; got 'conv'"):
            door(wrapped(Bare()), "conv")
