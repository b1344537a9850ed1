"""One relevance map over its image, drawn in the browser from raw values.

What changes how a map is looked at, and not the map (opacity, sign, scale), is a small message;
the values travel once. Maps of one group are read at one place together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pages._ui import carrier
from pages._ui.relevance_view import payload
from pages._ui.relevance_view.payload import MOST_VALUES, Part

__all__ = ["MOST_VALUES", "Part", "image_view", "relevance_view"]

# Styles stand here only where the place on the page depends on them: it is taken before the
# drawing side and its style sheet are there.
_HTML = """
<div class="view relevance" hidden>
  <div class="stage framed" style="position: relative; overflow: hidden">
    <canvas tabindex="0" role="application" aria-roledescription="map of values"></canvas>
    <div class="mark" hidden></div>
    <div class="cross" aria-hidden="true" hidden><i></i><i></i><i></i><i></i><b></b></div>
  </div>
  <div class="foot" style="min-height: 144px">
    <div class="reading"><div class="facts"></div><div class="pointed">
      <div><b class="value"></b> <span class="aside"></span></div><div class="where"></div>
    </div></div>
    <div class="legend">
      <div class="strip" role="img"><div class="tick" hidden></div></div>
      <div class="ends"><span></span><span></span><span></span></div>
      <div class="words"><span></span><span></span></div>
    </div>
    <div class="note"></div>
  </div>
</div>
"""
# Registered here and not on each run: Streamlit would start the component anew.
_mount = carrier.component(Path(__file__).parent, _HTML)


def relevance_view(
    values: np.ndarray,
    image: np.ndarray,
    *,
    scale: float | None = None,
    signed: bool,
    ink: float = 1.0,
    part: Part = "both",
    note: str = "",
    alt: str,
    key: str,
    group: str = "maps",
    mark: tuple[int, int, int, int] | None = None,
    words: tuple[str, str] | None = None,
    floor: float = 0.0,
) -> None:
    """Show a relevance map as wide as the column, with its legend and the value pointed at.

    Parameters
    ----------
    values : ndarray, shape (H, W)
        Raw relevance, taken as float32.
    image : ndarray, uint8, shape (H, W) or (H, W, 3)
        What lies below. Grey, the ink is the only colour.
    scale : float or None
        The absolute value that gets the full colour; larger values are cut. None is the
        largest absolute value of the map, whatever ``part`` is: so what stays keeps its colour.
    signed : bool
        Blue for negative, white for zero and red for positive values; else from black for zero
        to pale yellow, and nothing for values below zero.
    ink : float
        1 is the map alone, less is its opacity over the image, 0 the image alone.
    part : {"both", "positive", "negative"}
        What is drawn; the rest counts as zero. A map without sign has no negative part.
    note : str
        A line below the legend, such as ``"same scale in all panels"``.
    alt : str
        What the map is called by a screen reader.
    key : str
        Streamlit's key.
    group : str
        Maps of one group show the place that is pointed at in any of them.
    mark : tuple of int, or None
        Top, left, bottom and right of pixels to be outlined, the last two exclusive.
    words : tuple of str, or None
        What the ends of the legend mean; None is ``("against", "for")``, and ``("none", "for")``
        if the map has no sign.

    floor : float
        The value that has no colour in a map without sign: above 0 where only the differences
        within the map count.

    Raises
    ------
    ValueError
        If a value is not finite, shapes differ, or an argument is out of its range; as the
        functions of :mod:`xai.figures.heatmaps` do, if the scale is 0 and the map is not empty.

    Notes
    -----
    Colours are those of :mod:`xai.figures.heatmaps`, pixel for pixel. Pointing (mouse, finger,
    or arrow keys, eight pixels at a time with Shift) is the browser's own: no run of the page.
    """
    values = payload.checked_values(values)
    parts = {
        "values": payload.values_part(values, signed=signed),
        "image": payload.image_part(image, values.shape),
    }
    view = payload.view(
        values, scale=scale, signed=signed, ink=ink, part=part, mark=mark, words=words, floor=floor
    )
    _show(parts, view, key=key, note=note, alt=alt, group=group)


def image_view(
    image: np.ndarray, *, alt: str, key: str, note: str = "", group: str = "maps"
) -> None:
    """Show the image of the maps beside it, in which the place that they point at is seen, too.

    Parameters
    ----------
    image : ndarray, uint8, shape (H, W) or (H, W, 3)
        What is read are its own numbers, 0 to 255.
    alt, key, note, group : str
        As in :func:`relevance_view`; the note takes the place of the legend.

    Raises
    ------
    ValueError
        If the image has another shape or kind of number.
    """
    shape = np.shape(image)[:2]
    parts = {"values": payload.no_values(shape), "image": payload.image_part(image, shape)}
    _show(parts, payload.bare_view(shape), key=key, note=note, alt=alt, group=group)


def _show(
    parts: dict[str, carrier.Part],
    view: dict[str, Any],
    *,
    key: str,
    note: str,
    alt: str,
    group: str,
) -> None:
    view |= {name: one.digest for name, one in parts.items()}
    view |= {"note": note, "alt": alt, "group": group}
    carrier.show(
        _mount,
        key=key,
        height="content",
        view=view,
        engine=payload.engine(),
        parts=parts,
        names=(),
    )
