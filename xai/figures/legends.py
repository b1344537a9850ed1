"""The colour bar beside a map, as a piece of HTML with the raw numbers at its ends.

Text and border take the colour of the page, so one legend serves the light and the dark
theme. Only ``div``, ``span`` and inline styles are used, which pass a page's sanitizer
where an inline SVG would be removed.
"""

from __future__ import annotations

import math
from html import escape

import numpy as np

from xai.figures.colours import DIVERGING, INK, SEQUENTIAL, hexes, rgb
from xai.figures.wording import number

_STOPS = 17


def signed_legend(
    scale: float,
    *,
    overlay: bool = False,
    paper: str = "",
    words: tuple[str, str] = ("against", "for"),
    note: str = "",
) -> str:
    """Write the legend of a signed map.

    Parameters
    ----------
    scale : float
        The absolute value that has the full colour.
    overlay : bool
        Whether the map lies over an image, where zero is transparent and not white.
    paper : str
        Colour below an overlay, such as ``"#ffffff"``; without it the page shines through.
    words : tuple of str
        What the negative and the positive end mean.
    note : str
        One more line, such as ``"same scale in all panels"``.

    Returns
    -------
    str
        A ``<div>`` element.
    """
    stops = _ink_stops() if overlay else _stops(DIVERGING)
    end = number(abs(scale))
    labels = (f"−{end}", "0", f"+{end}") if scale else ("", "0 everywhere", "")
    return _bar(stops, labels, words, note, paper)


def magnitude_legend(
    low: float,
    high: float,
    *,
    overlay: bool = False,
    words: tuple[str, str] = ("", ""),
    note: str = "",
) -> str:
    """Write the legend of a map of magnitudes.

    Parameters
    ----------
    low, high : float
        The range that the colours span.
    overlay : bool
        Whether the map lies over an image, where the lowest value is transparent.
    words : tuple of str
        What the lowest and the highest end mean.
    note : str
        One more line.

    Returns
    -------
    str
        A ``<div>`` element.
    """
    stops = _stops(SEQUENTIAL, fading=overlay)
    return _bar(stops, (number(low), "", number(high)), words, note)


def _ink_stops() -> list[tuple[float, str, float]]:
    parts = np.linspace(-1, 1, _STOPS).tolist()
    return [(0.5 + part / 2, hexes(INK, 2)[part > 0], math.sqrt(abs(part))) for part in parts]


def _stops(table: np.ndarray, *, fading: bool = False) -> list[tuple[float, str, float]]:
    offsets = np.linspace(0, 1, _STOPS).tolist()
    return [
        (offset, colour, offset if fading else 1.0)
        for offset, colour in zip(offsets, hexes(table, _STOPS), strict=True)
    ]


def _bar(
    stops: list[tuple[float, str, float]],
    labels: tuple[str, str, str],
    words: tuple[str, str],
    note: str,
    paper: str = "",
) -> str:
    gradient = ", ".join(
        f"rgba({','.join(map(str, rgb(colour)))},{opacity:.3g}) {100 * offset:.4g}%"
        for offset, colour, opacity in stops
    )
    meanings = (words[0], "", words[1])
    spoken = (f"{label} {word}".strip() for label, word in zip(labels, meanings, strict=True))
    named = escape(", ".join(text for text in spoken if text))
    faded = '<div style="opacity:0.75">'
    return (
        f'<div role="img" aria-label="Colour scale: {named}" '
        'style="max-width:24rem;font-size:0.9rem;line-height:1.4">'
        '<div style="height:0.85rem;border-radius:0.2rem;border:1px solid rgba(128,128,128,0.6);'
        f'background:linear-gradient(90deg, {gradient}){f", {paper}" if paper else ""}"></div>'
        f"{_row(labels)}"
        f"{f'{faded}{_row(meanings)}</div>' if any(words) else ''}"
        f"{f'{faded}{escape(note)}</div>' if note else ''}</div>"
    )


def _row(texts: tuple[str, str, str]) -> str:
    left, middle, right = (escape(text) for text in texts)
    return (
        '<div style="display:grid;grid-template-columns:1fr auto 1fr;gap:0.5rem">'
        f"<span>{left}</span><span>{middle}</span>"
        f'<span style="text-align:right">{right}</span></div>'
    )
