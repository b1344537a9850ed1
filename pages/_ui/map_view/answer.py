"""What the reader did on a map: checked, and reconciled with what the page wants."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pages._ui.map_view.payload import unmask

MARKS = ("dots", "pictures")
_NAMES = ("inspected", "selected", "colour", "marks", "replay")


@dataclass(frozen=True)
class MapState:
    """The state of a map.

    Attributes
    ----------
    inspected : str or None
        Id of the image that was clicked.
    selected : tuple of str
        Ids of the selected images, in the order of the map's ids.
    colour : str
        Key of the colouring.
    marks : {"dots", "pictures"}
        How the points are drawn.
    replay : str or None
        Run whose frames the browser lacks and wants.
    """

    inspected: str | None
    selected: tuple[str, ...]
    colour: str
    marks: str
    replay: str | None


@dataclass(frozen=True)
class Known:
    """What an answer may name: ids in their order, the images' digest, colourings, runs."""

    ids: Sequence[str]
    images: str
    colours: frozenset[str]
    runs: frozenset[str]


def reconcile(
    memory: MutableMapping[str, Any], given: MapState, sent: Mapping[str, Any], known: Known
) -> tuple[MapState, dict[str, str]]:
    """Return the state, and for each part of it the token of what the browser said last.

    Both sides may change it: the last to do so wins. The browser numbers what it says with
    a token. A token that has been seen before says nothing new, so that a page can choose
    another image after a click. ``memory`` is kept from run to run, also when
    a newer run overtakes this one before the page has noted the answer.

    Parameters
    ----------
    memory : mutable mapping
        Empty at first.
    given : MapState
        What the page passes in this run.
    sent : mapping
        What the browser has sent, not to be trusted.
    known : Known
        What may be named.
    """
    state: MapState = memory.get("state", given)
    before: MapState = memory.get("given", given)
    tokens: dict[str, str] = dict(memory.get("tokens", {}))
    news: dict[str, Any] = {}
    for name in _NAMES:
        if getattr(given, name) != getattr(before, name):
            news[name] = getattr(given, name)
        token, value = _said(sent.get(name))
        if token and token != tokens.get(name):
            tokens[name] = token
            news[name] = _read(name, value, state, known)
    state = _possible(replace(state, **news), given, known)
    memory.update(state=state, given=given, tokens=tokens)
    return state, tokens


def _said(answer: object) -> tuple[str, object]:
    if not isinstance(answer, Mapping):
        return "", None
    token = answer.get("token")
    return (token if isinstance(token, str) and len(token) <= 64 else ""), answer.get("value")


def _read(name: str, value: object, state: MapState, known: Known) -> object:
    """Return one part of the state, or what it was if the browser's word cannot be one."""
    if name == "selected":
        return _selected(value, known, state.selected)
    if value is None:
        return None if name in ("inspected", "replay") else getattr(state, name)
    return value if isinstance(value, str) else getattr(state, name)


def _selected(value: object, known: Known, before: tuple[str, ...]) -> tuple[str, ...]:
    # The bits say nothing without the list of images that they stand for.
    if not isinstance(value, Mapping) or value.get("images") != known.images:
        return before
    chosen = unmask(value.get("mask"), len(known.ids))
    if chosen is None:
        return before
    return tuple(known.ids[place] for place in chosen.nonzero()[0].tolist())


def _possible(state: MapState, given: MapState, known: Known) -> MapState:
    """Drop what is not there, or not there any more."""
    ids = frozenset(known.ids)
    return MapState(
        inspected=state.inspected if state.inspected in ids else None,
        selected=tuple(item for item in state.selected if item in ids),
        colour=state.colour if state.colour in known.colours else given.colour,
        marks=state.marks if state.marks in MARKS else given.marks,
        replay=state.replay if state.replay in known.runs else None,
    )
