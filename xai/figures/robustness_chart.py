"""Robust accuracy as charts: over the strength, and of each class.

No text colour is fixed: it is the page's, in the light theme and in the dark one. Names
are data to Vega, never markup or expressions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.attacks.strengths import in_units, spoken
from xai.attacks.studies.intervals import wilson
from xai.attacks.studies.robust_accuracy import Robustness
from xai.figures.attack_lines import line_looks, method_label
from xai.figures.colours import NEUTRAL, SEQUENTIAL, hexes, luminance
from xai.figures.encodings import (
    AXIS_HEIGHT,
    always_svg,
    finished,
    plain_axis,
)
from xai.figures.wording import distinct, percent, short

if TYPE_CHECKING:
    import altair as alt

#: Classes that the table of classes shows at most.
MOST_CLASSES = 24
_LONGEST_NAME = 18
_CELL = 36
_BARE = {"ticks": False, "domain": False, "grid": False}
_TITLES = {"linf": "strength (1/255)", "l2": "strength (length of the change)"}
# The ends of the table of colours: black and pale yellow would hide the cell in either theme.
_DARKEST, _LIGHTEST = 40, 240


def accuracy_curves(
    found: Robustness, *, present: float | None = None, height: int = 400
) -> alt.LayerChart:
    """Draw the share of images that is still read rightly over the strength.

    Parameters
    ----------
    found : Robustness
        With at least one image done.
    present : float, optional
        A strength that is marked by an upright rule, in [0, 1] or a length.
    height : int
        Of the whole chart, in pixels.

    Returns
    -------
    altair.LayerChart
        A line for each method with its 95 % interval as a band, all from the accuracy
        without any attack; noise dashed and grey.

    Raises
    ------
    ValueError
        If no image is done.
    """
    import altair as alt

    if not found.done:
        raise ValueError("found: expected at least one image that is done, got none")
    rows = _rows(found)
    end = max(row["strength"] for row in rows)
    ticks = sorted({row["strength"] for row in rows})
    across = plain_axis(values=ticks, format=".3~g", labelOverlap=True, grid=False)
    domain = alt.Scale(domain=[0, end or 1], nice=False)
    x = alt.X("strength:Q", title=_TITLES[found.norm], scale=domain, axis=across)
    shares = plain_axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], labelFlush=False)
    down: dict[str, Any] = {"scale": alt.Scale(domain=[0, 1]), "axis": shares}
    title = "images read rightly"
    colour, dash = line_looks(found.methods)
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, color=colour)
    band = base.mark_area(opacity=0.2).encode(y=alt.Y("low:Q", title=title, **down), y2="high:Q")
    y = alt.Y("accuracy:Q", title=title, **down)
    lines = base.mark_line(strokeWidth=3).encode(y=y, strokeDash=dash)
    points = base.mark_point(filled=True, size=90, opacity=1).encode(y=y, tooltip=_told())
    marked = [] if present is None else [_upright(in_units(present, found.norm), end, x)]
    return always_svg(finished(alt.layer(*marked, band, lines, points), height))


def _rows(found: Robustness) -> list[dict[str, Any]]:
    clean = (found.clean_hits, *(float(bound) for bound in wilson(found.clean_hits, found.done)))
    rows = []
    for method in found.methods:
        triples = zip(found.hits(method), *found.interval(method).T, strict=True)
        shown = dict(zip(found.strengths.tolist(), triples, strict=True))
        for strength, (hits, low, high) in ({0.0: clean} | shown).items():
            rows.append(
                {
                    "method": method_label(method),
                    "strength": round(in_units(strength, found.norm), 6),
                    "size": spoken(strength, found.norm) if strength else "none: clean images",
                    "accuracy": float(hits) / found.done,
                    "low": float(low),
                    "high": float(high),
                    "said": f"{percent(float(hits) / found.done)} ({hits} of {found.done})",
                    "between": f"{percent(float(low))} to {percent(float(high))}",
                }
            )
    return rows


def _told() -> list[alt.Tooltip]:
    import altair as alt

    titles = {
        "method": "attack",
        "size": "strength",
        "said": "read rightly",
        "between": "95 % interval",
    }
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in titles.items()]


def _upright(strength: float, end: float, x: alt.X) -> alt.Chart:
    import altair as alt

    # One that is beyond the axis is not drawn: it would stand outside of the plot.
    values = [{"strength": strength}] if strength <= end else []
    rule = alt.Chart(alt.InlineData(values=values)).mark_rule(strokeWidth=2, opacity=0.6)
    return rule.encode(x=x, color=alt.value("currentColor"))


# --------------------------------------------------------------------- of each class
def class_table(found: Robustness, method: str) -> alt.LayerChart:
    """Draw the accuracy of each class under one attack, from the clean images to the strongest.

    Parameters
    ----------
    found : Robustness
        With at least one image done.
    method : str
        One of ``found.methods``.

    Returns
    -------
    altair.LayerChart
        A row for each true class, a column for each strength, per cent in the cells. Of
        more than :data:`MOST_CLASSES` classes those that lose most are shown.

    Raises
    ------
    ValueError
        If no image is done, or the method was not run.
    """
    import altair as alt

    cells, across, down = _cells(found, method)
    bare = {"labelOverlap": False, "labelFlush": False, **_BARE}
    base = alt.Chart(alt.InlineData(values=cells)).encode(
        x=alt.X(
            "column:N",
            sort=across,
            title=_TITLES[found.norm],
            axis=plain_axis(labelAngle=0, **bare),
        ),
        y=alt.Y("row:N", sort=down, title="true class", axis=plain_axis(labelLimit=220, **bare)),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=title)
            for field, title in (("class", "class"), ("size", "strength"), ("said", "read rightly"))
        ],
    )
    squares = base.mark_rect(stroke="currentColor", strokeOpacity=0.25, cornerRadius=2).encode(
        color=alt.Color("fill:N", scale=None)
    )
    text = base.mark_text(fontSize=14).encode(
        text="written:N", color=alt.Color("ink:N", scale=None)
    )
    return finished(alt.layer(squares, text), _CELL * len(down) + AXIS_HEIGHT)


def _cells(found: Robustness, method: str) -> tuple[list[dict[str, Any]], list[str], list[str]]:
    if not found.done:
        raise ValueError("found: expected at least one image that is done, got none")
    shares, sizes = _shares(found, method)
    rows = _shown(found, shares)
    names = [short(found.classes[found.present[row]], _LONGEST_NAME) for row in rows]
    names = distinct(names, [found.present[row] for row in rows])
    labels = [f"{name} · {found.counts[row]}" for name, row in zip(names, rows, strict=True)]
    across = [f"{in_units(size, found.norm):.3g}" for size in sizes]
    cells = []
    for label, row in zip(labels, rows, strict=True):
        count = int(found.counts[row])
        for column, share in enumerate(shares[row]):
            cells.append(
                {
                    "row": label,
                    "column": across[column],
                    "class": found.classes[found.present[row]],
                    "size": spoken(sizes[column], found.norm) if sizes[column] else "none",
                    "said": f"{percent(float(share))} ({round(share * count)} of {count})",
                    "written": f"{100 * share:.0f}",
                    **_paint(float(share)),
                }
            )
    return cells, across, labels


def _shares(found: Robustness, method: str) -> tuple[np.ndarray, list[float]]:
    """Return the accuracies (K', 1 + S) with the clean ones first, and the strengths."""
    shares, sizes = found.by_class(method), found.strengths.tolist()
    if sizes[0] == 0:
        return shares, sizes
    return np.concatenate([found.clean_by_class[:, None], shares], axis=1), [0.0, *sizes]


def _shown(found: Robustness, shares: np.ndarray) -> list[int]:
    """Return the rows of the classes that are shown, in the classes' order."""
    known = np.flatnonzero(found.counts)
    lost = np.nanmean(shares[known, :1] - shares[known], axis=1)
    heaviest = known[np.argsort(-lost, kind="stable")][:MOST_CLASSES]
    return sorted(heaviest.tolist())


def _paint(share: float) -> dict[str, str]:
    """Return the fill and the ink of a cell: light for what is still read rightly."""
    if math.isnan(share):
        return {"fill": NEUTRAL, "ink": "#000000"}
    colours = hexes(SEQUENTIAL[_DARKEST:_LIGHTEST], 101)
    place = round(100 * share)
    row = SEQUENTIAL[_DARKEST + round((_LIGHTEST - _DARKEST - 1) * place / 100)]
    # Whichever of the two stands out more from the cell; 0.179 is where they tie.
    return {"fill": colours[place], "ink": "#000000" if luminance(row) > 0.179 else "#ffffff"}
