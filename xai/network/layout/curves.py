"""Lines between boxes: where they leave and arrive, and how they bend on the way."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping

#: Distance between lines that leave one box, and from the box's corner.
_PORT, _CORNER = 14.0, 12.0
#: The last pixels in front of a layer are straight: the arrow's head lies there.
_STRAIGHT = 9.0

Point = tuple[float, float]
#: To here: on a straight line (one point) or on a cubic curve (two controls and the end).
Piece = tuple[Point, ...]


def spread(
    others: dict[Hashable, float], across: Mapping[Hashable, float], axis: float, room: float
) -> None:
    """Spread the ends of lines on a box: what is straight in the middle, others beside."""
    left = sorted((k for k in others if across[k] < axis - 1), key=lambda k: -across[k])
    right = sorted((k for k in others if across[k] > axis + 1), key=lambda k: across[k])
    for side, sign in ((left, -1), (right, 1)):
        step = min(_PORT, (room - _CORNER) / max(len(side), 1))
        for count, item in enumerate(side, 1):
            others[item] = axis + sign * step * count
    for item in others:
        if abs(across[item] - axis) <= 1:
            others[item] = axis


def curved(
    here: Point,
    bends: list[tuple[float, float, float]],
    goal: Point,
    edges: tuple[float, float],
) -> list[Piece]:
    """Return a smooth line from layer to layer.

    Parameters
    ----------
    here, goal : Point
    bends : list of (across, begin, end)
        The layers that the line passes straight through.
    edges : (float, float)
        Where the first layer ends and the last begins: only between layers the line
        goes aside, so that it meets no box.
    """
    passed = [(here[0], here[1], edges[0]), *bends, (goal[0], edges[1], goal[1])]
    pieces: list[Piece] = []
    at = here
    for (one, _, leave), (other, enter, _) in itertools.pairwise(passed):
        if abs(one - other) < 0.5:
            continue
        if leave - at[1] > 0.01:
            pieces.append(((at[0], leave),))
        arrived = max(enter - _STRAIGHT, leave)
        middle = (leave + arrived) / 2
        pieces.append(((at[0], middle), (other, middle), (other, arrived)))
        at = (other, arrived)
    if goal[1] - at[1] > 0.01:
        pieces.append((goal,))
    return pieces
