"""What a relevance map sends: the values, the image, and how they are looked at.

Values and image are parts of their own, so that another map of the same image sends its values
alone, and another opacity neither.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from pages._ui import carrier, value_view
from xai.figures import heatmaps
from xai.figures.colours import DIVERGING, INK, SEQUENTIAL
from xai.figures.summary import map_of
from xai.figures.wording import number

Part = Literal["both", "positive", "negative"]

#: Values that can be shown.
MOST_VALUES = 1_000_000

_HERE = Path(__file__).parent
# How values are written and gestures are read is the same for all that shows raw values.
_SHARED = Path(value_view.__file__).parent
_SCRIPTS = (
    carrier.DRAWING,
    _SHARED / "cells.js",
    _SHARED / "gestures.js",
    _HERE / "ink.js",
    _HERE / "pointing.js",
    _HERE / "view.js",
)


@cache
def engine() -> carrier.Part:
    """Return the script and the style sheet that draw."""
    return carrier.engine(_SCRIPTS, _HERE / "relevance.css")


# ------------------------------------------------------------------------- what is large
def checked_values(values: np.ndarray) -> np.ndarray:
    """Return a map as float32, little-endian, shape (H, W).

    Raises
    ------
    ValueError
        If it has another shape, too many values, or one that is not finite.
    """
    values = map_of(values)
    if values.size > MOST_VALUES:
        raise ValueError(f"values: expected at most {MOST_VALUES:,}, got {values.size:,}")
    if (np.abs(values) > np.finfo(np.float32).max).any():
        raise ValueError("values: expected numbers that float32 can hold")
    return np.ascontiguousarray(values, "<f4")


def values_part(values: np.ndarray, *, signed: bool) -> carrier.Part:
    """Pack raw values and, behind them, the table of their colours and the two of ink.

    Parameters
    ----------
    values : ndarray, shape (H, W)
        As :func:`checked_values` returns them.
    signed : bool
        Which table.
    """
    table = DIVERGING if signed else SEQUENTIAL
    header = {"shape": values.shape, "colours": len(table)}
    return carrier.part(header, values.tobytes() + table.tobytes() + INK.tobytes())


def no_values(shape: tuple[int, ...]) -> carrier.Part:
    """Return what stands in for the values where only an image is shown."""
    return carrier.part({"shape": shape, "colours": 0}, b"")


def image_part(image: np.ndarray, shape: tuple[int, ...]) -> carrier.Part:
    """Pack an image, with one byte a pixel if it is grey.

    Parameters
    ----------
    image : ndarray, uint8, shape (H, W) or (H, W, 3)
        The image.
    shape : tuple of int
        Height and width of the map that lies over it.

    Raises
    ------
    ValueError
        If it has another shape or kind of number.
    """
    image = np.asarray(image)
    fits = len(shape) == 2 and 1 <= np.prod(shape) <= MOST_VALUES
    if image.dtype != np.uint8 or not fits or image.shape not in (shape, (*shape, 3)):
        expected = f"uint8 of shape {shape} or {(*shape, 3)}"
        raise ValueError(f"image: expected {expected}, got {image.dtype} of shape {image.shape}")
    if image.ndim == 3 and (image == image[..., :1]).all():
        image = image[..., 0]
    return carrier.part({"channels": 1 if image.ndim == 2 else 3}, image.tobytes())


# ------------------------------------------------------------------------- what is small
def view(
    values: np.ndarray,
    *,
    scale: float | None,
    signed: bool,
    ink: float,
    part: Part,
    mark: tuple[int, int, int, int] | None,
    words: tuple[str, str] | None,
    floor: float = 0.0,
) -> dict[str, Any]:
    """Return how a map is looked at: numbers for the drawing, and words for the reader.

    Parameters
    ----------
    values : ndarray, shape (H, W)
        As :func:`checked_values` returns them.
    scale, signed, ink, part, mark, words, floor
        As :func:`pages._ui.relevance_view.relevance_view` takes them.

    Raises
    ------
    ValueError
        If one of them is out of its range.
    """
    if not 0 <= ink <= 1:
        raise ValueError(f"ink: expected a number from 0 to 1, got {ink}")
    if part not in get_args(Part):
        raise ValueError(f"part: expected one of {', '.join(get_args(Part))}; got {part!r}")
    full = _scale(values, scale)
    _check_floor(floor, full, signed=signed)
    blank = full == 0 or (not signed and part == "negative")
    return {
        "shape": values.shape,
        "scale": full,
        "floor": float(floor),
        "signed": bool(signed),
        "ink": float(ink),
        "part": part,
        "blank": blank,
        "ends": _ends(full, part, signed=signed, blank=blank, floor=floor),
        "words": _words(words or ("against" if signed else "none", "for"), part, signed=signed),
        "facts": _facts(values, part),
        "mark": None if mark is None else _mark(mark, values.shape),
    }


def bare_view(shape: tuple[int, ...]) -> dict[str, Any]:
    """Return how an image without a map is looked at; the keys are those of :func:`view`."""
    return {
        "shape": shape,
        "scale": 0.0,
        "floor": 0.0,
        "signed": False,
        "ink": 0.0,
        "part": "both",
        "blank": True,
        "ends": ("", "", ""),
        "words": ("", ""),
        "facts": "Pixels, 0 to 255",
        "mark": None,
    }


def _scale(values: np.ndarray, scale: float | None) -> float:
    if scale is None:
        return heatmaps.common_scale([values])
    full = float(scale)
    if not 0 <= full < np.inf:
        raise ValueError(f"scale: expected a finite number of at least 0, got {scale}")
    if full == 0 and values.any():
        raise ValueError("scale: expected a number above 0 for a map that is not empty")
    return full


def _check_floor(floor: float, scale: float, *, signed: bool) -> None:
    if floor and (signed or not 0 < floor < scale):
        raise ValueError(f"floor: expected 0, or below {scale} for a map without sign; got {floor}")


def _ends(
    scale: float, part: Part, *, signed: bool, blank: bool, floor: float
) -> tuple[str, str, str]:
    """Return what stands at the left, in the middle and at the right of the colours."""
    end = number(scale)
    if blank:
        return "", "0 everywhere" if scale == 0 else "nothing to show", ""
    if not signed:
        return number(floor), "", end
    below = f"−{end}" if part != "positive" else "0"
    above = f"+{end}" if part != "negative" else "0"
    return below, "0" if part == "both" else "", above


def _words(words: tuple[str, str], part: Part, *, signed: bool) -> tuple[str, str]:
    """Return the words of the ends that are there."""
    if not signed:
        return words
    return words[0] if part != "positive" else "", words[1] if part != "negative" else ""


def _facts(values: np.ndarray, part: Part) -> str:
    """Say what the values are, before anyone points at them."""
    low, high = float(values.min()), float(values.max())
    if low == high == 0:
        return "Empty: every value is 0."
    if part == "positive" and high <= 0:
        return "No positive evidence: nothing to show."
    if part == "negative" and low >= 0:
        return "No negative evidence: nothing to show."
    if low == high:
        return f"Constant: every value is {number(low)}."
    return f"Raw values from {number(low)} to {number(high)}"


def _mark(mark: tuple[int, int, int, int], shape: tuple[int, ...]) -> tuple[int, ...]:
    top, left, bottom, right = map(int, mark)
    if not (0 <= top < bottom <= shape[0] and 0 <= left < right <= shape[1]):
        raise ValueError(f"mark: expected a part of {shape[0]} × {shape[1]} pixels, got {mark}")
    return top, left, bottom, right
