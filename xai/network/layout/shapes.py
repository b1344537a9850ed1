"""What a laid-out graph consists of: boxes, frames and lines."""

from __future__ import annotations

from dataclasses import dataclass

from xai.network.layout.curves import Piece, Point


@dataclass(frozen=True)
class Box:
    """A rectangle: left and top, width and height, in pixels."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Frame:
    """A block that is shown from inside: its name, its rectangle, how many frames hold it."""

    name: str
    box: Box
    depth: int


@dataclass(frozen=True)
class Route:
    """The line of an edge.

    Attributes
    ----------
    source, target : str
        Names of its nodes.
    start : (float, float)
        On the border of the source's box.
    pieces : tuple of tuples of points
        One point: a straight line to it. Three: a cubic Bézier curve with two controls
        and its end. The last ends on the border of the target's box.
    shortcut : bool
    """

    source: str
    target: str
    start: Point
    pieces: tuple[Piece, ...]
    shortcut: bool


@dataclass(frozen=True)
class Layout:
    """A graph with coordinates; the first pixel is at (0, 0).

    Attributes
    ----------
    width, height : float
    boxes : dict of str to Box
        Of every node, in forward order.
    frames : tuple of Frame
        Outer frames before inner ones.
    routes : tuple of Route
        In the order of ``graph.edges``.
    """

    width: float
    height: float
    boxes: dict[str, Box]
    frames: tuple[Frame, ...]
    routes: tuple[Route, ...]
