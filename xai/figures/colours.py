"""Colour maps and class colours, chosen so that a colour-blind student reads the same.

Signed maps go from blue (against) through white (nothing) to red (for), the habit of
the field; red and blue stay apart under every common colour blindness, red and green
would not. Magnitudes go from black to pale yellow with lightness rising all the way.
"""

from __future__ import annotations

import numpy as np

#: Fills and lines that are no class: three to one or better on white and on dark grey.
ACCENT = "#17979b"
#: Beside :data:`ACCENT`, the state after a change.
CHANGED = "#d56907"
#: The strongest evidence for a class.
FOR = "#b7191c"
#: The strongest evidence against it.
AGAINST = "#1f5dc2"

#: What belongs to neither side.
NEUTRAL = "#8a8a8a"

#: Twelve class colours, the most different first. The class keeps its colour on every page.
CLASS_COLOURS: tuple[str, ...] = (
    "#2cb9bc",  # teal
    "#9c0460",  # plum
    "#4364ea",  # blue
    "#d56907",  # orange
    "#824814",  # brown
    "#295c8c",  # navy
    "#c0a818",  # gold
    "#6a2bbc",  # violet
    "#4e96e6",  # sky
    "#cea6f2",  # lavender
    "#179c53",  # green
    "#5e755f",  # sage
)

# Magma of matplotlib (Nathaniel Smith and Stéfan van der Walt, 2015, CC0), every 28th
# or 29th of its 256 colours.
_MAGMA = (
    "#000004",
    "#180f3d",
    "#440f76",
    "#721f81",
    "#9e2f7f",
    "#cd4071",
    "#f1605d",
    "#fd9668",
    "#feca8d",
    "#fcfdbf",
)

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def rgb(colour: str) -> tuple[int, ...]:
    """Return the red, green and blue, 0 to 255, of a colour such as ``"#17979b"``.

    Raises
    ------
    ValueError
        If it is not of that form.
    """
    if len(colour) != 7 or not colour.startswith("#"):
        raise ValueError(f"colour: expected the form '#rrggbb', got {colour!r}")
    try:
        return tuple(bytes.fromhex(colour[1:]))
    except ValueError:
        raise ValueError(f"colour: expected the form '#rrggbb', got {colour!r}") from None


def hexes(table: np.ndarray, n: int) -> tuple[str, ...]:
    """Return ``n`` evenly spaced colours of a table as ``"#rrggbb"``, ends included.

    Parameters
    ----------
    table : ndarray, shape (K, 3), uint8
        :data:`DIVERGING`, :data:`SEQUENTIAL` or another colour table.
    n : int
        At least 2.
    """
    rows = np.rint(np.linspace(0, len(table) - 1, n)).astype(int)
    return tuple(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in table[rows])


def colour_of(index: int) -> str:
    """Return the colour of a class; after the twelfth they begin again."""
    return CLASS_COLOURS[index % len(CLASS_COLOURS)]


def luminance(colours: np.ndarray) -> np.ndarray:
    """Return the relative luminance of sRGB colours, in [0, 1], as WCAG defines it.

    Parameters
    ----------
    colours : ndarray, shape (..., 3), uint8
        sRGB.
    """
    return linear(colours) @ np.array([0.2126, 0.7152, 0.0722])


def linear(colours: np.ndarray) -> np.ndarray:
    """Turn sRGB of 0 to 255 into linear light in [0, 1], float64, same shape."""
    part = np.asarray(colours, np.float64) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def oklab(light: np.ndarray) -> np.ndarray:
    """Turn linear light (..., 3) into OKLab (..., 3), where equal steps look equal.

    References
    ----------
    Björn Ottosson, *A perceptual color space for image processing*, 2020.
    """
    return np.cbrt(light @ _TO_LMS.T) @ _TO_LAB.T


def _from_oklab(lab: np.ndarray) -> np.ndarray:
    light = (lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T
    light = light.clip(0, 1)
    part = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(part * 255).astype(np.uint8)


def _table(anchors: tuple[str, ...], n: int) -> np.ndarray:
    """Return ``n`` colours through evenly spaced anchors, straight lines in OKLab."""
    lab = oklab(linear(np.array([rgb(anchor) for anchor in anchors])))
    at = np.linspace(0, len(anchors) - 1, n)
    columns = [np.interp(at, np.arange(len(anchors)), lab[:, axis]) for axis in range(3)]
    table = _from_oklab(np.stack(columns, axis=1))
    table.setflags(write=False)
    return table


#: (511, 3) uint8: row 0 is :data:`AGAINST`, row 255 is white exactly, row 510 is :data:`FOR`.
#: Both ends are equally light and every step looks as large as the next.
DIVERGING = _table((AGAINST, "#ffffff", FOR), 511)

#: (256, 3) uint8, magma: from black for nothing to pale yellow for the most.
SEQUENTIAL = _table(_MAGMA, 256)

#: (2, 3) uint8: what inks an overlay, against and for. The ends of :data:`DIVERGING` are too
#: dark to stand out from the shadows of a photograph.
INK = DIVERGING[[51, 459]]
INK.setflags(write=False)

#: Points from little to much: orange through grey to blue, all light enough for a dark page
#: and dark enough for a white one, which no ramp of lightness can be.
AMOUNT_STOPS = hexes(_table(("#d2600a", "#a2978a", "#2277c9"), 255), 7)
