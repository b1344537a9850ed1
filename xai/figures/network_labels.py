"""The words of the isometric drawing: stages, channels, steps, legend. None overlap."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from xai.figures.solids_svg import escaped
from xai.network.isometric import Band, Scene
from xai.network.parts import BUNDLE, FAMILIES, Part
from xai.network.solids import RIGHT, UP

STAGE_SIZE, TITLE_SIZE, COUNT_SIZE, LEGEND_SIZE = 18.0, 14.0, 13.5, 14.5
# Width of a letter as part of the font size: generous, the reader's font is not known.
_LETTER, _BOLD = 0.53, 0.57
_NARROW, _NARROW_PART = frozenset(" .,:;'|!ijl()[]/"), 0.55
_SPACE = 6.0


@dataclass(frozen=True)
class Label:
    """A text in the drawing, centred at x unless it starts there."""

    text: str
    x: float
    y: float
    size: float
    style: str = "sk-text"
    bold: bool = False
    start: bool = False

    @cached_property
    def width(self) -> float:
        """Width in px, estimated from the letters."""
        return text_width(self.text, self.size, self.bold)

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        left = self.x if self.start else self.x - self.width / 2
        return left, self.y - 0.78 * self.size, left + self.width, self.y + 0.24 * self.size

    @property
    def svg(self) -> str:
        """The ``<text>`` element."""
        anchor = "" if self.start else ' text-anchor="middle"'
        weight = ' font-weight="700"' if self.bold else ""
        return (
            f'<text class="{self.style}" x="{self.x:.1f}" y="{self.y:.1f}" '
            f'font-size="{self.size:g}"{weight}{anchor}>{escaped(self.text)}</text>'
        )


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Estimate the width of a text from its letters, in px."""
    letters = sum(_NARROW_PART if char in _NARROW else 1.0 for char in text)
    return letters * size * (_BOLD if bold else _LETTER)


def without_overlap(labels: Iterable[Label]) -> list[Label]:
    """Keep the labels that do not touch one before them."""
    kept: list[Label] = []
    for label in labels:
        if not any(_touch(label.box, other.box) for other in kept):
            kept.append(label)
    return kept


