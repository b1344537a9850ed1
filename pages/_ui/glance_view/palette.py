"""The colours of the squares, for paper that is light and for paper that is dark.

Nothing has the colour of the paper, whatever that is: so the eye goes to where there is
most, and a network of mostly quiet units is quiet on the screen, too.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from xai.figures.colours import DIVERGING, rgb

# On dark paper more has to be lighter: the hues of AGAINST and FOR, raised until both
# stand out from it.
_DARK = ("#8fc4ff", "#3f7fe0", "#182126", "#d8322f", "#ff9d86")


@cache
def tables() -> dict[str, np.ndarray]:
    """Return for ``"light"`` and ``"dark"`` paper a table (511, 3), uint8.

    Row 0 is the most negative value, row 255 is zero, row 510 the most positive.
    """
    anchors = np.array([rgb(colour) for colour in _DARK], np.float64)
    at = np.linspace(0, len(anchors) - 1, len(DIVERGING))
    places = np.arange(len(anchors))
    dark = np.stack([np.interp(at, places, anchors[:, part]) for part in range(3)], axis=1)
    return {"light": DIVERGING, "dark": np.rint(dark).astype(np.uint8)}
