"""A network's graph as Graphviz DOT text."""

from __future__ import annotations

import html
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xai.network import ModelGraph, Node

#: Layout directions of Graphviz and what they mean.
DIRECTIONS = {"LR": "left to right", "TB": "top to bottom"}

_LONGEST = 60


@dataclass(frozen=True)
class GraphColours:
    """The colours of a drawn graph, so that it fits a light or a dark theme.

    Attributes
    ----------
    text, line, fill, accent, background : str
        Any colour Graphviz knows, such as ``"#1f77b4"`` or ``"transparent"``.
        ``accent`` marks shortcuts and the selected node.
    """

    text: str = "#808080"
    line: str = "#808080"
    fill: str = "transparent"
    accent: str = "#e4572e"
    background: str = "transparent"


def to_dot(
    graph: ModelGraph,
    *,
    direction: str = "LR",
    colours: GraphColours | None = None,
    selected: str = "",
) -> str:
    """Write a graph in the DOT language.

    Parameters
    ----------
    graph : ModelGraph
        At any level of detail.
    direction : str
        A key of :data:`DIRECTIONS`.
    colours : GraphColours, optional
    selected : str
        Name of the node that is drawn in the accent colour.

    Returns
    -------
    str
        Nodes carry their label, detail and output shape; blocks that are shown
        from inside are framed; shortcuts are dashed and in the accent colour.

    Raises
    ------
    ValueError
        If there is no such direction.

    Notes
    -----
    Names of classes and files may hold anything; every text is quoted, and no
    name serves as an identifier.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"direction: expected one of {', '.join(DIRECTIONS)}; got {direction!r}")
    shades = {
        field.name: _quoted(getattr(colours or GraphColours(), field.name))
        for field in fields(GraphColours)
    }
    ids = {node.name: f"n{place}" for place, node in enumerate(graph.nodes)}
    lines = [*_header(graph, direction, shades)]
    for place, (frame, nodes) in enumerate(_frames(graph).items()):
        drawn = [_node(ids[node.name], node, shades, node.name == selected) for node in nodes]
        lines.extend(_framed(graph, frame, place, drawn, shades) if frame else drawn)
    shortcuts = graph.shortcuts
    for edge in graph.edges:
        # A shortcut must not stretch the layout: what it skips decides the ranks.
        mark = f" [style=dashed, color={shades['accent']}, weight=0]" if edge in shortcuts else ""
        lines.append(f"  {ids[edge[0]]} -> {ids[edge[1]]}{mark};")
    return "\n".join([*lines, "}"])


def _header(graph: ModelGraph, direction: str, shades: dict[str, str]) -> list[str]:
    return [
        f"digraph {_quoted(graph.model)} {{",
        f"  rankdir={direction}; bgcolor={shades['background']}; nodesep=0.25; ranksep=0.35;",
        f'  node [shape=box, style="rounded,filled", fillcolor={shades["fill"]},'
        f" color={shades['line']}, fontcolor={shades['text']},"
        ' fontname="sans-serif", fontsize=14];',
        f"  edge [color={shades['line']}, arrowsize=0.7];",
    ]


def _frames(graph: ModelGraph) -> dict[str, list[Node]]:
    """Return the nodes by the outermost block that they are shown inside of."""
    frames: dict[str, list[Node]] = {}
    for node in graph.nodes:
        frame = (*graph.blocks(node.group), node.group)[0]
        frames.setdefault(frame, []).append(node)
    return frames


def _framed(
    graph: ModelGraph, frame: str, place: int, drawn: list[str], shades: dict[str, str]
) -> list[str]:
    title = f"{graph.containers.get(frame, '').lstrip('_')} {frame}"
    return [
        f"  subgraph cluster_{place} {{",
        f"    label={_quoted(title)}; color={shades['line']}; fontcolor={shades['text']};",
        '    style="rounded,dotted"; fontname="sans-serif"; fontsize=13;',
        *(f"  {line}" for line in drawn),
        "  }",
    ]


def _node(identifier: str, node: Node, shades: dict[str, str], selected: bool) -> str:
    shape = " × ".join(str(side) for side in node.shape)
    label = r"\n".join(_escaped(text) for text in (node.label, node.detail, shape) if text)
    mark = f", color={shades['accent']}, penwidth=3" if selected else ""
    tooltip = _quoted(node.module or node.name)
    return f'  {identifier} [label="{label}", tooltip={tooltip}{mark}];'


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Make a text harmless inside DOT quotes: one line, no escapes, no entities."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    plain = plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"
    return html.escape(plain, quote=False).replace("\\", "\\\\").replace('"', r"\"")
