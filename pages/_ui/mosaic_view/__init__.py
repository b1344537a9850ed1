"""Pictures in rows, each with a name, a line and a verdict under it, of which one is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from pages._ui import carrier
from xai import images
from xai.figures.pictures import picture
from xai.figures.sprites import sprite

_HERE = Path(__file__).parent
_HTML = '<div class="view mosaic" role="group"></div>'
# Registered here and not on each run: Streamlit would start the component anew.
_mount = st.components.v2.component(
    "layerscope_mosaic_view",
    html=_HTML,
    css=carrier.style(_HERE / "mosaic.css"),
    js=(_HERE / "mosaic.js").read_text(encoding="utf-8"),
)
#: Small pictures, up to so many pixels, are shown as squares and sent without loss.
_SMALL = 128
#: Pixels of a larger picture that are sent.
_FINEST = 224
#: Marks before a verdict, so that colour is not all that tells.
TONES = {"": "", "good": "✓ ", "bad": "✗ "}


@dataclass(frozen=True)
class Cell:
    """What stands under a picture.

    Attributes
    ----------
    name : str
        What it is.
    line : str
        A number, in words.
    verdict : str
        What is thought of it; empty for nothing.
    tone : str
        ``"good"``, ``"bad"`` or ``""``.
    note : str
        What others think of it; where no cell has one, there is no line for it.
    """

    name: str
    line: str = ""
    verdict: str = ""
    tone: str = ""
    note: str = ""

    @property
    def said(self) -> str:
        """The verdict with its mark."""
        return TONES[self.tone] + self.verdict if self.verdict else ""


def mosaic_view(
    pictures: Sequence[np.ndarray | None],
    cells: Sequence[Cell],
    *,
    selected: int | None,
    key: str,
    shown: int,
    label: str,
    across: int = 5,
) -> int | None:
    """Show pictures; return the place of the one that was just picked.

    Parameters
    ----------
    pictures : sequence of (ndarray or None)
        Images (C, H, W) in [0, 1] or pixels, of one size; None is still to come.
    cells : sequence of Cell
        One each.
    selected : int or None
        Which one is ringed.
    key : str
        Streamlit's key. The focus lives as long as it does.
    shown : int
        Least side of a picture in CSS pixels; how many stand in a row follows from the room.
    label : str
        What they are called by a screen reader.
    across : int
        How many stand in a row at most: on a wide screen they are larger instead.

    Returns
    -------
    int or None
        The place, in the one run that a click starts; None in every other run.

    Raises
    ------
    ValueError
        If pictures and cells differ in number, the pictures in size, or there is none.
    """
    if not cells or len(pictures) != len(cells):
        raise ValueError(f"cells: expected one a picture, got {len(cells)} and {len(pictures)}")
    there = [place for place, one in enumerate(pictures) if one is not None]
    tiles = [picture(one) for one in pictures if one is not None]
    small = not tiles or max(tiles[0].shape[:2]) <= _SMALL
    stride = 1 if small else max(1, round(max(tiles[0].shape[:2]) / _FINEST))
    sheet = sprite([tile[::stride, ::stride] for tile in tiles]) if tiles else None
    result = _mount(
        key=key,
        data={
            "cells": [asdict(cell) | {"verdict": cell.said} for cell in cells],
            "there": there,
            "sprite": images.data_url(sheet.webp(None if small else 88)) if sheet else "",
            "columns": sheet.columns if sheet else 1,
            "tile": [sheet.width, sheet.height] if sheet else [1, 1],
            "selected": selected,
            "shown": shown,
            "across": across,
            "crisp": small,
            "label": label,
        },
        on_pick_change=_ignore,
    )
    picked = result.get("pick")
    # Whatever a browser sends may be old or made up: only a picture on show counts.
    known = isinstance(picked, int) and not isinstance(picked, bool) and picked in there
    return picked if known else None


def _ignore() -> None:
    """Let a pick through: Streamlit reports only values that have a callback."""
