"""Third step: the class votes."""

from __future__ import annotations

import streamlit as st

from pages._ui import controls
from pages._ui.lessons.answers.tamper.choosing import Opened
from xai.experiments.tamper import NOBODY, SIDES, Answer
from xai.figures.tamper_charts import votes_chart

_VOTES = "_tamper_votes"
_OPEN = "_tamper_open"
_SIDES = {"0": f"data set {SIDES[0]}", "1": f"data set {SIDES[1]}"}


def votes(opened: Opened) -> dict[Answer, int]:
    """Return the votes of this session on a case."""
    every: dict[str, dict[Answer, int]] = st.session_state.setdefault(_VOTES, {})
    return every.setdefault(opened.name, {})


def is_open(opened: Opened) -> bool:
    """Say whether the envelope of a case was opened in this session."""
    return opened.name in st.session_state.get(_OPEN, set())


def unseal(opened: Opened) -> None:
    """Open the envelope of a case for this session."""
    st.session_state.setdefault(_OPEN, set()).add(opened.name)


def show(opened: Opened) -> None:
    """Draw the choice of a suspect, and the votes so far."""
    case = opened.case
    if is_open(opened):
        st.info("The envelope is open: the vote is over.", icon=":material/drafts:")
        tally(opened)
        return
    choice, counted = st.columns([3, 2], gap="large")
    with choice:
        suspect = _suspect(opened)
        many = st.number_input(
            "Votes", 1, 500, 1, key="tamper.votes", help="Ask for hands, and enter how many."
        )
        place = st.container(horizontal=True)
        place.button(
            f"Vote for {suspect.words(case.classes)}",
            key="tamper.cast",
            icon=":material/how_to_vote:",
            type="primary",
            on_click=_cast,
            args=(opened, suspect, int(many)),
        )
        place.button(
            "Clear all votes",
            key="tamper.clear",
            disabled=not votes(opened),
            on_click=votes(opened).clear,
        )
    with counted:
        tally(opened)
    st.caption(
        "The answer lies in an envelope. Its seal was there before you voted: "
        f"`{case.envelope.seal[:16]}…`. It is the fingerprint (SHA-256) of the answer, so that "
        "nobody can change the answer afterwards without it being seen."
    )


def _suspect(opened: Opened) -> Answer:
    sides = _SIDES | ({"none": "neither"} if opened.fresh else {})
    # Cases that ship have no honest one: a choice of the case before may be gone.
    side = controls.segments("tamper.side", "Tampered with is", sides, default="0")
    if side == "none":
        return NOBODY
    names = {str(place): name for place, name in enumerate(opened.case.classes)}
    label = controls.segments("tamper.suspect", "Class", names, default="0")
    return Answer(int(side), int(label))


def _cast(opened: Opened, suspect: Answer, many: int) -> None:
    cast = votes(opened)
    cast[suspect] = cast.get(suspect, 0) + many


def tally(opened: Opened) -> None:
    """Draw the votes so far."""
    cast = votes(opened)
    if not cast:
        st.markdown("**Votes so far**")
        st.caption("None yet. The envelope opens after the first vote.")
        return
    named = {suspect.words(opened.case.classes): many for suspect, many in cast.items()}
    st.altair_chart(votes_chart(named), width="stretch", alt="votes for each suspect")
