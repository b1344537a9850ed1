"""What networks say of clean, noisy and attacked image, as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from pages._ui import panels
from pages._ui.assault.sureness import sureness
from xai.attacks import AttackResult, Goal
from xai.attacks.studies.survival import Survival
from xai.attacks.studies.transfer import Transfer
from xai.types import Prediction

_WIDTHS = (5, 2, 2, 2, 2)
_KINDS = ("attacked", "random noise", "clean")

AnsweredT = TypeVar("AnsweredT", Survival, Transfer)


def table(
    found: Sequence[AnsweredT],
    goal: Goal,
    *,
    head: str,
    draw: Callable[[AnsweredT], None],
    verdict: Callable[[AnsweredT], str],
) -> None:
    """Draw a row each, with the answers that meet an attack's goal marked.

    Parameters
    ----------
    found : sequence of Survival or Transfer
    goal : Goal
        What the attack was to reach.
    head : str
        What stands above the first cells.
    draw : callable
        Fills the first cell of a row.
    verdict : callable
        The last cell, in Markdown.
    """
    st.markdown(f"**{head}**")
    for one in found:
        cells = st.columns(_WIDTHS, gap="small", vertical_alignment="center")
        with cells[0]:
            draw(one)
        answers = (one.attacked, one.noise, one.clean)
        for cell, kind, said in zip(cells[1:4], _KINDS, answers, strict=True):
            with cell:
                _answer(kind, said, goal)
        cells[4].markdown(verdict(one))


def _answer(kind: str, said: Prediction | None, goal: Goal) -> None:
    # Each says of what it is: titles would be out of sight further down, or on a phone.
    if said is None:
        return
    met = ":orange[:material/masks:] " if goal.reached(said.label) else ""
    st.markdown(f":gray[{kind}]  \n{met}**{panels.plain(said.name)}**  \n{sureness(said)}")


def idle(result: AttackResult) -> str:
    """Say why there is nothing to ask about an attack, and what to do; empty if there is."""
    before = result.before
    if result.goal.reached(before.label):
        return (
            f"Nothing was attacked: the clean image is already read as {panels.plain(before.name)}."
        )
    if result.success:
        return ""
    if "eps" not in result.params.infos():
        return (
            "The attack did not reach its goal. It has no strength of its own: give it more steps "
            "under “More settings”, or choose another goal."
        )
    return (
        "The attack did not reach its goal. “How strong?” shows which strength would, "
        "if any does: set the slider above to it, and ask again."
    )
