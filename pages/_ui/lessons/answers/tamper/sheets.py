"""Sheets of small pictures, one row a data set, one column a class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from xai import images
from xai.figures import pictures, sprites

#: About as wide as a sheet is on the page, in pixels.
_WIDE = 1200
#: Between tiles: grey enough for a dark page and for a light one.
_GAP = (128, 128, 128)


def sheet(tiles: np.ndarray | Sequence[np.ndarray], columns: int, *, alt: str) -> None:
    """Show tiles of one size in rows, enlarged without blur.

    Parameters
    ----------
    tiles : ndarray, shape (N, H, W), (N, H, W, 1) or (N, H, W, 3), uint8
    columns : int
        Tiles in a row.
    alt : str
        What it shows, for those who cannot see it.
    """
    drawn = sprites.sprite(tiles, columns=columns, gap=1, background=_GAP)
    crisp = pictures.fit(drawn.pixels, _WIDE)
    st.image(images.encode_png(crisp), width="stretch", output_format="PNG", alt=alt)
