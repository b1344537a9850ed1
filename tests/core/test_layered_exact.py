"""The order of a layered graph against brute force, and against the library grandalf."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from xai import layered
from xai.layered import exact, searching

Tables = list[np.ndarray]


def _tables(seed: int, most: int = 5, layers: int = 3) -> Tables:
    generator = np.random.default_rng(seed)
    sizes = generator.integers(1, most + 1, layers).tolist()
    share = generator.uniform(0.2, 1.0)
    return [
        generator.integers(1, 60, shape) * (generator.random(shape) < share) * 1.0
        for shape in itertools.pairwise(sizes)
    ]


def _graph(tables: Tables) -> tuple[list, list, list]:
    sizes = [table.shape[0] for table in tables] + [tables[-1].shape[1]]
    layers = [[(row, place) for place in range(size)] for row, size in enumerate(sizes)]
    found = [
        (((row, int(a)), (row + 1, int(b))), float(table[a, b]))
        for row, table in enumerate(tables)
        for a, b in np.argwhere(table)
    ]
    return layers, [edge for edge, _ in found], [weight for _, weight in found]


def _every(size: int) -> np.ndarray:
    return np.array(list(itertools.permutations(range(size))))


def _counted(table: np.ndarray, above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Count for each two orders, entry by entry, what crosses: (P, Q)."""
    placed = table[above[:, None, :, None], below[None, :, None, :]]
    found = np.zeros((len(above), len(below)))
    for (i, j), (k, m) in itertools.product(
        itertools.combinations(range(table.shape[0]), 2),
        itertools.combinations(range(table.shape[1]), 2),
    ):
        found += placed[..., i, m] * placed[..., j, k]
    return found


def _least(tables: Tables, choices: list[np.ndarray]) -> float:
    """Try all combinations of the orders of three or four layers."""
    total = np.zeros([len(orders) for orders in choices])
    for row, table in enumerate(tables):
        shape = [1] * len(choices)
        shape[row : row + 2] = total.shape[row : row + 2]
        total = total + _counted(table, choices[row], choices[row + 1]).reshape(shape)
    return total.min()


def _result(tables: Tables, orders: list[np.ndarray]) -> float:
    steps = zip(tables, orders, orders[1:], strict=False)
    return sum(_counted(t, a[None], b[None])[0, 0] for t, a, b in steps)


# ------------------------------------------------------------------------ brute force
@pytest.mark.parametrize(("most", "layers"), [(5, 3), (4, 4)])
def test_a_hundred_small_graphs_each_get_their_optimum(most: int, layers: int) -> None:
    for seed in range(100):
        tables = _tables(seed, most, layers)
        given, edges, weights = _graph(tables)
        least = _least(tables, [_every(len(layer)) for layer in given])
        found = layered.order(given, edges, weights)
        assert layered.crossings(found, edges, weights) == least


def test_the_search_alone_is_within_a_twentieth_of_the_optimum() -> None:
    """The longer way, that larger graphs take, on graphs whose optimum is known."""
    for seed in range(30):
        tables = _tables(seed, 6, 5)
        fixed = [0] * 5
        least = _result(tables, exact.optimum(tables, fixed))
        assert least <= _result(tables, searching.searched(tables, fixed, 8)) <= 1.05 * least


def test_what_is_shaken_and_settled_again_comes_out_better(monkeypatch: pytest.MonkeyPatch) -> None:
    def total() -> float:
        graphs = [_tables(seed, 14, 8) for seed in range(4)]
        return sum(_result(tables, searching.searched(tables, [0] * 8, 8)) for tables in graphs)

    shaken = total()
    monkeypatch.setattr(searching, "_TURNS", 0)
    assert shaken < total()


@pytest.mark.parametrize("seed", range(6))
def test_orders_are_chosen_from_those_that_are_listed(seed: int) -> None:
    tables = _tables(seed, 6, 4)
    generator = np.random.default_rng(seed)
    sizes = [table.shape[0] for table in tables] + [tables[-1].shape[1]]
    choices = [
        np.array([generator.permutation(size) for _ in range(generator.integers(1, 5))])
        for size in sizes
    ]
    found = exact.chosen(tables, choices, either=False)
    assert _result(tables, found) == _least(tables, choices)
    assert all((one == two).all(1).any() for one, two in zip(choices, found, strict=True))
    both = [np.concatenate([orders, orders[:, ::-1]]) for orders in choices]
    turned = exact.chosen(tables, choices, either=True)
    assert _result(tables, turned) == _least(tables, both)


def test_what_is_affordable() -> None:
    assert exact.affordable([6] * 20, [0] * 20)
    assert exact.affordable([7, 7, 7], [0] * 3)
    assert exact.affordable([8, 6], [0, 0])
    assert not exact.affordable([8, 8], [0, 0])
    assert not exact.affordable([9, 1], [0, 0])
    assert exact.affordable([], [])
    # With an item held no order has a mirror, but there are fewer.
    assert exact.affordable([8, 7], [2, 1])


# ----------------------------------------------------------------------- what is held
@pytest.mark.parametrize("seed", range(8))
def test_held_items_stay_last_and_the_rest_is_the_best(seed: int) -> None:
    tables = _tables(seed, 5, 3)
    layers, edges, weights = _graph(tables)
    held = [layer[-1] for layer in layers if len(layer) > 1]
    choices = [_every(len(layer)) for layer in layers]
    choices = [orders[orders[:, -1] == orders.shape[1] - 1] for orders in choices]
    found = layered.order(layers, edges, weights, last=held)
    assert all(item == layer[-1] for item, layer in zip(map(max, layers), found, strict=True))
    assert layered.crossings(found, edges, weights) == _least(tables, choices)
    fixed = [int(len(layer) > 1) for layer in layers]
    sought = searching.searched(tables, fixed, 8)
    assert all(order[-1] == len(order) - 1 for order in sought)
    assert _result(tables, sought) >= layered.crossings(found, edges, weights)


