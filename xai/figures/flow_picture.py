"""What a drawing of cluster flow needs, as plain numbers: boxes, ribbons, lines, colours.

A picture holds the clusters in two orders, as they were found by the clustering ("raw") and as
they lie when few flows cross ("found"), so that a drawing can move from one to the other. It
knows nothing of pixels: vertical positions are in units of one image's height.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from xai.figures.colours import ACCENT, colour_of, rgb
from xai.figures.wording import distinct, short
from xai.flow import NOISE, SMALL, crossings, line_crossings

if TYPE_CHECKING:
    from xai.flow import FlowGraph
    from xai.flow.arrangement.layout import FlowLayout

Order = Literal["raw", "found"]
ORDERS: tuple[Order, ...] = get_args(Order)
Look = Literal["clean", "attacked"]

#: Images that a picture is made for.
MOST_IMAGES = 20_000
#: Columns that a picture is made for.
MOST_COLUMNS = 64


def cluster_name(cluster: int) -> str:
    """Name a cluster for people: ``"cluster 3"``, ``"noise"``, ``"small clusters"``."""
    return {NOISE: "noise", SMALL: "small clusters"}.get(cluster, f"cluster {cluster}")


@dataclass(frozen=True, eq=False)
class Placement:
    """Where everything lies in one of the two orders, in units of one image's height.

    Attributes
    ----------
    tops, bottoms : ndarray, shape (M,), float32
        Ends of each node.
    starts, ends : ndarray, shape (F,), float32
        Upper edge of each flow where it leaves its source and where it enters its target.
    lines : ndarray, shape (L, N), float32
        Middle of the line of each image in each column.
    height : float
        Of the whole.
    crossings, line_crossings : int
        Pairs of images whose flows cross, and pairs of lines that do.
    """

    tops: np.ndarray
    bottoms: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    lines: np.ndarray
    height: float
    crossings: int
    line_crossings: int


@dataclass(frozen=True, eq=False)
class FlowPicture:
    """All of a drawing that does not depend on who looks at it.

    Attributes
    ----------
    layers : tuple of str
        L names, a column each.
    groups, colours : tuple of str
        What the colours mean and ``"#rrggbb"`` of each: classes, those that occur only.
    by : str
        What the groups are, such as ``"true class"``.
    group : ndarray, shape (N,), int64
        Group of each image.
    assigned : ndarray, shape (L, N), int64
        Node of each image in each column.
    columns, clusters : ndarray, shape (M,), int64
        Column and cluster of each node.
    node_mix : ndarray, shape (M, G), int64
        Images of each group in each node.
    sources, targets : ndarray, shape (F,), int64
        Node that each flow leaves and the one that it enters.
    flow_mix : ndarray, shape (F, G), int64
        Images of each group in each flow, which is also the order of the pieces in it.
    node_right, flow_right : ndarray of float64, shapes (M,) and (F,)
        Share that the model gets right, NaN where that is not known.
    raw, found : Placement
        Before and after ordering.
    ids : tuple of str
        Names of the images.
    """

    layers: tuple[str, ...]
    groups: tuple[str, ...]
    colours: tuple[str, ...]
    by: str
    group: np.ndarray
    assigned: np.ndarray
    columns: np.ndarray
    clusters: np.ndarray
    node_mix: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    flow_mix: np.ndarray
    node_right: np.ndarray
    flow_right: np.ndarray
    raw: Placement
    found: Placement
    ids: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.group)

    def placement(self, order: Order) -> Placement:
        """Return one of the two; ValueError if there is no such order."""
        if order not in ORDERS:
            raise ValueError(f"order: expected one of {', '.join(ORDERS)}; got {order!r}")
        return self.raw if order == "raw" else self.found


# ------------------------------------------------------------------------------- making one
def picture(
    graph: FlowGraph,
    layout: FlowLayout,
    raw_graph: FlowGraph,
    raw_layout: FlowLayout,
    *,
    colours: Sequence[str] | None = None,
) -> FlowPicture:
    """Put together what a drawing needs of a graph before and after it was ordered.

    Parameters
    ----------
    graph, layout : FlowGraph, FlowLayout
        In the order that was found, and where it lies.
    raw_graph, raw_layout : FlowGraph, FlowLayout
        The same clusters in raw order.
    colours : sequence of str, or None
        ``"#rrggbb"`` of each class of the graph; None takes the app's. Without known classes
        everything has one colour.

    Raises
    ------
    ValueError
        If the two graphs are not the same but for their order, a colour is not of that form
        or there are too few, or there are more images or columns than can be drawn.
    """
    if len(graph) > MOST_IMAGES or len(graph.layers) > MOST_COLUMNS:
        most = f"at most {MOST_IMAGES:,} images and {MOST_COLUMNS} layers"
        raise ValueError(f"graph: expected {most}, got {len(graph):,} and {len(graph.layers)}")
    same = graph.layers == raw_graph.layers
    if not same or not np.array_equal(graph.assigned, raw_graph.assigned):
        raise ValueError("raw_graph: expected the layers and clusters of graph, in another order")
    groups, palette, group = _groups(graph, colours)
    nodes = [node for column in graph.nodes for node in column]
    flows = [flow for pair in graph.flows for flow in pair]
    places = {(node.column, node.cluster): place for place, node in enumerate(nodes)}
    ends = np.array(
        [
            (places[flow.column, flow.source], places[flow.column + 1, flow.target])
            for flow in flows
        ],
        np.int64,
    ).reshape(-1, 2)
    return FlowPicture(
        layers=graph.layers,
        groups=groups,
        colours=palette,
        by="true class" if graph.labels is not None else "",
        group=group,
        assigned=_assigned(graph),
        columns=np.array([node.column for node in nodes], np.int64),
        clusters=np.array([node.cluster for node in nodes], np.int64),
        node_mix=_mixes([node.members for node in nodes], group, len(groups)),
        sources=ends[:, 0],
        targets=ends[:, 1],
        flow_mix=_mixes([flow.members for flow in flows], group, len(groups)),
        node_right=_shares([node.accuracy for node in nodes]),
        flow_right=_shares([flow.accuracy for flow in flows]),
        raw=_placement(raw_graph, raw_layout, graph),
        found=_placement(graph, layout, graph),
        ids=graph.ids,
    )


def _groups(
    graph: FlowGraph, colours: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...], np.ndarray]:
    """Return names and colours of the classes that occur, and the place of each image's."""
    if graph.labels is None:
        return ("images",), (ACCENT,), np.zeros(len(graph), np.int64)
    present, group = np.unique(graph.labels, return_inverse=True)
    classes = present.tolist()
    if colours is not None and len(colours) <= classes[-1]:
        raise ValueError(f"colours: expected {classes[-1] + 1}, got {len(colours)}")
    palette = [colour_of(place) if colours is None else colours[place] for place in classes]
    for colour in palette:
        rgb(colour)
    names = distinct([short(graph.classes[place], 40) for place in classes], classes)
    return tuple(names), tuple(palette), group.reshape(-1)


