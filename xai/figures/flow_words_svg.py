"""Where things stand in the flow's picture of its own, and the words in it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xai.figures.colours import luminance, rgb
from xai.figures.flow_marks import Track
from xai.figures.flow_picture import FlowPicture, Placement, cluster_name
from xai.figures.network_labels import text_width
from xai.figures.solids_svg import escaped
from xai.figures.wording import ending, short

#: The whole picture, in pixels.
WIDTH, HEIGHT = 1600, 900
# Where the drawing begins and ends; on its right stand the names of the last column.
_LEFT, _RIGHT, _TOP, _BOTTOM = 30.0, 1430.0, 130.0, 760.0
#: Of letters.
TEXT, MUTED = "#262730", "#5c5f66"
#: Colour and dashes of a path.
LOOKS = {"clean": (TEXT, ""), "attacked": ("#d3006a", ' stroke-dasharray="12 9"')}
# Names that the legend has room for, and a column's width from which its box is no wider.
_MOST_NAMES, _WIDEST = 24, 34.0


@dataclass(frozen=True)
class Frame:
    """From columns and images to pixels."""

    left: float
    spacing: float
    box: float
    top: float
    scale: float

    def x(self, column: int) -> float:
        """Return where a column begins."""
        return self.left + column * self.spacing

    def end(self, column: int) -> float:
        """Return where a column ends."""
        return self.x(column) + self.box

    def y(self, place: float) -> float:
        """Return the height of a place."""
        return self.top + place * self.scale


def frame_of(picture: FlowPicture, placement: Placement) -> Frame:
    """Return the frame of a picture's drawing."""
    gaps = len(picture.layers) - 1
    spacing = (_RIGHT - _LEFT) / (gaps + 0.3)
    return Frame(
        left=_LEFT,
        spacing=spacing,
        box=min(_WIDEST, 0.3 * spacing),
        top=_TOP,
        scale=(_BOTTOM - _TOP) / max(placement.height, 1.0),
    )


def heads(picture: FlowPicture, frame: Frame) -> str:
    """Return the names of the columns."""
    names = [ending(layer, 24) for layer in picture.layers]
    flat = max(text_width(name, 18) for name in names) <= frame.spacing - 10 or len(names) == 1
    heads = []
    for column, name in enumerate(names):
        x = frame.x(column) + frame.box / 2
        turn = "" if flat else f' transform="rotate(-30 {x:.1f} {_TOP - 14})"'
        anchor = "middle" if flat and column else "start"
        x = frame.left if anchor == "start" and flat else x
        heads.append(
            f'<text x="{x:.1f}" y="{_TOP - 14:.0f}" text-anchor="{anchor}" font-weight="bold"'
            f"{turn}>{escaped(name)}</text>"
        )
    return "".join(heads)


def names(picture: FlowPicture, placement: Placement, frame: Frame) -> str:
    """Return the names in the boxes where they fit, and all that fit beside the last column."""
    texts = []
    below = -np.inf
    last = len(picture.layers) - 1
    for node in np.lexsort((placement.tops, picture.columns)).tolist():
        column = int(picture.columns[node])
        top, bottom = float(placement.tops[node]), float(placement.bottoms[node])
        middle = frame.y((top + bottom) / 2)
        count, cluster = int(picture.node_mix[node].sum()), int(picture.clusters[node])
        name = cluster_name(cluster) if cluster < 0 or not picture.by else _majority(picture, node)
        if column == last and middle - 10 >= below:
            x = frame.end(column) + 10
            texts.append(
                f'<text x="{x:.1f}" y="{middle + 6:.1f}"><tspan font-weight="bold">'
                f"{escaped(short(name, 14))}</tspan>"
                f'<tspan fill="{MUTED}"> {count:,}</tspan></text>'
            )
            below = middle + 10
        wide = text_width(name, 17) <= 0.76 * frame.box - 3
        if column < last and cluster >= 0 and wide and (bottom - top) * frame.scale >= 18:
            colour = picture.colours[int(picture.node_mix[node].argmax())]
            light = float(luminance(np.array(rgb(colour), np.uint8)))
            texts.append(
                f'<text x="{frame.x(column) + 0.38 * frame.box:.1f}" y="{middle + 6:.1f}" '
                f'font-size="17" font-weight="bold" text-anchor="middle" '
                f'fill="{"#10161a" if light > 0.3 else "#ffffff"}">{escaped(name)}</text>'
            )
    return "".join(texts)


def _majority(picture: FlowPicture, node: int) -> str:
    mix = picture.node_mix[node]
    # A class that is less than half of a cluster does not name it.
    return picture.groups[int(mix.argmax())] if 2 * mix.max() >= mix.sum() else "mixed"


# ---------------------------------------------------------------------------------- words
def legend(picture: FlowPicture, tracks: Sequence[Track]) -> str:
    """Return what the colours mean."""
    listed = [
        (f'fill="{colour}"', name)
        for colour, name in zip(picture.colours[:_MOST_NAMES], picture.groups, strict=False)
        if picture.by
    ]
    if len(picture.groups) > _MOST_NAMES:
        listed.append(('fill="none"', f"and {len(picture.groups) - _MOST_NAMES} more"))
    for cluster, fill in ((-1, "noise"), (-2, "small")):
        if (picture.clusters == cluster).any():
            listed.append((f'fill="url(#{fill})"', cluster_name(cluster)))
    listed += [(f'fill="{LOOKS[track.look][0]}"', track.label) for track in tracks]
    x, y, parts = _LEFT, _BOTTOM + 32, []
    for fill, name in listed:
        text = short(name, 24)
        width = 34 + text_width(text, 18)
        if x + width > WIDTH - 20:
            x, y = _LEFT, y + 28
        parts.append(
            f'<rect x="{x:.1f}" y="{y - 14:.1f}" width="16" height="16" rx="4" {fill}/>'
            f'<text x="{x + 23:.1f}" y="{y:.1f}">{escaped(text)}</text>'
        )
        x += width + 14
    return "".join(parts)


def words(title: str, sentence: str) -> str:
    """Return the title and the sentence below."""
    lines = textwrap.wrap(short(sentence, 400), 165)[:2]
    below = "".join(
        f'<text x="{_LEFT:.0f}" y="{HEIGHT - 38 + 24 * row}" fill="{MUTED}">{escaped(line)}</text>'
        for row, line in enumerate(lines)
    )
    above = f'<text x="{_LEFT:.0f}" y="44" font-size="28" font-weight="bold">'
    return f"{above}{escaped(short(title, 90))}</text>{below}"
