"""The arithmetic of one number as a picture: what is read, times the weights, added up."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from xai.figures.colours import DIVERGING, luminance
from xai.figures.pictures import enlarge
from xai.figures.sheets import BROKEN
from xai.figures.wording import number, short

if TYPE_CHECKING:
    from xai.activations.accounts import Account

#: Maps of the input that are drawn, those that add most first.
_MOST = 5
#: Sides of a window, in cells, up to which its numbers are written into the cells.
_WRITTEN = 5
#: The same, up to which each cell is an element of the page; larger windows are one picture.
_CELLS = 16
#: Side of a large window on the screen, in pixels.
_SIDE = 220
_PAD = (
    ' style="padding:.3rem .5rem;text-align:left;font-weight:400;vertical-align:middle;'
    'white-space:nowrap"'
)
_GREY = (138, 138, 138)
_HATCHED = "repeating-linear-gradient(135deg,#8a8a8a 0 1px,#ffffff 1px 6px)"
_WHAT = {
    "convolution": ("what it reads", "kernel", "product"),
    "dense": ("what it reads", "weights", "product"),
    "average": ("what it reads", "one share each", "product"),
    "maximum": ("what it reads", "the largest counts", "what is left"),
}
_SINGLE = {
    "sum": "An addition: one number from each branch.",
    "join": "A join puts maps behind each other: this number is copied.",
    "single": "Nothing is added up here: one number is read and changed.",
}


@dataclass(frozen=True)
class Ledger:
    """The lines that add up to a number.

    Attributes
    ----------
    lines : tuple of (str, str, float)
        Sign (``"+"``, ``"→"``, ``"="``), words, and the number after it.
    """

    lines: tuple[tuple[str, str, float], ...]


def ledger(account: Account) -> Ledger:
    """Return what adds up to a number, line by line.

    Parameters
    ----------
    account : Account
        Of :func:`xai.activations.arithmetic.account`.

    Notes
    -----
    Lines with ``"+"`` are added; each line with ``"→"`` says what a layer makes of the number
    before it; the last, ``"="``, is the value.
    """
    order, sums = _ranked(account)
    lines: list[tuple[str, str, float]] = []
    shown = order[:_MOST]
    if len(order) == 1 or account.kind in ("maximum", "average"):
        lines.append(("+", _whole(account), float(sums.sum())))
    else:
        lines += [("+", _name(account, int(place)), float(sums[place])) for place in shown]
    rest = order[_MOST:]
    if len(rest):
        lines.append(("+", f"the other {len(rest)}", float(sums[rest].sum())))
    if account.bias is not None:
        lines.append(("+", "bias", account.bias))
    for change in account.changes:
        if change.scale is not None and change.shift is not None:
            sign = "+" if change.shift >= 0 else "−"
            how = f"× {number(change.scale)} {sign} {number(abs(change.shift))}"
            lines.append(("→", f"{change.layer} (normalisation): {how}", change.after))
        else:
            lines.append(("→", f"{change.layer} ({change.kind})", change.after))
    lines.append(("=", f"the value in {account.layer}", account.value))
    return Ledger(tuple(lines))


def _whole(account: Account) -> str:
    words = {
        "average": f"the mean of {int((account.weights != 0).sum())} numbers",
        "maximum": f"the largest of {int((~account.padding).sum())} numbers",
        "join": f"copied from map {int(account.sources[0])}",
        "single": "the number that is read",
    }
    return words.get(account.kind, "the sum of the products")


def _ranked(account: Account) -> tuple[np.ndarray, np.ndarray]:
    """Return the maps of the input, those that add most first, and what each adds."""
    sums = account.products.sum(axis=(1, 2))
    return np.argsort(-np.abs(sums), kind="stable"), sums


def _name(account: Account, place: int) -> str:
    if account.kind == "sum":
        return account.inputs[place] if place < len(account.inputs) else f"branch {place + 1}"
    what = "map" if account.patch[0].size > 1 or account.kind == "convolution" else "input"
    return f"{what} {int(account.sources[place])}"


def ledger_html(ledger: Ledger, written: Callable[[float], str]) -> str:
    """Write a ledger as a table.

    Parameters
    ----------
    ledger : Ledger
    written : callable
        Turns a number into text.
    """
    rows: list[str] = []
    for sign, words, value in ledger.lines:
        last = "border-top:2px solid;font-weight:700;" if sign == "=" else ""
        mark = "" if sign == "+" and not rows else sign
        rows.append(
            f'<tr style="{last}"><td style="padding:2px 10px 2px 0">{mark}</td>'
            f'<td style="padding:2px 18px 2px 0">{escape(words)}</td>'
            f'<td style="padding:2px 0;text-align:right;font-variant-numeric:tabular-nums">'
            f"{escape(written(value))}</td></tr>"
        )
    return f'<table style="border-collapse:collapse;width:100%">{"".join(rows)}</table>'


def account_html(account: Account) -> str:
    """Draw the windows of the maps that add most: what is read, the weights, the products.

    Parameters
    ----------
    account : Account

    Returns
    -------
    str
        A table whose words have the colour of the text around it. Numbers are written into
        the cells of windows up to 5 x 5; those with a side above 16 are small PNG files in
        the text. Colours are zero-centred, on one scale for all windows of a column; NaN and
        infinity have :data:`xai.figures.sheets.BROKEN`. ``""`` if there is no window to draw.
    """
    if account.kind not in _WHAT:
        return ""
    order, sums = _ranked(account)
    shown = order[:_MOST].tolist()
    columns = (account.patch, account.weights.astype(np.float64), account.products)
    cell = max(1, min(38, round(_SIDE / max(account.patch.shape[1:]))))
    peaks = [_peak(values[shown]) for values in columns]
    one, two, three = _WHAT[account.kind]
    head = "".join(f"<th{_PAD}>{word}</th>" for word in ("", one, "", two, "", three, ""))
    rows = []
    for place in shown:
        grids = [
            _grid(values[place], peak, cell, account.padding if values is account.patch else None)
            for values, peak in zip(columns, peaks, strict=True)
        ]
        name = escape(short(_name(account, place), 18))
        total = f"adds up to {number(float(sums[place]))}"
        cells = (name, grids[0], "×", grids[1], "=", grids[2], total)
        rows.append("<tr>" + "".join(f"<td{_PAD}>{cell}</td>" for cell in cells) + "</tr>")
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;font-size:.85rem">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def sentence(account: Account) -> str:
    """Say in one sentence what the picture shows."""
    if account.kind in _SINGLE:
        return _SINGLE[account.kind]
    if np.isfinite(account.patch).all():
        return _plain(account)
    return f"{_plain(account)} Bright green cells hold NaN or infinity."


def _plain(account: Account) -> str:
    count = len(account.patch)
    if account.kind in ("average", "maximum"):
        word = "mean" if account.kind == "average" else "largest"
        return f"The {word} of the numbers inside the window is all that goes on."
    if account.kind == "dense":
        parts = f"{account.patch.size:,} numbers"
        return f"Each of the {parts} that it reads is multiplied by a weight, and all are added."
    few = f"the {_MOST} of {count} maps that add most" if count > _MOST else "every map"
    return (
        f"The kernel lies on the map before it, number on number: {few} in a row each. "
        "Red adds, blue takes away; hatched is padding, which is zero."
    )


def _peak(values: np.ndarray) -> float:
    """Return the magnitude that has the full colour, of the finite values."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0


