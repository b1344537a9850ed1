"""Where words beside a level rule meet no line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

#: Parts of the chart's width and height that a label takes.
_WIDE, _TALL = 0.45, 0.085
#: Points along a label where lines are looked at.
_PROBES = 46

#: A line's points: where it is in [0, 1] along the chart, and its value.
Track = Sequence[tuple[float, float]]


class Spot(NamedTuple):
    """Where a label stands: at which end of its rule, and on which side of it."""

    end: Literal["left", "right"]
    side: Literal["above", "below"]


_SPOTS = (
    *(Spot("left", "above"), Spot("right", "below")),
    *(Spot("right", "above"), Spot("left", "below")),
)


def label_spots(rules: Sequence[float], tracks: Sequence[Track], *, log: bool) -> list[Spot]:
    """Return a spot for the label of each rule.

    Parameters
    ----------
    rules : sequence of float
        The values at which they lie, each once.
    tracks : sequence of (place, value) points
        The lines of the chart, from left to right, straight between their points.
    log : bool
        Whether the values' axis is logarithmic.

    Returns
    -------
    list of Spot
        With the least of lines, other rules and labels placed before it in the way; of
        equal ones the first, at the left and above.
    """

    def up(value: float) -> float:
        return math.log2(max(value, 1e-9)) if log else value

    levels = [up(value) for value in rules]
    lines = [[(place, up(value)) for place, value in track] for track in tracks]
    every = [*levels, *(level for line in lines for _, level in line), 0.0]
    tall = _TALL * ((max(every) - min(every)) or 1.0)
    found: list[Spot] = []
    taken: list[tuple[str, float]] = []
    for level in levels:
        others = [other for other in levels if other != level]
        costs = []
        for spot in _SPOTS:
            low = level if spot.side == "above" else level - tall
            hits = sum(_hits(line, spot, low, low + tall) for line in lines)
            # Words on another rule or on other words cannot be read at all.
            near = any(low <= other <= low + tall for other in others)
            near |= any(end == spot.end and abs(low - other) < tall for end, other in taken)
            near |= spot.side == "below" and low < min(every)
            costs.append(hits + 1000 * near)
        best = _SPOTS[costs.index(min(costs))]
        found.append(best)
        taken.append((best.end, level if best.side == "above" else level - tall))
    return found


def _hits(line: Track, spot: Spot, low: float, high: float) -> int:
    """Count the points along a label at which a line runs through it."""
    first = 0.0 if spot.end == "left" else 1 - _WIDE
    probes = [first + _WIDE * k / (_PROBES - 1) for k in range(_PROBES)]
    count = 0
    for (start, one), (end, other) in pairwise(line):
        for probe in probes:
            if start <= probe <= end:
                part = (probe - start) / ((end - start) or 1.0)
                count += low <= one + (other - one) * part <= high
    return count
