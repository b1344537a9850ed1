"""Boxes of the isometric drawing: how large, and where their corners lie in the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from xai.network.parts import Part

#: A step into the depth of the picture leads this far right and up.
RIGHT, UP = 0.34, 0.2

# The smallest map is this part of the tallest; a dense layer of one unit likewise.
_SMALLEST, _ONE_UNIT = 0.1, 0.25
# Units of the dense layer that is as tall as the largest map, at least.
_MANY_UNITS = 1024
# A dense bar's thickness and width, as parts of the thickest and the tallest box.
_BAR, _BAR_WIDTH = 0.24, 0.1
# Norms and activations are films: thinner than a convolution of as many channels.
_FILM = 0.4
_FILMS = ("norm", "activation", "other")


@dataclass(frozen=True)
class Frame:
    """How large things are drawn, in px.

    Attributes
    ----------
    tallest : float
        Height of the largest map.
    thinnest, thickest : float
        Thickness for the fewest and the most channels; ``doubling`` bounds what a
        doubling adds, so that 6 and 16 channels do not look like 6 and 2,048.
    gap, bar_gap, stage_gap, least_stage_gap : float
        Free space between neighbours of a stage, between dense bars and between stages.
    most_height : float
        With several lanes, what the boxes of all lanes share.
    width : float
        What the drawing is stretched or squeezed to, within bounds.
    lane_gap : float
        Free space between lanes.
    stretch : (float, float)
        Bounds of stretching.
    """

    tallest: float
    thinnest: float = 7.0
    thickest: float = 36.0
    doubling: float = 8.0
    gap: float = 13.0
    stage_gap: float = 19.0
    least_stage_gap: float = 16.0
    bar_gap: float = 28.0
    most_height: float = 280.0
    width: float = 1100.0
    lane_gap: float = 18.0
    stretch: tuple[float, float] = (0.5, 2.2)


@dataclass(frozen=True)
class Solid:
    """A box in the picture.

    Attributes
    ----------
    name : str
        Of its node.
    x, y : float
        Middle of the left face as it is projected, in px.
    thickness, height, depth : float
        Along the flow, upwards, and into the picture (before the projection).
    """

    name: str
    x: float
    y: float
    thickness: float
    height: float
    depth: float

    @property
    def left(self) -> float:
        """Left end in the picture."""
        return self.x - RIGHT * self.depth / 2

    @property
    def right(self) -> float:
        """Right end in the picture."""
        return self.x + self.thickness + RIGHT * self.depth / 2

    @property
    def top(self) -> float:
        """Upper end in the picture."""
        return self.y - self.height / 2 - UP * self.depth / 2

    @property
    def bottom(self) -> float:
        """Lower end in the picture."""
        return self.y + self.height / 2 + UP * self.depth / 2


class Scale:
    """From shapes to px, logarithmic in the sides of a map, the channels and the units."""

    def __init__(self, parts: Sequence[Part], frame: Frame) -> None:
        maps = [part.shape for part in parts if len(part.shape) == 3]
        sides = [side for shape in maps for side in shape[1:]]
        deep = [p.shape[0] for p in parts if len(p.shape) == 3 and p.family != "input"]
        units = [part.shape[0] for part in parts if len(part.shape) == 1]
        self.frame = frame
        self._side = max(math.log2(max(sides, default=2)), 1.0)
        self._units = math.log2(max([_MANY_UNITS, *units]))
        self._fewest = math.log2(min(deep, default=1))
        doublings = math.log2(max(deep, default=1)) - self._fewest
        span = frame.thickest - frame.thinnest
        self._doubling = min(span / doublings if doublings else 0.0, frame.doubling)

    def side(self, pixels: int) -> float:
        """Return height or width for one side of a map."""
        part = math.log2(max(pixels, 1)) / self._side
        return self.frame.tallest * (_SMALLEST + (1 - _SMALLEST) * part)

    def channels(self, count: int) -> float:
        """Return the thickness for a number of channels."""
        doublings = max(math.log2(max(count, 1)) - self._fewest, 0.0)
        return self.frame.thinnest + self._doubling * doublings

    def units(self, count: int) -> float:
        """Return the height of a dense layer."""
        part = math.log2(max(count, 1)) / self._units
        return self.frame.tallest * (_ONE_UNIT + (1 - _ONE_UNIT) * part)

    def box(self, part: Part) -> tuple[float, float, float]:
        """Return thickness, height and depth of a part."""
        if len(part.shape) != 3:
            bar = _BAR * self.frame.thickest * (_FILM if part.family in _FILMS else 1)
            count = math.prod(part.shape) if part.shape else 1
            return bar, self.units(count), _BAR_WIDTH * self.frame.tallest
        channels, height, width = part.shape
        thickness = self.frame.thinnest * 0.5 if part.family == "input" else self.channels(channels)
        thickness *= _FILM if part.family in _FILMS else 1
        return thickness, self.side(height), self.side(width)