def _assigned(graph: FlowGraph) -> np.ndarray:
    first = np.cumsum([0, *(len(clusters) for clusters in graph.sequence)])
    return np.stack([graph.ranks(column) + first[column] for column in range(len(graph.layers))])


def _mixes(members: list[np.ndarray], group: np.ndarray, groups: int) -> np.ndarray:
    mixes = [np.bincount(group[some], minlength=groups) for some in members]
    return np.array(mixes, np.int64).reshape(-1, groups)


def _shares(shares: list[float | None]) -> np.ndarray:
    return np.array([np.nan if share is None else share for share in shares], np.float64)


def _placement(graph: FlowGraph, layout: FlowLayout, told: FlowGraph) -> Placement:
    """Return where things lie, nodes and flows in the order of ``told``."""
    nodes = [(node.column, node.cluster) for column in graph.nodes for node in column]
    flows = [(flow.column, flow.source, flow.target) for pair in graph.flows for flow in pair]
    node_at = {name: place for place, name in enumerate(nodes)}
    flow_at = {name: place for place, name in enumerate(flows)}
    rows = [node_at[node.column, node.cluster] for column in told.nodes for node in column]
    ribbons = [
        flow_at[flow.column, flow.source, flow.target] for pair in told.flows for flow in pair
    ]
    return Placement(
        tops=_joined(layout.tops)[rows],
        bottoms=_joined(layout.bottoms)[rows],
        starts=_joined(layout.starts)[ribbons],
        ends=_joined(layout.ends)[ribbons],
        lines=np.asarray(layout.line_positions, np.float32),
        height=float(layout.height),
        crossings=crossings(graph),
        line_crossings=line_crossings(graph),
    )


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.float32), *parts]).astype(np.float32)
