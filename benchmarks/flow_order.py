"""How little crosses: the order of a cluster flow beside the optimum and the library grandalf.

Counts, not times; ``benchmarks/cluster_flow.py`` runs it. It needs grandalf, which the tests
need, too.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.flow_pipeline import NODES
from benchmarks.spent import spread
from xai import flow, layered
from xai.flow import FlowGraph

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel
    from xai.store.shelf import Shelf

#: Small graphs: columns and the most nodes of one, by turns, as many as can all be tried.
SMALL, SMALL_SHAPES = 200, ((3, 5), (4, 4))
#: Graphs of 200 nodes: columns, nodes of each, and how many images travel a node.
LARGE, LARGE_SHAPES, DENSITIES = 50, ((20, 10), (10, 20), (5, 40)), (1.5, 2.0, 3.0)
#: What the found order may have of the optimum, and its lines of the lines of no order.
NEAR, LINES = 1.05, 0.1
ROUNDS = 10


def travelling(widths: Sequence[int], images: int, strays: float, seed: int) -> FlowGraph:
    """Return images that travel in bundles, and some that change theirs in each column.

    Parameters
    ----------
    widths : sequence of int
        Nodes of each column, each with at least one image.
    images : int
        At least as many as the widest column has nodes.
    strays : float
        Share of the images that go on in any bundle, in [0, 1].
    seed : int
    """
    generator = np.random.default_rng(seed)
    most = max(widths)
    bundle = generator.integers(most, size=images)
    bundle[:most] = np.arange(most)
    rows = []
    for width in widths:
        lost = generator.random(images) < strays
        lost[:most] = False
        bundle[lost] = generator.integers(most, size=lost.sum())
        rows.append(generator.permutation(width)[bundle % width])
    names = tuple(f"column {place}" for place in range(len(widths)))
    classes = tuple(str(label) for label in range(widths[0]))
    assigned = np.stack(rows).astype(np.int64)
    given = FlowGraph(names, assigned, (), assigned.copy(), assigned[0].copy(), classes)
    return flow.unordered(given)


# -------------------------------------------------------------------------- the optimum
def optimum(graph: FlowGraph) -> int:
    """Return the fewest pairs of images whose flows cross, over all orders of all columns.

    Every pair of images is looked at in every pair of orders: two images cross where the signs
    of their distances in two columns are opposite. Whether they are in one cluster, and so at
    a distance of 0, does not depend on the order.
    """
    signs = []
    for column in range(len(graph.layers)):
        present, at = np.unique(graph.assigned[column], return_inverse=True)
        places = np.array(list(itertools.permutations(range(len(present)))))[:, at]
        apart = np.sign(places[:, :, None] - places[:, None, :])
        signs.append(apart.reshape(len(places), -1).astype(np.float64))
    # The fewest so far for each order of the last column: only neighbours cross each other.
    least = np.zeros(len(signs[0]))
    for one, other in itertools.pairwise(signs):
        # Of the pairs that are apart in both columns, counted both ways, those that turn.
        both = float(np.abs(one[0]) @ np.abs(other[0]))
        least = (least[:, None] + (both - one @ other.T) / 4).min(axis=0)
    return round(float(least.min()))


def small_graphs() -> None:
    """Print how near the optimum the order of small random graphs comes."""
    shares = []
    for seed in range(SMALL):
        columns, most = SMALL_SHAPES[seed % len(SMALL_SHAPES)]
        generator = np.random.default_rng(seed)
        widths = generator.integers(1, most + 1, columns).tolist()
        graph = travelling(widths, 40, generator.uniform(), seed)
        least, found = optimum(graph), flow.crossings(flow.order(graph))
        # Where nothing has to cross, one crossing is twice as much.
        shares.append((found + 1) / (least + 1) if not least else found / least)
    inside = sum(share <= NEAR for share in shares)
    print(
        f"  {SMALL} small random graphs: {spread(shares, form='{:.3f}')} x the optimum, "
        f"{sum(share == 1 for share in shares)} at it, {inside} within {NEAR}"
    )


# ----------------------------------------------------------------------------- grandalf
def by_grandalf(
    layers: Sequence[Sequence[Hashable]], edges: Sequence[tuple[Any, Any]], rounds: int = ROUNDS
) -> list[list[Any]] | None:
    """Return the order that grandalf's Sugiyama layout finds; None for a graph in pieces."""
    from grandalf.graphs import Edge, Graph, Vertex
    from grandalf.layouts import SugiyamaLayout, VertexViewer

    vertices = {item: Vertex(item) for item in itertools.chain(*layers)}
    for vertex in vertices.values():
        vertex.view = VertexViewer(10, 10)
    joined = [Edge(vertices[source], vertices[target]) for source, target in edges]
    pieces = Graph(list(vertices.values()), joined).C
    if len(pieces) > 1:
        return None
    layout = SugiyamaLayout(pieces[0])
    layout.init_all(roots=[vertices[item] for item in layers[0]])
    layout.draw(rounds)
    return [[vertex.data for vertex in layer] for layer in layout.layers]


