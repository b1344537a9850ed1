"""The marks of an attacked image's course, as SVG markup; they differ without colour."""

from __future__ import annotations

import numpy as np

from xai.figures.solids_svg import shade

#: Rules of the marks' style sheet.
STYLE = "".join(
    (
        f".cs-clean{{fill:none;stroke:{shade('text')};stroke-width:3}}",
        f".cs-noise{{fill:none;stroke:{shade('text')};stroke-width:2}}",
        f".cs-attacked{{fill:{shade('accent')};stroke:{shade('text')};stroke-width:1}}",
        f".cs-way{{fill:none;stroke:{shade('text')};stroke-width:2}}",
    )
)


def ring(x: float, y: float) -> str:
    """Return the mark of the clean image."""
    return f'<circle class="cs-clean" cx="{x:.1f}" cy="{y:.1f}" r="7.5"/>'


def diamond(x: float, y: float) -> str:
    """Return the mark of the image with noise."""
    return f'<path class="cs-noise" d="M{x:.1f} {y - 7:.1f}l7 7l-7 7l-7 -7z"/>'


def triangle(x: float, y: float) -> str:
    """Return the mark of the attacked image."""
    return f'<path class="cs-attacked" d="M{x:.1f} {y - 7.5:.1f}l6.5 11.5h-13z"/>'


def arrow(start: np.ndarray, end: np.ndarray) -> str:
    """Return a line with a head from mark to mark; nothing where they lie on each other.

    Parameters
    ----------
    start, end : ndarray, shape (2,)
        In px.
    """
    apart = end - start
    length = float(np.hypot(*apart))
    if length < 24:
        return ""
    along = apart / length
    across = np.array([-along[1], along[0]])
    first, tip = start + 9 * along, end - 9 * along
    wings = [tip - 8 * along + 5 * across, tip - 8 * along - 5 * across]
    (x, y), (to_x, to_y) = first.tolist(), tip.tolist()
    head = "".join(
        f"M{wing[0]:.1f} {wing[1]:.1f}L{to_x:.1f} {to_y:.1f}" for wing in np.array(wings).tolist()
    )
    return f'<path class="cs-way" d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}{head}"/>'
