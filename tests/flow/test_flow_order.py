"""The order of clusters and lines in a flow graph, and where everything then lies."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from travelling import SEEDS, bundles, graph_of

from xai import flow
from xai.flow.arrangement.lines import inversions, sorted_lines


def _literal_crossings(graph: flow.FlowGraph) -> int:
    """Go through all pairs of images."""
    ranks = np.stack([graph.ranks(column) for column in range(len(graph.layers))])
    found = 0
    for above, below in itertools.pairwise(ranks):
        for one, other in itertools.combinations(range(len(graph)), 2):
            found += (above[one] - above[other]) * (below[one] - below[other]) < 0
    return int(found)


def _literal_line_crossings(graph: flow.FlowGraph) -> int:
    at = graph.lines.argsort(1)
    return sum(
        int((above[one] - above[other]) * (below[one] - below[other]) < 0)
        for above, below in itertools.pairwise(at)
        for one, other in itertools.combinations(range(len(graph)), 2)
    )


def _needed(graph: flow.FlowGraph) -> int:
    """Count how often two images have to cross: their clusters lie one way, then the other."""
    ranks = np.stack([graph.ranks(column) for column in range(len(graph.layers))])
    found = 0
    for one, other in itertools.combinations(range(len(graph)), 2):
        ways = np.sign(ranks[:, one] - ranks[:, other])
        found += int((np.diff(ways[ways != 0]) != 0).sum())
    return found


# --------------------------------------------------------------------------- counting
@pytest.mark.parametrize("seed", SEEDS)
def test_crossings_are_those_of_all_pairs_of_images(seed: int) -> None:
    graph = bundles(seed)
    assert flow.crossings(graph) == _literal_crossings(graph) > 0
    assert flow.line_crossings(graph) == _literal_line_crossings(graph)
    found = flow.order(graph)
    assert flow.crossings(found) == _literal_crossings(found)
    assert flow.line_crossings(found) == _literal_line_crossings(found)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 9, 100])
def test_inversions_are_those_counted_pair_by_pair(count: int) -> None:
    generator = np.random.default_rng(count)
    rows = np.array([generator.permutation(count) for _ in range(4)]).reshape(4, count)
    literal = sum(int((row[:, None] > row)[np.triu_indices(count, 1)].sum()) for row in rows)
    assert inversions(rows) == literal
    assert inversions(np.arange(count)[None]) == 0
    assert inversions(np.arange(count)[None, ::-1]) == count * (count - 1) // 2
    assert inversions(rows[:0]) == 0


# --------------------------------------------------------------------------- the order
@pytest.mark.parametrize("seed", SEEDS)
def test_order_loses_nothing_and_never_adds_crossings(seed: int) -> None:
    graph = bundles(seed)
    found = flow.order(graph)
    assert flow.crossings(found) < flow.crossings(graph)
    assert flow.line_crossings(found) < flow.line_crossings(graph)
    assert [sorted(column) for column in found.sequence] == [sorted(c) for c in graph.sequence]
    for column, line in enumerate(found.lines):
        assert sorted(line) == list(range(len(graph)))
        # Clusters lie together, in the order of the sequence.
        assert (np.diff(found.ranks(column)[line]) >= 0).all()
    again = flow.order(found)
    assert again.sequence == found.sequence
    assert (again.lines == found.lines).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_no_order_of_the_images_has_fewer_crossings(seed: int) -> None:
    found = flow.order(bundles(seed))
    assert flow.line_crossings(found) == _needed(found)


def test_lines_that_no_column_parts_lie_by_class() -> None:
    graph = graph_of(
        [[0, 0, 0, 0], [0, 0, 0, 0]], labels=np.array([2, 0, 1, 0]), classes=tuple("abc")
    )
    found = flow.order(graph)
    assert found.lines.tolist() == [[1, 3, 2, 0]] * 2
    assert flow.line_crossings(found) == 0


def test_images_of_a_cluster_lie_as_in_the_nearest_column_that_parts_them() -> None:
    # One cluster for two columns: 0 and 1 come in one order and leave in the other.
    graph = dataclasses.replace(
        graph_of([[0, 1], [0, 0], [0, 0], [1, 0]]), sequence=((0, 1), (0,), (0,), (0, 1))
    )
    ranks = np.stack([graph.ranks(column) for column in range(4)])
    found = sorted_lines(ranks, None)
    assert found.tolist() == [[0, 1], [0, 1], [1, 0], [1, 0]]
    # Of two equally near columns the earlier.
    assert sorted_lines(ranks[[0, 1, 3]], None).tolist() == [[0, 1], [0, 1], [1, 0]]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_does_not_depend_on_how_clusters_are_numbered(seed: int) -> None:
    graph = bundles(seed)
    generator = np.random.default_rng(seed)
    names = np.stack([np.append(generator.permutation(6), -1) for _ in graph.layers])
    other = graph_of(np.take_along_axis(names, graph.assigned, 1), labels=graph.labels)
    one, two = flow.order(graph), flow.order(other)
    assert [[int(n[c]) for c in column] for n, column in zip(names, one.sequence, strict=True)] == [
        list(column) for column in two.sequence
    ]
    assert (one.lines == two.lines).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_can_be_kept_at_the_bottom(seed: int) -> None:
    graph = bundles(seed)
    found = flow.order(graph, noise="last")
    for column in found.sequence:
        assert flow.NOISE not in column[:-1]
    moved = dataclasses.replace(
        graph, sequence=tuple(tuple(sorted(c, key=lambda k: k == -1)) for c in graph.sequence)
    )
    assert flow.crossings(flow.order(graph)) <= flow.crossings(found) <= flow.crossings(moved)
    assert flow.order(found, noise="last").sequence == found.sequence


def test_noise_goes_to_the_bottom_even_where_more_crosses() -> None:
    # A path that leads to and fro: only with the noise in the middle nothing crosses.
    graph = dataclasses.replace(
        graph_of([[0, 0, -1, -1, 1, 1], [0, 2, 2, 3, 3, 1]]), sequence=((0, -1, 1), (0, 2, 3, 1))
    )
    assert flow.crossings(graph) == flow.crossings(flow.order(graph)) == 0
    found = flow.order(graph, noise="last")
    assert found.sequence[0][-1] == flow.NOISE
    assert flow.crossings(found) > 0


def test_order_of_a_graph_made_by_hand() -> None:
    # Two bundles of three that change sides, and change back.
    graph = graph_of([[0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]])
    assert flow.crossings(graph) == 18
    found = flow.order(graph)
    assert flow.crossings(found) == flow.line_crossings(found) == 0
    assert found.sequence == ((0, 1), (1, 0), (0, 1))


def test_the_given_order_is_kept_where_no_other_is_better() -> None:
    # The smallest at the top: not where the search begins.
    graph = dataclasses.replace(
        graph_of([[0, 0, 0, 1, 1, 2]] * 3), sequence=((2, 1, 0), (2, 1, 0), (2, 1, 0))
    )
    assert flow.order(graph).sequence == graph.sequence


def test_larger_graphs_and_those_with_nothing_to_order() -> None:
    wide = bundles(1, layers=4, most=14, images=200)
    assert flow.crossings(flow.order(wide)) < flow.crossings(wide)
    single = graph_of([[0, 0, 1]])
    assert flow.crossings(single) == flow.line_crossings(single) == 0
    assert flow.order(single).sequence == ((0, 1),)
    lone = flow.order(graph_of([[-1], [-1]]))
    assert lone.lines.tolist() == [[0], [0]]


def test_what_is_no_flow_graph_is_refused() -> None:
    for function in (flow.crossings, flow.line_crossings, flow.order, flow.lay_out):
        with pytest.raises(TypeError, match="expected a FlowGraph, got list"):
            function([])
    with pytest.raises(ValueError, match='"free" or "last"'):
        flow.order(bundles(0), noise="top")
