"""Clusters of each layer and the images that travel between them, drawn in the browser."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages._ui import carrier
from pages._ui.flow_view import payload
from xai.figures.flow_marks import Highlight, Track
from xai.figures.flow_picture import ORDERS, FlowPicture, Order
from xai.figures.wording import short

__all__ = ["Chosen", "Heard", "Highlight", "Track", "flow_view"]

# Registered here and not on each run: Streamlit would start the component anew.
_mount = carrier.component(Path(__file__).parent, '<div class="view flow" hidden></div>')

_LEAST = 360  # CSS pixels in which bars and columns have room


@dataclass(frozen=True)
class Chosen:
    """A node, or a flow if it has a target.

    Attributes
    ----------
    column : int
        Of the node, or the left one of the flow.
    cluster : int
        Of the node, or the one that the flow leaves.
    target : int or None
        The cluster of the next column that the flow enters; None for a node.
    """

    column: int
    cluster: int
    target: int | None = None


@dataclass(frozen=True)
class Heard:
    """The last word of either side: what the reader chose, or what the page passed since.

    Attributes
    ----------
    chosen : Chosen or None
        The node or flow that was clicked.
    focus : int or None
        Place in ``picture.groups`` of the class whose lines are shown.
    order : {"raw", "found"}
        The order that is shown.
    """

    chosen: Chosen | None = None
    focus: int | None = None
    order: Order = "found"


def flow_view(
    picture: FlowPicture,
    *,
    chosen: Chosen | None = None,
    highlight: Highlight | None = None,
    tracks: Sequence[Track] = (),
    focus: int | None = None,
    order: Order = "found",
    notes: Sequence[str] = (),
    key: str,
    height: int = 560,
    label: str = "Flow of the images through the clusters",
) -> Heard:
    """Show the flow; return what was chosen in it.

    Parameters
    ----------
    picture : FlowPicture
        As :func:`xai.figures.flow_picture.picture` makes it. Keep it from run to run: packing
        it takes a while, and the same one is packed once.
    chosen : Chosen or None
        The node or flow that is ringed; one that the picture lacks counts as None.
    highlight : Highlight or None
        Images whose lines are drawn while all else is dimmed.
    tracks : sequence of Track
        Paths of single images, drawn thick and on top.
    focus : int or None
        Place in ``picture.groups`` of the class whose lines are drawn; with a highlight, those
        of its images that are of this class.
    order : {"raw", "found"}
        Which order is shown; the way from one to the other is animated.
    notes : sequence of str
        A short line under the name of each column, such as ``"ARI 0.82"``; without any the
        number of clusters stands there.
    key : str
        Streamlit's key. Zoom and threshold live as long as it does.
    height : int
        Of the whole component in CSS pixels; reserved before the browser has loaded it.
    label : str
        What it is called by a screen reader.

    Returns
    -------
    Heard
        The last word of either side on what is chosen, in focus, and which order is shown. A
        page that passes the same in each run leaves everything to the reader.

    Raises
    ------
    ValueError
        If something does not fit the picture, saying what was expected.
    """
    columns = len(picture.layers)
    if height < _LEAST:
        raise ValueError(f"height: expected at least {_LEAST}, got {height}")
    if len(notes) not in (0, columns):
        raise ValueError(f"notes: expected {columns}, one a column; got {len(notes)}")
    if focus is not None and not 0 <= focus < len(picture.groups):
        raise ValueError(f"focus: expected 0 to {len(picture.groups) - 1}, got {focus}")
    picture.placement(order)
    given = Heard(chosen, focus, order)
    memory = st.session_state.setdefault(f"{key}:flow", {})
    heard, token = reconcile(memory, given, carrier.answers(key).get("heard"), picture)
    parts = {"picture": _packed(key, picture)}
    if highlight is not None:
        parts["lines"] = payload.lines_part(highlight, len(picture))
    view = {name: one.digest for name, one in parts.items()}
    said = {"chosen": _spelled(heard.chosen), "focus": heard.focus, "order": heard.order}
    carrier.show(
        _mount,
        key=key,
        height=height,
        view={
            **view,
            "said": {**said, "token": token},
            "title": "" if highlight is None else short(highlight.title, 80),
            "tracks": payload.tracks_view(tracks, picture),
            "notes": [short(note, 24) for note in notes],
            "label": label,
        },
        engine=payload.engine(),
        parts=parts,
        names=("heard",),
    )
    return heard


def _packed(key: str, picture: FlowPicture) -> carrier.Part:
    """Return the picture's part; that of the picture that was shown last is kept."""
    known = st.session_state.get(f"{key}:packed")
    if known is None or known[0] is not picture:
        known = picture, payload.picture_part(picture)
        st.session_state[f"{key}:packed"] = known
    part: carrier.Part = known[1]
    return part


# --------------------------------------------------------------- whose word is the last
def reconcile(
    memory: MutableMapping[str, Any], given: Heard, sent: object, picture: FlowPicture
) -> tuple[Heard, str]:
    """Return the last word of either side on each of the three, and the token heard last.

    Parameters
    ----------
    memory : mutable mapping
        Empty at first, kept from run to run.
    given : Heard
        What the page passes.
    sent : object
        What the browser answered, not to be trusted: all three, whichever was changed.
    picture : FlowPicture
        What can be chosen.
    """

    def word(name: str, read: Callable[[object], tuple[Any] | None]) -> carrier.Word[tuple[Any]]:
        def read_part(said: object) -> tuple[Any] | None:
            return read(said[name]) if isinstance(said, dict) and name in said else None

        own = memory.setdefault(name, {})
        return carrier.last_word(own, (getattr(given, name),), sent, read_part)

    chosen = word("chosen", lambda said: _read_chosen(said, picture))
    focus = word("focus", lambda said: _read_focus(said, len(picture.groups)))
    order = word("order", lambda said: (said,) if said in ORDERS else None)
    # Another picture may lack what was chosen before; that nothing is chosen is a choice, too.
    wanted = [one for one in (chosen.value[0], given.chosen) if one and _exists(one, picture)]
    picked = next(iter(wanted), None) if chosen.value[0] else None
    seen = focus.value[0]
    if seen is not None and seen >= len(picture.groups):
        seen = given.focus
    return Heard(picked, seen, order.value[0]), order.token


def _read_chosen(said: object, picture: FlowPicture) -> tuple[Chosen | None] | None:
    if said is None:
        return (None,)
    if not isinstance(said, Sequence) or len(said) != 3:
        return None
    column, cluster, target = said
    if not _is_whole(column) or not _is_whole(cluster) or not (target is None or _is_whole(target)):
        return None
    one = Chosen(column, cluster, target)
    return (one,) if _exists(one, picture) else None


def _read_focus(said: object, groups: int) -> tuple[int | None] | None:
    if said is None:
        return (None,)
    return (said,) if isinstance(said, int) and _is_whole(said) and 0 <= said < groups else None


def _is_whole(said: object) -> bool:
    return isinstance(said, int) and not isinstance(said, bool)


def _exists(one: Chosen, picture: FlowPicture) -> bool:
    def nodes(column: int, cluster: int) -> np.ndarray:
        return np.flatnonzero((picture.columns == column) & (picture.clusters == cluster))

    source = nodes(one.column, one.cluster)
    if one.target is None or not len(source):
        return len(source) > 0
    target = nodes(one.column + 1, one.target)
    return bool(np.any((picture.sources == source[0]) & np.isin(picture.targets, target)))


def _spelled(chosen: Chosen | None) -> list[int | None] | None:
    return None if chosen is None else [chosen.column, chosen.cluster, chosen.target]
