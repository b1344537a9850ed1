"""All channels of a layer at once, cut from one picture, of which one is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from pages._ui import carrier
from xai import images
from xai.figures.sheets import BROKEN
from xai.figures.wording import number

_HERE = Path(__file__).parent
_HTML = """
<div class="view grid" hidden>
  <div class="scroll" role="listbox" tabindex="0" aria-activedescendant="active">
    <canvas aria-hidden="true"></canvas>
    <div class="space"><span id="active" role="option"></span></div>
  </div>
  <div class="card" aria-hidden="true" hidden><canvas></canvas><div class="about">
    <p class="name"></p><p class="mark"></p><dl></dl></div></div>
</div>
"""
# Registered here and not on each run: Streamlit would start the component anew.
_mount = carrier.component(_HERE, _HTML)


def channel_grid(
    sheet_image: bytes,
    *,
    columns: int,
    tile: int | tuple[int, int],
    order: Sequence[int],
    captions: Sequence[str],
    selected: int | None,
    key: str,
    height: int,
    gap: int = 0,
    facts: Mapping[str, Sequence[str] | np.ndarray] | None = None,
    marks: Sequence[str] | None = None,
    shown: int = 56,
    label: str = "Channels",
    noun: str = "Channel",
) -> int | None:
    """Show the channels of a layer; return the one that is chosen.

    Parameters
    ----------
    sheet_image : bytes
        One PNG or WebP file with every tile, row by row, as
        :func:`xai.figures.sheets.channel_sheet` draws it.
    columns : int
        Tiles in a row of the file. How many are shown in a row follows from the room there is.
    tile : int or tuple of int
        Side of a tile in the file in pixels, or width and height.
    order : sequence of int
        Channel of each tile, all different.
    captions : sequence of str
        What stands under each tile beside its index, its score for instance, as far as there
        is room; an empty word for none.
    selected : int or None
        The channel that the page wants ringed.
    key : str
        Streamlit's key. Scroll and choice live as long as it does.
    height : int
        Of the grid in CSS pixels; what does not fit is scrolled.
    gap : int
        Pixels between the tiles of the file.
    facts : mapping of str to sequence, or None
        What the card of a tile says under the pointer: names in their order, each with one word
        or number a tile, for instance score, minimum, maximum and mean.
    marks : sequence of str, or None
        A word upon each tile, or an empty one. "dead" and "constant" are quiet; any other, such
        as "NaN", is loud.
    shown : int
        About the least side in CSS pixels at which a tile is shown. Few tiles are shown larger,
        by whole factors, so that their pixels stay squares.
    label : str
        What the list is called by a screen reader.
    noun : str
        What a tile is called on its card.

    Returns
    -------
    int or None
        The last word of either side: the channel that was clicked, or what this call passed if
        that has changed since; None if nothing of that is in ``order``.

    Raises
    ------
    ValueError
        If the channels repeat or there is none, something else differs from them in number, a
        length is out of range, or the file is neither PNG nor WebP.

    Notes
    -----
    The picture travels once, as bytes in a message of its own, and needs no request. A click
    sends it neither up nor down.
    """
    width, high = (tile, tile) if isinstance(tile, int) else tile
    _check(order, {"captions": captions, "marks": marks or captions, **(facts or {})})
    lengths = {"columns": columns, "tile": min(width, high), "height": height, "shown": shown}
    for name, value in lengths.items():
        if value < 1:
            raise ValueError(f"{name}: expected at least 1, got {value}")
    if gap < 0:
        raise ValueError(f"gap: expected at least 0, got {gap}")
    there = frozenset(int(channel) for channel in order)
    header = {
        "kind": images.data_url(sheet_image[:32]).partition(";")[0].removeprefix("data:"),
        "columns": columns,
        "tile": [width, high],
        "gap": gap,
        "order": [int(channel) for channel in order],
        "captions": list(captions),
        "marks": list(marks or ()),
        "facts": {name: _texts(values) for name, values in (facts or {}).items()},
    }
    chosen = carrier.choice(key, selected, lambda sent: _channel(sent, there))
    view = {"shown": shown, "label": label, "noun": noun, "broken": f"rgb{BROKEN}"}
    large = carrier.part(header, sheet_image)
    carrier.show_choice(
        _mount, key=key, height=height, view=view, engine=_engine(), part=large, word=chosen
    )
    return chosen.value


@cache
def _engine() -> carrier.Part:
    scripts = (carrier.DRAWING, _HERE / "plan.js", _HERE / "grid.js")
    return carrier.engine(scripts, _HERE / "grid.css")


def _check(order: Sequence[int], lists: Mapping[str, Sequence[str] | np.ndarray]) -> None:
    if len(order) == 0 or len(set(order)) != len(order):
        raise ValueError(f"order: expected channels that differ, got {len(order)}")
    for name, values in lists.items():
        if len(values) != len(order):
            raise ValueError(f"{name}: expected {len(order)}, one a tile, got {len(values)}")


def _texts(values: Sequence[str] | np.ndarray) -> list[str]:
    return [value if isinstance(value, str) else number(float(value)) for value in values]


def _channel(sent: object, there: frozenset[int]) -> int | None:
    """Return the channel that a browser or a page named, or None if it is not on show."""
    known = isinstance(sent, int | np.integer) and not isinstance(sent, bool) and sent in there
    return int(sent) if known else None  # type: ignore[call-overload]
