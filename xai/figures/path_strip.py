"""The paths of a few images, such as clean and attacked: their node in each layer, in a strip."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from xai.figures import course_marks
from xai.figures.colours import NEUTRAL, colour_of
from xai.figures.flow_picture import cluster_name
from xai.figures.flow_words import text
from xai.figures.network_labels import text_width
from xai.figures.solids_svg import BASE_STYLE, escaped, shade
from xai.figures.wording import ending, number, percent, short

if TYPE_CHECKING:
    from xai.flow.graph import FlowGraph
    from xai.flow.journeys.pathfinding import Step

#: Layers in a row, and paths below each other.
_PER_ROW, _MOST = 8, 4
_MARGIN, _GAP = 6.0, 8.0
_BIG, _WORDS = 18.0, 16.5
#: Heights: of a layer's name, of a cell, of the space below a row, of the legend.
_HEAD, _CELL, _BELOW, _LEGEND = 28.0, 86.0, 14.0, 34.0
#: Width of the stripe in a cell that has its class's colour.
_STRIPE = 8.0
_STYLE = "".join(
    (
        BASE_STYLE,
        course_marks.STYLE,
        f".ps-cell{{fill:{shade('stage')};stroke:{shade('line')};stroke-width:1}}",
        f".ps-other{{stroke:{shade('accent')};stroke-width:3.5}}",
        ".ps-far{stroke-dasharray:7 5;stroke-width:2.5}",
        f".ps-bar{{fill:{shade('line')};fill-opacity:.35}}",
    )
)


@dataclass(frozen=True)
class _Strip:
    """What is drawn: paths by name, the first being what the others are compared with."""

    graph: FlowGraph
    paths: Mapping[str, Sequence[Step]]
    width: float

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.paths)

    @cached_property
    def gutter(self) -> float:
        """Room for the names of the paths."""
        if len(self.names) == 1:
            return 0.0
        return 30 + max(text_width(short(name, 18), _BIG, bold=True) for name in self.names) + 10

    @cached_property
    def per_row(self) -> int:
        count = len(self.graph.layers)
        return math.ceil(count / math.ceil(count / _PER_ROW))

    @property
    def pitch(self) -> float:
        return (self.width - 2 * _MARGIN - self.gutter) / self.per_row

    @property
    def row_height(self) -> float:
        return _HEAD + len(self.names) * (_CELL + _GAP) + _BELOW

    def moved(self, path: int, column: int) -> bool:
        """Tell whether a path has another node than the first one has."""
        first, other = (self.paths[self.names[at]][column] for at in (0, path))
        return first.cluster != other.cluster


def path_strip(
    graph: FlowGraph, paths: Mapping[str, Sequence[Step]], *, width: float = 1100.0
) -> str:
    """Draw the node of each image in each layer and how sure it is, as SVG text.

    Parameters
    ----------
    graph : FlowGraph
        The one that the paths lead through.
    paths : mapping of str to sequence of Step
        By name, such as ``"clean"`` and ``"attacked"``: one to four, each with a step a
        layer. The first is what the others are compared with.
    width : float
        Of the drawing, in CSS pixels.

    Returns
    -------
    str
        An ``<svg>`` element. Colours of text and lines are the variables of
        :data:`xai.figures.solids_svg.COLOURS`.

    Raises
    ------
    ValueError
        If there are no or too many paths, or one has another number of steps.
    """
    if not 1 <= len(paths) <= _MOST:
        raise ValueError(f"paths: expected 1 to {_MOST}, got {len(paths)}")
    for name, steps in paths.items():
        if len(steps) != len(graph.layers):
            raise ValueError(
                f"paths: expected {len(graph.layers)} steps, got {len(steps)} of {name}"
            )
    strip = _Strip(graph, paths, width)
    rows = math.ceil(len(graph.layers) / strip.per_row)
    legend, top = _legend(strip)
    pieces = [_column(strip, column, top) for column in range(len(graph.layers))]
    pieces += [_naming(strip, row, top) for row in range(rows)]
    height = top + rows * strip.row_height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sketch" role="img" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}">'
        f"<style>{_STYLE}</style>{legend}{''.join(pieces)}</svg>"
    )


# ----------------------------------------------------------------------- one layer
def _column(strip: _Strip, column: int, top: float) -> str:
    row, place = divmod(column, strip.per_row)
    left = _MARGIN + strip.gutter + place * strip.pitch
    above = top + row * strip.row_height
    side = strip.pitch - _GAP
    letters = max(4, int(side / text_width("n", _BIG, bold=True)))
    name = ending(strip.graph.layers[column], letters)
    cells = "".join(
        _cell(strip, path, column, left, above + _HEAD + path * (_CELL + _GAP))
        for path in range(len(strip.names))
    )
    title = text(name, left + side / 2, above + _HEAD - 9, _BIG, bold=True, room=side)
    return f'<g class="stage">{title}{cells}</g>'


def _cell(strip: _Strip, path: int, column: int, left: float, top: float) -> str:
    step = strip.paths[strip.names[path]][column]
    node = strip.graph.node(column, step.cluster)
    side, inner = strip.pitch - _GAP, strip.pitch - _GAP - _STRIPE - 16
    colour = NEUTRAL if node.majority is None or step.cluster < 0 else colour_of(node.majority)
    start = left + _STRIPE + 9
    style = " ps-other" * strip.moved(path, column) + " ps-far" * step.far
    return "".join(
        (
            f"<g><title>{escaped(_told(strip, path, column))}</title>",
            f'<rect class="ps-cell{style}" x="{left:.1f}" y="{top:.1f}" width="{side:.1f}" '
            f'height="{_CELL:.1f}" rx="5"/>',
            f'<rect x="{left + 4:.1f}" y="{top + 5:.1f}" width="{_STRIPE:.1f}" '
            f'height="{_CELL - 10:.1f}" rx="2" fill="{colour}"/>',
            text(
                cluster_name(step.cluster), start, top + 23, _BIG, bold=True, start=True, room=inner
            ),
            text(_mostly(strip, column, step), start, top + 45, _WORDS, start=True, room=inner),
            _bar(start, top + 58, inner, step, colour),
            "</g>",
        )
    )


def _mostly(strip: _Strip, column: int, step: Step) -> str:
    """Say what the node is: its commonest class, or how many images."""
    node = strip.graph.node(column, step.cluster)
    if node.majority is None:
        return f"{len(node):,} images"
    name = short(strip.graph.classes[node.majority], 16)
    most = 2 * int(node.counts.max()) > len(node)
    return f"mostly {name}" if most else f"mixed, commonest {name}"


def _bar(left: float, top: float, room: float, step: Step, colour: str) -> str:
    """Draw how sure the step is, and say it behind the bar."""
    # The vote of an image that is at no distance of itself is no guess.
    words = f"{100 * step.confidence:.0f} %" if step.own is None else "known"
    wide = max(10.0, room - text_width("known", _WORDS) - 12)
    bars = (("ps-bar", wide, ""), ("", wide * step.confidence, f' fill="{colour}"'))
    return "".join(
        f'<rect class="{style}" x="{left:.1f}" y="{top:.1f}" width="{length:.1f}" '
        f'height="12" rx="2"{fill}/>'
        for style, length, fill in bars
    ) + text(words, left + wide + 6, top + 11.5, _WORDS, start=True)


def _told(strip: _Strip, path: int, column: int) -> str:
    """Return what a pointer over a cell is told."""
    step = strip.paths[strip.names[path]][column]
    node = strip.graph.node(column, step.cluster)
    lines = [
        f"{strip.names[path]}, {strip.graph.layers[column]}: {cluster_name(step.cluster)} "
        f"({len(node):,} images, {_mostly(strip, column, step)})",
        f"share of the neighbours' vote: {percent(step.confidence)}",
    ]
    if math.isfinite(step.distance):
        lines.append(
            f"distance from its neighbours: {number(step.distance)}; of the data set's images "
            f"{number(step.typical)}"
        )
    if step.own is not None:
        lines.append("one of the data set's images: its own node is known")
    if step.far:
        means = ": its node means little" if step.own is None else ""
        lines.append(f"far from all {'' if step.own is None else 'other '}images{means}")
    return "\n".join(lines)


# -------------------------------------------------------------------- names, legend
def _marks(count: int) -> list[str]:
    """Return a mark for each path: the first is clean, the last attacked."""
    between = [course_marks.diamond(10, 0)] * (count - 2)
    return [course_marks.ring(10, 0), *between, course_marks.triangle(10, 0)][:count]


def _naming(strip: _Strip, row: int, top: float) -> str:
    """Name the paths at the left of a row."""
    if len(strip.names) == 1:
        return ""
    pieces = []
    for path, mark in enumerate(_marks(len(strip.names))):
        y = top + row * strip.row_height + _HEAD + path * (_CELL + _GAP) + _CELL / 2
        pieces.append(f'<g transform="translate({_MARGIN:.1f} {y:.1f})">{mark}</g>')
        name = short(strip.names[path], 18)
        pieces.append(text(name, _MARGIN + 26, y + 6, _BIG, bold=True, start=True))
    return "".join(pieces)


def _legend(strip: _Strip) -> tuple[str, float]:
    """Return what the frames mean, as far as there are any, and where the strip begins."""
    items = ['<rect class="ps-bar" x="0" y="-6" width="26" height="12" rx="2"/>']
    words = ["how sure the layer's neighbours are of the cluster"]
    columns = range(len(strip.graph.layers))
    if any(strip.moved(path, at) for path in range(len(strip.names)) for at in columns):
        items.append('<rect class="ps-cell ps-other" x="0" y="-9" width="26" height="18" rx="4"/>')
        words.append(f"another cluster than {short(strip.names[0], 18)}")
    if any(step.far for steps in strip.paths.values() for step in steps):
        items.append('<rect class="ps-cell ps-far" x="0" y="-9" width="26" height="18" rx="4"/>')
        words.append("dashed: far from all images")
    x, pieces = _MARGIN + 2, []
    for mark, said in zip(items, words, strict=True):
        pieces.append(f'<g transform="translate({x:.1f} 14)">{mark}</g>')
        pieces.append(text(said, x + 34, 20, _WORDS, start=True))
        x += 34 + text_width(said, _WORDS) + 26
    return "".join(pieces), _LEGEND
