"""The course of an attacked image: a small map of the data set for each layer, in a strip."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xai.embedding.courses import Course, Stage
from xai.embedding.frames import fit
from xai.figures import course_marks
from xai.figures.colours import colour_of
from xai.figures.flow_words import text
from xai.figures.network_labels import text_width
from xai.figures.solids_svg import BASE_STYLE, escaped, shade
from xai.figures.wording import ending, number, short

#: Maps in a row.
_PER_ROW = 6
_GAP, _MARGIN = 14.0, 6.0
#: The longest side of a map, in px.
_MOST_SIDE = 230.0
_NAME, _WORDS = 18.0, 17.0
_LINE = 22.0
#: Room above a row, for the words of the frame.
_HEAD = 24.0
#: Up to so many images are drawn large.
_FEW = 60
#: Letters of a class's name.
_LETTERS = 22
_STYLE = "".join(
    (
        BASE_STYLE,
        f".cs-map{{fill:{shade('stage')};stroke:{shade('line')};stroke-width:1}}",
        ".cs-dots{fill:none;stroke-linecap:round;stroke-opacity:.3}",
        # Of few images each is to be seen; of many the two classes are to stand out.
        ".cs-dots.cs-few{stroke-opacity:.6}.cs-dots.cs-strong{stroke-opacity:.8}",
        f".cs-frame{{fill:none;stroke:{shade('accent')};stroke-width:3}}",
        f".cs-accent{{fill:{shade('accent')}}}",
        course_marks.STYLE,
    )
)


@dataclass(frozen=True)
class _Strip:
    """What is drawn: a course, and which of its images are which."""

    course: Course
    clean: int
    noise: int | None
    attacked: int
    leaves: int | None
    width: float

    @cached_property
    def per_row(self) -> int:
        count = len(self.course.stages)
        return math.ceil(count / math.ceil(count / _PER_ROW))

    @property
    def pitch(self) -> float:
        return (self.width - 2 * _MARGIN) / self.per_row

    @property
    def side(self) -> float:
        return min(self.pitch - _GAP, _MOST_SIDE)

    @cached_property
    def strong(self) -> tuple[int, ...]:
        """The classes that the image comes from and ends with, in the last layer."""
        last = self.course.stages[-1].nearest
        return tuple(dict.fromkeys(int(last[row]) for row in (self.clean, self.attacked)))

    def name(self, label: int) -> str:
        """Return a class's name, short enough for a line."""
        return short(self.course.classes[label], _LETTERS)

    def words(self, stage: Stage) -> tuple[str, str]:
        """Return the nearest class of the clean and of the attacked image, as words."""
        before, after = (self.name(int(stage.nearest[row])) for row in (self.clean, self.attacked))
        return f"clean: {before}", f"attacked: {after}"

    @cached_property
    def in_one_line(self) -> bool:
        """Whether both fit beside each other in every layer."""
        widest = max(
            text_width(" → ".join(self.words(stage)), _WORDS, bold=True)
            for stage in self.course.stages
        )
        return widest <= 1.16 * self.side

    def title(self, stage: Stage) -> tuple[str, str]:
        """Return a layer's name as the line above its map and the one above that."""
        name = "pixels" if stage.layer is None else stage.layer
        room = self.side + 4
        if text_width(name, _NAME, bold=True) <= room:
            return name, ""
        before, _, last = name.rpartition(".")
        block, _, inner = before.rpartition(".")
        # "stages.1.0" over "depthwise.norm": cut short, the names would be alike.
        own = f"{inner}.{last}" if inner and not inner.isdigit() else last
        rest = block if own != last else before
        letters = int(room / text_width("n", _WORDS))
        return ending(own, letters), ending(rest, letters)

    @cached_property
    def naming(self) -> float:
        """Room for the names of layers: one line or two."""
        return _LINE * (2 if any(self.title(stage)[1] for stage in self.course.stages) else 1)

    @property
    def row_height(self) -> float:
        return _HEAD + self.naming + self.side + _LINE * (1 if self.in_one_line else 2) + 16


def course_strip(
    found: Course,
    *,
    clean: int = 0,
    noise: int | None = 1,
    attacked: int = 2,
    leaves: int | None = None,
    width: float = 1100.0,
) -> str:
    """Draw the map of every layer with the clean and the attacked image on it, as SVG text.

    Parameters
    ----------
    found : Course
    clean, attacked : int
        Rows of the images in the course; an arrow leads from one to the other.
    noise : int or None
        Row of the image with random noise, if there is one.
    leaves : int or None
        Place of the layer that is framed, as ``found.derailment`` gives it.
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
        If there is no such image or layer.

    Notes
    -----
    Each map has its own scale, one for both axes, that shows all its images. Dots have
    the colours of their classes, as everywhere; those of the classes at the two ends
    of the arrow in the last layer are drawn stronger than the others. What is written
    below a map is told by the distances in the layer, not by those on the map.
    """
    count = len(found.stages[0].nearest)
    for what, row in (("clean", clean), ("noise", noise), ("attacked", attacked)):
        if row is not None and not 0 <= row < count:
            raise ValueError(f"{what}: expected an image from 0 to {count - 1}, got {row}")
    if leaves is not None and not 0 <= leaves < len(found.stages):
        raise ValueError(f"leaves: expected a layer from 0 to {len(found.stages) - 1}")
    strip = _Strip(found, clean, noise, attacked, leaves, width)
    legend, top = _legend(strip)
    cells = [_cell(strip, place, top) for place in range(len(found.stages))]
    rows = math.ceil(len(found.stages) / strip.per_row)
    height = top + rows * strip.row_height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sketch" role="img" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}">'
        f"<style>{_STYLE}</style>{legend}{''.join(cells)}</svg>"
    )


