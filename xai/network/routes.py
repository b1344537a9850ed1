"""Connections of the isometric drawing: lines along the flow, and arcs above it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xai.network.graph import ModelGraph
from xai.network.solids import Solid

# Up to this many arcs have flat tops and square shoulders; more are domes, whose
# crossings make a pattern.
_FEW = 12
_ROUND = 12.0


@dataclass(frozen=True)
class Route:
    """One connection.

    Attributes
    ----------
    source, target : str
        Nodes of the graph.
    path : str
        SVG path data.
    shortcut : bool
        Whether it carries the signal past something.
    arc : bool
        Whether it is drawn above everything between its ends.
    span : int
        Number of nodes between its ends.
    top : float
        y of its highest point.
    """

    source: str
    target: str
    path: str
    shortcut: bool = False
    arc: bool = False
    span: int = 0
    top: float = math.inf


def routes(graph: ModelGraph, solids: Mapping[str, Solid]) -> tuple[Route, ...]:
    """Draw all connections, the longest arcs first.

    Parameters
    ----------
    graph : ModelGraph
    solids : mapping of str to Solid
        For every node of the graph, in forward order.
    """
    order = list(solids.values())
    index = {name: place for place, name in enumerate(solids)}
    shortcuts = graph.shortcuts
    arcs, lines = [], []
    for edge in graph.edges:
        source, target = solids[edge[0]], solids[edge[1]]
        span = index[edge[1]] - index[edge[0]] - 1
        if edge in shortcuts and abs(source.y - target.y) < 1 and span:
            arcs.append((edge, span))
        else:
            late = len(graph.targets(edge[0])) == 1
            lines.append(Route(*edge, _bend(source, target, late), edge in shortcuts))
    made = []
    for edge, span in sorted(arcs, key=lambda item: -item[1]):
        covered = order[index[edge[0]] : index[edge[1]] + 1]
        made.append(_arc(edge, covered, span, flat=len(arcs) <= _FEW))
    return (*made, *lines)


def _arc(edge: tuple[str, str], covered: Sequence[Solid], span: int, *, flat: bool) -> Route:
    """Return an arc from the first of some solids over the others to the last."""
    (x1, y1), (x2, y2) = _crown(covered[0]), _crown(covered[-1])
    over = min(solid.top for solid in covered)
    if flat:
        top = over - 6 - 2.5 * math.sqrt(span)
        turn = min(_ROUND, (x2 - x1) / 2)
        path = (
            f"M{x1:.1f} {y1:.1f}V{top + turn:.1f}q0 {-turn:.1f} {turn:.1f} {-turn:.1f}"
            f"H{x2 - turn:.1f}q{turn:.1f} 0 {turn:.1f} {turn:.1f}V{y2:.1f}"
        )
    else:
        top = over - 6 - 9 * math.sqrt(span)
        # A cubic's middle is 3/4 of the way from its ends to its control points.
        control = (top - (y1 + y2) / 8) / 0.75
        path = f"M{x1:.1f} {y1:.1f}C{x1:.1f} {control:.1f} {x2:.1f} {control:.1f} {x2:.1f} {y2:.1f}"
    return Route(*edge, path, shortcut=True, arc=True, span=span, top=top)


def _crown(solid: Solid) -> tuple[float, float]:
    """Return the middle of the top face."""
    return solid.x + solid.thickness / 2, solid.y - solid.height / 2


def _bend(source: Solid, target: Solid, late: bool) -> str:
    """Return a line along the flow that changes its lane soon or late."""
    x1, x2 = source.x + source.thickness, target.x
    start = f"M{x1:.1f} {source.y:.1f}"
    if abs(source.y - target.y) < 0.5:
        return f"{start}H{x2:.1f}"
    reach = min(x2 - x1, 34.0)
    turn = x2 - reach if late else x1
    middle = turn + reach / 2
    lead = f"H{turn:.1f}" if late else ""
    end = f"{turn + reach:.1f} {target.y:.1f}"
    curve = f"C{middle:.1f} {source.y:.1f} {middle:.1f} {target.y:.1f} {end}"
    return f"{start}{lead}{curve}" + ("" if late else f"H{x2:.1f}")
