"""Where each method sees evidence in an image with a planted tag, as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xai.figures.colours import rgb
from xai.figures.heatmaps import signed_overlay
from xai.figures.pictures import enlarge, picture

if TYPE_CHECKING:
    from xai.experiments.clue.result import Clue, Score

#: Times that the pixels of a small image are enlarged, so that its tag can be framed.
ENLARGED = 4
#: Of the frame around the tag.
FRAME = "#000000"
# How dark the image is drawn on white.
_PENCIL = 0.4


def evidence(found: Clue, one: Score, network: int, place: int | None) -> np.ndarray:
    """Return how a method shares out its positive evidence: parts that add up to 1.

    Parameters
    ----------
    found : Clue
    one : Score
        Of its scores.
    network : int
        With the clue, or control.
    place : int or None
        Which of the images; None is the mean over all that have any.

    Returns
    -------
    ndarray, shape (H, W), float64
        Zeros where there is no positive evidence.
    """
    maps = one.maps[network] if place is None else one.maps[network][place : place + 1]
    positive = np.maximum(maps, 0).astype(np.float64)
    totals = positive.sum((1, 2))
    there = totals > 0
    if not there.any():
        return np.zeros(found.mask.shape)
    parts: np.ndarray = (positive[there] / totals[there, None, None]).mean(0)
    return parts


def tile(found: Clue, parts: np.ndarray, scale: float, place: int | None) -> np.ndarray:
    """Lay evidence in red ink over a pale image, enlarged, with a frame around the tag.

    Parameters
    ----------
    found : Clue
    parts : ndarray, shape (H, W)
        As :func:`evidence` returns it.
    scale : float
        Part that gets the full ink.
    place : int or None
        The image below; None is the mean of all.

    Returns
    -------
    ndarray, uint8, shape (k H, k W, 3)
        ``k`` is :data:`ENLARGED`.
    """
    below = found.images.mean(0) if place is None else found.images[place]
    # On a black digit's ground faint ink would hardly be seen: the image is drawn like a pencil's.
    pale = 255 - picture(below, grey=True) * _PENCIL
    inked = signed_overlay(np.rint(pale).astype(np.uint8), parts, scale)
    return outlined(enlarge(inked, ENLARGED), found.mask)


def outlined(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return enlarged pixels with a thin frame just outside of a mask's bounding box.

    Parameters
    ----------
    pixels : ndarray, shape (k H, k W, 3), uint8
    mask : ndarray, shape (H, W), bool
        Not empty.
    """
    factor = len(pixels) // len(mask)
    down, right = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    top, bottom = int(down[0]) * factor, (int(down[-1]) + 1) * factor
    left, end = int(right[0]) * factor, (int(right[-1]) + 1) * factor
    drawn = pixels.copy()
    frame = np.zeros(pixels.shape[:2], bool)
    thick = max(1, factor // 2)
    frame[max(0, top - thick) : bottom + thick, max(0, left - thick) : end + thick] = True
    frame[top:bottom, left:end] = False
    drawn[frame] = rgb(FRAME)
    return drawn
