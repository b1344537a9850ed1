"""Pictures in rows for a slide or a page, with two lines under each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xai.figures.captions import captioned
from xai.figures.pictures import fit, picture


def mosaic(
    pictures: Sequence[np.ndarray],
    lines: Sequence[tuple[str, str]],
    *,
    columns: int = 5,
    side: int = 224,
) -> np.ndarray:
    """Draw pictures in rows, with two lines under each.

    Parameters
    ----------
    pictures : sequence of ndarray
        Images (C, H, W) in [0, 1] or pixels, all of one size.
    lines : sequence of (str, str)
        What each is, and what is to be said of it.
    columns : int
        Pictures in a row.
    side : int
        Smaller ones are enlarged by a whole factor to about this many pixels.

    Returns
    -------
    ndarray, shape (H', W', 3), uint8
        On white.

    Raises
    ------
    ValueError
        If there is no picture, pictures and lines differ in number, the pictures in size, or
        ``columns`` is below 1.
    """
    if not len(pictures) or len(pictures) != len(lines):
        raise ValueError(f"lines: expected two a picture, got {len(lines)} for {len(pictures)}")
    if columns < 1:
        raise ValueError(f"columns: expected at least 1, got {columns}")
    drawn = [fit(picture(one), side) for one in pictures]
    if len({one.shape for one in drawn}) > 1:
        raise ValueError("pictures: expected one size, got several")
    # Pillow's own font has no true minus.
    plain = [(name.replace("−", "-"), said.replace("−", "-")) for name, said in lines]
    rows = [
        captioned(drawn[first : first + columns], plain[first : first + columns])
        for first in range(0, len(drawn), columns)
    ]
    width = rows[0].shape[1]
    paper = [
        np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255)
        for row in rows
    ]
    return np.concatenate(paper)