def _colours(values: np.ndarray, peak: float) -> np.ndarray:
    """Return the colour of each value, (H, W, 3) uint8."""
    finite = np.isfinite(values)
    level = np.rint((np.where(finite, values, 0) / peak).clip(-1, 1) * 255).astype(int) + 255
    colours = DIVERGING[level]
    colours[~finite] = BROKEN
    return colours


def _grid(values: np.ndarray, peak: float, cell: int, outside: np.ndarray | None) -> str:
    """Draw one window of numbers: as cells of a grid, or as a picture if it is large."""
    colours = _colours(values, peak)
    if max(values.shape) > _CELLS:
        return _picture(colours, cell, outside)
    dark = luminance(colours) < 0.3
    written = max(values.shape) <= _WRITTEN
    edge = ";box-shadow:inset 0 0 0 .5px #8a8a8a" if cell >= 8 else ""
    parts = []
    for place in np.ndindex(values.shape):
        red, green, blue = colours[place].tolist()
        ink = "#ffffff" if dark[place] else "#1b2426"
        if outside is not None and outside[place]:
            fill, text = _HATCHED, ""
        else:
            fill = f"rgb({red},{green},{blue})"
            text = _brief(float(values[place])) if written else ""
        parts.append(f'<span style="background:{fill};color:{ink}{edge}">{text}</span>')
    return (
        f'<div style="display:inline-grid;grid-template-columns:repeat({values.shape[1]},{cell}px);'
        f"grid-auto-rows:{cell}px;font-size:11px;line-height:{cell}px;text-align:center;"
        f'vertical-align:middle">{"".join(parts)}</div>'
    )


def _picture(colours: np.ndarray, cell: int, outside: np.ndarray | None) -> str:
    """Draw one window as a PNG file in the text, ``cell`` pixels a number."""
    from xai.images import encode_png

    pixels = enlarge(colours, cell)
    height, width = pixels.shape[:2]
    if outside is not None and outside.any():
        rows, columns = np.ogrid[:height, :width]
        lines = (rows + columns) % 6 < 1
        hatched = np.where(lines[..., None], _GREY, 255).astype(np.uint8)
        pixels = np.where(enlarge(outside, cell)[..., None], hatched, pixels)
    source = b64encode(encode_png(pixels)).decode()
    size = f"{colours.shape[0]} × {colours.shape[1]} numbers as colours"
    return (
        f'<img src="data:image/png;base64,{source}" width="{width}" height="{height}" '
        f'alt="{size}" style="max-width:none;vertical-align:middle;image-rendering:pixelated"/>'
    )


def _brief(value: float) -> str:
    """Write a number in at most five signs."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    for digits in (2, 1, 0):
        text = f"{value:.{digits}f}"
        if len(text) <= 5:
            break
    else:
        return f"{value:.0e}".replace("e+0", "e").replace("-", "−")
    if float(text) == 0:
        return "≈0"
    return text.replace("-", "−")
