"""The isometric drawing as numbers: what a part holds, how large it is, where it stands."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from xai import network
from xai.network.isometric import scene
from xai.network.lanes import places
from xai.network.parts import ENTRY, FAMILIES, MOST_PARTS, describe, family, fold, insides, steps
from xai.network.solids import Frame, Scale

NAMES = ("vgg16", "resnet50", "googlenet", "densenet121", "mobilenet_v2", "squeezenet1_1")


class _Residual(nn.Module):
    """Two residual additions that no block hides, after three branches side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 1))
        self.b = nn.Conv2d(1, 4, 1)
        self.c = nn.Sequential(nn.MaxPool2d(1), nn.Conv2d(1, 4, 1))
        self.again = nn.Conv2d(24, 24, 3, padding=1)
        self.act = nn.ReLU()
        self.fc = nn.Linear(24, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.cat([self.a(x), self.b(x), self.c(x)], 1)
        x = self.act(self.again(x) + x)
        x = self.act(self.again(x) + x)
        return self.fc(x.mean((2, 3)))


def _chain(count: int) -> nn.Sequential:
    """Make a long chain in which no two neighbours are equal."""
    widths = [1, *(3 + index % 5 for index in range(count))]
    layers = [nn.Conv2d(one, two, 1) for one, two in itertools.pairwise(widths)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], 2))


@pytest.fixture(scope="module")
def graphs(published, wrapped):
    """Return a function from a name to its model and its traced graph."""
    toys = {"branches": _Residual, "chain": lambda: _chain(150)}

    def made(name: str):
        model = wrapped(toys[name]()) if name in toys else published(name)
        return model, network.trace(model)

    return made


@pytest.mark.parametrize("name", [*NAMES, "branches", "chain"])
def test_every_layer_lies_in_one_part_and_in_one_step_of_it(graphs, name: str) -> None:
    model, graph = graphs(name)
    folded = fold(graph)
    parts = describe(graph, folded)
    assert len(parts) <= MOST_PARTS
    held = [layer for part in parts for layer in part.layers]
    assert sorted(held) == sorted({layer.name for layer in model.layers})
    inner = insides(graph, folded)
    for part in parts:
        assert part.family in FAMILIES
        assert part.layer in part.layers or not part.layers
        if len(part.layers) > 1:
            inside = [layer for step in steps(inner[part.node.name], part) for layer in step.layers]
            assert inside == list(part.layers)


def test_parts_of_densenet_are_its_dense_layers(graphs) -> None:
    _, graph = graphs("densenet121")
    parts = describe(graph, fold(graph))
    assert sum(part.node.kind == "_DenseLayer" for part in parts) == 6 + 12 + 24 + 16


def test_parts_know_what_is_in_them(graphs) -> None:
    _, graph = graphs("resnet50")
    parts = {part.node.name: part for part in describe(graph, fold(graph))}
    assert (parts["conv1"].family, parts["conv1"].bands) == ("conv", ("norm", "activation"))
    assert parts["maxpool"].family == "pool"
    block = parts["layer1.0"]
    assert (block.family, block.steps, block.lanes, block.bypass) == ("block", 3, 2, True)
    # Flattening belongs to the pool, but its map is 1 x 1.
    assert parts["avgpool"].shape == (2048, 1, 1)
    _, graph = graphs("googlenet")
    block = describe(graph, fold(graph))[6]
    assert (block.node.name, block.lanes, block.steps, block.bypass) == (
        "inception3a",
        4,
        2,
        False,
    )


def test_a_long_chain_is_bundled_without_losing_anything(graphs) -> None:
    _, graph = graphs("chain")
    folded = fold(graph, 20)
    assert len(folded.nodes) <= 20
    assert [name for node in folded.nodes for name in node.members] == [
        node.name for node in graph.nodes
    ]
    totals = sum(node.parameters for node in graph.nodes)
    assert sum(node.parameters for node in folded.nodes) == totals
    assert folded.nodes[0].kind == "input"


@pytest.mark.parametrize("name", [*NAMES, "branches"])
def test_lanes_and_columns_keep_the_order(graphs, name: str) -> None:
    _, graph = graphs(name)
    folded = fold(graph)
    for inner in (folded, *insides(graph, folded).values()):
        found = places(inner)
        assert all(found.columns[a] < found.columns[b] for a, b in inner.edges)
        seats = [(found.columns[node.name], found.lanes[node.name]) for node in inner.nodes]
        assert len(set(seats)) == len(seats)
        assert max(found.lanes.values()) == found.count - 1


