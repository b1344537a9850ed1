"""What the strength of an attack means, as a small picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xai.figures.network_labels import Label
from xai.figures.solids_svg import BASE_STYLE, shade
from xai.figures.wording import number

#: Of the drawing, in px: made for one of four columns, where its words stay large.
WIDTH = 264.0
_EDGE = 2.0
_SIZE, _LINE = 17.0, 21.0
#: The grey levels, of 255, that are brightened, and what they are called.
_LEVELS = {"dark": 51, "middle": 128, "light": 204}
# Sides in px: of a grey square, and of the picture whose pixels turn.
_SQUARE, _PICTURE = 82.0, 124.0
# A patch is drawn as a dot of this side at least, and ringed below the other.
_DOT, _SEEN = 1.5, 14.0
_STYLE = (
    f"{BASE_STYLE}.sw-frame{{fill:none;stroke:{shade('line')};stroke-width:1}}"
    f".sw-ring{{fill:none;stroke:{shade('accent')};stroke-width:2.5}}"
)


def strength_swatch(eps: float, norm: str, shape: tuple[int, int, int]) -> str:
    """Draw what a strength allows an attack, as SVG text.

    Parameters
    ----------
    eps : float
        Size of the perturbation: for ``"linf"`` in [0, 1], for ``"l2"`` a length of at least 0.
    norm : {"linf", "l2"}
        ``linf``: a dark, a middle and a light grey, the right half of each brightened as far as
        it may be. ``l2``: the number of pixels that could turn from black to white, to scale on
        the image's area, and a grey whose right half is brightened by what is left for each
        pixel if all share the length.
    shape : tuple of int
        Channels, height and width of the image.

    Returns
    -------
    str
        An ``<svg>`` element. Colours of text and lines are the variables of
        :data:`xai.figures.solids_svg.COLOURS`.

    Raises
    ------
    ValueError
        If the norm is unknown, the strength out of its range, or the shape not of an image.

    Notes
    -----
    A pixel that turns from black to white changes by 1 in each of C channels, which adds C to
    the squared length: a length of eps is enough for ``eps² / C`` pixels. Shared by all of
    them it is ``eps / sqrt(C H W)`` for each number.
    """
    if norm not in ("linf", "l2"):
        raise ValueError(f"norm: expected linf or l2, got {norm!r}")
    if not 0 <= eps < math.inf or (norm == "linf" and eps > 1):
        raise ValueError(f"eps: expected 0 to {'1' if norm == 'linf' else '∞'}, got {eps}")
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"shape: expected (C, H, W), got {shape}")
    body, height = _levels(eps) if norm == "linf" else _pixels(eps, shape)
    # Its own size, also where a page gives drawings a larger one.
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sketch" role="img" '
        f'style="min-width:0" viewBox="0 0 {WIDTH:.0f} {height:.0f}" '
        f'width="{WIDTH:.0f}" height="{height:.0f}"><style>{_STYLE}</style>{body}</svg>'
    )


def in_levels(eps: float) -> str:
    """Write a change of a number in [0, 1] in the steps of a picture file: ``8/255``."""
    return f"{number(255 * eps)}/255"


# ---------------------------------------------------------------------------- L-infinity
def _levels(eps: float) -> tuple[str, float]:
    """Draw the three greys; return them and the height in px."""
    drawn, top = _title("The most that a pixel", f"may move: {in_levels(eps)}")
    pitch = (WIDTH - 2 * _EDGE - _SQUARE) / (len(_LEVELS) - 1)
    for at, (name, level) in enumerate(_LEVELS.items()):
        x = _EDGE + at * pitch
        drawn += _halves(x, top, _SQUARE, level, eps)
        said = (f"{level} → {number(_moved(level, eps))}", name)
        drawn += _below(x + _SQUARE / 2, top + _SQUARE, said)
    return drawn, top + _SQUARE + 2 * _LINE + 8


def _moved(level: int, eps: float) -> float:
    """Return a level of 255 after it was brightened as far as white allows."""
    return min(255.0, round(level + 255 * eps, 1))


def _halves(x: float, y: float, side: float, level: int, eps: float) -> str:
    """Draw a grey square with a brighter right half, and no line between the two."""
    whole = _box(x, y, side, side, _grey(level))
    return (
        whole
        + _box(x + side / 2, y, side / 2, side, _grey(_moved(level, eps)))
        + _frame(x, y, side, side)
    )


# --------------------------------------------------------------------------------- L2
def _pixels(eps: float, shape: tuple[int, int, int]) -> tuple[str, float]:
    """Draw both ways to spend a length; return them and the height in px."""
    channels, rows, columns = shape
    most = rows * columns
    count = min(eps**2 / channels, most)
    each = min(eps / math.sqrt(channels * most), 1.0)
    scale = _PICTURE / max(rows, columns)
    drawn, top = _title(f"Length {number(eps)} is enough for")
    left, right = _EDGE + _PICTURE / 2, WIDTH - _EDGE - _PICTURE / 2
    drawn += _patch(left, top + _PICTURE / 2, (scale * columns, scale * rows), count / most)
    drawn += _halves(right - _PICTURE / 2, top, _PICTURE, _LEVELS["middle"], each)
    turned = (_counted(count), f"of {most:,} from", "black to white")
    shared = ("or all pixels", f"by {in_levels(each)}", "each")
    drawn += _below(left, top + _PICTURE, turned) + _below(right, top + _PICTURE, shared)
    return drawn, top + _PICTURE + 3 * _LINE + 8


def _counted(count: float) -> str:
    written = f"{count:,.0f}" if count >= 100 else number(count)
    return f"{written} pixel" if written == "1" else f"{written} pixels"


def _patch(x: float, y: float, size: tuple[float, float], share: float) -> str:
    """Draw a black picture around a point, and in its middle a white part of its area."""
    wide, high = size
    side = max(math.sqrt(share * wide * high), _DOT) if share else 0.0
    # Of a picture that is no square a large part is none, either.
    across = min(max(side, side**2 / high), wide)
    down = side**2 / across if across else 0.0
    drawn = _box(x - wide / 2, y - high / 2, wide, high, _grey(0))
    drawn += _box(x - across / 2, y - down / 2, across, down, _grey(255))
    drawn += _frame(x - wide / 2, y - high / 2, wide, high)
    if 0 < side < _SEEN:
        drawn += f'<circle class="sw-ring" cx="{x:.1f}" cy="{y:.1f}" r="{_SEEN:.0f}"/>'
    return drawn


# ------------------------------------------------------------------------------ pieces
def _grey(level: float) -> str:
    """Return a grey for CSS, exact also between two levels of 255."""
    return f"rgb({level:g},{level:g},{level:g})"


def _box(x: float, y: float, width: float, height: float, fill: str) -> str:
    # Without smoothed edges: a seam between the halves would be what is seen.
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.3f}" height="{height:.3f}" '
        f'fill="{fill}" shape-rendering="crispEdges"/>'
    )


def _frame(x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="sw-frame" x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" '
        f'height="{height:.2f}"/>'
    )


def _title(*lines: str) -> tuple[str, float]:
    """Write the title; return it and where the pictures begin."""
    rows = enumerate(lines, start=1)
    written = "".join(
        Label(line, _EDGE, row * _LINE - 4, _SIZE, bold=True, start=True).svg for row, line in rows
    )
    return written, len(lines) * _LINE + 8


def _below(x: float, bottom: float, lines: Sequence[str]) -> str:
    """Write lines below a picture, centred at x, the first of them in full colour."""
    return "".join(
        Label(line, x, bottom + row * _LINE, _SIZE, "sk-muted" if row > 1 else "sk-text").svg
        for row, line in enumerate(lines, start=1)
    )
