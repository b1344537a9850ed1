"""Boxes, arcs and colours of the isometric drawing as SVG markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from types import MappingProxyType

from xai.network.parts import FAMILIES, Part
from xai.network.routes import Route
from xai.network.solids import RIGHT, UP, Solid

#: Colours that read on white; a page sets the CSS variables ``--sketch-<name>``.
COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "text": "#1b2426",
        "muted": "#5d686b",
        "line": "#8b9598",
        "stage": "#f1efe8",
        "accent": "#d6006c",
        "shortcut": "#b4530a",
        "input": "#e9e4d6",
        "conv": "#3a97d0",
        "norm": "#c3b1e6",
        "activation": "#f0a33f",
        "pool": "#cf4f62",
        "join": "#7f93a8",
        "block": "#5f56b0",
        "dense": "#2f9e7b",
        "other": "#b5bbbd",
    }
)


def shade(name: str) -> str:
    """Return a colour for CSS: the page's, or its default from :data:`COLOURS`."""
    return f"var(--sketch-{name},{COLOURS[name]})"


#: What all drawings share. Two on one page have the same rules, so that they cannot fight.
BASE_STYLE = "".join(
    (
        ".sketch{font-family:'Source Sans','Source Sans 3','Source Sans Pro',"
        "'Helvetica Neue',Arial,sans-serif;overflow:visible}",
        ".sketch .node{cursor:pointer}",
        *(f".sk-{name}{{fill:{shade(name)}}}" for name in FAMILIES),
        f".sk-text{{fill:{shade('text')}}}.sk-muted{{fill:{shade('muted')}}}",
    )
)
#: The isometric drawing's.
STYLE = "".join(
    (
        BASE_STYLE,
        ".sk-face{stroke:rgba(0,0,0,.55);stroke-width:.8;stroke-linejoin:round}",
        ".sk-lit{fill:#fff;fill-opacity:.34}.sk-dim{fill:#000;fill-opacity:.17}",
        ".sk-edge{fill:none;stroke:#fff;stroke-opacity:.55;stroke-width:.9}",
        ".sk-seam{fill:none;stroke:#000;stroke-opacity:.38;stroke-width:1}",
        f".sk-arc,.sk-shortcut{{fill:none;stroke:{shade('shortcut')};",
        "stroke-width:1.8;stroke-linecap:round}",
        ".sk-many{stroke-width:.9;stroke-opacity:.24}",
        f".sk-flow{{fill:none;stroke:{shade('line')};stroke-width:2}}",
        f".sk-stage{{fill:{shade('stage')}}}",
        f".sk-tick{{fill:none;stroke:{shade('muted')};stroke-width:1.4}}",
        f".link.near{{stroke:{shade('accent')};stroke-width:2.5;",
        "stroke-opacity:1}",
        f".node.hover .sk-face{{stroke:{shade('accent')};",
        "stroke-width:1.8}.node.hover .sk-lit{fill-opacity:.55}",
        f".node.selected .sk-face{{stroke:{shade('accent')};",
        "stroke-width:2.5}.node.selected .sk-lit{fill-opacity:.62}",
        f".node.selected .sk-ring{{stroke:{shade('accent')}}}",
        ".sk-ring{fill:none;stroke:none;stroke-width:2.5;stroke-linejoin:round;",
        "pointer-events:none}",
    )
)

# What XML allows nowhere, not even escaped.
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A band for a norm or an activation is at most this wide, and this part of the box.
_BAND, _BAND_PART = 3.6, 0.2
_MOST_SEAMS = 6


def escaped(text: str) -> str:
    """Make any text fit for XML, also between quotes."""
    return escape(_NO_XML.sub("\ufffd", text))


def node(solid: Solid, part: Part) -> str:
    """Return the ``<g class="node">`` of one part.

    Parameters
    ----------
    solid : Solid
        Its box in the picture.
    part : Part
        What it stands for.
    """
    corners = _Corners(solid)
    pieces = [f'<path class="sk-face sk-{part.family}" d="{corners.outline}"/>']
    pieces += _bands(solid, part.bands)
    pieces.append(
        f'<path class="sk-lit" d="{corners.top}"/><path class="sk-dim" d="{corners.side}"/>'
    )
    if part.family == "input":
        pieces += _picture(corners)
    if part.family == "block":
        pieces.append(_seams(solid, corners, part))
    pieces.append(f'<path class="sk-edge" d="{corners.inner}"/>')
    if part.bypass:
        pieces.append(f'<path class="sk-arc" d="{_bypass(solid)}"/>')
    pieces.append(f'<path class="sk-ring" d="{corners.outline}"/>')
    return f'<g class="node" data-node="{escaped(part.node.name)}">{"".join(pieces)}</g>'


def link(route: Route, many: bool = False) -> str:
    """Return the ``<path class="link">`` of one connection.

    Parameters
    ----------
    route : Route
    many : bool
        Whether there are so many shortcuts that each has to be faint.
    """
    kind = "sk-shortcut" if route.shortcut else "sk-flow"
    faint = " sk-many" if many and route.arc else ""
    return (
        f'<path class="link {kind}{faint}" data-from="{escaped(route.source)}" '
        f'data-to="{escaped(route.target)}" d="{route.path}"/>'
    )


