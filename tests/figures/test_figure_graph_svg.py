"""The drawn graph: complete, valid XML, safe whatever the names hold."""

from __future__ import annotations

import dataclasses
import itertools
import re
from functools import cache
from types import MappingProxyType
from xml.etree import ElementTree

import pytest
import torch

from xai import network
from xai.figures.graph_svg import graph_sketch
from xai.models import MODELS
from xai.models.explicit import explicit
from xai.models.loaded import LoadedModel
from xai.network import ModelGraph, Node
from xai.network.graph import with_depths

_SVG = "{http://www.w3.org/2000/svg}"


@cache
def _steps(name: str) -> ModelGraph:
    """Trace a published architecture; its numbers are of no interest here."""
    import torchvision

    options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        net = getattr(torchvision.models, name)(weights=None, **options)
    net.to_empty(device="cpu")
    return network.trace(LoadedModel(MODELS[name], explicit(net.eval())))


def _node(name: str, kind: str = "Conv2d", **more) -> Node:
    known = {"label": kind, "module": name, "layer": name, "shape": (4, 8, 8)}
    known |= {"parameters": 9, "macs": 81, "receptive_field": 3, "members": (name,)}
    return Node(name=name, kind=kind, **(known | more))


def _graph(nodes: list[Node], edges, containers=None) -> ModelGraph:
    return ModelGraph(
        "toy", with_depths(nodes, edges), tuple(edges), MappingProxyType(containers or {})
    )


@pytest.fixture
def residual() -> ModelGraph:
    """An image, an opened residual block with a shortcut, a run of two more, a classifier."""
    nodes = [
        _node("x", "input", layer=""),
        _node("b0.c1", group="b0", detail="3 × 3, stride 2", members=("b0.c1", "b0.r")),
        _node("b0.c2", group="b0"),
        _node("b0.add", "Sum", group="b0", layer=""),
        _node(
            "b1:b2", "Block", label="Block × 2", repeats=2, layer="b2.c", members=("b1.c", "b2.c")
        ),
        _node("fc", "Linear", shape=(10,)),
    ]
    edges = [
        ("x", "b0.c1"),
        ("b0.c1", "b0.c2"),
        ("x", "b0.add"),
        ("b0.c2", "b0.add"),
        ("b0.add", "b1:b2"),
        ("b1:b2", "fc"),
    ]
    return _graph(nodes, edges, {"b0": "Block", "b1": "Block", "b2": "Block"})


def _parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def _groups(root: ElementTree.Element) -> list[str]:
    return [g.get("data-node") for g in root.iter(f"{_SVG}g") if g.get("class") == "node"]


