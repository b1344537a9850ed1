"""What a map shows: points, their colours, placed pictures, the frames of their run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

#: More points than this are refused: their numbers would no longer fit into 16 bits.
MOST_POINTS = 65_000
_KINDS = ("category", "scale")
#: Whose way through the frames is drawn: nobody's, that of the points chosen, everybody's.
TRAILS = ("", "chosen", "all")


@dataclass(frozen=True, eq=False)
class Colouring:
    """One way to colour the points.

    Attributes
    ----------
    key : str
        Its name for the program; the same key in two panels is the same choice. The card says
        the value of a colouring unless its key is true, predicted, right or confidence, which
        it says in any case.
    label : str
        Its name for the reader.
    values : ndarray, shape (N,)
        Category: whole numbers, the place of each point's name; below 0 is no value.
        Scale: numbers; NaN is no value.
    kind : {"category", "scale"}
        Names that differ, or an amount.
    names : tuple of str
        Names of the categories.
    colours : tuple of str
        ``"#rrggbb"``: one for each name, or at least two stops of the scale from low to high.
    low, high : float
        The ends of the scale. What lies beyond has the end's colour.
    low_word, high_word : str
        What the ends of the scale mean.
    explain : str
        One sentence under the legend.
    """

    key: str
    label: str
    values: np.ndarray
    kind: Literal["category", "scale"]
    names: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    low_word: str = ""
    high_word: str = ""
    explain: str = ""


@dataclass(frozen=True, eq=False)
class Placed:
    """A picture that is not of the data set, put into its map.

    Attributes
    ----------
    x, y : float
        In the unit square of the panel, y downwards; may lie outside.
    label : str
        What it is called.
    picture : bytes
        A PNG or WebP file.
    neighbours : tuple of int
        The nearest images of the data set, nearest first.
    """

    x: float
    y: float
    label: str
    picture: bytes
    neighbours: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Window:
    """Consecutive frames of a run.

    Attributes
    ----------
    iterations : ndarray of int, shape (F,)
        The iteration that each frame shows, rising.
    points : ndarray, shape (F, N, 2), uint16
        Positions as in :class:`Panel`.
    first : int
        Place of the first of these frames among all that the run has shown. What is not
        live and begins at 0 is the whole run.
    words : tuple of str
        What each frame is called, such as ``"epoch 3"``; empty calls them by their steps.
    """

    iterations: np.ndarray
    points: np.ndarray
    first: int = 0
    words: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Panel:
    """One of the maps that stand side by side.

    Attributes
    ----------
    title : str
        Above the map; "" leaves the place to the status.
    points : ndarray, shape (N, 2), uint16
        Positions in the unit square times 65,535, x to the right, y downwards.
    neighbours : ndarray of int, shape (N, k), or None
        The nearest other images of each in the space that is mapped, nearest first.
    predicted : ndarray of int, shape (N,), or None
        Class that the model sees.
    confidence : ndarray, shape (N,), in [0, 1], or None
        Its confidence.
    colourings : tuple of Colouring
        At least one.
    placed : tuple of Placed
        Pictures put into the map.
    frames : Window or None
        Live, the latest frames of the run; afterwards all of them, or None for not now.
    run : str
        What identifies this layout: the same text, the same run.
    live : bool
        The run goes on.
    replayable : bool
        The frames of a finished run can be had: the map offers to replay it.
    status : str
        A few words beside the title, such as what the run is doing.
    trails : {"", "chosen", "all"}
        Draw the way of points through the frames up to the one that is shown: of those
        pointed at, inspected or selected, or a short one of all points, too.
    """

    title: str
    points: np.ndarray
    neighbours: np.ndarray | None = None
    predicted: np.ndarray | None = None
    confidence: np.ndarray | None = None
    colourings: tuple[Colouring, ...] = ()
    placed: tuple[Placed, ...] = ()
    frames: Window | None = None
    run: str = ""
    live: bool = False
    replayable: bool = False
    status: str = ""
    trails: str = ""


def check(panel: Panel, count: int, classes: int) -> None:
    """Refuse a panel that does not fit ``count`` images of so many classes.

    Raises
    ------
    ValueError
        Saying what was expected and what came.
    """
    _points("points", panel.points, (count, 2))
    if panel.neighbours is not None:
        found = panel.neighbours
        if found.ndim != 2 or len(found) != count:
            raise ValueError(f"neighbours: expected shape ({count}, k), got {found.shape}")
        _whole("neighbours", found, found.shape, count)
    if panel.predicted is not None:
        _whole("predicted", panel.predicted, (count,), classes)
    if panel.confidence is not None and panel.confidence.shape != (count,):
        raise ValueError(f"confidence: expected shape ({count},), got {panel.confidence.shape}")
    if not panel.colourings:
        raise ValueError("colourings: expected at least one, got none")
    keys = [colouring.key for colouring in panel.colourings]
    if len(set(keys)) != len(keys):
        raise ValueError(f"colourings: expected keys that differ, got {keys}")
    for colouring in panel.colourings:
        _colouring(colouring, count)
    for placed in panel.placed:
        if not np.isfinite([placed.x, placed.y]).all():
            raise ValueError(f"placed: expected finite numbers, got {placed.x}, {placed.y}")
        _whole("placed", np.array(placed.neighbours, int), (len(placed.neighbours),), count)
    if panel.frames is not None:
        _window(panel.frames, count)
    if panel.trails not in TRAILS:
        raise ValueError(f"trails: expected one of {', '.join(TRAILS)}, got {panel.trails!r}")


def _window(window: Window, count: int) -> None:
    number = len(window.iterations)
    _points("frames", window.points, (number, count, 2))
    if window.first < 0 or (np.diff(window.iterations) <= 0).any():
        raise ValueError("frames: expected rising iterations and a place of 0 or more, got others")
    if len(window.words) not in (0, number):
        raise ValueError(f"frames: expected {number} words or none, got {len(window.words)}")


def _colouring(colouring: Colouring, count: int) -> None:
    what = f"colouring {colouring.key}"
    if colouring.kind not in _KINDS:
        raise ValueError(f"{what}: expected one of {', '.join(_KINDS)}, got {colouring.kind!r}")
    if colouring.values.shape != (count,):
        raise ValueError(f"{what}: expected shape ({count},), got {colouring.values.shape}")
    if colouring.kind == "scale":
        if len(colouring.colours) < 2:
            raise ValueError(f"{what}: expected at least 2 stops, got {len(colouring.colours)}")
        if not np.isfinite([colouring.low, colouring.high]).all():
            raise ValueError(f"{what}: expected finite ends of the scale, got others")
        return
    if len(colouring.colours) != len(colouring.names):
        got = f"{len(colouring.colours)} for {len(colouring.names)}"
        raise ValueError(f"{what}: expected a colour for each name, got {got}")
    places = np.maximum(colouring.values, 0)
    _whole(what, places, (count,), len(colouring.names))


def _points(what: str, points: np.ndarray, shape: tuple[int, ...]) -> None:
    if points.dtype != np.uint16 or points.shape != shape:
        got = f"{points.dtype} of shape {points.shape}"
        raise ValueError(f"{what}: expected uint16 of shape {shape}, got {got}")


def _whole(what: str, values: np.ndarray, shape: tuple[int, ...], below: int) -> None:
    if values.shape != shape or not np.issubdtype(values.dtype, np.integer):
        got = f"{values.dtype} of shape {values.shape}"
        raise ValueError(f"{what}: expected whole numbers of shape {shape}, got {got}")
    if values.size and (values.min() < 0 or values.max() >= below):
        got = f"{values.min()} to {values.max()}"
        raise ValueError(f"{what}: expected 0 to {below - 1}, got {got}")
