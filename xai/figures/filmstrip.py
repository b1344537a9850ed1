"""A film as one picture for a slide or a page: chosen frames in a row, the step under each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from xai.figures.colours import rgb
from xai.figures.pictures import fit, picture

if TYPE_CHECKING:
    from PIL import ImageFont

# It is printed and put on slides, so it is ink on paper whatever the theme of the page.
_PAPER, _INK, _FAINT = "#ffffff", "#1b2426", "#5b6668"
# As shares of a frame's side: the gap between frames, and the letters of the lines below.
_GAP, _LETTER = 0.05, 0.115


def chosen(count: int, most: int) -> tuple[int, ...]:
    """Return which of ``count`` frames stand in a strip of ``most``: evenly, both ends included.

    Raises
    ------
    ValueError
        If there is no frame, or ``most`` is below 1.
    """
    if count < 1 or most < 1:
        raise ValueError(f"frames: expected at least 1 of at least 1, got {most} of {count}")
    if most == 1:
        return (count - 1,)
    places = np.rint(np.linspace(0, count - 1, min(count, most))).astype(int)
    return tuple(places.tolist())


def filmstrip(
    frames: Sequence[np.ndarray],
    steps: Sequence[int],
    scores: Sequence[float],
    *,
    most: int = 8,
    side: int = 224,
) -> np.ndarray:
    """Draw frames of a film in a row, with step and score under each.

    Parameters
    ----------
    frames : sequence of ndarray, uint8, shape (H, W), (H, W, 1) or (H, W, 3)
        All of one size, the first one first.
    steps : sequence of int
        Steps behind each frame.
    scores : sequence of float
        The objective of each frame.
    most : int
        Frames that are drawn: the first, the last, and others evenly between them.
    side : int
        Smaller frames are enlarged by a whole factor to about this many pixels.

    Returns
    -------
    ndarray, shape (H', W', 3), uint8
        On white.

    Raises
    ------
    ValueError
        If there is no frame, the three differ in number, the frames in size, or ``most``
        is below 1.
    """
    if not len(frames) == len(steps) == len(scores):
        got = f"{len(frames)} frames, {len(steps)} steps, {len(scores)} scores"
        raise ValueError(f"frames: expected a step and a score each, got {got}")
    places = chosen(len(frames), most)
    drawn = [fit(picture(frames[place]), side) for place in places]
    if len({one.shape for one in drawn}) > 1:
        raise ValueError("frames: expected one size, got several")
    # Pillow's own font has neither a true minus nor raised digits.
    lines = [(f"step {steps[place]:,}", f"score {scores[place]:.3g}") for place in places]
    return captioned(drawn, lines)


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
    """Lay frames out on paper, with room for two lines below."""
    height, width = drawn[0].shape[:2]
    gap, letter = _sizes(width)
    across = len(drawn) * (width + gap) + gap
    strip = np.empty((gap + height + gap // 2 + 3 * letter + gap, across, 3), np.uint8)
    strip[:] = rgb(_PAPER)
    for turn, frame in enumerate(drawn):
        left = gap + turn * (width + gap)
        # A hair around each: a white frame has no edge on paper.
        strip[gap - 1 : gap + height + 1, left - 1 : left + width + 1] = rgb(_FAINT)
        strip[gap : gap + height, left : left + width] = frame
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
    """Return gap and height of letters, in pixels, for frames of a width."""
    return max(4, round(_GAP * width)), max(9, round(_LETTER * width))


def _font(text: str, letter: int, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return a font in which the text is no wider than its frame."""
    from PIL import ImageFont

    font = ImageFont.load_default(letter)
    length = font.getlength(text)
    return font if length <= width else ImageFont.load_default(letter * width / length)
