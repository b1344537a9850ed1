"""Where do the classes part? A row for each class, a cell for each layer.

No text colour is fixed: it is the page's, in the light theme and in the dark one. Names
are data to Vega, never markup or expressions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xai.figures.colours import ACCENT, CHANGED
from xai.figures.layer_heat import Row, layer_heat
from xai.figures.wording import percent, short

if TYPE_CHECKING:
    import altair as alt

    from xai.flow.reports.parting import Parting

#: Name of the selection of both charts, of one cell; its fields are ``row`` and ``place``.
SELECTION = "parted"
#: Classes that get a row: those with most images.
MOST = 24


def parting_chart(found: Parting) -> alt.LayerChart:
    """Draw how much of each class has clusters of its own, layer by layer.

    Parameters
    ----------
    found : Parting
        Of more than 24 classes, those with most images are shown; see :func:`shown`.

    Returns
    -------
    altair.LayerChart
        Numbers are percentages; the frame is the first layer with more than half.
    """
    rows = []
    for row in shown(found):
        first = int(found.first[row])
        rows.append(
            _row(
                found,
                row,
                found.own[:, row],
                f" of {found.sizes[row]} images in clusters of their own",
                frozenset({first} - {-1}),
            )
        )
    title = "Of each class in clusters of its own, in %"
    return layer_heat(
        found.layers, rows, title=title, colour=ACCENT, selection=SELECTION, what="class"
    )


def together_chart(found: Parting, label: int) -> alt.LayerChart:
    """Draw how often an image of one class shares its cluster with one of each class.

    Parameters
    ----------
    found : Parting
    label : int
        The class, one that has images.

    Returns
    -------
    altair.LayerChart
        Numbers are percentages of all pairs of such images; the class with itself is
        the first row, then those that it is with most, in all layers together.

    Raises
    ------
    ValueError
        If the class has no image.
    """
    shares = found.beside(label)
    own = found.row(label)
    others = [row for row in shown(found) if row != own]
    order = [own, *sorted(others, key=lambda row: -float(shares[:, row].sum()))]
    rows = [_row(found, row, shares[:, row], " of the pairs in one cluster") for row in order]
    name = short(found.classes[label], 22)
    title = f"In one cluster with {name}, in %"
    return layer_heat(
        found.layers, rows, title=title, colour=CHANGED, selection=SELECTION, what="together"
    )


def shown(found: Parting) -> list[int]:
    """Return the rows of the classes that are drawn, in order of label."""
    most = np.argsort(-found.sizes, kind="stable")[:MOST]
    return sorted(most.tolist())


def _row(
    found: Parting,
    row: int,
    shares: np.ndarray,
    words: str,
    marked: frozenset[int] = frozenset(),
) -> Row:
    known = [None if np.isnan(share) else float(share) for share in shares]
    return Row(
        label=short(found.classes[int(found.present[row])], 22),
        parts=known,
        texts=["" if not share else _short(share) for share in known],
        told=["not known" if share is None else percent(share) + words for share in known],
        marked=marked,
    )


def _short(share: float) -> str:
    """Return whole per cent: an empty cell is nothing, so little is not."""
    return f"{100 * share:.0f}" if share >= 0.005 else "<1"
