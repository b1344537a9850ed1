"""Laying out a graph: downwards, nothing overlaps, lines meet their own boxes only."""

from __future__ import annotations

import dataclasses
import itertools
import random
from types import MappingProxyType

import pytest

from xai import network
from xai.network import ModelGraph, Node
from xai.network.graph import with_depths
from xai.network.layout import DIRECTIONS, Box, Layout, Route, layout

CASES = [
    ("resnet50", "overview", ()),
    ("resnet50", "overview", ("layer1.0",)),
    ("resnet50", "overview", ("layer3.1:layer3.5", "layer3.2")),
    ("resnet18", "layers", ()),
    ("densenet121", "overview", ("features.denseblock1", "features.denseblock1.denselayer3")),
    ("googlenet", "overview", ("inception3a", "inception3b")),
    ("googlenet", "layers", ()),
    ("squeezenet1_1", "blocks", ("features.3",)),
]


def _points(route: Route) -> list[tuple[float, float]]:
    """Return points along a line, at most a few pixels apart."""
    at, found = route.start, [route.start]
    for piece in route.pieces:
        chain = (at, *piece)
        for k in range(1, 41):
            t = k / 40
            level = chain
            while len(level) > 1:
                level = tuple(
                    (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t)
                    for a, b in itertools.pairwise(level)
                )
            found.append(level[0])
        at = piece[-1]
    return found


def _inside(point: tuple[float, float], box: Box, inset: float = 0.0) -> bool:
    return (
        box.left + inset < point[0] < box.left + box.width - inset
        and box.top + inset < point[1] < box.top + box.height - inset
    )


def _overlap(one: Box, other: Box) -> bool:
    return (
        min(one.left + one.width, other.left + other.width) - max(one.left, other.left) > 0.01
        and min(one.top + one.height, other.top + other.height) - max(one.top, other.top) > 0.01
    )


def _holds(outer: Box, inner: Box) -> bool:
    corner = inner.left + inner.width, inner.top + inner.height
    return _inside((inner.left, inner.top), outer, -0.01) and _inside(corner, outer, -0.01)


def _check(graph: ModelGraph, found: Layout, direction: str, *, cut: bool = False) -> None:
    assert list(found.boxes) == [node.name for node in graph.nodes]
    whole = Box(0, 0, found.width, found.height)
    assert all(_holds(whole, box) for box in found.boxes.values())
    for one, other in itertools.combinations(found.boxes.values(), 2):
        assert not _overlap(one, other)
    for one, other in itertools.combinations([frame.box for frame in found.frames], 2):
        assert not _overlap(one, other) or _holds(one, other)
    for frame, box in itertools.product(found.frames, found.boxes.values()):
        assert not _overlap(frame.box, box) or _holds(frame.box, box)
    assert [(route.source, route.target) for route in found.routes] == list(graph.edges)
    for route in found.routes:
        source, target = found.boxes[route.source], found.boxes[route.target]
        down = direction == "TB"
        leave = source.top + source.height if down else source.left + source.width
        enter = target.top if down else target.left
        points = _points(route)
        assert points[0][down] == pytest.approx(leave)
        assert points[-1][down] == pytest.approx(enter)
        assert _inside(points[0], source, -0.1)
        assert _inside(points[-1], target, -0.1)
        if not cut:
            assert all(b[down] >= a[down] - 1e-6 for a, b in itertools.pairwise(points))
            assert leave < enter
        assert all(_inside(point, whole) for point in points)
        for name, box in found.boxes.items():
            if name not in (route.source, route.target):
                assert not any(_inside(point, box, 0.5) for point in points), (route, name)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("name", "level", "expanded"), CASES)
def test_laws_of_a_drawing(published, name, level, expanded, direction) -> None:
    graph = network.collapse(network.trace(published(name)), level, expanded=expanded)
    sizes = {node.name: (90.0 + 7 * len(node.label), 40.0 + 9 * len(node.shape)) for node in
             graph.nodes}  # fmt: skip
    found = layout(graph, direction=direction, sizes=sizes, expanded=expanded)
    _check(graph, found, direction)
    assert {route.shortcut for route in found.routes} == {
        edge in graph.shortcuts for edge in graph.edges
    }
    for box, size in zip(found.boxes.values(), sizes.values(), strict=True):
        assert (box.width, box.height) == pytest.approx(size)
    again = layout(graph, direction=direction, sizes=sizes, expanded=expanded)
    assert again == found


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ["resnet50", "googlenet", "densenet121"])
def test_a_long_chain_goes_on_beside_itself(published, name: str, direction: str) -> None:
    graph = network.collapse(network.trace(published(name)))
    whole = layout(graph, direction=direction)
    found = layout(graph, direction=direction, room=(900, 600))
    _check(graph, found, direction, cut=True)
    assert max(whole.width, whole.height) > 900
    assert found.width <= 910
    assert found.height <= 610


