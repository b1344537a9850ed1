"""What can be asked of a result, one question at a time: the choice of it, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from pages._ui import controls, progress


@dataclass(frozen=True)
class Question:
    """One row.

    Attributes
    ----------
    label : str
        Name for people.
    words : str
        What it asks.
    show : callable
        Answers it; what it is given is the page's own.
    """

    label: str
    words: str
    show: Callable[..., None]


def ask(key: str, questions: Mapping[str, Question], hint: str, *about: object) -> None:
    """Draw the choice of a question, and its answer.

    Parameters
    ----------
    key : str
        Of the choice, in the session and in the link.
    questions : mapping of str to Question
        Places of work on the page are named after their question.
    hint : str
        What to do as long as nothing is asked.
    about : object
        What the answers are given.
    """
    words = {"none": "none"} | {name: row.label for name, row in questions.items()}
    name = controls.segments(key, "Ask", words, default="none")
    # What is no longer asked must not hold up what is.
    progress.vacate(tuple(other for other in questions if other != name))
    if name == "none":
        st.caption(hint)
        return
    row = questions[name]
    st.markdown(f"*{row.words}*")
    # A place of its own: what stands above may come and go while a job runs.
    with st.container():
        row.show(*about)
