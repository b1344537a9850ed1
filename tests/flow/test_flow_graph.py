"""The flow graph: no image is lost, and what a node says of its images is so."""

from __future__ import annotations

import numpy as np
import pytest

from xai.features.result import Features
from xai.flow import NOISE, SMALL, FlowGraph, build, fold, unordered
from xai.flow.clustering.clusters import Clusters
from xai.flow.clustering.parameters import KmeansParams


def of(labels, features: Features | None = None) -> Clusters:
    return Clusters(np.array(labels, np.int64), "kmeans", KmeansParams(), features=features)


def described(labels, predicted) -> Features:
    count = len(labels)
    return Features(
        values=np.arange(2 * count, dtype=np.float32).reshape(count, 2),
        labels=np.array(labels, np.int64),
        classes=("cat", "dog"),
        ids=tuple(f"i{place}" for place in range(count)),
        predicted=np.array(predicted, np.int64),
        model_classes=("dog", "cat"),
    )


@pytest.fixture
def graph() -> FlowGraph:
    known = described([0, 0, 0, 1, 1, 1], [1, 1, 0, 0, 0, 0])
    return build({"one": of([0, 0, 0, 0, 1, -1], known), "two": of([0, 0, 0, 1, 1, 1], known)})


def random(seed: int, count: int = 200, columns: int = 5) -> FlowGraph:
    generator = np.random.default_rng(seed)
    return build({str(place): of(generator.integers(-1, 7, count)) for place in range(columns)})


def test_nodes_say_what_is_in_them(graph: FlowGraph) -> None:
    assert graph.sequence == ((0, 1, NOISE), (0, 1))
    first = graph.node(0, 0)
    assert first.members.tolist() == [0, 1, 2, 3]
    assert first.counts.tolist() == [3, 1]
    assert (first.majority, first.purity) == (0, 0.75)
    # The model numbers the classes the other way: image 2 is the only one it gets wrong.
    assert first.accuracy == 0.75
    assert graph.node(0, NOISE).accuracy == 1.0


def test_flows_join_the_nodes_that_share_images(graph: FlowGraph) -> None:
    (flows,) = graph.flows
    told = [(flow.source, flow.target, flow.members.tolist()) for flow in flows]
    assert told == [(0, 0, [0, 1, 2]), (0, 1, [3]), (1, 1, [4]), (NOISE, 1, [5])]
    assert flows[0].counts.tolist() == [3, 0]
    assert flows[0].accuracy == pytest.approx(2 / 3)


def test_raw_lines_keep_clusters_together_and_images_in_order(graph: FlowGraph) -> None:
    assert graph.lines.tolist() == [[0, 1, 2, 3, 4, 5]] * 2


@pytest.mark.parametrize("seed", range(5))
def test_no_image_is_lost(seed: int) -> None:
    graph = random(seed)
    for nodes in graph.nodes:
        assert sorted(np.concatenate([node.members for node in nodes])) == list(range(200))
    for column, flows in enumerate(graph.flows):
        assert sum(map(len, flows)) == 200
        for node in graph.nodes[column]:
            leaving = [flow.members for flow in flows if flow.source == node.cluster]
            assert sorted(np.concatenate(leaving)) == node.members.tolist()
        for node in graph.nodes[column + 1]:
            arriving = [flow.members for flow in flows if flow.target == node.cluster]
            assert sorted(np.concatenate(arriving)) == node.members.tolist()
    for assigned, lines, clusters in zip(graph.assigned, graph.lines, graph.sequence, strict=True):
        assert sorted(lines) == list(range(200))
        met = assigned[lines]
        assert tuple(met[np.r_[True, met[1:] != met[:-1]]]) == clusters


def test_flows_go_from_top_to_bottom_whatever_the_order() -> None:
    graph = random(0)
    turned = FlowGraph(
        graph.layers, graph.assigned, tuple(one[::-1] for one in graph.sequence), graph.lines
    )
    for column, flows in enumerate(turned.flows):
        places = [
            (
                turned.sequence[column].index(flow.source),
                turned.sequence[column + 1].index(flow.target),
            )
            for flow in flows
        ]
        assert places == sorted(places)
    again = unordered(turned)
    assert again.sequence == graph.sequence
    assert np.array_equal(again.lines, graph.lines)


def test_small_clusters_are_folded_and_noise_is_not() -> None:
    graph = build({"a": of([0, 0, 0, 1, 1, 2, 3, -1])})
    folded = fold(graph, 2)
    assert folded.sequence == ((0, 1, SMALL, NOISE),)
    assert folded.node(0, SMALL).members.tolist() == [5, 6]
    assert np.array_equal(fold(graph, 1).assigned, graph.assigned)
    # Of equals those with the higher number go, whatever their order.
    equal = fold(build({"a": of([3, 3, 1, 1, 2, 2, 0, 0])}), most=3)
    assert equal.sequence == ((0, 1, SMALL),)
    # A single small one is left as it is.
    assert fold(build({"a": of([0, 0, 0, 1])}), 2).sequence == ((0, 1),)


def test_a_column_is_folded_until_it_has_at_most_so_many_nodes() -> None:
    labels = [*np.repeat(np.arange(12), np.arange(12, 0, -1)).tolist(), -1, -1]
    graph = build({"a": of(labels)})
    for most in range(3, 13):
        folded = fold(graph, most=most)
        assert len(folded.sequence[0]) == most
        # The largest are kept.
        assert folded.sequence[0][: most - 2] == tuple(range(most - 2))
        assert fold(folded, most=most).sequence == folded.sequence
    assert SMALL not in fold(graph, most=13).sequence[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "at least one layer"),
        ({"a": of([])}, "at least one image"),
        ({"a": of([0, 0]), "b": of([0, 0, 0])}, "2 images in each layer, as in a; got 3 in b"),
        (
            {
                "a": of([0, 0], described([0, 1], [0, 1])),
                "b": of([0, 0, 0], described([0, 1, 1], [0, 1, 1])),
            },
            "2 images",
        ),
    ],
)
def test_layers_that_do_not_belong_together_are_refused(given, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        build(given)


def test_other_images_are_refused() -> None:
    one, other = described([0, 1], [0, 1]), described([0, 1], [0, 1])
    object.__setattr__(other, "ids", ("x", "y"))
    with pytest.raises(ValueError, match="not of the same images"):
        build({"a": of([0, 0], one), "b": of([0, 0], other)})


@pytest.mark.parametrize("given", [None, [of([0])], {"a": [0, 1]}, {1: of([0])}])
def test_other_things_are_refused(given) -> None:
    with pytest.raises(TypeError, match="clusters: expected"):
        build(given)


def test_what_is_not_there_is_said(graph: FlowGraph) -> None:
    with pytest.raises(ValueError, match="cluster: expected one of 0, 1, -1; got 5"):
        graph.node(0, 5)
    with pytest.raises(ValueError, match="column: expected 0 to 1, got 2"):
        graph.node(2, 0)
    with pytest.raises(ValueError, match="most: expected at least 3"):
        fold(graph, most=2)
    for function in (fold, unordered):
        with pytest.raises(TypeError, match="graph: expected a FlowGraph, got dict"):
            function({})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="least: expected a whole number"):
        fold(graph, 2.5)  # type: ignore[arg-type]


def test_without_classes_there_is_no_mix() -> None:
    node = build({"a": of([0, 0])}).node(0, 0)
    assert (node.majority, node.purity, node.accuracy) == (None, None, None)


def test_nothing_in_a_graph_can_be_written_to(graph: FlowGraph) -> None:
    for array in (graph.assigned, graph.lines, graph.labels, graph.predicted, graph.right):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
