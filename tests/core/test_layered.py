"""Layered drawings: every edge one layer down, few crossings, nothing overlaps."""

from __future__ import annotations

import itertools
import random

import pytest

from xai import layered


def _random(seed: int, sizes: list[int], share: float) -> tuple[list, list]:
    rng = random.Random(seed)
    layers = [[(row, place) for place in range(size)] for row, size in enumerate(sizes)]
    edges = [
        (a, b)
        for one, other in itertools.pairwise(layers)
        for a in one
        for b in other
        if rng.random() < share
    ]
    return layers, edges


def _literal(layers, edges, weights=None) -> float:
    """Count crossings edge by edge."""
    at = {item: place for layer in layers for place, item in enumerate(layer)}
    shares = weights or [1] * len(edges)
    found = 0
    for ((a, b), s), ((c, d), t) in itertools.combinations(zip(edges, shares, strict=True), 2):
        if a[0] == c[0] and (at[a] - at[c]) * (at[b] - at[d]) < 0:
            found += s * t
    return found


# ---------------------------------------------------------------------------- ranks
def test_ranks_are_longest_paths() -> None:
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("late", "d")]
    rank = layered.ranks(["a", "b", "c", "d", "late", "alone"], edges)
    # What nothing leads to lies just above the first that reads it.
    assert rank == {"a": 0, "b": 1, "c": 2, "d": 3, "late": 2, "alone": 0}


@pytest.mark.parametrize("edges", [[("a", "b"), ("b", "a")], [("a", "a")], [("a", "x")]])
def test_cycles_and_unknown_ends_are_refused(edges) -> None:
    with pytest.raises(ValueError, match="edges: expected"):
        layered.ranks(["a", "b"], edges)


@pytest.mark.parametrize("seed", range(5))
def test_long_edges_are_cut_at_every_layer(seed: int) -> None:
    rng = random.Random(seed)
    edges = [(a, b) for a, b in itertools.combinations(range(25), 2) if rng.random() < 0.2]
    rank = layered.ranks(range(25), edges)
    assert all(rank[a] < rank[b] for a, b in edges)
    cut = layered.layers_of(rank, edges)
    row = {item: place for place, layer in enumerate(cut.layers) for item in layer}
    assert all(row[b] == row[a] + 1 for a, b in cut.edges)
    assert len(set(cut.edges)) == len(cut.edges)
    for (a, b), stops in cut.stops.items():
        assert (stops[0], stops[-1]) == (a, b)
        assert all(pair in cut.edges for pair in itertools.pairwise(stops))
        # Long edges of one item share their way.
        assert all(stop == layered.Way(a, rank[a] + 1 + k) for k, stop in enumerate(stops[1:-1]))
    assert set(cut.stops) == set(edges)


def test_signals_keep_their_ways_apart() -> None:
    rank = {"a": 0, "m": 1, "b": 2, "c": 2}
    cut = layered.layers_of(rank, [("a", "b"), ("a", "c")], {("a", "b"): 1, ("a", "c"): 2})
    assert cut.layers[1] == ("m", layered.Way(1, 1), layered.Way(2, 1))
    with pytest.raises(ValueError, match="later layer"):
        layered.layers_of(rank, [("b", "c")])


# ------------------------------------------------------------------------ crossings
@pytest.mark.parametrize("seed", range(8))
def test_crossings_are_those_counted_edge_by_edge(seed: int) -> None:
    layers, edges = _random(seed, [4, 6, 1, 5, 3], 0.5)
    rng = random.Random(seed)
    for layer in layers:
        rng.shuffle(layer)
    weights = [rng.randint(0, 4) for _ in edges]
    assert layered.crossings(layers, edges) == _literal(layers, edges)
    assert layered.crossings(layers, edges, weights) == _literal(layers, edges, weights)
    assert isinstance(layered.crossings(layers, edges, weights), int)


