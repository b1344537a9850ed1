"""Bands, boxes, leaks and arches of a relevance flow as SVG markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xai.figures.flow_stations import LEAKS, Flow

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What is there is seen.
_LEAST = 1.2
_HUMP = 9.0


def band(left: float, right: float, top: float, flow: Flow, gain: float) -> str:
    """Return a straight band, the positive part above the negative.

    Parameters
    ----------
    left, right, top : float
        In px.
    flow : Flow
    gain : float
        Pixels for a unit of relevance.
    """
    pieces, y = [], top
    for kind, size in (("for", flow.positive), ("against", -flow.negative)):
        if size > 0:
            high = max(size * gain, _LEAST)
            pieces.append(
                f'<rect class="fl-{kind}" x="{left:.1f}" y="{y:.1f}" '
                f'width="{right - left:.1f}" height="{high:.1f}"/>'
            )
            y += high
    return "".join(pieces)


def through(sides: tuple[float, float], top: float, flows: tuple[Flow, Flow], gain: float) -> str:
    """Return the faint band inside a box, from what came in at the right to what goes out."""
    left, right = sides
    (came, went), pieces = flows, []
    y = [top, top]
    for kind, sizes in (
        ("for", (went.positive, came.positive)),
        ("against", (-went.negative, -came.negative)),
    ):
        low = [start + max(size, 0.0) * gain for start, size in zip(y, sizes, strict=True)]
        middle = (left + right) / 2
        pieces.append(
            f'<path class="fl-{kind} fl-faint" d="M{right:.1f} {y[1]:.1f}C{middle:.1f} {y[1]:.1f} '
            f"{middle:.1f} {y[0]:.1f} {left:.1f} {y[0]:.1f}V{low[0]:.1f}C{middle:.1f} {low[0]:.1f} "
            f'{middle:.1f} {low[1]:.1f} {right:.1f} {low[1]:.1f}z"/>'
        )
        y = low
    return "".join(pieces)


def bridge(sides: tuple[float, float], top: float, flow: Flow, gain: float) -> str:
    """Return the band of a shortcut: it rises over the box."""
    left, right = sides
    third = (right - left) / 4
    pieces, y = [], top
    for kind, size in (("for", flow.positive), ("against", -flow.negative)):
        if size <= 0:
            continue
        high = max(size * gain, _LEAST)
        upper = _hump(right, left, third, y)
        lower = _hump(left, right, -third, y + high)
        pieces.append(
            f'<path class="fl-{kind}" d="M{right:.1f} {y:.1f}{upper}V{y + high:.1f}{lower}z"/>'
        )
        y += high
    line = f"M{right:.1f} {top:.1f}{_hump(right, left, third, top)}"
    return "".join(pieces) + f'<path class="fl-shortcut" d="{line}"/>'


def _hump(start: float, end: float, third: float, y: float) -> str:
    high = y - _HUMP
    return (
        f"C{start - third / 2:.1f} {y:.1f} {start - third / 2:.1f} {high:.1f} "
        f"{start - third:.1f} {high:.1f}H{end + third:.1f}"
        f"C{end + third / 2:.1f} {high:.1f} {end + third / 2:.1f} {y:.1f} {end:.1f} {y:.1f}"
    )


def box(left: float, top: float, right: float, bottom: float) -> str:
    """Return the box of a station."""
    return (
        f'<rect class="fl-box" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
        f'height="{bottom - top:.1f}" rx="5"/>'
    )


def leaks(
    x: float, top: float, widths: Sequence[float], amounts: Sequence[float], length: float
) -> str:
    """Return the streams that leave a box below, side by side; upwards for what came in."""
    shown = [
        (kind, max(width, _LEAST), amount)
        for kind, width, amount in zip(LEAKS, widths, amounts, strict=True)
        if width
    ]
    at, pieces = x - sum(width for _, width, _ in shown) / 2, []
    for kind, width, amount in shown:
        pieces.append(_leak(kind, at, width, top, length, up=amount < 0))
        at += width
    return "".join(pieces)


def _leak(kind: str, left: float, width: float, top: float, length: float, *, up: bool) -> str:
    tip = min(max(width / 2, 5.0), 14.0)
    middle, wing = left + width / 2, max(width / 2, 4.5)
    start, end = (top + tip, top + length) if up else (top, top + length - tip)
    head = (
        f"M{middle - wing:.1f} {start:.1f}L{middle:.1f} {top:.1f}L{middle + wing:.1f} {start:.1f}z"
        if up
        else f"M{middle - wing:.1f} {end:.1f}L{middle:.1f} {top + length:.1f}"
        f"L{middle + wing:.1f} {end:.1f}z"
    )
    line = f"M{middle:.1f} {start:.1f}V{end:.1f}"
    return (
        f'<path class="fl-{kind}" d="{line}" stroke-width="{width:.1f}"/>'
        f'<path class="fl-{kind}-lines" d="{line}" stroke-width="{width:.1f}"/>'
        f'<path class="fl-{kind}-head" d="{head}"/>'
    )


def arch(start: float, end: float, top: float, flow: Flow, gain: float) -> str:
    """Return a shortcut over other stations, as a thick line in the colour of its sum."""
    kind = "for" if flow.amount >= 0 else "against"
    width = min(max(flow.size * gain, _LEAST), 26.0)
    high = top - 26
    return "".join(
        f'<path class="{style}" d="M{start:.1f} {top:.1f}C{start - 18:.1f} {high:.1f} '
        f"{start - 18:.1f} {high:.1f} {start - 36:.1f} {high:.1f}H{end + 36:.1f}"
        f'C{end + 18:.1f} {high:.1f} {end + 18:.1f} {high:.1f} {end:.1f} {top:.1f}" '
        f"{stroke}/>"
        for style, stroke in (
            (f"fl-{kind}-line", f'stroke-width="{width:.1f}"'),
            ("fl-shortcut", ""),
        )
    )


def lens(x: float, top: float, bottom: float) -> str:
    """Return the line behind which everything is drawn larger or smaller."""
    return f'<path class="fl-lens" d="M{x:.1f} {top:.1f}V{bottom:.1f}"/>'


def onward(xs: Sequence[float], ys: Sequence[float]) -> str:
    """Return arrows where the flow leaves one row and where it enters the next."""
    return "".join(
        f'<path class="fl-onward" d="M{x + 7:.1f} {y - 9:.1f}l-9 9l9 9"/>'
        for x, y in zip(xs, ys, strict=True)
    )
