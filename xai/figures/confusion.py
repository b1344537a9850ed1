"""The confusion matrix of a classifier: which class is taken for which.

Names are data to Vega, never markup or expressions, and no text has a colour of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.figures.colours import ACCENT, CHANGED, NEUTRAL
from xai.figures.encodings import LEGEND_HEIGHT, finished, plain_axis, tooltip, top_legend
from xai.figures.ranking import REST
from xai.figures.wording import distinct, percent, short

if TYPE_CHECKING:
    import altair as alt

#: Name of the chart's selection; its fields are ``true`` and ``predicted``, both names.
SELECTION = "cell"
_REST_INDEX = -1
_LONGEST_NAME = 18
# Columns in which numbers of four digits fit; in more only those of mistakes are written.
_WIDE = 14
_BARE = {"ticks": False, "domain": False, "grid": False}
# Opacity of a cell with one image, with the most images, and with none.
_FAINT, _FULL, _EMPTY = 0.3, 0.85, 0.06


def confusion(labels: np.ndarray, predicted: np.ndarray, k: int) -> np.ndarray:
    """Count how often each class is taken for each.

    Parameters
    ----------
    labels, predicted : array of int, shape (N,), from 0 to ``k`` − 1
        True class and the class that a model sees.
    k : int
        Number of classes.

    Returns
    -------
    ndarray, shape (k, k), int64
        Images of each true class (row) that are seen as each class (column).

    Raises
    ------
    ValueError
        If there is no image, the lengths differ, or a class is out of range.
    """
    truth, seen = _checked(labels, "labels", k), _checked(predicted, "predicted", k)
    if len(truth) != len(seen):
        raise ValueError(f"predicted: expected {len(truth)} classes, got {len(seen)}")
    if not len(truth):
        raise ValueError("labels: expected at least one image, got none")
    return np.bincount(truth * k + seen, minlength=k * k).reshape(k, k)


def matrix(
    labels: np.ndarray,
    predicted: np.ndarray,
    classes: Sequence[str],
    *,
    most: int = 24,
) -> alt.LayerChart:
    """Draw the confusion matrix: true classes down, predicted classes across.

    Parameters
    ----------
    labels, predicted : array of int, shape (N,)
        True class and the class that a model sees.
    classes : sequence of str
        Names of the classes.
    most : int
        Rows and columns, beside one of each for the other classes. If there are more,
        the rows are those with the most mistakes, and the columns those that are right
        at least once and the commonest of the others.

    Returns
    -------
    altair.LayerChart
        With a selection :data:`SELECTION` of one cell, as ``true`` and ``predicted``:
        names of classes, or :data:`~xai.figures.ranking.REST`.

    Notes
    -----
    Colour grows with the logarithm of the count, so that one mistake beside a thousand
    right ones is seen. What is right and what is wrong have colours of their own.

    Raises
    ------
    ValueError
        As :func:`confusion`, and if ``most`` is below 2.
    """
    import altair as alt

    table = _table(confusion(labels, predicted, len(classes)), most)
    down, across = (_labels(classes, indices) for indices in (table.rows, table.columns))
    cells = _cells(table, classes, down, across)
    chosen = alt.selection_point(name=SELECTION, fields=["true", "predicted"], toggle=False)
    base = alt.Chart(alt.InlineData(values=cells)).encode(
        x=alt.X(
            "column:N",
            sort=across,
            title="predicted class",
            axis=_across_axis(across),
        ),
        y=alt.Y("row:N", sort=down, title="true class", axis=_down_axis()),
    )
    colours = alt.Scale(domain=["right", "wrong", "empty"], range=[ACCENT, CHANGED, NEUTRAL])
    legend = top_legend(values=["right", "wrong"], symbolStrokeWidth=0)
    squares = base.mark_rect(cornerRadius=2, stroke="currentColor", cursor="pointer").encode(
        color=alt.Color("kind:N", scale=colours, legend=legend, title=None),
        opacity=alt.Opacity("opacity:Q", scale=None, legend=None),
        strokeWidth=alt.condition(chosen, alt.value(3), alt.value(0), empty=False),
        tooltip=[*tooltip("true", "predicted", "count"), alt.Tooltip("part:N", title="of the row")],
    )
    written = base.mark_text(fontSize=14 if len(across) <= _WIDE else 12).encode(
        text="number:N", color=alt.value("currentColor")
    )
    return finished(alt.layer(squares.add_params(chosen), written), _height(down, across))


# ------------------------------------------------------------------------ the table
@dataclass(frozen=True, eq=False)
class _Table:
    """Counts (rows, columns) and the class of each row and column, -1 for the others."""

    counts: np.ndarray
    rows: tuple[int, ...]
    columns: tuple[int, ...]


def _table(counts: np.ndarray, most: int) -> _Table:
    if most < 2:
        raise ValueError(f"most: expected at least 2, got {most}")
    down, across = counts.sum(1), counts.sum(0)
    present = np.flatnonzero(down + across)
    if len(present) <= most:
        rows = columns = tuple(present.tolist())
    else:
        right = np.diagonal(counts)
        rows = _first(np.flatnonzero(down), down - right, most)
        # What is right must have its own column: beside others it would pass for wrong.
        own = _first(np.array([row for row in rows if right[row]], np.int64), right, most)
        seen = counts[list(rows)].sum(0)
        rest = np.setdiff1d(np.flatnonzero(seen), own)
        columns = own + _first(rest, seen, most - len(own))
    parts = [counts[list(rows)], counts.sum(0, keepdims=True) - counts[list(rows)].sum(0)]
    kept = np.concatenate(parts)
    kept = np.concatenate(
        [kept[:, list(columns)], (kept.sum(1) - kept[:, list(columns)].sum(1))[:, None]], axis=1
    )
    lower, outer = bool(kept[-1].any()), bool(kept[:, -1].any())
    return _Table(
        kept[: len(rows) + lower, : len(columns) + outer],
        rows + (_REST_INDEX,) * lower,
        columns + (_REST_INDEX,) * outer,
    )


def _first(indices: np.ndarray, weights: np.ndarray, n: int) -> tuple[int, ...]:
    """Return the ``n`` heaviest of some indices, in their own order."""
    heaviest = indices[np.argsort(-weights[indices], kind="stable")][:n]
    return tuple(sorted(heaviest.tolist()))


def _cells(
    table: _Table, classes: Sequence[str], down: list[str], across: list[str]
) -> list[dict[str, Any]]:
    top = math.log1p(table.counts.max())
    narrow = len(across) > _WIDE
    found = []
    for (row, column), count in np.ndenumerate(table.counts):
        true, seen = table.rows[row], table.columns[column]
        of_row = table.counts[row].sum()
        kind = _kind(int(count), true, seen)
        fits = kind == "wrong" and count < 100 if narrow else 0 < count < 10_000
        found.append(
            {
                "row": down[row],
                "column": across[column],
                "true": _name(classes, true),
                "predicted": _name(classes, seen),
                "count": int(count),
                "part": percent(count / of_row) if of_row else "0 %",
                "number": str(count) if fits else "",
                "kind": kind,
                "opacity": _opacity(int(count), top),
            }
        )
    return found


def _kind(count: int, true: int, seen: int) -> str:
    if not count:
        return "empty"
    return "right" if true == seen and true != _REST_INDEX else "wrong"


def _opacity(count: int, top: float) -> float:
    if not count:
        return _EMPTY
    return round(_FAINT + (_FULL - _FAINT) * math.log1p(count) / top, 3)


# ------------------------------------------------------------------------- the look
def _name(classes: Sequence[str], index: int) -> str:
    return REST if index == _REST_INDEX else classes[index]


def _labels(classes: Sequence[str], indices: Sequence[int]) -> list[str]:
    return distinct([short(_name(classes, index), _LONGEST_NAME) for index in indices], indices)


def _angle(labels: list[str]) -> int:
    """Return how far the names of the columns are turned."""
    if max(map(len, labels)) <= 2:
        return 0
    return -45 if len(labels) <= 8 else -90


def _down_axis() -> alt.Axis:
    return plain_axis(labelLimit=180, labelOverlap=False, labelFlush=False, **_BARE)


def _across_axis(labels: list[str]) -> alt.Axis:
    angle = _angle(labels)
    turned = {"labelAlign": "right", "labelBaseline": "middle"} if angle else {}
    return plain_axis(
        labelAngle=angle,
        labelLimit=180,
        # Names that lie over each other are of no use; the tooltip has them all.
        labelOverlap="parity" if len(labels) > _WIDE else False,
        labelFlush=False,
        **turned,
        **_BARE,
    )


def _height(down: list[str], across: list[str]) -> int:
    side = 40 if len(down) <= 10 else 30 if len(down) <= 16 else 25
    letters = {0: 3, -45: 0.72 * max(map(len, across)), -90: max(map(len, across))}
    below = 40 + round(8 * letters[_angle(across)])
    return side * len(down) + below + LEGEND_HEIGHT


def _checked(values: np.ndarray, what: str, k: int) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        got = f"{array.dtype} of shape {array.shape}"
        raise ValueError(f"{what}: expected whole numbers of shape (N,), got {got}")
    if len(array) and (array.min() < 0 or array.max() >= k):
        raise ValueError(f"{what}: expected classes 0 to {k - 1}, got another")
    return array.astype(np.int64)