def _texts(root: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{_SVG}text")]


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_every_node_and_edge_is_drawn(residual, direction: str) -> None:
    sketch = graph_sketch(residual, direction=direction)
    root = _parsed(sketch.svg)
    assert _groups(root) == [node.name for node in sketch.nodes]
    assert [n.name for n in sketch.nodes] == [*(n.name for n in residual.nodes), "fold:b0"]
    links = [p for p in root.iter(f"{_SVG}path") if "link" in p.get("class", "").split()]
    assert {(p.get("data-from"), p.get("data-to")) for p in links} == set(residual.edges)
    assert len(links) == len(residual.edges)
    aside = [p for p in links if "sk-shortcut" in p.get("class").split()]
    assert [(p.get("data-from"), p.get("data-to")) for p in aside] == [("x", "b0.add")]
    corner = [float(side) for side in root.get("viewBox").split()]
    assert corner == pytest.approx([0, 0, sketch.width, sketch.height], abs=0.1)
    texts = " ".join(_texts(root))
    assert all(
        word in texts for word in ("Block × 2", "3 × 3, stride 2", "4 × 8 × 8", "Block · b0")
    )
    assert sketch == graph_sketch(residual, direction=direction)


def test_what_can_be_opened_and_closed(residual) -> None:
    sketch = graph_sketch(residual)
    opens = {node.name: node.expands for node in sketch.nodes if node.expands}
    assert opens == {"b1:b2": "b1:b2", "fold:b0": "b0"}
    root = _parsed(sketch.svg)
    chips = [
        g.get("data-node")
        for g in root.iter(f"{_SVG}g")
        if g.find(f"{_SVG}g[@class='sk-chip']") is not None
    ]
    assert chips == ["b1:b2", "fold:b0"]
    fold = sketch.nodes[-1]
    assert (fold.layer, fold.layers) == ("", ())
    assert not any(n.expands == "b0" for n in graph_sketch(residual, expanded=()).nodes)
    assert any(n.expands == "b0" for n in graph_sketch(residual, expanded={"b0"}).nodes)


def test_a_layer_is_found_in_the_node_that_holds_it(residual) -> None:
    steps = _graph([_node(n) for n in ("b1.c", "b2.c")], [])
    bare, knowing = (
        graph_sketch(residual),
        graph_sketch(
            dataclasses.replace(residual, nodes=residual.nodes[4:5], edges=()), steps=steps
        ),
    )
    assert bare.node_of("b2.c") == "b1:b2"
    assert bare.node_of("b1.c") == ""
    assert knowing.node_of("b1.c") == "b1:b2"
    assert bare.node_of("fc") == "fc"


def test_boxes_hold_their_texts_and_lie_apart() -> None:
    steps = _steps("googlenet")
    opened = ["inception3a", "inception4b"]
    graph = network.collapse(steps, expanded=opened)
    sketch = graph_sketch(graph, steps=steps, expanded=opened)
    boxes = {node.name: node.box for node in sketch.nodes}
    for (x, y, w, h), (a, b, c, d) in itertools.combinations(boxes.values(), 2):
        assert x + w <= a or a + c <= x or y + h <= b or b + d <= y
    root = _parsed(sketch.svg)
    sizes = [float(text.get("font-size")) for text in root.iter(f"{_SVG}text")]
    assert min(sizes) >= 12
    for group in root.iter(f"{_SVG}g"):
        if group.get("class") == "node":
            x, y, w, h = boxes[group.get("data-node")]
            for text in group.iter(f"{_SVG}text"):
                assert x < float(text.get("x")) < x + w
                assert y < float(text.get("y")) < y + h
                assert 0.4 * float(text.get("font-size")) * len(text.text) < w
    layers = [layer for node in sketch.nodes for layer in node.layers]
    assert sorted(layers) == sorted(node.layer for node in steps.nodes if node.layer)


@pytest.mark.parametrize("name", ["resnet50", "densenet121", "googlenet"])
def test_an_overview_fits_on_a_laptop(name: str) -> None:
    graph = network.collapse(_steps(name))
    sketch = graph_sketch(graph)
    assert sketch.width <= 900
    assert sketch.height <= 600
    assert len(sketch.svg) < 30_000


def test_every_layer_of_densenet_can_be_drawn() -> None:
    graph = _steps("densenet121")
    sketch = graph_sketch(graph, steps=graph)
    root = _parsed(sketch.svg)
    assert len(_groups(root)) == len(graph.nodes)
    # Nothing was folded, so there is nothing to fold again.
    assert not any(node.expands for node in sketch.nodes)
    assert len(sketch.svg) < 1_000_000


@pytest.mark.parametrize(
    "name",
    [
        '"><script>alert(1)</script>',
        "a & b < c > d ' e",
        "line\nbreak\ttab",
        "nul\0\x1b[31m",
        "half \ud800 a pair",
        "\u202emirrored",
        "x" * 500,
        "",
    ],
)
def test_hostile_names_stay_text(residual, name: str) -> None:
    nodes = [dataclasses.replace(n, label=name, detail=name, module=name) for n in residual.nodes]
    nodes[2] = dataclasses.replace(nodes[2], name=name or "b0.c2")
    renamed = {"b0.c2": nodes[2].name}
    edges = tuple((renamed.get(a, a), renamed.get(b, b)) for a, b in residual.edges)
    containers = MappingProxyType({"b0": name or "K"})
    graph = dataclasses.replace(residual, nodes=tuple(nodes), edges=edges, containers=containers)
    sketch = graph_sketch(graph)
    root = _parsed(sketch.svg)
    tags = {element.tag.removeprefix(_SVG) for element in root.iter()}
    assert tags <= {"svg", "style", "g", "rect", "path", "text", "circle"}
    assert all(len(text) <= 60 for text in _texts(root))
    assert sketch.width < 2500
    sketch.svg.encode("utf-8")


def test_colours_come_from_the_page_and_have_defaults(residual) -> None:
    svg = graph_sketch(residual).svg
    style = re.search("<style>(.*)</style>", svg).group(1)
    assert set(re.findall(r"var\(--sketch-(\w+),#[0-9a-f]{6}\)", style)) >= {
        *("text", "muted", "line", "stage", "accent", "shortcut", "conv", "norm"),
        *("activation", "pool", "dense", "join", "block", "input", "other"),
    }
    assert "#" not in svg.replace(style, "")


def test_a_model_that_was_not_traced_is_a_chain() -> None:
    nodes = [_node(f"m{k}") for k in range(5)]
    graph = _graph(nodes, [(f"m{k}", f"m{k + 1}") for k in range(4)])
    sketch = graph_sketch(dataclasses.replace(graph, problem="m3 stopped the tracer."))
    assert [node.name for node in sketch.nodes] == [f"m{k}" for k in range(5)]
    single = graph_sketch(_graph(nodes[:1], []))
    assert len(single.nodes) == 1


def test_an_unknown_direction_is_refused(residual) -> None:
    with pytest.raises(ValueError, match="TB, LR"):
        graph_sketch(residual, direction="up")


def test_all_drawings_share_one_base_of_style():
    from xai.figures.graph_svg import _STYLE
    from xai.figures.solids_svg import BASE_STYLE, STYLE

    for style in (_STYLE, STYLE):
        assert style.startswith(BASE_STYLE)
        assert style.count(".sketch{") == style.count(".sk-text{") == 1
