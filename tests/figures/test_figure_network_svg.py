"""The isometric drawing as SVG: well-formed, clickable, readable, harmless."""

from __future__ import annotations

import dataclasses
import itertools
import re
import xml.etree.ElementTree as ElementTree

import pytest
import torch
from torch import nn

from xai import network
from xai.figures import network_labels
from xai.figures.network_svg import NetworkDrawing, network_drawing, network_strip
from xai.figures.sketches import Sketch
from xai.figures.solids_svg import COLOURS
from xai.models import MODELS
from xai.models.explicit import explicit
from xai.models.loaded import LoadedModel
from xai.network import ModelGraph
from xai.network.parts import FAMILIES

NAMES = ("vgg16", "resnet50", "googlenet", "densenet121", "mobilenet_v2", "lenet5-mnist")
_SVG = "{http://www.w3.org/2000/svg}"
_OPTIONS = {"googlenet": {"aux_logits": False, "init_weights": False}}


def _net(name: str) -> LoadedModel:
    """Build an architecture; its numbers are of no interest here."""
    if name == "lenet5-mnist":
        from xai.models import load

        return load(name, device="cpu")
    import torchvision

    with torch.device("meta"):
        net = getattr(torchvision.models, name)(weights=None, **_OPTIONS.get(name, {}))
    net.to_empty(device="cpu")
    return LoadedModel(MODELS[name], explicit(net.eval()))


@pytest.fixture(scope="module")
def graphs() -> dict[str, ModelGraph]:
    return {name: network.trace(_net(name)) for name in NAMES}


@pytest.fixture(scope="module")
def drawings(graphs) -> dict[str, NetworkDrawing]:
    return {name: network_drawing(graph) for name, graph in graphs.items()}


def _sketches(drawing: NetworkDrawing) -> list[Sketch]:
    return [drawing.main, *drawing.details.values()]


def _drawn(sketch: Sketch) -> list[str]:
    """Return the names of the drawn parts, in the order of the markup."""
    groups = ElementTree.fromstring(sketch.svg).iter(f"{_SVG}g")
    return [group.get("data-node", "") for group in groups if group.get("class") == "node"]


@pytest.mark.parametrize("name", NAMES)
def test_every_sketch_is_an_svg_that_draws_its_nodes(drawings, graphs, name: str) -> None:
    for drawing in (drawings[name], network_strip(graphs[name])):
        for sketch in _sketches(drawing):
            root = ElementTree.fromstring(sketch.svg)
            assert root.tag == f"{_SVG}svg"
            assert root.get("viewBox") == f"0 0 {sketch.width:.0f} {sketch.height:.0f}"
            assert _drawn(sketch) == [node.name for node in sketch.nodes]
            assert len(set(_drawn(sketch))) == len(sketch.nodes)
            for node in sketch.nodes:
                left, top, width, height = node.box
                assert left >= 0
                assert top >= 0
                assert width > 0
                assert height > 0
                assert left + width <= sketch.width
                assert top + height <= sketch.height


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_can_be_reached_once(drawings, graphs, name: str) -> None:
    layers = sorted({node.layer for node in graphs[name].nodes if node.layer})
    for drawing in (drawings[name], network_strip(graphs[name])):
        assert sorted(layer for node in drawing.main.nodes for layer in node.layers) == layers
        for node in drawing.main.nodes:
            assert (node.name in drawing.details) == (len(node.layers) > 1)
            if node.layers:
                assert node.layer in node.layers
        for key, detail in drawing.details.items():
            part = next(node for node in drawing.main.nodes if node.name == key)
            inside = [layer for node in detail.nodes for layer in node.layers]
            assert inside == list(part.layers)
            assert all(detail.node_of(layer) for layer in part.layers)


@pytest.mark.parametrize("name", NAMES)
def test_drawings_fit(drawings, graphs, name: str) -> None:
    main = drawings[name].main
    assert 600 <= main.width <= (1500 if name == "densenet121" else 1150)
    assert 250 <= main.height <= 350
    assert len(main.nodes) <= 80
    strip = network_strip(graphs[name])
    assert strip.main.height <= 72
    assert strip.main.width <= 1100
    assert "<text" not in "".join(sketch.svg for sketch in _sketches(strip))
    assert all(detail.height <= 66 for detail in strip.details.values())


@pytest.mark.parametrize("name", NAMES)
def test_labels_do_not_overlap(drawings, name: str) -> None:
    for sketch in _sketches(drawings[name]):
        boxes = []
        for text in ElementTree.fromstring(sketch.svg).iter(f"{_SVG}text"):
            words, size = text.text or "", float(text.get("font-size", "0"))
            wide = network_labels.text_width(words, size, text.get("font-weight") is not None)
            x = float(text.get("x", "0")) - (wide / 2 if text.get("text-anchor") else 0)
            y = float(text.get("y", "0"))
            boxes.append((x, y - 0.75 * size, x + wide, y + 0.2 * size, words))
            assert size >= 13
        for one, two in itertools.combinations(boxes, 2):
            apart = one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]
            assert apart, (one, two)


