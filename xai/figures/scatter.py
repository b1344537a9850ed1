"""The map of a data set: a plotly scatter plot of its points.

One trace a class, so that the legend switches classes on and off. Box and lasso
selection wants a single trace with an array of colours instead, because plotly draws
selected points of several WebGL traces wrongly.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from xai.figures.colours import CLASS_COLOURS
from xai.figures.wording import short

if TYPE_CHECKING:
    import plotly.graph_objects as go

_SYMBOLS = ("circle", "diamond", "square", "cross", "triangle-up", "x")
#: More classes than this have no legend: it would be longer than the figure.
LEGEND_LIMIT = 24


def embedding(
    points: np.ndarray,
    labels: np.ndarray | Sequence[int],
    classes: Sequence[str],
    *,
    ids: Sequence[str],
    predicted: np.ndarray | Sequence[int] | None = None,
    colours: Sequence[str] = CLASS_COLOURS,
    note: str = "",
    height: int = 560,
    revision: str = "embedding",
) -> go.Figure:
    """Draw the points of an embedding, coloured by class.

    Parameters
    ----------
    points : ndarray, shape (N, 2), floating
        Positions, without a unit; both axes get one scale.
    labels : array of int, shape (N,)
        True class of each point.
    classes : sequence of str
        Names of the classes.
    ids : sequence of str, length N
        Names of the images, shown on hover.
    predicted : array of int, shape (N,), or None
        Class that a model sees; the hover names it where it is wrong.
    colours : sequence of str
        Colour of class ``i`` is ``colours[i]``; when they begin again the symbols change.
    note : str
        A line under the map in place of axes.
    height : int
        Of the figure, in pixels.
    revision : str
        Zoom and hidden classes survive a new figure as long as this is the same.

    Returns
    -------
    plotly.graph_objects.Figure
        ``customdata`` of a trace holds each point's row in ``points``.

    Notes
    -----
    Coordinates travel as float32 in base64: 10,000 points take less than 0.4 MB.

    Raises
    ------
    ValueError
        If lengths differ, a position is not finite, or a label has no class.
    """
    import plotly.graph_objects as go

    points, labels = np.asarray(points, np.float32), np.asarray(labels)
    guesses = None if predicted is None else np.asarray(predicted)
    _check(points, labels, guesses, len(ids), len(classes))
    names = [_plain(short(name, 40)) for name in classes]
    texts = np.array(_hover(ids, labels, guesses, names), dtype=object)
    figure = go.Figure()
    for index in np.unique(labels).tolist():
        rows = np.flatnonzero(labels == index)
        figure.add_scattergl(
            x=points[rows, 0],
            y=points[rows, 1],
            name=names[index],
            mode="markers",
            text=texts[rows],
            customdata=rows.astype(np.uint16 if len(points) <= 65_536 else np.uint32),
            meta=names[index],
            hovertemplate="<b>%{meta}</b><br>%{text}<extra></extra>",
            marker=_marker(index, colours, len(points)),
        )
    _lay_out(figure, note, height, revision, legend=len(figure.data) <= LEGEND_LIMIT)
    return figure


def _check(
    points: np.ndarray, labels: np.ndarray, predicted: np.ndarray | None, ids: int, classes: int
) -> None:
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(f"points: expected shape (N, 2), got {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("points: expected finite positions, got NaN or infinity")
    if ids != len(points):
        raise ValueError(f"ids: expected {len(points)}, got {ids}")
    for what, values in (("labels", labels), ("predicted", predicted)):
        if values is None:
            continue
        if values.shape != (len(points),) or not np.issubdtype(values.dtype, np.integer):
            got = f"{values.dtype} of shape {values.shape}"
            raise ValueError(f"{what}: expected {len(points)} whole numbers, got {got}")
        if values.min() < 0 or values.max() >= classes:
            raise ValueError(f"{what}: expected classes 0 to {classes - 1}, got another")


def _hover(
    ids: Sequence[str], labels: np.ndarray, predicted: np.ndarray | None, names: list[str]
) -> list[str]:
    lines = [_plain(str(item)) for item in ids]
    if predicted is None:
        return lines
    return [
        line if label == guess else f"{line}<br>✗ predicted {names[guess]}"
        for line, label, guess in zip(lines, labels.tolist(), predicted.tolist(), strict=True)
    ]


def _plain(text: str) -> str:
    # Plotly reads a little HTML in every text, and in some, the names of traces among
    # them, %{…} as a template; a word joiner, which has no width, keeps the two apart.
    return escape(text, quote=False).replace("%{", "%\u2060{")


def _marker(index: int, colours: Sequence[str], n: int) -> dict[str, object]:
    size = 10 if n <= 400 else 8 if n <= 1500 else 6 if n <= 4000 else 4.5
    round_, place = divmod(index, len(colours))
    symbol = _SYMBOLS[round_ % len(_SYMBOLS)]
    return {"color": colours[place], "symbol": symbol, "size": size, "opacity": 0.85}


def _lay_out(figure: go.Figure, note: str, height: int, revision: str, *, legend: bool) -> None:
    bare = {
        "showgrid": False,
        "zeroline": False,
        "showticklabels": False,
        "ticks": "",
        "showline": False,
    }
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 32, "b": 40 if note else 8},
        uirevision=revision,
        dragmode="pan",
        hovermode="closest",
        showlegend=legend,
        legend={"font": {"size": 16}, "itemsizing": "constant", "title": {"text": ""}},
        hoverlabel={"font": {"size": 16}},
        xaxis=bare | {"title": {"text": _plain(note), "font": {"size": 15}}},
        yaxis=bare | {"scaleanchor": "x", "scaleratio": 1, "title": {"text": ""}},
    )
