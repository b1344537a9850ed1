"""Where the nodes, flows and lines of a flow graph lie: nothing overlaps, nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest
from travelling import SEEDS, bundles, graph_of

from xai import flow


@pytest.mark.parametrize("gap", [None, 0, 2.5, 40])
@pytest.mark.parametrize("seed", SEEDS)
def test_nodes_keep_their_distance(seed: int, gap: float | None) -> None:
    graph = flow.order(bundles(seed))
    layout = flow.lay_out(graph, gap=gap)
    assert layout.gap > 0 if gap is None else layout.gap == gap
    for nodes, tops, bottoms in zip(graph.nodes, layout.tops, layout.bottoms, strict=True):
        assert np.allclose(bottoms - tops, [len(node) for node in nodes])
        assert (tops[1:] - bottoms[:-1] >= layout.gap - 1e-9).all()
    assert min(tops[0] for tops in layout.tops) == 0
    assert max(bottoms[-1] for bottoms in layout.bottoms) == layout.height
    widest = max(len(column) for column in graph.sequence)
    assert layout.height <= 1.25 * (len(graph) + layout.gap * (widest - 1)) + 1e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_flows_fill_both_sides_of_every_node_in_order(seed: int) -> None:
    graph = flow.order(bundles(seed))
    layout = flow.lay_out(graph)
    for column, flows in enumerate(graph.flows):
        sides = (
            (column, layout.starts[column], "source", layout.ends[column]),
            (column + 1, layout.ends[column], "target", layout.starts[column]),
        )
        for row, edges, side, others in sides:
            for place, node in enumerate(graph.nodes[row]):
                mine = [k for k, f in enumerate(flows) if getattr(f, side) == node.cluster]
                mine.sort(key=lambda k: edges[k])
                top = layout.tops[row][place]
                for k in mine:
                    assert edges[k] == pytest.approx(top)
                    top += len(flows[k])
                assert top == pytest.approx(layout.bottoms[row][place])
                # As the other ends lie: flows of one node do not cross.
                assert (np.diff(others[mine]) > 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_images_are_conserved(seed: int) -> None:
    graph = flow.order(bundles(seed))
    layout = flow.lay_out(graph)
    for flows, pieces in zip(graph.flows, layout.pieces, strict=True):
        assert sum(len(f) for f in flows) == len(graph)
        assert (pieces[:, 0] == 0).all()
        assert (np.diff(pieces, axis=1) == [f.counts for f in flows]).all()
        assert (pieces[:, -1] == [len(f) for f in flows]).all()
    unknown = flow.lay_out(graph_of(graph.assigned))
    assert all((pieces == 0).all() and pieces.shape[1] == 1 for pieces in unknown.pieces)


@pytest.mark.parametrize("seed", SEEDS)
def test_lines_run_inside_their_nodes_one_image_apart(seed: int) -> None:
    for graph in (bundles(seed), flow.order(bundles(seed))):
        layout = flow.lay_out(graph)
        assert layout.line_positions.dtype == np.float32
        for column, nodes in enumerate(graph.nodes):
            assert (layout.line_positions[column].argsort() == graph.lines[column]).all()
            for node, top in zip(nodes, layout.tops[column], strict=True):
                within = np.sort(layout.line_positions[column, node.members]) - top
                assert np.allclose(within, np.arange(len(node)) + 0.5, atol=1e-3)


def test_what_can_be_straight_is() -> None:
    assigned = [[0, 0, 0, 1, 1, 2]] * 4
    layout = flow.lay_out(flow.order(graph_of(assigned)), gap=1)
    for starts, ends in zip(layout.starts, layout.ends, strict=True):
        assert np.allclose(starts, ends)
    # The larger part of a cluster that parts goes straight on.
    parted = flow.order(graph_of([[0] * 9, [0] * 6 + [1] * 3, [0] * 6 + [1] * 3]))
    layout = flow.lay_out(parted, gap=2)
    assert layout.starts[0][0] == pytest.approx(layout.ends[0][0])
    assert np.allclose(layout.starts[1], layout.ends[1])


def test_an_ordered_graph_is_drawn_with_less_up_and_down() -> None:
    raw = bundles(2, layers=8)
    found = flow.order(raw)
    slopes = [
        sum(
            np.abs(np.diff(flow.lay_out(graph).line_positions[column : column + 2], axis=0)).sum()
            for column in range(7)
        )
        for graph in (raw, found)
    ]
    assert slopes[1] < 0.8 * slopes[0]


def test_columns_are_moved_until_flows_are_straighter(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = [flow.order(bundles(seed, layers=8)) for seed in SEEDS]
    moved = sum(map(_slope, graphs))
    monkeypatch.setattr("xai.flow.arrangement.layout._SWEEPS", 0)
    assert moved < 0.85 * sum(map(_slope, graphs))


def _slope(graph: flow.FlowGraph) -> float:
    """Return how far all images go up or down."""
    layout = flow.lay_out(graph)
    return sum(
        float(np.abs(starts - ends) @ [len(f) for f in flows])
        for starts, ends, flows in zip(layout.starts, layout.ends, graph.flows, strict=True)
    )


def test_one_column_one_image_and_bad_gaps() -> None:
    layout = flow.lay_out(graph_of([[0, 0, 1]]), gap=1)
    assert layout.tops[0].tolist() == [0, 3]
    assert layout.height == 4
    assert layout.starts == layout.ends == layout.pieces == ()
    lone = flow.lay_out(graph_of([[-1], [0]]))
    assert lone.line_positions.tolist() == [[0.5], [0.5]]
    for gap in (-1, float("nan"), float("inf"), 1e300):
        with pytest.raises(ValueError, match="gap: expected 0 to 1,000,000 images"):
            flow.lay_out(graph_of([[0]]), gap=gap)
    for other in ("wide", True, [1]):
        with pytest.raises(TypeError, match="gap: expected a number"):
            flow.lay_out(graph_of([[0]]), gap=other)  # type: ignore[arg-type]
