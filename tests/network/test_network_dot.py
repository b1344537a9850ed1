"""The DOT text: complete, and safe whatever the names hold."""

from __future__ import annotations

import dataclasses
import re

import pytest

from xai import network
from xai.figures.graph import GraphColours, to_dot

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def _outside_of_strings(dot: str) -> str:
    return _STRING.sub("S", dot)


def test_every_node_and_edge_is_written(published) -> None:
    graph = network.collapse(network.trace(published("resnet50")), expanded=["layer1.0"])
    dot = to_dot(graph, direction="TB")
    bare = _outside_of_strings(dot)
    assert len(re.findall(r"^\s+n\d+ \[", bare, re.M)) == len(graph.nodes)
    assert len(re.findall(r"^\s+n\d+ -> n\d+", bare, re.M)) == len(graph.edges)
    assert bare.count("style=dashed") == len(graph.shortcuts) == 1
    assert bare.count("subgraph cluster_") == 1
    assert "rankdir=TB" in bare
    assert r'label="Bottleneck × 5\n1024 × 14 × 14"' in dot
    assert r'label="Convolution + Norm + ReLU\n7 × 7, stride 2\n64 × 112 × 112"' in dot
    assert bare.count("{") == bare.count("}")


def test_colours_and_selection(lite0) -> None:
    graph = network.collapse(network.trace(lite0))
    colours = GraphColours(text="#111111", line="#222222", fill="#333333", accent="#444444")
    dot = to_dot(graph, colours=colours, selected="head")
    chosen = [line for line in dot.splitlines() if "penwidth" in line]
    assert len(chosen) == 1
    assert "#444444" in chosen[0]
    assert "1280 × 7 × 7" in chosen[0]
    assert all(shade in dot for shade in ("#111111", "#222222", "#333333"))


@pytest.mark.parametrize(
    "name",
    [
        'evil"];} digraph { "x',
        "back\\",
        "line\nbreak\\n",
        "<b>&lt;</b>",
        "nul\0\x1b[31m",
        "\u202emirrored",
        "half \ud800 a pair",
        "x" * 500,
    ],
)
def test_hostile_names_stay_inside_their_quotes(lite0, name: str) -> None:
    graph = network.collapse(network.trace(lite0))
    nodes = tuple(dataclasses.replace(node, label=name, module=name) for node in graph.nodes)
    dot = to_dot(dataclasses.replace(graph, model=name, nodes=nodes))
    assert re.fullmatch(r"[\w\s\[\]{}=,;.>-]*", _outside_of_strings(dot))
    dot.encode("utf-8")
    for text in _STRING.findall(dot):
        assert "\n" not in text
        assert "\0" not in text
        assert "<" not in text
        assert len(text) < 200


def test_an_unknown_direction_is_refused(lite0) -> None:
    with pytest.raises(ValueError, match="LR, TB"):
        to_dot(network.trace(lite0), direction="RL; }")
