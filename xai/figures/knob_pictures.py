"""What a regulariser does, as a picture that needs no words: before, and after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xai import images
from xai.figures import pictures
from xai.figures.colours import ACCENT, NEUTRAL, rgb

#: Of the picture on the page in CSS pixels; the file has twice as many.
WIDTH, HEIGHT = 90, 45
_DENSE = 2
# In pixels of the file: between two panels, and the sides of a sign between them.
_GAP, _SIGN = 12, 16
#: Opacity of what was cut off.
_CUT = 70


def knob_picture(name: str, value: float, side: int = 28) -> bytes:
    """Draw what a regulariser does to a toy image.

    Parameters
    ----------
    name : str
        One of :data:`xai.visualization.REGULARIZERS`.
    value : float
        Its strength.
    side : int
        Longer side of the network's images in pixels.

    Returns
    -------
    bytes
        PNG of 180 by 90 pixels, to be shown at half of that, with a transparent ground. From
        left to right before and after, or stages, with a triangle between; where the
        regulariser does nothing, a sign of equality.

    Raises
    ------
    TypeError, ValueError
        If there is no such regulariser, or the value is out of its range.
    """
    from xai.visualization.studies.toys import toy

    return images.encode_png(drawn(toy(name, value, side)))


def drawn(panels: Sequence[np.ndarray]) -> np.ndarray:
    """Draw pictures or profiles in a row.

    Parameters
    ----------
    panels : sequence of ndarray
        Two or three pictures (C, H, W) in [0, 1], or profiles (n,) of values from 0.

    Returns
    -------
    ndarray, shape (90, 180, 4), uint8
        RGBA.

    Raises
    ------
    ValueError
        If there are fewer than two or more than three.
    """
    count = len(panels)
    if not 2 <= count <= 3:
        raise ValueError(f"panels: expected two or three, got {count}")
    height, width = _DENSE * HEIGHT, _DENSE * WIDTH
    page = np.zeros((height, width, 4), np.uint8)
    side = (width - (count - 1) * _GAP) // count
    top = (height - side) // 2
    same = all(np.array_equal(panels[0], other) for other in panels[1:])
    for place, panel in enumerate(panels):
        left = place * (side + _GAP)
        square = _profile(panel, panels[0], side) if panel.ndim == 1 else _square(panel, side)
        page[top : top + side, left : left + side] = square
        if place:
            _sign(page, left - _GAP, equal=same)
    return page


def _square(panel: np.ndarray, side: int) -> np.ndarray:
    """Enlarge a picture by nearest pixels, with a line around it."""
    rows = np.arange(side) * panel.shape[1] // side
    columns = np.arange(side) * panel.shape[2] // side
    square = _opaque(pictures.picture(panel)[rows][:, columns])
    line = np.array([*rgb(NEUTRAL), 255], np.uint8)
    square[[0, -1]] = line
    square[:, [0, -1]] = line
    return square


def _profile(panel: np.ndarray, before: np.ndarray, side: int) -> np.ndarray:
    """Draw values as bars from below, and faintly what they had been before."""
    most = max(float(before.max()), 1e-12)
    square = np.zeros((side, side, 4), np.uint8)
    edges = np.linspace(0, side, len(panel) + 1).round().astype(int)
    for place, (now, then) in enumerate(zip(panel, before, strict=True)):
        # A pixel stays free, so that bars can be told apart.
        bar = slice(edges[place], max(edges[place] + 1, edges[place + 1] - 1))
        tall, was = (round(float(value) / most * side) for value in (now, then))
        square[side - was : side - tall, bar] = (*rgb(NEUTRAL), _CUT)
        square[side - tall :, bar] = (*rgb(ACCENT), 255)
    return square


def _sign(page: np.ndarray, left: int, *, equal: bool) -> None:
    """Draw a triangle that points to the right, or two bars, into a gap."""
    middle, reach = page.shape[0] // 2, _SIGN // 2
    colour = np.array([*rgb(NEUTRAL), 255], np.uint8)
    if equal:
        for offset in (-4, 2):
            page[middle + offset : middle + offset + 2, left + 2 : left + _GAP - 2] = colour
        return
    for offset in range(-reach, reach):
        wide = reach - abs(offset + 0.5)
        page[middle + offset, left + 2 : left + 2 + round(wide)] = colour


def _opaque(square: np.ndarray) -> np.ndarray:
    return np.concatenate([square, np.full((*square.shape[:2], 1), 255, np.uint8)], axis=2)
