"""Pictures in a row on paper, with two lines under each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from xai.figures.colours import rgb

if TYPE_CHECKING:
    from PIL import ImageFont

# It is printed and put on slides, so it is ink on paper whatever the theme of the page.
_PAPER, _INK, _FAINT = "#ffffff", "#1b2426", "#5b6668"
# As shares of a picture's side: the gap between pictures, and the letters of the lines below.
_GAP, _LETTER = 0.05, 0.115


def captioned(drawn: Sequence[np.ndarray], lines: Sequence[tuple[str, str]]) -> np.ndarray:
    """Lay pictures of one size out in a row, with two lines under each.

    Parameters
    ----------
    drawn : sequence of ndarray, uint8, shape (H, W, 3)
    lines : sequence of (str, str)

    Returns
    -------
    ndarray, shape (H', W', 3), uint8
        On white.
    """
    return _written(_row(drawn), lines, drawn[0].shape[1])


def _row(drawn: Sequence[np.ndarray]) -> np.ndarray:
    """Lay pictures out on paper, with room for two lines below."""
    height, width = drawn[0].shape[:2]
    gap, letter = _sizes(width)
    across = len(drawn) * (width + gap) + gap
    strip = np.empty((gap + height + gap // 2 + 3 * letter + gap, across, 3), np.uint8)
    strip[:] = rgb(_PAPER)
    for turn, one in enumerate(drawn):
        left = gap + turn * (width + gap)
        # A hair around each: a white picture has no edge on paper.
        strip[gap - 1 : gap + height + 1, left - 1 : left + width + 1] = rgb(_FAINT)
        strip[gap : gap + height, left : left + width] = one
    return strip


def _written(strip: np.ndarray, lines: Sequence[tuple[str, str]], width: int) -> np.ndarray:
    from PIL import Image, ImageDraw

    gap, letter = _sizes(width)
    sheet = Image.fromarray(strip)
    pen = ImageDraw.Draw(sheet)
    top = strip.shape[0] - gap - 3 * letter
    for turn, texts in enumerate(lines):
        middle = gap + turn * (width + gap) + width / 2
        for row, (text, colour) in enumerate(zip(texts, (_INK, _FAINT), strict=True)):
            place = (middle, top + round(1.4 * letter * row))
            pen.text(place, text, fill=colour, anchor="ma", font=_font(text, letter, width))
    return np.array(sheet)


def _sizes(width: int) -> tuple[int, int]:
    """Return gap and height of letters, in pixels, for pictures of a width."""
    return max(4, round(_GAP * width)), max(9, round(_LETTER * width))


def _font(text: str, letter: int, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return a font in which the text is no wider than its picture."""
    from PIL import ImageFont

    font = ImageFont.load_default(letter)
    length = font.getlength(text)
    return font if length <= width else ImageFont.load_default(letter * width / length)
