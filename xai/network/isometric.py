"""The isometric drawing of a network as plain numbers: solids, routes, stages.

The network flows to the right. Every part is a box seen from the front, from above and
from the right: its height and its width (which leads up and to the right in the picture)
follow the sides of the map, its thickness along the flow follows the channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from xai.network.graph import ModelGraph
from xai.network.lanes import Places, places
from xai.network.parts import ENTRY, Part
from xai.network.routes import Route, routes
from xai.network.solids import RIGHT, UP, Frame, Scale, Solid

# Boxes get this much thicker at most when a drawing is stretched.
_THICKER = 1.35


@dataclass(frozen=True)
class Band:
    """Neighbours of one spatial size: their names, and their extent in the picture."""

    size: tuple[int, ...]
    names: tuple[str, ...]
    left: float
    right: float


@dataclass(frozen=True)
class Scene:
    """A whole drawing.

    Attributes
    ----------
    solids : tuple of Solid
        In forward order, which is also the order to paint them in.
    routes : tuple of Route
    bands : tuple of Band
        The stages, from left to right, without overlap.
    left, right, top, bottom : float
        Extent of everything.
    """

    solids: tuple[Solid, ...]
    routes: tuple[Route, ...]
    bands: tuple[Band, ...]
    left: float
    right: float
    top: float
    bottom: float


#: The width in px that the label of a stage needs, from its size and its parts' names.
Room = Callable[[tuple[int, ...], tuple[str, ...]], float]


def scene(
    graph: ModelGraph, parts: Sequence[Part], frame: Frame, room: Room | None = None
) -> Scene:
    """Place the parts of a graph.

    Parameters
    ----------
    graph : ModelGraph
        Its nodes are those of ``parts``, and it may have :data:`~xai.network.parts.ENTRY`.
    parts : sequence of Part
        In forward order.
    frame : Frame
    room : callable, optional
        Width that a stage gets at least.
    """
    plan = _Plan(graph, parts, frame, room or (lambda size, names: 0.0))
    low, high = frame.stretch
    if plan.width(high) <= frame.width:
        return plan.drawn(high)
    for _ in range(9):
        middle = (low + high) / 2
        low, high = (middle, high) if plan.width(middle) < frame.width else (low, middle)
    return plan.drawn(low)


class _Plan:
    """What does not change while the drawing is stretched."""

    def __init__(self, graph: ModelGraph, parts: Sequence[Part], frame: Frame, room: Room) -> None:
        self.parts = {part.node.name: part for part in parts}
        self.places: Places = places(graph)
        share = frame.most_height / (self.places.count * (1 + UP))
        frame = replace(frame, tallest=min(frame.tallest, share))
        self.graph, self.frame = graph, frame
        scale = Scale(parts, frame)
        self.boxes = {name: scale.box(part) for name, part in self.parts.items()}
        self.boxes.setdefault(ENTRY, (0.0, 0.0, 0.0))
        columns: dict[int, list[str]] = {}
        for node in graph.nodes:
            columns.setdefault(self.places.columns[node.name], []).append(node.name)
        self.columns = [columns[index] for index in sorted(columns)]
        self.stages = self._stages()
        flat = [tuple(name for column in stage for name in column) for stage in self.stages]
        self.rooms = {names: room(self.size(names[-1]), names) for names in flat}

    def _stages(self) -> list[list[list[str]]]:
        """Cut the columns into runs of one spatial size; the input is alone."""
        stages: list[list[list[str]]] = []
        before: tuple[int, ...] | None = None
        for names in self.columns:
            key = self.size(names[-1])
            if stages and key == before:
                stages[-1].append(names)
            else:
                stages.append([names])
            before = key
        return stages

    def size(self, name: str) -> tuple[int, ...]:
        """Return (H, W) of a node's map, () for a dense layer, (-1,) for the image."""
        part = self.parts.get(name)
        if part is None or part.family == "input":
            return (-1,)
        return part.shape[1:] if len(part.shape) == 3 else ()

    def columns_at(self, stretch: float) -> tuple[list[float], list[Band]]:
        """Return the left faces' x of every column, and the stages' extents."""
        xs: list[float] = []
        bands: list[Band] = []
        start = 0.0
        between = max(self.frame.stage_gap * min(stretch, 1.6), self.frame.least_stage_gap)
        for stage in self.stages:
            inside, end = self._columns(stage, start, stretch)
            names = tuple(name for column in stage for name in column)
            size = self.size(names[-1])
            slack = max(self.rooms[names] - (end - start), 0.0) / 2
            xs.extend(x + slack for x in inside)
            bands.append(Band(size, names, start, end + 2 * slack))
            start = bands[-1].right + between
        return xs, bands

    def _columns(
        self, stage: list[list[str]], start: float, stretch: float
    ) -> tuple[list[float], float]:
        """Return the x of a stage's columns, and where its last shadow ends."""
        xs: list[float] = []
        end, face = start, 0.0
        for names in stage:
            # The nearer left corner of a box leans out to the left by half its depth.
            lean = max(RIGHT * self.boxes[name][2] / 2 for name in names)
            x = max(start + lean, face + self._gap(names, stretch) if xs else start)
            thick = max(self.boxes[name][0] for name in names) * min(stretch, _THICKER)
            xs.append(x)
            face = x + thick
            end = max(end, face + lean)
        return xs, end

    def _gap(self, names: Sequence[str], stretch: float) -> float:
        if all(not self.size(name) for name in names):
            return max(self.frame.bar_gap * min(stretch, _THICKER), 4.0)
        return max(self.frame.gap * stretch, 4.0)

    def width(self, stretch: float) -> float:
        """Return the width of the whole drawing."""
        return self.columns_at(stretch)[1][-1].right

    def drawn(self, stretch: float) -> Scene:
        """Return the scene at one stretch."""
        xs, bands = self.columns_at(stretch)
        where = {name: x for x, names in zip(xs, self.columns, strict=True) for name in names}
        wide = min(stretch, _THICKER)
        lanes = self._lane_heights()
        solids = {}
        for node in self.graph.nodes:
            thickness, height, depth = self.boxes[node.name]
            solids[node.name] = Solid(
                node.name, where[node.name], lanes[node.name], thickness * wide, height, depth
            )
        drawn = routes(self.graph, solids)
        shown = tuple(solid for name, solid in solids.items() if name in self.parts)
        return Scene(
            solids=shown,
            routes=drawn,
            bands=tuple(bands),
            left=0.0,
            right=bands[-1].right,
            top=min([solid.top for solid in shown] + [route.top for route in drawn]),
            bottom=max(solid.bottom for solid in shown),
        )

    def _lane_heights(self) -> dict[str, float]:
        """Return y of every node: lanes above each other, the trunk lowest of two."""
        count, lanes = self.places.count, self.places.lanes
        tall = [0.0] * count
        for name, (_, height, depth) in self.boxes.items():
            if name in lanes:
                tall[lanes[name]] = max(tall[lanes[name]], height + UP * depth)
        alone = self._alone()
        first: dict[int, int] = {}
        for place, node in enumerate(self.graph.nodes):
            if node.name not in alone:
                first.setdefault(lanes[node.name], place)
        order = sorted(range(count), key=lambda lane: first.get(lane, 0))
        order = order if count > 2 else list(range(count))[::-1]
        ys, y = [0.0] * count, 0.0
        for lane in order:
            ys[lane] = y + tall[lane] / 2
            y += tall[lane] + self.frame.lane_gap
        if count < 3:
            return {name: ys[lane] for name, lane in lanes.items()}
        middle = (min(ys) + max(ys)) / 2
        return {name: middle if name in alone else ys[lane] for name, lane in lanes.items()}

    def _alone(self) -> set[str]:
        """Return the nodes that nothing passes by except shortcuts."""
        flow = set(self.graph.edges) - self.graph.shortcuts
        passed: set[int] = set()
        for source, target in flow:
            first, last = self.places.columns[source], self.places.columns[target]
            passed.update(range(first + 1, last))
        return {
            names[0]
            for names in self.columns
            if len(names) == 1 and self.places.columns[names[0]] not in passed
        }