class _Corners:
    """The corners of a projected box, and the paths between them."""

    def __init__(self, solid: Solid) -> None:
        dx, dy = RIGHT * solid.depth, UP * solid.depth
        x, w, h = solid.left, solid.thickness, solid.height
        y = solid.y - h / 2 + dy / 2
        self.near = (x + w, y)
        self.across, self.down = (dx, -dy), (0.0, h)
        self.outline = (
            f"M{x:.1f} {y + h:.1f}v{-h:.1f}l{dx:.1f} {-dy:.1f}h{w:.1f}v{h:.1f}l{-dx:.1f} {dy:.1f}z"
        )
        self.top = f"M{x:.1f} {y:.1f}l{dx:.1f} {-dy:.1f}h{w:.1f}l{-dx:.1f} {dy:.1f}z"
        self.side = f"M{x + w:.1f} {y:.1f}l{dx:.1f} {-dy:.1f}v{h:.1f}l{-dx:.1f} {dy:.1f}z"
        self.inner = f"M{x:.1f} {y:.1f}h{w:.1f}v{h:.1f}m0 {-h:.1f}l{dx:.1f} {-dy:.1f}"

    def on_side(self, points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        """Map points in the unit square, y downwards, to the right face."""
        (x, y), (dx, dy), (_, h) = self.near, self.across, self.down
        return [(x + u * dx, y + u * dy + v * h) for u, v in points]


def _bands(solid: Solid, families: Sequence[str]) -> list[str]:
    """Draw what follows a layer as stripes at the end of its box."""
    dx, dy = RIGHT * solid.depth, UP * solid.depth
    wide = min(_BAND, _BAND_PART * solid.thickness)
    y = solid.y - solid.height / 2 + dy / 2
    drawn = []
    for place, family in enumerate(reversed(families[-3:])):
        x = solid.left + solid.thickness - wide * (place + 1)
        drawn.append(
            f'<path class="sk-{family}" d="M{x:.1f} {y + solid.height:.1f}v{-solid.height:.1f}'
            f'l{dx:.1f} {-dy:.1f}h{wide:.1f}l{-dx:.1f} {dy:.1f}v{solid.height:.1f}z"/>'
        )
    return drawn


def _seams(solid: Solid, corners: _Corners, part: Part) -> str:
    """Show how many layers a block has one behind the other, and how many side by side."""
    dx, dy = RIGHT * solid.depth, UP * solid.depth
    steps = min(part.steps, _MOST_SEAMS, max(int(solid.thickness / 3), 1))
    lanes = part.lanes if part.lanes > 2 or not part.bypass else 1
    y = corners.near[1]
    pieces = []
    for place in range(1, steps):
        x = solid.left + solid.thickness * place / steps
        pieces.append(f"M{x:.1f} {y + solid.height:.1f}v{-solid.height:.1f}l{dx:.1f} {-dy:.1f}")
    for place in range(1, min(lanes, _MOST_SEAMS)):
        at = y + solid.height * place / lanes
        pieces.append(f"M{solid.left:.1f} {at:.1f}h{solid.thickness:.1f}l{dx:.1f} {-dy:.1f}")
    return f'<path class="sk-seam" d="{"".join(pieces)}"/>' if pieces else ""


def _bypass(solid: Solid) -> str:
    """Return a small arc over a block with a shortcut inside."""
    dx = RIGHT * solid.depth / 2
    y = solid.y - solid.height / 2
    start, end = solid.x - min(dx / 3, 4), solid.x + solid.thickness + min(dx / 3, 4)
    lift = y - UP * solid.depth / 2 - min(13.0, 4 + 0.3 * solid.thickness)
    return f"M{start:.1f} {y:.1f}C{start:.1f} {lift:.1f} {end:.1f} {lift:.1f} {end:.1f} {y:.1f}"


def _picture(corners: _Corners) -> list[str]:
    """Draw a small landscape on the image's plate."""
    sky = corners.on_side([(0.1, 0.08), (0.9, 0.08), (0.9, 0.92), (0.1, 0.92)])
    hills = corners.on_side(
        [(0.1, 0.92), (0.1, 0.7), (0.34, 0.52), (0.55, 0.74), (0.7, 0.62), (0.9, 0.8), (0.9, 0.92)]
    )
    ring = (
        (0.1, 0),
        (0.07, 0.05),
        (0, 0.07),
        (-0.07, 0.05),
        (-0.1, 0),
        (-0.07, -0.05),
        (0, -0.07),
        (0.07, -0.05),
    )
    sun = corners.on_side([(0.66 + u, 0.27 + v) for u, v in ring])
    return [
        f'<path class="sk-{family}"{more} d="M{" ".join(f"{x:.1f} {y:.1f}" for x, y in points)}z"/>'
        for family, points, more in (
            ("conv", sky, ' fill-opacity=".55"'),
            ("activation", sun, ""),
            ("dense", hills, ""),
        )
    ]
