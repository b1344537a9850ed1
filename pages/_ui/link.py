"""The address bar: what a link says is restored, what is chosen is written back.

Streamlit's own binding drops a value that it does not like without a word; a
student who opens a stale link must be told what was replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

T = TypeVar("T")

_SEEN = "_link_seen"
_NOTES = "_link_notes"


def restore(key: str, parse: Callable[[str], T | None], *, what: str, default: T) -> T:
    """Put the link's value of ``key`` into the session state, once for each new link.

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

    Returns
    -------
    object
        The value now in the session state.
    """
    seen: dict[str, str] = st.session_state.setdefault(_SEEN, {})
    given = st.query_params.get(key)
    if given is not None and given != seen.get(key):
        seen[key] = given
        value = parse(given)
        if value is None:
            note(f"The link asks for the {what} “{given[:60]}”, which is not available here.")
        else:
            st.session_state[key] = value
    if key not in st.session_state:
        st.session_state[key] = default
    chosen: T = st.session_state[key]
    return chosen


def publish(key: str, value: object) -> None:
    """Write a choice into the address bar; None takes it out."""
    seen: dict[str, str] = st.session_state.setdefault(_SEEN, {})
    if value is None:
        seen.pop(key, None)
        if key in st.query_params:
            del st.query_params[key]
        return
    text = str(value)
    seen[key] = text
    if st.query_params.get(key) != text:
        st.query_params[key] = text


def note(sentence: str) -> None:
    """Remember a sentence that the next run of a page shows on top."""
    notes: list[str] = st.session_state.setdefault(_NOTES, [])
    if sentence not in notes:
        notes.append(sentence)


def show_notes() -> None:
    """Show what links asked for in vain; each sentence once."""
    for sentence in st.session_state.pop(_NOTES, []):
        st.info(
            f"{sentence} The nearest choice that works is shown instead.",
            icon=":material/link_off:",
        )


def one_of(options: tuple[str, ...]) -> Callable[[str], str | None]:
    """Return a parser that takes nothing but the given words."""
    return lambda text: text if text in options else None
