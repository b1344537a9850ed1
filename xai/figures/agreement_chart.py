"""Which maps of one image agree, as a matrix, and where, as colours over the image.

Names are data to Vega, never markup or expressions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.figures.colours import DIVERGING, NEUTRAL, hexes, luminance
from xai.figures.encodings import finished, plain_axis
from xai.figures.heatmaps import magnitude_overlay
from xai.figures.pictures import picture
from xai.figures.wording import distinct, hundredths, short

if TYPE_CHECKING:
    import altair as alt

    from xai.attribution.checks.agreement import Agreement

_LONGEST_NAME = 34
_CELL = 46
_BARE = {"ticks": False, "domain": False, "grid": False}


def matrix(found: Agreement, *, absolute: bool = False) -> alt.LayerChart:
    """Draw the rank correlation of each pair of maps as a numbered cell.

    Parameters
    ----------
    found : Agreement
    absolute : bool
        Whether to compare absolute values throughout: where, and not which way.

    Returns
    -------
    altair.LayerChart
        Red for maps that agree, white for maps that have nothing in common, blue for maps
        that say the opposite; grey where a constant map has no order.
    """
    import altair as alt

    values = found.spearman_abs if absolute else found.spearman
    names = distinct(
        [short(label, _LONGEST_NAME) for label in found.labels], range(len(found.labels))
    )
    base = alt.Chart(alt.InlineData(values=_cells(values, names))).encode(
        x=alt.X(
            "column:N",
            sort=names,
            title=None,
            axis=plain_axis(
                labelAngle=-35,
                labelAlign="right",
                labelLimit=260,
                labelOverlap=False,
                **_BARE,
            ),
        ),
        y=alt.Y(
            "row:N",
            sort=names,
            title=None,
            axis=plain_axis(labelLimit=260, labelOverlap=False, **_BARE),
        ),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=title)
            for field, title in (("row", "map"), ("column", "and"), ("written", "correlation"))
        ],
    )
    squares = base.mark_rect(stroke="currentColor", strokeOpacity=0.25, cornerRadius=2).encode(
        color=alt.Color("fill:N", scale=None)
    )
    written = base.mark_text(fontSize=15 if len(names) <= 8 else 12).encode(
        text="written:N", color=alt.Color("ink:N", scale=None)
    )
    longest = max(map(len, names))
    # A name turned by 35° reaches this far down.
    below = 30 + round(5 * longest)
    return finished(alt.layer(squares, written), _CELL * len(names) + below)


def _cells(values: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    table = hexes(DIVERGING, len(DIVERGING))
    cells = []
    for (row, column), value in np.ndenumerate(values):
        known = math.isfinite(value)
        place = round((float(value) + 1) / 2 * (len(table) - 1)) if known else 0
        light = float(luminance(DIVERGING[place])) if known else 0.0
        cells.append(
            {
                "row": names[row],
                "column": names[column],
                "value": round(float(value), 5) if known else None,
                "written": hundredths(float(value)) if known else "–",
                "fill": table[place] if known else NEUTRAL,
                # Whichever of the two stands out more from the cell; 0.179 is where they tie.
                "ink": "#000000" if light > 0.179 or not known else "#ffffff",
            }
        )
    return cells


def consensus(found: Agreement, image: np.ndarray, *, opacity: float = 0.8) -> np.ndarray:
    """Lay over an image how many maps mark each pixel.

    Parameters
    ----------
    found : Agreement
    image : ndarray
        As :func:`xai.figures.pictures.picture` takes it, of the size of the maps. Its
        colours are taken out.
    opacity : float
        Opacity, in [0, 1], of pixels that all maps mark.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8
        In the colours of :func:`xai.figures.legends.magnitude_legend` from 0 to 1.

    Raises
    ------
    ValueError
        If the sizes differ.
    """
    return magnitude_overlay(picture(image, grey=True), found.consensus, 0.0, 1.0, opacity=opacity)
