"""The lines of a drawn graph as SVG: paths with their arrow heads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from xai.figures.solids_svg import escaped
from xai.network.layout import Point, Route

_HEAD = 7.0
# Shortcuts at both ends of one of them, so many that it is no longer seen by itself.
_CROWD = 4


def crowded_of(routes: Iterable[Route]) -> set[tuple[str, str]]:
    """Return the shortcuts among so many at their ends that each has to be faint."""
    pairs = [(route.source, route.target) for route in routes if route.shortcut]
    counts = Counter(f"{end} {name}" for pair in pairs for end, name in enumerate(pair))
    return {(a, b) for a, b in pairs if counts[f"0 {a}"] + counts[f"1 {b}"] > _CROWD}


def wire(route: Route, crowded: bool) -> str:
    """Return a line and its head; many shortcuts of one place are thin."""
    kinds = "link sk-wire" + " sk-shortcut" * route.shortcut + " sk-crowd" * crowded
    return (
        f'<path class="{kinds}" data-from="{escaped(route.source)}" '
        f'data-to="{escaped(route.target)}" d="{_path(route)}"/>'
        f'<path class="sk-head" d="{_head(route)}"/>'
    )


def _path(route: Route) -> str:
    words = [f"M{_xy(route.start)}"]
    for piece in route.pieces:
        words.append("LC"[len(piece) > 1] + " ".join(_xy(point) for point in piece))
    return "".join(words)


def _xy(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _head(route: Route) -> str:
    """Return the arrow head: lines arrive straight down or straight to the right."""
    x, y = route.pieces[-1][-1]
    before = route.pieces[-1][-2] if len(route.pieces[-1]) > 1 else _before_last(route)
    if abs(y - before[1]) >= abs(x - before[0]):
        return f"M{x:.1f} {y:.1f}l-{_HEAD / 2:g}-{_HEAD:g}h{_HEAD:g}z"
    return f"M{x:.1f} {y:.1f}l-{_HEAD:g}-{_HEAD / 2:g}v{_HEAD:g}z"


def _before_last(route: Route) -> Point:
    return route.pieces[-2][-1] if len(route.pieces) > 1 else route.start
