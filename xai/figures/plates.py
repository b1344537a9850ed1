"""One attribution as a picture, and several as a figure to print.

A *look* is how maps are shown: alone or as ink over the image, both signs or one.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Literal

import numpy as np

from xai import images
from xai.attribution.methods import METHODS
from xai.figures import heatmaps, pictures
from xai.figures.colours import DIVERGING, SEQUENTIAL, hexes
from xai.figures.wording import number

if TYPE_CHECKING:
    from xai.attribution import Attribution
    from xai.types import Method

Part = Literal["both", "positive", "negative"]
#: Which evidence can be shown, in words.
PARTS: dict[Part, str] = {
    "both": "both",
    "positive": "for",
    "negative": "against",
}
#: Percentile of a map's absolute values that gets the full colour where it has its own.
SHARE = 99.5

_SIDE, _GAP, _HEAD, _FOOT = 240, 24, 44, 58
_BOLD = ' font-weight="bold"'


@dataclass(frozen=True, eq=False)
class Plate:
    """A drawn attribution.

    Attributes
    ----------
    values : ndarray, shape (H, W), float32
        The map, summed over its channels.
    pixels : ndarray, shape (H, W, 3), uint8
    scale : float
        The absolute value that has the full colour.
    signed : bool
        Whether negative values can occur.
    floor : float
        The value without colour of a map without sign; 0 unless only differences count.
    note : str
        What the legend has to say of the scale; ``""`` for nothing.
    """

    values: np.ndarray
    pixels: np.ndarray
    scale: float
    signed: bool
    floor: float
    note: str


def plate(
    found: Attribution,
    image: np.ndarray,
    *,
    ink: float = 1.0,
    part: Part = "both",
    scale: float | None = None,
) -> Plate:
    """Draw an attribution.

    Parameters
    ----------
    found : Attribution
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        What was explained.
    ink : float
        1 for the map alone, less for the map as ink on the grey image.
    part : str
        One of :data:`PARTS`.
    scale : float, optional
        Value of the full colour; None takes the map's own, the :data:`SHARE`
        percentile: a few extreme pixels would leave the rest too pale.
    """
    values = heatmaps.collapse(found.relevance)
    own = heatmaps.common_scale([values], percentile=SHARE) if scale is None else scale
    note = f"full colour: strongest {100 - SHARE:g} %" if scale is None else ""
    signed = found.signed
    floor = floor_of(values, METHODS[found.method], own, signed=signed) if scale is None else 0.0
    low, high = -np.inf if part != "positive" else 0, np.inf if part != "negative" else 0
    shown = values.clip(low, high)
    below = pictures.picture(image, grey=True)
    if signed:
        pixels = (
            heatmaps.signed_overlay(below, shown, own, opacity=ink)
            if ink < 1
            else heatmaps.signed(shown, own)
        )
    elif ink < 1:
        pixels = heatmaps.magnitude_overlay(below, shown, floor, own, opacity=ink)
    else:
        pixels = heatmaps.magnitude(shown, floor, own)
    return Plate(values, pixels, own, signed, floor, note)


def floor_of(values: np.ndarray, method: Method, scale: float, *, signed: bool) -> float:
    """Return the value that gets no colour: the least where only differences count.

    Parameters
    ----------
    values : ndarray, shape (H, W)
    method : Method
    scale : float
        The value of the full colour.
    signed : bool
        Whether the map has a sign: its zero has no colour then.
    """
    low = float(values.min())
    return low if method.relative and not signed and 0 < low < scale else 0.0


def figure(
    image: np.ndarray, plates: Sequence[tuple[str, Plate]], *, title: str, across: int = 4
) -> str:
    """Write a figure of several plates beside the image, with scales and raw numbers.

    Parameters
    ----------
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        What was explained.
    plates : sequence of (str, Plate)
        Each with its name.
    title : str
        Stands above.
    across : int
        Plates in a row, the image included.

    Returns
    -------
    str
        SVG with pictures inside, black on white.
    """
    cells = [_picture("Network input", pictures.picture(image), "")]
    cells += [_picture(name, one.pixels, _legend(one)) for name, one in plates]
    rows = -(-len(cells) // across)
    wide = min(across, len(cells)) * (_SIDE + _GAP) + _GAP
    high = rows * (_HEAD + _SIDE + _FOOT) + _HEAD
    body = "".join(
        f'<g transform="translate({_GAP + (place % across) * (_SIDE + _GAP)} '
        f'{_HEAD + (place // across) * (_HEAD + _SIDE + _FOOT)})">{cell}</g>'
        for place, cell in enumerate(cells)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="13">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{_ramps()}'
        f'<text x="{_GAP}" y="30" font-size="17" font-weight="bold">{escape(title)}</text>'
        f"{body}</svg>"
    )


def _picture(name: str, pixels: np.ndarray, legend: str) -> str:
    side = pictures.fit(pixels, _SIDE)
    high, wide = side.shape[:2]
    factor = _SIDE / max(high, wide)
    data = base64.b64encode(images.encode_png(side)).decode("ascii")
    lines = name.split("\n")
    named = "".join(
        f'<text y="{12 + 16 * row}"{"" if row else _BOLD}>{escape(line)}</text>'
        for row, line in enumerate(lines[:2])
    )
    return (
        f'{named}<image y="{_HEAD - 8}" width="{wide * factor:g}" height="{high * factor:g}" '
        f'href="data:image/png;base64,{data}"/>{legend}'
    )


def _legend(one: Plate) -> str:
    top = _HEAD + _SIDE + 2
    low = f"−{number(one.scale)}" if one.signed else number(one.floor)
    values = one.values
    return (
        f'<rect y="{top}" width="{_SIDE}" height="10" '
        f'fill="url(#{"signed" if one.signed else "magnitude"})" stroke="#888888"/>'
        f'<text y="{top + 24}">{low}</text>'
        f'<text x="{_SIDE}" y="{top + 24}" text-anchor="end">{number(one.scale)}</text>'
        f'<text y="{top + 42}" font-size="11">sum {number(float(values.sum()))}, '
        f"min {number(float(values.min()))}, max {number(float(values.max()))}</text>"
    )


def _ramps() -> str:
    found = ""
    for name, table in (("signed", DIVERGING), ("magnitude", SEQUENTIAL)):
        colours = hexes(table, 17)
        stops = "".join(
            f'<stop offset="{place / 16:g}" stop-color="{colour}"/>'
            for place, colour in enumerate(colours)
        )
        found += f'<linearGradient id="{name}">{stops}</linearGradient>'
    return f"<defs>{found}</defs>"