def test_branches_stand_beside_each_other_and_in_the_middle(graphs) -> None:
    _, graph = graphs("branches")
    found = places(fold(graph))
    assert found.count == 3
    _, graph = graphs("resnet50")
    inside = insides(graph, fold(graph))["layer1.0"]
    assert (ENTRY, "layer1_0_conv1") in inside.edges
    found = places(inside)
    shortcut = [found.lanes[f"layer1_0_downsample_{index}"] for index in (0, 1)]
    assert shortcut == [1, 1]
    column = found.columns
    before = column["layer1_0_downsample_0"] - column[ENTRY]
    after = column["layer1_0_add"] - column["layer1_0_downsample_1"]
    assert abs(before - after) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_sizes_grow_with_the_shape(graphs, name: str) -> None:
    _, graph = graphs(name)
    # The image is a plate, and a norm by itself a film, however many channels.
    films = ("input", "norm", "activation")
    parts = [part for part in describe(graph, fold(graph)) if part.family not in films]
    scale = Scale(parts, Frame(tallest=100))
    boxes = [(part.shape, scale.box(part)) for part in parts]
    maps = [(shape, box) for shape, box in boxes if len(shape) == 3]
    for (one, small), (two, large) in itertools.permutations(maps, 2):
        if one[0] < two[0]:
            assert small[0] < large[0]
        if one[1] < two[1]:
            assert small[1] < large[1]
            assert small[2] < large[2]
    bars = [(shape[0], box[1]) for shape, box in boxes if len(shape) == 1]
    assert [height for _, height in sorted(bars)] == sorted(height for _, height in bars)
    assert all(0 < size <= 100 for _, box in boxes for size in box)


def test_scales_are_logarithmic(graphs) -> None:
    _, graph = graphs("vgg16")
    scale = Scale(describe(graph, fold(graph)), Frame(tallest=100))
    assert scale.side(224) == pytest.approx(100)
    assert scale.side(112) - scale.side(56) == pytest.approx(scale.side(28) - scale.side(14))
    assert scale.channels(128) - scale.channels(64) == pytest.approx(
        scale.channels(512) - scale.channels(256)
    )
    assert scale.units(2048) - scale.units(1024) == pytest.approx(scale.units(2) - scale.units(1))


@pytest.mark.parametrize("name", [*NAMES, "branches", "chain"])
def test_boxes_do_not_overlap_along_the_flow_and_stages_do_not_either(graphs, name: str) -> None:
    _, graph = graphs(name)
    folded = fold(graph)
    parts = describe(graph, folded)
    made = scene(folded, parts, Frame(tallest=132))
    assert [solid.name for solid in made.solids] == [part.node.name for part in parts]
    solids = {solid.name: solid for solid in made.solids}
    for source, target in folded.edges:
        assert solids[source].x + solids[source].thickness < solids[target].x
    for one, two in itertools.pairwise(made.bands):
        assert one.right < two.left
    for band in made.bands:
        for held in band.names:
            assert band.left - 0.01 <= solids[held].left
            assert solids[held].right <= band.right + 0.01
    assert sorted(held for band in made.bands for held in band.names) == sorted(solids)


def test_boxes_of_one_column_do_not_overlap(graphs) -> None:
    _, graph = graphs("googlenet")
    folded = fold(graph)
    part = next(p for p in describe(graph, folded) if p.node.name == "inception3a")
    inside = insides(graph, folded)["inception3a"]
    made = scene(inside, steps(inside, part), Frame(tallest=60))
    for one, two in itertools.combinations(made.solids, 2):
        apart = one.x + one.thickness <= two.x or two.x + two.thickness <= one.x
        assert apart or one.bottom <= two.top or two.bottom <= one.top


def test_stages_are_runs_of_one_size(graphs) -> None:
    _, graph = graphs("resnet50")
    folded = fold(graph)
    made = scene(folded, describe(graph, folded), Frame(tallest=132))
    sizes = [(-1,), (112, 112), (56, 56), (28, 28), (14, 14), (7, 7), (1, 1), ()]
    assert [band.size for band in made.bands] == sizes
    assert made.bands[2].names == ("maxpool", "layer1.0", "layer1.1", "layer1.2")


def test_shortcuts_are_arcs_above_what_they_skip(graphs) -> None:
    _, graph = graphs("branches")
    folded = fold(graph)
    made = scene(folded, describe(graph, folded), Frame(tallest=132))
    arcs = [route for route in made.routes if route.arc]
    assert {(arc.source, arc.target) for arc in arcs} == set(folded.shortcuts)
    assert len(arcs) == 2
    place = [solid.name for solid in made.solids]
    for arc in arcs:
        skipped = made.solids[place.index(arc.source) : place.index(arc.target) + 1]
        assert arc.top < min(solid.top for solid in skipped)
        assert made.top <= arc.top


def test_a_stretched_drawing_is_as_wide_as_asked(graphs) -> None:
    _, graph = graphs("vgg16")
    folded = fold(graph)
    parts = describe(graph, folded)
    for width in (900.0, 1100.0, 1300.0):
        made = scene(folded, parts, Frame(tallest=132, width=width))
        assert made.right == pytest.approx(width, abs=8)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Conv2d", "conv"),
        ("ConvTranspose2d", "conv"),
        ("BatchNorm2d", "norm"),
        ("LayerNorm", "norm"),
        ("ReLU6", "activation"),
        ("Hardswish", "activation"),
        ("AdaptiveAvgPool2d", "pool"),
        ("mean", "pool"),
        ("Linear", "dense"),
        ("Sum", "join"),
        ("Concat", "join"),
        ("input", "input"),
        ("Flatten", "other"),
        ("</g>", "other"),
    ],
)
def test_families(kind: str, expected: str) -> None:
    assert family(kind) == expected
