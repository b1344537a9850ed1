"""A scrolling grid of thumbnails, all cut from one sprite, of which one is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from xai import images

_HERE = Path(__file__).parent
_HTML = """
<div class="picker">
  <div class="grid" role="listbox"></div>
  <p class="empty" hidden></p>
  <div class="tip" aria-hidden="true" hidden></div>
</div>
"""
# Registered here and not on each run: Streamlit would start the component anew.
_mount = st.components.v2.component(
    "layerscope_image_picker",
    html=_HTML,
    css=(_HERE / "picker.css").read_text(encoding="utf-8"),
    js=(_HERE / "picker.js").read_text(encoding="utf-8"),
)


def image_picker(
    ids: Sequence[str],
    sprite: bytes,
    *,
    columns: int,
    tile: int,
    captions: Sequence[str],
    selected: str | None,
    key: str,
    height: int,
    shown: int | None = None,
    crisp: bool = False,
    label: str = "Images",
) -> str | None:
    """Show thumbnails; return the one that was just picked.

    Parameters
    ----------
    ids : sequence of str
        The images' names, all different. None at all is shown as a sentence.
    sprite : bytes
        One PNG or WebP file with every thumbnail: square tiles in the order of ``ids``, row by
        row, without gaps.
    columns : int
        How many tiles stand in a row of the sprite. How many are shown in a row follows
        from the room there is.
    tile : int
        Side of a tile in the sprite in pixels.
    captions : sequence of str
        What to say of each image, when the pointer is on it and to a screen reader.
    selected : str or None
        The id that is ringed.
    key : str
        Streamlit's key. The scroll position and the focus live as long as it does.
    height : int
        Height of the whole grid in CSS pixels; what does not fit is scrolled.
    shown : int or None
        About the side in CSS pixels at which a tile is shown; None is ``tile``. Half of ``tile``
        keeps pictures sharp on fine screens.
    crisp : bool
        Show the pixels as squares instead of smoothing them, as small digits need it.
    label : str
        What the list is called by a screen reader.

    Returns
    -------
    str or None
        The id, in the one run that a click or Enter starts; None in every other run.

    Raises
    ------
    ValueError
        If the ids repeat, captions and ids differ in number, ``columns``, ``tile``,
        ``height`` or ``shown`` is below 1, or the sprite is neither PNG nor WebP.

    Notes
    -----
    The sprite travels inside the component's JSON. Streamlit sends a message of this size
    again only if something in it has changed: the ids, the sprite, or the selection.
    Streamlit ignores picks inside ``st.form``.
    """
    if len(set(ids)) != len(ids):
        raise ValueError("ids: expected all different, got some twice")
    if len(captions) != len(ids):
        raise ValueError(f"captions: expected {len(ids)}, one an id, got {len(captions)}")
    shown = tile if shown is None else shown
    lengths = {"columns": columns, "tile": tile, "height": height, "shown": shown}
    for name, value in lengths.items():
        if value < 1:
            raise ValueError(f"{name}: expected at least 1, got {value}")
    result = _mount(
        key=key,
        height=height,
        data={
            "ids": list(ids),
            "captions": list(captions),
            "selected": selected,
            "sprite": images.data_url(sprite) if ids else "",
            "columns": columns,
            "tile": tile,
            "shown": shown,
            "crisp": crisp,
            "height": height,
            "label": label,
        },
        on_pick_change=_ignore,
    )
    picked = result.get("pick")
    # Whatever a browser sends may be old or made up: only an id on show counts.
    return picked if isinstance(picked, str) and picked in ids else None


def _ignore() -> None:
    """Let a pick through: Streamlit reports only values that have a callback."""