def test_order_finds_the_optimum_of_most_tiny_graphs() -> None:
    missed = 0
    for seed in range(30):
        layers, edges = _random(seed, [3, 4, 3], 0.5)
        every = itertools.product(*(list(itertools.permutations(layer)) for layer in layers))
        least = min(_literal(choice, edges) for choice in itertools.islice(every, 864))
        found = layered.crossings(layered.order(layers, edges), edges)
        assert found >= least
        missed += found > least
    assert missed <= 1


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_order_never_adds_crossings_and_loses_nothing(seed: int, weighted: bool) -> None:
    layers, edges = _random(seed, [7, 12, 9, 12, 1, 6], 0.25)
    weights = [1 + (k * 7) % 5 / 2 for k in range(len(edges))] if weighted else None
    found = layered.order(layers, edges, weights)
    assert layered.crossings(found, edges, weights) < layered.crossings(layers, edges, weights)
    assert [sorted(layer) for layer in found] == [sorted(layer) for layer in layers]
    assert layered.order(layers, edges, weights) == found
    again = layered.order(found, edges, weights)
    assert layered.crossings(again, edges, weights) <= layered.crossings(found, edges, weights)


def test_heavy_edges_are_crossed_last() -> None:
    # One crossing cannot be avoided; it must not be that of the heavy edges.
    layers = [["a", "b"], ["x", "y"]]
    edges = [("a", "x"), ("b", "y"), ("a", "y"), ("b", "x")]
    for weights in ([9, 9, 1, 1], [1, 1, 9, 9]):
        found = layered.order(layers, edges, weights)
        assert layered.crossings(found, edges, weights) == 1


def test_what_does_not_matter_keeps_its_order() -> None:
    layers = [["a"], ["m", "n", "o"], ["z"]]
    edges = [("a", k) for k in "mno"] + [(k, "z") for k in "mno"]
    assert layered.order(layers, edges) == (("a",), ("m", "n", "o"), ("z",))
    assert layered.order([], []) == ()
    assert layered.order([["a", "b"]], []) == (("a", "b"),)


@pytest.mark.parametrize(
    ("layers", "edges", "weights"),
    [
        ([["a"], ["a"]], [], None),
        ([["a"], ["b"], ["c"]], [("a", "c")], None),
        ([["a"], ["b"]], [("b", "a")], None),
        ([["a"], ["b"]], [("a", "x")], None),
        ([["a"], ["b"]], [("a", "b")], [1, 2]),
        ([["a"], ["b"]], [("a", "b")], [-1]),
        ([["a"], ["b"]], [("a", "b")], [float("nan")]),
    ],
)
def test_what_is_no_layered_graph_is_refused(layers, edges, weights) -> None:
    for function in (layered.order, layered.crossings):
        with pytest.raises(ValueError, match="expected"):
            function(layers, edges, weights)


# --------------------------------------------------------------------------- places
@pytest.mark.parametrize("seed", range(6))
def test_nothing_overlaps(seed: int) -> None:
    layers, edges = _random(seed, [5, 9, 7, 9, 4], 0.3)
    rng = random.Random(seed)
    room = {i: (rng.uniform(3, 40), rng.uniform(3, 40)) for layer in layers for i in layer}
    found = layered.order(layers, edges)
    weights = {edge: rng.choice([1, 2, 8]) for edge in edges}
    at = layered.places(found, edges, room, weights)
    for layer in found:
        for a, b in itertools.pairwise(layer):
            assert at[b] - at[a] >= room[a][1] + room[b][0] - 1e-6
    assert min(at[i] - room[i][0] for layer in found for i in layer) == pytest.approx(0)


def test_lines_are_straight_where_they_can_be() -> None:
    # A chain, a lane beside it, and both come together again.
    layers = [["a"], ["b", "w1"], ["c", "w2"], ["d"]]
    edges = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "w1"), ("w1", "w2"), ("w2", "d")]
    room = {item: (20.0, 20.0) for layer in layers for item in layer}
    heavy = dict.fromkeys(edges[:3], 8.0)
    at = layered.places(layers, edges, room, heavy)
    assert at["a"] == at["b"] == at["c"] == at["d"]
    assert at["w1"] == at["w2"] == at["b"] + 40
    heavy = dict.fromkeys(edges[3:], 8.0)
    at = layered.places(layers, edges, room, heavy)
    assert at["a"] == at["w1"] == at["w2"] == at["d"]


def test_branches_lie_around_their_middle() -> None:
    layers = [["a"], ["l", "m", "r"], ["z"]]
    edges = [("a", k) for k in "lmr"] + [(k, "z") for k in "lmr"]
    at = layered.places(layers, edges, dict.fromkeys("almrz", (5.0, 5.0)))
    assert at["a"] == at["m"] == at["z"]
    assert at["r"] - at["m"] == at["m"] - at["l"] == 10
    assert layered.places([], [], {}) == {}
