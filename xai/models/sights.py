"""How much of the image one output sees, worked out forwards, step by step.

Importing this module loads no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xai.models.windows import Shape, Window

#: Of rows and of columns.
Sides = tuple[int, int]


@dataclass(frozen=True)
class Sight:
    """How much of the image one output sees, along rows and along columns.

    Attributes
    ----------
    field : (int, int)
        Height and width in input pixels; zeros where nobody can say.
    jump : (int, int)
        Input pixels between what two neighbours see.
    extent : (int, int)
        Positions that a following dense layer would join.
    """

    field: Sides = (1, 1)
    jump: Sides = (1, 1)
    extent: Sides = (1, 1)


#: Of one pixel.
PIXEL = Sight()


def sight_of(window: Window, sources: Sequence[Sight], before: Shape, after: Shape) -> Sight:
    """Return how much of the image a step's output sees.

    Parameters
    ----------
    window : Window
    sources : sequence of Sight
        Of what the step takes; empty for the image.
    before, after : tuple of int
        Shapes of its first input and of its output.

    Notes
    -----
    Rows and columns apart: ``field + (kernel - 1) * dilation * jump``. A field of 0
    says that it is not known, and so for all that follows.
    """
    if not sources:
        return Sight(extent=(after[1], after[2]) if len(after) == 3 else (1, 1))
    rows, columns = (_along(axis, window, sources, before, after) for axis in (0, 1))
    (tall, down, height), (wide, aside, width) = rows, columns
    # A flat map that is folded up again may have other neighbours than before.
    folded = len(before) == 1 and len(after) == 3 and after[1:] != (1, 1)
    folded = folded and any(source.extent != (1, 1) for source in sources)
    if window.reach == "unknown" or folded or not all(all(s.field) for s in sources):
        tall = wide = 0
    return Sight((tall, wide), (down, aside), (height, width))


def _along(
    axis: int, window: Window, sources: Sequence[Sight], before: Shape, after: Shape
) -> tuple[int, int, int]:
    """Return field, jump and extent along rows (0) or columns (1)."""
    field = max(source.field[axis] for source in sources)
    inner = max(source.extent[axis] for source in sources)
    # What is spread over a map, such as a gate, has no neighbours.
    spaced = [source.jump[axis] for source in sources if source.extent[axis] > 1]
    jump = max(spaced or [source.jump[axis] for source in sources])
    extent = after[axis + 1] if len(after) == 3 else inner
    if window.reach == "unknown":
        return field, jump, extent
    if window.reach == "whole":
        return field + (inner - 1) * jump, jump, extent if len(after) == 3 else 1
    if window.reach == "adaptive":
        whole, parts = before[axis + 1], after[axis + 1]
        spans = (share(place, whole, parts) for place in range(parts))
        kernel = max(end - first for first, end in spans)
        return field + (kernel - 1) * jump, jump * max(1, whole // parts), extent
    wide = (window.kernel[axis] - 1) * window.dilation[axis]
    return field + wide * jump, jump * window.stride[axis], extent


def share(place: int, before: int, after: int) -> tuple[int, int]:
    """Return the positions, half open, that adaptive pooling joins in one, as torch cuts them."""
    return place * before // after, -(-(place + 1) * before // after)
