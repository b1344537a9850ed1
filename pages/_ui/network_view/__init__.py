"""The drawn network as a way to choose a layer: hover, click, keys, search."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages._ui import carrier
from pages._ui.network_view import payload
from xai.figures.sketches import Sketch

__all__ = ["NetworkState", "network_view"]

#: CSS pixels: the row of name and search, the detail row and what frames it, the least and
#: the most of the whole. Style sheet and script count on the first four.
_BAR = 48
_INSIDE = 54
_DEEPEST = 280
_SCROLLBAR = 14
_LEAST = 120
_COMPACT = 150
_ZOOMED = 600

# Registered here and not on each run: Streamlit would start the component anew.
_mount = carrier.component(Path(__file__).parent, '<div class="view network" hidden></div>')


@dataclass(frozen=True)
class NetworkState:
    """What is chosen in a drawn network.

    Attributes
    ----------
    layer : str
        The chosen layer. In the run that a reader's choice starts it is that choice, in all
        others it is what the page passed.
    expand : str or None
        The ``expands`` of the part that the reader wants to see inside of, in the one run
        that this starts.
    """

    layer: str
    expand: str | None


def network_view(
    main: Sketch,
    *,
    details: Mapping[str, Sketch] | None = None,
    selected: str,
    key: str,
    height: int | None = None,
    label: str,
    compact: bool = False,
    pickable: Collection[str] | None = None,
    zoom: bool = False,
    words: Mapping[str, str] | None = None,
) -> NetworkState:
    """Show a network; return the layer that is chosen in it.

    Parameters
    ----------
    main : Sketch
        The drawing.
    details : mapping of str to Sketch, optional
        What is inside of parts of ``main``, by their names. It is shown below when the
        chosen layer is in such a part; the room for it is always there.
    selected : str
        The layer that is chosen, ``""`` for none. A page keeps what this function returns
        and passes it from then on.
    key : str
        Streamlit's key. Scroll, zoom and focus live as long as it does.
    height : int, optional
        Of the whole in CSS pixels; drawings shrink or grow to it. By default what the
        drawings need.
    label : str
        What the drawing is called.
    compact : bool
        Show a band for the top of a page, at most 150 pixels high.
    pickable : collection of str, optional
        Layers that this page can show; the others are dimmed and say so. By default all.
    zoom : bool
        Let the reader zoom and move, and open parts that have ``expands``.
    words : mapping of str to str, optional
        What to say of a layer beside its name, such as its kind and shape.

    Raises
    ------
    ValueError
        If details name a part that is not there, the height is below 120, or ``compact``
        and ``zoom`` are both wished for.

    Notes
    -----
    The browser marks the choice before it tells the server. It numbers what it tells with
    a token: a token that has been seen before says nothing new, so that a page can choose
    another layer after a click. Whatever is not among the layers that were sent is ignored.
    """
    details = details or {}
    _check(main, details, height, compact, zoom)
    scene = payload.scene(
        main,
        details,
        label=label,
        compact=compact,
        zoom=zoom,
        pickable=pickable,
        words=words or {},
    )
    sent = carrier.answers(key)
    memory = st.session_state.setdefault(f"{key}:network", {})
    word = carrier.last_word(memory, selected, sent.get("layer"), scene.read, once=True)
    carrier.show(
        _mount,
        key=key,
        height=height or _natural(main, details, compact, zoom),
        view={"scene": scene.part.digest, "layer": word.value, "token": word.token},
        engine=payload.engine(),
        parts={"scene": scene.part},
        names=("layer", "expand"),
    )
    # Last of all: a run that is overtaken while it draws has not told its page.
    memory["token"] = word.token
    asked = sent.get("expand")
    return NetworkState(word.value, scene.openable.get(asked) if isinstance(asked, str) else None)


def _check(
    main: Sketch, details: Mapping[str, Sketch], height: int | None, compact: bool, zoom: bool
) -> None:
    names = [node.name for node in main.nodes]
    strangers = sorted(set(details) - set(names))
    if strangers:
        raise ValueError(f"details: expected names of parts of main, got {', '.join(strangers)}")
    if height is not None and height < _LEAST:
        raise ValueError(f"height: expected at least {_LEAST}, got {height}")
    if compact and zoom:
        raise ValueError("compact, zoom: expected at most one of them")


def _natural(main: Sketch, details: Mapping[str, Sketch], compact: bool, zoom: bool) -> int:
    if zoom:
        return _ZOOMED
    inside = max((sketch.height for sketch in details.values()), default=0.0)
    drawn = round(_BAR + main.height + min(inside, _DEEPEST))
    if compact:
        return max(_LEAST, min(drawn + 8, _COMPACT))
    return max(_LEAST, drawn + _SCROLLBAR + (_INSIDE + _SCROLLBAR if details else 0))