def as_edges(graph: FlowGraph) -> tuple[list[list[Any]], list[tuple[Any, Any]]]:
    """Return the columns of a graph, and its flows as edges of one weight."""
    layers = [[(row, one) for one in column] for row, column in enumerate(graph.sequence)]
    flows = itertools.chain(*graph.flows)
    edges = [((one.column, one.source), (one.column + 1, one.target)) for one in flows]
    return layers, edges


def large_graphs() -> None:
    """Print the crossings of graphs of 200 nodes beside those that grandalf leaves."""
    shares: list[float] = []
    seed = 0
    while len(shares) < LARGE:
        columns, width = LARGE_SHAPES[seed % len(LARGE_SHAPES)]
        density = DENSITIES[seed // len(LARGE_SHAPES) % len(DENSITIES)]
        graph = travelling([width] * columns, int(width * density), 1.0, seed)
        seed += 1
        layers, edges = as_edges(graph)
        theirs = by_grandalf(layers, edges)
        if theirs is None:
            continue  # grandalf lays out one piece at a time
        ours = layered.crossings(layered.order(layers, edges), edges)
        shares.append(ours / max(layered.crossings(theirs, edges), 1))
    print(
        f"  {LARGE} graphs of 200 nodes: {np.mean(shares):.2f} x grandalf's crossings on average, "
        f"at worst {max(shares):.2f}; {sum(share <= 1 for share in shares)} no worse"
    )


# ------------------------------------------------------------------------- the digits
def shuffled(graph: FlowGraph, seed: int = 0) -> FlowGraph:
    """Return the graph with the images of each cluster in random order."""
    generator = np.random.default_rng(seed)
    lines = [
        np.concatenate([generator.permutation(node.members) for node in column])
        for column in graph.nodes
    ]
    return dataclasses.replace(graph, lines=np.stack(lines))


def digits(model: LoadedModel, images: ImageSet, store: Shelf) -> None:
    """Print what crosses in the drawing of the digits, before and after."""
    for method in flow.METHODS:
        made = flow.flow_of(model, images, method=method, store=store)
        raw = flow.fold(made, most=NODES)
        found = flow.order(raw)
        nodes = [len(column) for column in raw.sequence]
        print(f"  {len(images):,} digits, {method}: {min(nodes)} to {max(nodes)} nodes a column")
        before, after = flow.crossings(raw), flow.crossings(found)
        print(f"    flows: raw {before:,}, found {after:,} = {after / max(before, 1):.3f} x")
        after = flow.line_crossings(found)
        for name, graph, wanted in (
            ("raw", raw, ""),
            ("shuffled within the raw clusters", shuffled(raw), f" ({LINES} wanted)"),
            ("shuffled within the ordered clusters", shuffled(found), ""),
        ):
            before = flow.line_crossings(graph)
            share = after / max(before, 1)
            print(f"    lines: {name} {before:,}, found {after:,} = {share:.3f} x{wanted}")