def _touch(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    apart = one[2] + _SPACE <= other[0] or other[2] + _SPACE <= one[0]
    return not (apart or one[3] <= other[1] or other[3] <= one[1])


# -------------------------------------------------------------------------- stages
def stage_words(size: tuple[int, ...]) -> str:
    """Return what a stage is called by its size, such as ``"56 × 56"``."""
    if size == (-1,):
        return "Image"
    return " × ".join(str(side) for side in size) if size else "Dense"


def stage_titles(inside: Sequence[Part], paths: Mapping[str, int]) -> list[str]:
    """Return names for a stage from its module paths, the most telling first.

    Parameters
    ----------
    inside : sequence of Part
        The parts of the stage, in forward order.
    paths : mapping of str to int
        How many parts of the whole network lie in each container.
    """
    if any(part.family == "input" for part in inside):
        return [" × ".join(str(side) for side in inside[0].shape)]
    owners: dict[str, list[Part]] = {}
    for part in inside:
        owners.setdefault(part.node.module.rpartition(".")[0], []).append(part)
    own = {p: held for p, held in owners.items() if p and paths.get(p) == len(held)}
    words = [_tail(path) for path in own]
    found = [" + ".join(words), words[0] if words else ""]
    if len(own) == 1:
        found[:0] = [_counted(path, held) for path, held in own.items()]
    return [title for title in dict.fromkeys(found) if title]


def containers(parts: Iterable[Part]) -> dict[str, int]:
    """Count the parts that lie directly in each container."""
    counts: dict[str, int] = {}
    for part in parts:
        path = part.node.module.rpartition(".")[0]
        counts[path] = counts.get(path, 0) + 1
    return counts


def _tail(path: str) -> str:
    """Return the last part of a path that is more than a number."""
    words = path.split(".")
    return words[-1] if not words[-1].isdigit() else ".".join(words[-2:])


def _counted(path: str, held: Sequence[Part]) -> str:
    blocks = [part for part in held if part.family == "block" and part.node.kind != BUNDLE]
    kinds = {part.node.kind.lstrip("_") for part in blocks}
    count = sum(part.node.repeats for part in blocks)
    if len(kinds) != 1 or count < 2:
        return _tail(path)
    return f"{_tail(path)}: {count} × {kinds.pop()}"


def room(size: tuple[int, ...], titles: Sequence[str]) -> float:
    """Return the width that a stage needs for its size and its shortest title."""
    least = min((text_width(title, TITLE_SIZE) for title in titles), default=0.0)
    return max(text_width(stage_words(size), STAGE_SIZE, bold=True), min(least, 110.0)) + _SPACE + 2


def stage_labels(bands: Sequence[Band], titles: Sequence[list[str]], y: float) -> list[Label]:
    """Return the labels under the stages: the size, and a title where it fits."""
    found = []
    for band, choices in zip(bands, titles, strict=True):
        middle, wide = (band.left + band.right) / 2, band.right - band.left
        words = Label(stage_words(band.size), middle, y, STAGE_SIZE, bold=True)
        found.append(words)
        for text in choices:
            title = Label(text, middle, y + 20, TITLE_SIZE, "sk-muted")
            if title.width <= wide:
                found.append(title)
                break
    return without_overlap(found)


def counts(scene: Scene, parts: Sequence[Part], y: float) -> list[Label]:
    """Return the numbers of channels or units, where they change and there is room.

    Where two of them would touch, a layer's number goes before that of a pool.
    """
    found: list[tuple[bool, Label]] = []
    before: tuple[int, tuple[int, ...]] = (-1, ())
    for solid, part in zip(scene.solids, parts, strict=True):
        now = (part.shape[0] if part.shape else 0, part.shape[1:])
        if now != before and part.family != "input":
            # Under the face that looks at the reader.
            x = (solid.left + solid.x) / 2 + solid.thickness / 2
            label = Label(f"{now[0]:,}", x, y, COUNT_SIZE, "sk-muted")
            band = next(band for band in scene.bands if part.node.name in band.names)
            spare = label.width / 2
            x = min(max(x, band.left + spare), max(band.right - spare, band.left + spare))
            label = replace(label, x=x)
            found.append((part.family in ("pool", "join"), label))
        before = now
    return without_overlap(label for _, label in sorted(found, key=lambda pair: pair[0]))


# -------------------------------------------------------------------------- legend
def legend(
    scene: Scene, parts: Sequence[Part], extent: tuple[float, float], y: float
) -> tuple[str, float]:
    """Explain sizes and colours.

    Parameters
    ----------
    scene : Scene
    parts : sequence of Part
    extent : (float, float)
        Where a row begins and ends.
    y : float
        Base line of the first row.

    Returns
    -------
    str, float
        The markup, and where it ends below.
    """
    present = {name for part in parts for name in (part.family, *part.bands)}
    items = [("swatch", name, FAMILIES[name]) for name in FAMILIES if name in present - {"input"}]
    left, right = extent
    if any(part.bypass for part in parts) or any(route.shortcut for route in scene.routes):
        items.append(("arc", "", "Shortcut"))
    glyph, wide = _measures(left, y, any(len(part.shape) == 1 for part in parts))
    needs = [22 + text_width(text, LEGEND_SIZE) + 14 for _, _, text in items]
    pieces, x = [glyph], left + wide + 26
    if x + sum(needs) > right:
        x, y = left, y + 27
    for (kind, name, text), need in zip(items, needs, strict=True):
        if x + need > right and x > left:
            x, y = left, y + 27
        mark = (
            f'<rect class="sk-face sk-{name}" x="{x:.1f}" y="{y - 12:.1f}" width="15" '
            'height="15" rx="2"/>'
            if kind == "swatch"
            else f'<path class="sk-arc" d="M{x:.1f} {y + 2:.1f}c0 -18 15 -18 15 0"/>'
        )
        pieces.append(mark + Label(text, x + 22, y, LEGEND_SIZE, start=True).svg)
        x += need
    return "".join(pieces), y + 12


def _measures(x: float, y: float, dense: bool) -> tuple[str, float]:
    """Draw a small box with its three measures, and say what they mean."""
    h, w, d = 24.0, 12.0, 26.0
    dx, dy = RIGHT * d, UP * d
    top = y - 16
    box = (
        f'<path class="sk-face sk-other" d="M{x:.1f} {top + h:.1f}v{-h}l{dx:.1f} {-dy:.1f}h{w}v{h}'
        f'l{-dx:.1f} {dy:.1f}z"/><path class="sk-edge" d="M{x:.1f} {top:.1f}h{w}v{h}m0 {-h}'
        f'l{dx:.1f} {-dy:.1f}"/>'
    )
    bars = " · bars: units" if dense else ""
    words = f"height, width: map side · thickness: channels{bars} · log scale"
    label = Label(words, x + w + dx + 10, y, LEGEND_SIZE, "sk-muted", start=True)
    return box + label.svg, w + dx + 10 + label.width


def step_labels(scene: Scene, parts: Sequence[Part]) -> list[Label]:
    """Return the names of steps under their boxes, on one of two rows, where they fit."""
    found: list[Label] = []
    for solid, part in zip(scene.solids, parts, strict=True):
        text = part.node.module.rpartition(".")[2] or part.node.label
        text = text if not text.isdigit() else part.node.label
        text = text if len(text) <= 18 else text[:17] + "…"
        x = solid.x + solid.thickness / 2
        for row in (0, 1):
            label = Label(text, x, solid.bottom + 15 + 16 * row, COUNT_SIZE, "sk-muted")
            if len(without_overlap([*found, label])) > len(found):
                found.append(label)
                break
    return found


def reach(labels: Sequence[Label]) -> tuple[float, float]:
    """Return the leftmost and rightmost px of some labels."""
    boxes = [label.box for label in labels]
    return min((b[0] for b in boxes), default=math.inf), max(
        (b[2] for b in boxes), default=-math.inf
    )
