"""The Python side of the epoch bar: whose word counts, and what is not believed."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.epoch_bar import Found, epoch_bar

WORDS = ["Epoch 0", "Epoch 0.5", "Epoch 1"]


def show(**arguments: object) -> None:
    import streamlit as st

    from pages._ui.epoch_bar import epoch_bar

    at = st.session_state.get("wanted", 1)
    st.session_state["answer"] = epoch_bar(at=at, **arguments)  # type: ignore[arg-type]


def said(at: object, resting: object, token: str = "x-1") -> dict[str, Any]:
    return {"choice": {"token": token, "value": [at, resting]}}


def shown(state: object = None) -> AppTest:
    script = AppTest.from_function(show, kwargs={"words": WORDS, "key": "bar"})
    if state is not None:
        script.session_state["bar"] = state
    return script.run(timeout=30)


def test_the_page_says_where_it_begins() -> None:
    assert shown().session_state["answer"] == Found(1, resting=True)


def test_what_the_reader_found_is_answered_and_stays() -> None:
    script = shown(said(2, False))
    assert script.session_state["answer"] == Found(2, resting=False)
    # The page follows, and a later run for another reason says the same.
    script.session_state["wanted"] = 2
    assert script.run().session_state["answer"].at == 2
    # Then it goes elsewhere by itself: the old word is no news.
    script.session_state["wanted"] = 0
    assert script.run().session_state["answer"].at == 0


def test_a_run_that_comes_between_keeps_the_place() -> None:
    """The page has not noted the word before another run overtook it."""
    script = shown(said(2, False))
    assert script.run().session_state["answer"].at == 2


@pytest.mark.parametrize(
    "value", [[3, True], [-1, True], [True, True], [1.0, True], ["1", True], [None, False], "2", []]
)
def test_made_up_answers_change_nothing(value: object) -> None:
    script = shown({"choice": {"token": "x-1", "value": value}})
    assert not script.exception
    assert script.session_state["answer"].at == 1


@pytest.mark.parametrize("at", [-1, 3])
def test_a_mark_that_is_not_there_is_refused(at: int) -> None:
    with pytest.raises(ValueError, match="expected one of 3 marks"):
        epoch_bar(WORDS, at, key="bar")