# ----------------------------------------------------------------------- one layer
def _cell(strip: _Strip, place: int, top: float) -> str:
    row, column = divmod(place, strip.per_row)
    stage, side = strip.course.stages[place], strip.side
    middle = _MARGIN + (column + 0.5) * strip.pitch
    left, above = middle - side / 2, top + row * strip.row_height + _HEAD
    name, block = strip.title(stage)
    under = above + strip.naming
    pieces = [
        f"<title>{escaped(_told(strip, stage))}</title>",
        text(name, middle, under - 6, _NAME, bold=True, room=side),
        _map(strip, stage, left, under),
        _verdict(strip, stage, middle, under + side),
    ]
    if block:
        higher = under - 6 - _LINE
        pieces.append(text(block, middle, higher, _WORDS, style="sk-muted", room=side))
    if place == strip.leaves:
        pieces.append(_frame(strip, middle, above))
    return f'<g class="stage">{"".join(pieces)}</g>'


def _map(strip: _Strip, stage: Stage, left: float, top: float) -> str:
    """Draw the dots of the data set, and the images with the arrow over them."""
    side, edge = strip.side, 14.0
    shown = fit(np.vstack([stage.points, stage.placed]))
    scale, corner = side - 2 * edge, (left + edge, top + edge)
    dots = shown.place(stage.points) * scale + corner
    marks = shown.place(stage.placed) * scale + corner
    clean, attacked = marks[strip.clean], marks[strip.attacked]
    pieces = [
        f'<rect class="cs-map" x="{left:.1f}" y="{top:.1f}" width="{side:.1f}" '
        f'height="{side:.1f}" rx="4"/>',
        _dots(strip, dots),
        course_marks.arrow(clean, attacked),
    ]
    if strip.noise is not None:
        pieces.append(course_marks.diamond(*marks[strip.noise]))
    return "".join((*pieces, course_marks.triangle(*attacked), course_marks.ring(*clean)))


def _dots(strip: _Strip, where: np.ndarray) -> str:
    """Draw one path of dots a class, the strong ones above the others."""
    labels = strip.course.labels
    size = 8.0 if len(where) <= _FEW else 5.0 if len(where) <= 400 else 3.6
    order = sorted(strip.course.present.tolist(), key=lambda label: label in strip.strong)
    few = " cs-few" if len(where) <= _FEW else ""
    paths = []
    for label in order:
        steps = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in where[labels == label].tolist())
        strength = " cs-strong" if label in strip.strong else few
        paths.append(
            f'<path class="cs-dots{strength}" stroke="{colour_of(label)}" '
            f'stroke-width="{size}" d="{steps}"/>'
        )
    return "".join(paths)


def _verdict(strip: _Strip, stage: Stage, middle: float, bottom: float) -> str:
    """Write the nearest classes below a map."""
    words = strip.words(stage)
    moved = stage.nearest[strip.clean] != stage.nearest[strip.attacked]
    room = strip.side - 2
    if strip.in_one_line:
        line = " → ".join(words)
        return text(line, middle, bottom + 18, _WORDS, bold=bool(moved), room=room)
    before, after = words
    return text(before, middle, bottom + 18, _WORDS, room=room) + text(
        after, middle, bottom + 18 + _LINE, _WORDS, bold=bool(moved), room=room
    )


def _frame(strip: _Strip, middle: float, above: float) -> str:
    """Mark the layer at which the image leaves its class."""
    width = min(strip.pitch - 3, strip.side + _GAP - 2)
    said = "leaves its class here"
    return (
        f'<rect class="cs-frame" x="{middle - width / 2:.1f}" y="{above - 2:.1f}" '
        f'width="{width:.1f}" height="{strip.row_height - _HEAD - 6:.1f}" rx="6"/>'
        + text(said, middle, above - 8, _WORDS, bold=True, style="cs-accent", room=width)
    )


def _told(strip: _Strip, stage: Stage) -> str:
    """Return what a pointer over a layer's map is told."""
    lines = ["pixels" if stage.layer is None else stage.layer]
    rows = (("clean", strip.clean), ("with noise", strip.noise), ("attacked", strip.attacked))
    for what, row in rows:
        if row is None:
            continue
        label = int(stage.nearest[row])
        far = ", far from all images" if stage.far[row] else ""
        lines.append(
            f"{what}: nearest to {short(strip.course.classes[label], 60)}, "
            f"distance {number(float(stage.distances[row].min()))}{far}"
        )
    return "\n".join(lines)


# -------------------------------------------------------------------------- legend
def _legend(strip: _Strip) -> tuple[str, float]:
    """Return what the marks mean, and where the first row of maps begins."""
    items = [(course_marks.ring(10, 0), "clean")]
    if strip.noise is not None:
        items.append((course_marks.diamond(10, 0), "with random noise"))
    items.append((course_marks.triangle(10, 0), "attacked"))
    for label in strip.strong:
        dot = f'<circle cx="10" cy="0" r="7" fill="{colour_of(label)}"/>'
        items.append((dot, f"images of {strip.name(label)}"))
    items.append(
        ('<circle cx="10" cy="0" r="7" fill="none" class="cs-map"/>', "faint: other classes")
    )
    x, y, pieces = _MARGIN + 4, 16.0, []
    for mark, words in items:
        wide = 26 + text_width(words, _WORDS) + 22
        if x + wide - 22 > strip.width:
            x, y = _MARGIN + 4, y + 28
        pieces.append(f'<g transform="translate({x:.1f} {y:.1f})">{mark}</g>')
        pieces.append(text(words, x + 26, y + 6, _WORDS, start=True))
        x += wide
    return "".join(pieces), y + 20