def test_stages_are_labelled_with_size_and_name(drawings) -> None:
    texts = [
        text.text
        for text in ElementTree.fromstring(drawings["resnet50"].main.svg).iter(f"{_SVG}text")
    ]
    for words in ("Image", "56 × 56", "28 × 28", "14 × 14", "7 × 7", "Dense", "2,048", "Shortcut"):
        assert words in texts
    assert "layer3: 6 × Bottleneck" in texts
    assert any("log scale" in (text or "") for text in texts)


def test_links_join_parts_and_shortcuts_are_marked(drawings, graphs) -> None:
    sketch = drawings["densenet121"].main
    names = {node.name for node in sketch.nodes}
    root = ElementTree.fromstring(sketch.svg)
    links = [path for path in root.iter(f"{_SVG}path") if "link" in path.get("class", "").split()]
    assert {path.get("data-from") for path in links} <= names
    assert {path.get("data-to") for path in links} <= names
    shortcuts = [path for path in links if "sk-shortcut" in path.get("class", "")]
    # Each of n dense layers and the last join read all that was before but the nearest.
    assert ">Shortcut<" in sketch.svg
    assert len(shortcuts) == sum(n * (n + 1) // 2 for n in (6, 12, 24, 16))


def test_a_residual_block_has_its_shortcut_inside_and_above(drawings) -> None:
    drawing = drawings["resnet50"]
    group = re.search(r'<g class="node" data-node="layer1\.1">.*?</g>', drawing.main.svg)
    assert group
    assert "sk-arc" in group[0]
    inside = ElementTree.fromstring(drawing.details["layer1.1"].svg)
    marked = [p for p in inside.iter(f"{_SVG}path") if "sk-shortcut" in p.get("class", "")]
    assert [(p.get("data-from"), p.get("data-to")) for p in marked] == [("", "layer1_1_add")]


def test_drawing_twice_gives_the_same(graphs) -> None:
    for name in ("googlenet", "densenet121"):
        one, two = network_drawing(graphs[name]), network_drawing(graphs[name])
        assert [s.svg for s in _sketches(one)] == [s.svg for s in _sketches(two)]


def test_colours_are_variables_with_a_default(drawings) -> None:
    svg = drawings["lenet5-mnist"].main.svg
    assert set(FAMILIES) <= set(COLOURS)
    for name, colour in COLOURS.items():
        assert f"var(--sketch-{name},{colour})" in svg
    assert "<title" not in svg
    assert "id=" not in svg.replace("viewBox", "")


def _renamed(graph: ModelGraph, marks: str) -> ModelGraph:
    """Give every name in a graph an ending."""
    nodes = tuple(
        dataclasses.replace(
            node,
            name=node.name + marks,
            label=node.label + marks,
            kind=node.kind if node.kind == "input" else node.kind + marks,
            module=node.module + marks,
            layer=node.layer and node.layer + marks,
            members=tuple(member + marks for member in node.members),
        )
        for node in graph.nodes
    )
    edges = tuple((source + marks, target + marks) for source, target in graph.edges)
    return ModelGraph(graph.model + marks, nodes, edges, graph.containers)


def test_hostile_names_stay_text(graphs) -> None:
    marks = "\"'><script>alert(1)</script>&]]>\x00\ud800"
    graph = _renamed(graphs["lenet5-mnist"], marks)
    for drawing in (network_drawing(graph), network_strip(graph)):
        for sketch in _sketches(drawing):
            root = ElementTree.fromstring(sketch.svg)
            assert not list(root.iter(f"{_SVG}script"))
            assert "<script" not in sketch.svg
            assert all(name.endswith("]]>\ufffd\ufffd") for name in _drawn(sketch))


class _Chain(nn.Sequential):
    """Four hundred steps without a shortcut, as a module tree would be drawn."""

    def __init__(self) -> None:
        super().__init__(
            *(
                layer
                for index in range(200)
                for layer in (nn.Conv2d(1 + index % 3, 1 + (index + 1) % 3, 1), nn.ReLU())
            ),
            nn.Flatten(),
            nn.Linear(192, 2),
        )


def test_hundreds_of_nodes_in_a_chain() -> None:
    spec = dataclasses.replace(MODELS["lenet5-mnist"], name="toy", input_size=(8, 8), resize=8)
    graph = network.trace(LoadedModel(spec, _Chain()))
    drawing = network_drawing(graph)
    assert len(drawing.main.nodes) <= 80
    assert drawing.main.width <= 1500
    layers = {node.layer for node in graph.nodes if node.layer}
    assert sum(len(node.layers) for node in drawing.main.nodes) == len(layers) == 401


def test_labels_that_touch_are_left_out() -> None:
    label = network_labels.Label("wide enough", 50, 20, 14)
    near = dataclasses.replace(label, x=70)
    below = dataclasses.replace(label, y=60)
    assert network_labels.without_overlap([label, near, below]) == [label, below]