def test_a_dense_block_stays_narrow(published) -> None:
    opened = ["features.denseblock3"]
    graph = network.collapse(network.trace(published("densenet121")), expanded=opened)
    assert len(graph.shortcuts) > 250
    found = layout(graph)
    # The lines of one layer share a lane: 24 layers, not 276 lines, lie side by side.
    assert found.width < 190 + 24 * 11 + 200
    _check(graph, found, "TB")


def test_a_residual_block_has_a_straight_main_line_and_a_shortcut_beside(published) -> None:
    graph = network.trace(published("resnet18"))
    inside = network.within(graph, "layer1.0")
    found = layout(inside)
    middles = [box.left + box.width / 2 for box in found.boxes.values()]
    assert max(middles) - min(middles) < 1e-6
    aside = [route for route in found.routes if route.shortcut]
    assert len(aside) == 1
    assert max(x for x, _ in _points(aside[0])) > max(
        box.left + box.width for box in found.boxes.values()
    )


def test_the_branches_of_an_inception_lie_side_by_side(published) -> None:
    opened = ["inception3a"]
    graph = network.collapse(network.trace(published("googlenet")), expanded=opened)
    found = layout(graph, expanded=opened)
    (frame,) = found.frames
    inside = [name for name, box in found.boxes.items() if _holds(frame.box, box)]
    first = [name for name in inside if graph.sources(name) == ("maxpool2",)]
    assert len(inside) == 8
    assert len(first) == 4
    middles = {round(found.boxes[n].top + found.boxes[n].height / 2, 3) for n in first}
    assert len(middles) == 1


def test_an_opened_run_is_framed_with_all_its_blocks(published) -> None:
    opened = ["layer3.1:layer3.5", "layer3.1"]
    graph = network.collapse(network.trace(published("resnet50")), expanded=opened)
    found = layout(graph, expanded=opened)
    assert [frame.name for frame in found.frames] == opened
    assert [frame.depth for frame in found.frames] == [0, 1]
    run = found.frames[0].box
    inside = {name for name, box in found.boxes.items() if _holds(run, box)}
    assert "layer3.2:layer3.5" in inside
    assert "layer3.0" not in inside
    assert "layer4.0" not in inside
    assert layout(graph).frames[0].name == "layer3.1"


# -------------------------------------------------------------------- odd graphs
def _graph(edges, names=None, groups=None, containers=None) -> ModelGraph:
    names = names or sorted({end for edge in edges for end in edge})
    bare = [
        Node(
            n, n, "Conv2d", n, n, (1, 2, 2), 0, 0, 1, group=(groups or {}).get(n, ""), members=(n,)
        )
        for n in names
    ]
    place = {name: index for index, name in enumerate(names)}
    edges = tuple(sorted(edges, key=lambda edge: (place[edge[1]], place[edge[0]])))
    return ModelGraph(
        "toy", with_depths(bare, edges), edges, MappingProxyType(dict(containers or {}))
    )


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("room", [None, (300, 200)])
def test_single_and_disconnected_nodes(direction: str, room) -> None:
    for graph in (
        _graph([], ["a"]),
        _graph([], ["a", "b", "c"]),
        _graph([("a", "b"), ("d", "e")], list("abcde")),
        dataclasses.replace(_graph(list(itertools.pairwise("abcdefgh"))), problem="It stopped."),
    ):
        found = layout(graph, direction=direction, room=room)
        _check(graph, found, direction, cut=room is not None)
    assert layout(_graph([], [])).boxes == {}


def test_a_block_that_is_left_and_entered_again_is_not_framed() -> None:
    # b and d are one block, c between them is not.
    edges = list(itertools.pairwise("abcd"))
    graph = _graph(edges, groups={"b": "k", "d": "k"}, containers={"k": "Shared"})
    found = layout(graph)
    assert found.frames == ()
    _check(graph, found, "TB")
    # Two blocks, each with a line into the other.
    graph = _graph(
        [("a", "b"), ("c", "d"), ("d", "e"), ("b", "f")],
        groups=dict(zip("adbceg", "kkmm  ", strict=False)) | {"a": "k", "f": "k"},
        containers={"k": "K", "m": "M"},
    )
    _check(graph, layout(graph), "TB")


@pytest.mark.parametrize("seed", range(3))
def test_any_graph_of_hundreds_of_nodes(seed: int) -> None:
    rng = random.Random(seed)
    names = [f"n{k:03d}" for k in range(200)]
    edges = {(names[max(0, k - rng.randint(1, 4))], names[k]) for k in range(1, 200)}
    edges |= {(names[k], names[min(199, k + rng.randint(2, 9))]) for k in range(0, 195, 9)}
    graph = _graph([edge for edge in edges if edge[0] != edge[1]], names)
    _check(graph, layout(graph), "TB")


def test_an_unknown_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="TB, LR"):
        layout(_graph([], ["a"]), direction="up")