def test_held_items_come_last() -> None:
    layers, *_ = _graph(_tables(1, 5, 3))
    with pytest.raises(ValueError, match="at the end of their layers"):
        layered.order([layers[0], [*layers[1], "x"]], [], last=[layers[1][0]])


# --------------------------------------------------------------------- larger graphs
def _connected(seed: int, sizes: list[int], more: float) -> tuple[list, list]:
    """Return layers and edges, each item joined to both sides, all of it connected."""
    rng = random.Random(seed)
    layers = [[(row, place) for place in range(size)] for row, size in enumerate(sizes)]
    edges: set = set()
    for above, below in itertools.pairwise(layers):
        edges |= {(rng.choice(above), item) for item in below}
        reached = {source for source, _ in edges}
        edges |= {(item, rng.choice(below)) for item in above if item not in reached}
        edges |= {(rng.choice(above), rng.choice(below)) for _ in range(int(more * len(below)))}
    edges |= {(item, layers[1][0]) for item in layers[0]}
    found = sorted(edges)
    rng.shuffle(found)
    return layers, found


def _by_grandalf(layers: list, edges: list) -> list:
    """Return the order that grandalf's Sugiyama layout finds in ten rounds."""
    graphs = pytest.importorskip("grandalf.graphs")
    layouts = pytest.importorskip("grandalf.layouts")
    vertices = {item: graphs.Vertex(item) for layer in layers for item in layer}
    for vertex in vertices.values():
        vertex.view = layouts.VertexViewer(10, 10)
    joined = [graphs.Edge(vertices[a], vertices[b]) for a, b in edges]
    (core,) = graphs.Graph(list(vertices.values()), joined).C
    layout = layouts.SugiyamaLayout(core)
    layout.init_all(roots=[vertices[item] for item in layers[0]])
    layout.draw(10)
    found = [[vertex.data for vertex in layer] for layer in layout.layers]
    assert [sorted(layer) for layer in found] == layers
    return found


@pytest.mark.parametrize(
    ("sizes", "graphs"), [([10] * 20, 25), ([20] * 10, 15), ([40] * 5, 5), ([5, 35] * 5, 5)]
)
def test_no_more_crossings_than_grandalf_on_fifty_graphs_of_200_items(
    sizes: list[int], graphs: int
) -> None:
    for seed in range(graphs):
        layers, edges = _connected(seed, sizes, more=(0.3, 1.0, 2.0)[seed % 3])
        ours = layered.crossings(layered.order(layers, edges), edges)
        assert ours <= layered.crossings(_by_grandalf(layers, edges), edges)


@pytest.mark.parametrize("sizes", [[9, 12, 9], [30, 2, 30, 2], [1, 40, 1], [12, 0, 12]])
def test_uneven_layers(sizes: list[int]) -> None:
    generator = np.random.default_rng(0)
    tables = [generator.integers(0, 3, shape) * 1.0 for shape in itertools.pairwise(sizes)]
    layers, edges, weights = _graph(tables)
    found = layered.order(layers, edges, weights)
    assert [sorted(layer) for layer in found] == layers
    less = layered.crossings(found, edges, weights), layered.crossings(layers, edges, weights)
    assert less[0] < less[1] or less == (0, 0)


# ------------------------------------------------------------------------------ spacing
@pytest.mark.parametrize("seed", range(10))
def test_things_are_spaced_as_near_as_they_can_be(seed: int) -> None:
    generator = np.random.default_rng(seed)
    count = int(generator.integers(1, 9))
    sizes, weights = generator.uniform(1, 9, (2, count))
    wanted, gap = generator.uniform(0, 60, count), float(generator.uniform(0, 3))
    room = (0.0, float(sizes.sum() + gap * (count - 1) + generator.uniform(0, 20)))
    found = layered.spaced(wanted, sizes, gap, weights=weights, room=room)

    def allowed(at: np.ndarray) -> bool:
        apart = (np.diff(at) >= sizes[:-1] + gap - 1e-9).all()
        return bool(apart and at[0] >= -1e-9 and at[-1] + sizes[-1] <= room[1] + 1e-9)

    def cost(at: np.ndarray) -> float:
        return float(weights @ (at - wanted) ** 2)

    assert allowed(found)
    # The problem is convex: what no small allowed step improves is the best there is.
    for step in generator.normal(0, 0.3, (400, count)):
        moved = np.clip(found + step, 0, None)
        if allowed(moved):
            assert cost(moved) >= cost(found) - 1e-9


def test_what_fits_is_left_alone_and_what_does_not_sticks_out() -> None:
    sizes = np.array([2.0, 2.0, 2.0])
    apart = np.array([0.0, 5.0, 9.0])
    even = {"weights": np.ones(3)}
    assert (layered.spaced(apart, sizes, 1, room=(0, 20), **even) == apart).all()
    tight = layered.spaced(np.full(3, 4.0), sizes, 1, room=(0, 20), **even)
    assert tight.tolist() == [1, 4, 7]
    assert layered.spaced(apart, sizes, 1, room=(0, 3), **even).tolist() == [0, 3, 6]
    nothing = np.zeros(0)
    assert layered.spaced(nothing, nothing, 1, weights=nothing, room=(0, 3)).size == 0
