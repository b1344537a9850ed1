"""The map of a data set as a picture of its own: SVG text for a slide or a paper.

It has a white ground and fixed colours, since it leaves the page and its theme.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from html import escape

import numpy as np

from xai.figures.colours import NEUTRAL, rgb
from xai.figures.wording import number, short

_WIDTH, _HEIGHT = 1280, 900
# The square of the points, and the column of the legend.
_SIDE, _LEFT, _TOP = 740.0, 30.0, 70.0
_LEGEND_LEFT = 815
_TEXT = "#262730"
#: Names that the legend has room for.
_MOST_NAMES = 24
# Colours of a scale, and rounds in which points are drawn: with one round, all of the
# last class would lie over all of the first.
_STEPS, _ROUNDS = 32, 8
# What XML allows nowhere, not even escaped.
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def map_svg(
    points: np.ndarray,
    values: np.ndarray,
    *,
    names: Sequence[str] = (),
    colours: Sequence[str],
    title: str = "",
    sentence: str = "",
    low: float | None = None,
    high: float | None = None,
    words: tuple[str, str] = ("", ""),
) -> str:
    """Draw a map as a standalone SVG.

    Parameters
    ----------
    points : ndarray, shape (N, 2)
        Positions, without a unit; both axes get one scale, and the second grows upwards.
    values : ndarray, shape (N,)
        With ``names`` whole numbers, the place of each point's name, below 0 for none.
        Without them the amounts of a scale, NaN for none.
    names : sequence of str
        Names of the categories; none for a scale.
    colours : sequence of str
        ``"#rrggbb"``: one for each name, or at least two stops of the scale, low to high.
    title, sentence : str
        Above and below the map.
    low, high : float or None
        Ends of the scale; None takes those of the values.
    words : tuple of str
        What the ends of the scale mean.

    Returns
    -------
    str
        An ``<svg>`` document.

    Notes
    -----
    Points of one colour are one path of dots, so that 10,000 of them take about
    0.15 MB.

    Raises
    ------
    ValueError
        If lengths differ, a position is not finite, a value has no name, a colour is
        not of the form ``"#rrggbb"`` or there are too few.
    """
    where = _placed(points)
    values = np.asarray(values)
    if values.shape != (len(where),):
        raise ValueError(f"values: expected shape ({len(where)},), got {values.shape}")
    for colour in colours:
        rgb(colour)
    if names:
        groups, legend = _categories(values, names, colours)
    else:
        ends = _ends(values, low, high)
        groups, legend = _scale(values, ends, colours), _bar(ends, colours, words)
    text = _texts(title, sentence)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" font-size="20" '
        f'fill="{_TEXT}" role="img"><title>{_escaped(title or "map")}</title>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>'
        f"{_dots(where, groups)}{legend}{text}</svg>\n"
    )


# ------------------------------------------------------------------------- points
def _placed(points: np.ndarray) -> np.ndarray:
    """Return positions in pixels of the picture: one scale for both axes, centred."""
    where = np.asarray(points, np.float64)
    if where.ndim != 2 or where.shape[1] != 2 or not len(where):
        raise ValueError(f"points: expected shape (N, 2), got {where.shape}")
    if not np.isfinite(where).all():
        raise ValueError("points: expected finite positions, got NaN or infinity")
    low, high = where.min(0), where.max(0)
    extent = float((high - low).max()) or 1.0
    unit = (where - (low + high) / 2) / extent * (1, -1) + 0.5
    return unit * _SIDE + (_LEFT, _TOP)


#: The rows of one colour.
_Group = tuple[str, np.ndarray]


def _dots(where: np.ndarray, groups: list[_Group]) -> str:
    size = (
        10 if len(where) <= 400 else 8 if len(where) <= 1500 else 6 if len(where) <= 4000 else 4.5
    )
    paths = []
    for turn in range(_ROUNDS):
        for colour, rows in groups:
            part = where[rows[turn::_ROUNDS]]
            if len(part):
                steps = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in part.tolist())
                paths.append(f'<path stroke="{colour}" d="{steps}"/>')
    return (
        f'<g fill="none" stroke-width="{size}" stroke-linecap="round" stroke-opacity="0.85">'
        f"{''.join(paths)}</g>"
    )


def _categories(
    values: np.ndarray, names: Sequence[str], colours: Sequence[str]
) -> tuple[list[_Group], str]:
    if not np.issubdtype(values.dtype, np.integer) or values.max() >= len(names):
        raise ValueError(f"values: expected places of {len(names)} names, got others")
    if len(colours) < len(names):
        raise ValueError(f"colours: expected {len(names)}, got {len(colours)}")
    present = np.unique(values[values >= 0]).tolist()
    groups = [(NEUTRAL, np.flatnonzero(values < 0))]
    groups += [(colours[index], np.flatnonzero(values == index)) for index in present]
    listed = [(colours[index], names[index]) for index in present[:_MOST_NAMES]]
    if len(groups[0][1]):
        listed.append((NEUTRAL, "none"))
    lines = [
        f'<circle cx="{_LEGEND_LEFT}" cy="{_TOP + 12 + 30 * row:.0f}" r="8" fill="{colour}"/>'
        f'<text x="{_LEGEND_LEFT + 20}" y="{_TOP + 19 + 30 * row:.0f}">{_escaped(short(name, 36))}'
        "</text>"
        for row, (colour, name) in enumerate(listed)
    ]
    if len(present) > _MOST_NAMES:
        more = f"and {len(present) - _MOST_NAMES} more"
        below = _TOP + 19 + 30 * len(listed)
        lines.append(f'<text x="{_LEGEND_LEFT + 20}" y="{below:.0f}">{more}</text>')
    return groups, "".join(lines)


# -------------------------------------------------------------------------- a scale
def _ends(values: np.ndarray, low: float | None, high: float | None) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if np.isinf(values).any() or not len(known):
        raise ValueError("values: expected numbers or NaN, got infinity or no number at all")
    ends = (
        float(known.min()) if low is None else float(low),
        float(known.max()) if high is None else float(high),
    )
    if not ends[0] <= ends[1]:
        raise ValueError(f"low, high: expected a range, got {ends[0]} to {ends[1]}")
    return ends


def _scale(values: np.ndarray, ends: tuple[float, float], stops: Sequence[str]) -> list[_Group]:
    if len(stops) < 2:
        raise ValueError(f"colours: expected at least two stops, got {len(stops)}")
    table = np.array([rgb(stop) for stop in stops], np.float64)
    at = np.linspace(0, len(stops) - 1, _STEPS)
    mixed = np.stack([np.interp(at, np.arange(len(stops)), part) for part in table.T], axis=1)
    shades = ["#{:02x}{:02x}{:02x}".format(*row) for row in np.rint(mixed).astype(int).tolist()]
    known = np.isfinite(values)
    span = ends[1] - ends[0] or 1.0
    part = ((np.where(known, values, ends[0]) - ends[0]) / span).clip(0, 1)
    bins = np.where(known, np.rint(part * (_STEPS - 1)), -1).astype(int)
    return [
        (NEUTRAL if index < 0 else shades[index], np.flatnonzero(bins == index))
        for index in np.unique(bins).tolist()
    ]


def _bar(ends: tuple[float, float], stops: Sequence[str], words: tuple[str, str]) -> str:
    offsets = np.linspace(0, 100, len(stops)).tolist()
    parts = "".join(
        f'<stop offset="{offset:.4g}%" stop-color="{stop}"/>'
        for offset, stop in zip(offsets, stops, strict=True)
    )
    low, high = (
        _escaped(f"{number(end)} {short(word, 36)}".strip())
        for end, word in zip(ends, words, strict=True)
    )
    x, y, height = _LEGEND_LEFT, int(_TOP), 260
    return (
        f'<defs><linearGradient id="scale" x1="0" y1="1" x2="0" y2="0">{parts}</linearGradient>'
        f'</defs><rect x="{x}" y="{y}" width="22" height="{height}" fill="url(#scale)"/>'
        f'<text x="{x + 34}" y="{y + 16}">{high}</text>'
        f'<text x="{x + 34}" y="{y + height}">{low}</text>'
    )


# ---------------------------------------------------------------------------- words
def _texts(title: str, sentence: str) -> str:
    lines = textwrap.wrap(short(sentence, 600), 125)[:3]
    below = "".join(
        f'<text x="{_LEFT:.0f}" y="{_TOP + _SIDE + 34 + 25 * row:.0f}" font-size="18">'
        f"{_escaped(line)}</text>"
        for row, line in enumerate(lines)
    )
    above = f'<text x="{_LEFT:.0f}" y="42" font-size="26" font-weight="bold">'
    return f"{above}{_escaped(short(title, 90))}</text>{below}"


def _escaped(text: str) -> str:
    return escape(_NO_XML.sub("\ufffd", text))
