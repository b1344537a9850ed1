"""A row for each class or pair of classes, and a cell in it for each layer.

No text colour is fixed: it is the page's, in the light theme and in the dark one. Names
are data to Vega, never markup or expressions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xai.figures.encodings import always_svg, finished, heading, name_axis, on_phone
from xai.figures.layer_axis import LayerAxis
from xai.figures.wording import distinct

if TYPE_CHECKING:
    import altair as alt

# Opacity of a cell with the least that is more than nothing, with all, and with nothing.
_FAINT, _FULL, _EMPTY = 0.18, 0.85, 0.06
#: Pixels above and below the cells: of the title, of turned names of layers and their title.
_AROUND = 184
# Cells up to which numbers of three digits fit beside each other.
_WIDE = 16


@dataclass(frozen=True)
class Row:
    """What one row shows, one value a layer.

    Attributes
    ----------
    label : str
        Name for people.
    parts : sequence of float or None
        How strong each cell is, in [0, 1]; None where nothing is known.
    texts : sequence of str
        What is written in it.
    told : sequence of str
        What its tooltip says.
    marked : frozenset of int
        Places of cells with a frame.
    """

    label: str
    parts: Sequence[float | None]
    texts: Sequence[str]
    told: Sequence[str]
    marked: frozenset[int] = field(default_factory=frozenset)


def layer_heat(
    layers: Sequence[str],
    rows: Sequence[Row],
    *,
    title: str,
    colour: str,
    selection: str,
    what: str,
    row_height: int = 36,
) -> alt.LayerChart:
    """Draw rows of cells, a column for each layer in forward order.

    Parameters
    ----------
    layers : sequence of str
        Names.
    rows : sequence of Row
        From top to bottom.
    title : str
        What stands above the chart.
    colour : str
        Of the cells.
    selection : str
        Name of the chart's selection of one cell, as ``row`` and ``place``.
    what : str
        What the tooltip calls the cell's value.
    row_height : int
        In pixels.

    Raises
    ------
    ValueError
        If there is no row, or one has another number of cells than there are layers.
    """
    import altair as alt

    across = LayerAxis(tuple(layers))
    cells = _cells(across, rows)
    labels = distinct([row.label for row in rows], range(len(rows)))
    chosen = alt.selection_point(name=selection, fields=["row", "place"], toggle=False)
    base = alt.Chart(alt.InlineData(values=cells)).encode(
        x=across.x(),
        y=name_axis(labels, limit=on_phone(110, 260)),
        tooltip=[
            alt.Tooltip("label:N", title="row"),
            alt.Tooltip("name:N", title="layer"),
            alt.Tooltip("told:N", title=what),
        ],
    )
    squares = base.mark_rect(
        cornerRadius=2, stroke="currentColor", cursor="pointer", color=colour
    ).encode(
        opacity=alt.Opacity("opacity:Q", scale=None, legend=None),
        strokeWidth=alt.condition(chosen, alt.value(4), alt.value(0), empty=False),
    )
    frames = base.transform_filter("datum.marked").mark_rect(
        cornerRadius=2, filled=False, stroke="currentColor", strokeWidth=2.5
    )
    size = 15 if len(layers) <= _WIDE else 13
    written = base.mark_text(fontSize=on_phone(11, size)).encode(
        text="text:N", color=alt.value("currentColor")
    )
    chart = alt.layer(squares.add_params(chosen), frames, written).properties(title=heading(title))
    return always_svg(finished(chart, row_height * len(rows) + _AROUND))


def _cells(across: LayerAxis, rows: Sequence[Row]) -> list[dict[str, Any]]:
    if not rows:
        raise ValueError("rows: expected at least one, got none")
    labels = distinct([row.label for row in rows], range(len(rows)))
    found = []
    for at, (label, row) in enumerate(zip(labels, rows, strict=True)):
        if not len(row.parts) == len(row.texts) == len(row.told) == len(across.layers):
            raise ValueError(f"rows: expected {len(across.layers)} cells in each, one a layer")
        for place, (part, text, told) in enumerate(
            zip(row.parts, row.texts, row.told, strict=True)
        ):
            found.append(
                {
                    "label": label,
                    "row": at,
                    "layer": across.labels[place],
                    "name": across.names[place],
                    "place": place,
                    "opacity": _opacity(part),
                    "text": text,
                    "told": told,
                    "marked": place in row.marked,
                }
            )
    return found


def _opacity(part: float | None) -> float:
    if not part:
        return _EMPTY
    return round(_FAINT + (_FULL - _FAINT) * part, 3)
