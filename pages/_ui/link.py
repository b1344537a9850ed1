"""The address bar: what a link says is restored, what is chosen is written back.

Streamlit's own binding drops a value that it does not like without a word; a
student who opens a stale link must be told what was replaced.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")

_STATE = "_link"
#: What a link asks for is shown to the reader up to this length.
_LONGEST = 60
#: Seconds in which an address of ours may still arrive after we have replaced it.
_LATE = 5.0


@dataclass
class _Link:
    """What this session knows of its address.

    Attributes
    ----------
    seen : dict of str to str
        What the address bar said or was given last.
    pending : dict of str to str
        What an address that we did not write asks for and no widget has taken yet.
    vain : list of str
        What the link asked for in vain, in words.
    noted : bool
        Whether something was added to it in this run.
    place : object
        Where the sentence stands on the page.
    page : str
        The page of the latest run.
    own : dict of address to float
        Addresses that we wrote or replaced lately, and when.
    """

    seen: dict[str, str] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)
    vain: list[str] = field(default_factory=list)
    noted: bool = False
    place: Any = None
    page: str = ""
    own: dict[frozenset[tuple[str, str]], float] = field(default_factory=dict)


def _link() -> _Link:
    state: _Link = st.session_state.setdefault(_STATE, _Link())
    return state


def begin(page: str) -> None:
    """Open a run: see whether a link has arrived, keep a place for what it asks for in vain."""
    state = _link()
    if page != state.page:
        state.page = page
        state.own.clear()  # whoever moves to a page brings an address on purpose
    given = {key: st.query_params[key] for key in st.query_params}
    state.noted = False
    state.place = st.empty()
    moved = any(state.seen.get(key) != value for key, value in given.items())
    if moved and not _late(state, given):
        # All of it is taken, also what is as before: the choices may have moved on since.
        state.seen.update(given)
        state.pending = given
        state.vain.clear()
    _draw(state)


def _late(state: _Link, given: dict[str, str]) -> bool:
    """Say whether the browser just has not heard of our latest address yet.

    On a slow line the reader moves on while an address that we replaced is still the
    browser's. After a while the same address means that the reader went back to it.
    """
    now = time.monotonic()
    state.own = {known: when for known, when in state.own.items() if now - when < _LATE}
    return frozenset(given.items()) in state.own


def restore(
    key: str,
    parse: Callable[[str], T | None],
    *,
    what: str,
    default: T,
    nearest: Callable[[str], T | None] = lambda text: None,
) -> T:
    """Put a new link's value of ``key`` into the session state.

    Parameters
    ----------
    key : str
        Name of the query parameter and of the session state's entry.
    parse : callable
        Turns the text into a value, or into None if it makes no sense here.
    what : str
        The word for people: ``"model"``, ``"layer"``.
    default : object
        Value of a session that has none yet.
    nearest : callable
        What comes close to a text that makes no sense here; None is the default.

    Returns
    -------
    object
        The value now in the session state.
    """
    state = _link()
    given = state.pending.pop(key, None)
    if given is not None:
        value = parse(given)
        if value is not None:
            st.session_state[key] = value
        else:
            near = nearest(given)
            st.session_state[key] = default if near is None else near
            shown = given[:_LONGEST].replace("`", "'")
            state.vain.append(f"the {what} `{shown}`")
            state.noted = True
            _draw(state)
    if key not in st.session_state:
        st.session_state[key] = default
    chosen: T = st.session_state[key]
    return chosen


def ask(**values: str) -> None:
    """Let the next run take choices as from a link: before their widgets are drawn.

    Streamlit forbids to set what belongs to a widget that this run has drawn already.
    """
    _link().pending.update(values)


def publish(key: str, value: object) -> None:
    """Write a choice into the address bar; None takes it out.

    What a link asked for in vain is forgotten as soon as the reader chooses.
    """
    state = _link()
    before = state.seen.get(key)
    if value is None:
        state.seen.pop(key, None)
        if key in st.query_params:
            state.own[_address()] = time.monotonic()
            del st.query_params[key]
            state.own[_address()] = time.monotonic()
        return
    text = str(value)
    state.seen[key] = text
    if st.query_params.get(key) != text:
        state.own[_address()] = time.monotonic()
        st.query_params[key] = text
        # Who moves on before the browser has it replaces it unseen: it comes late as well.
        state.own[_address()] = time.monotonic()
    if before not in (None, text) and not state.noted and state.vain:
        state.vain.clear()
        _draw(state)


def _address() -> frozenset[tuple[str, str]]:
    return frozenset((name, st.query_params[name]) for name in st.query_params)


def asks(key: str) -> bool:
    """Say whether a link asks for something that no widget has taken yet."""
    return key in _link().pending


def forget(key: str) -> None:
    """Drop what a link asks for and no widget has taken yet: the reader has chosen since."""
    _link().pending.pop(key, None)


def _draw(state: _Link) -> None:
    if not state.vain:
        state.place.empty()
        return
    asked = ", ".join(state.vain)
    state.place.info(
        f"The link asks for {asked}: not available here. The nearest choice that works is shown "
        "instead.",
        icon=":material/link_off:",
    )


def one_of(options: tuple[str, ...]) -> Callable[[str], str | None]:
    """Return a parser that takes nothing but the given words."""
    return lambda text: text if text in options else None
