"""What networks say of clean, noisy and attacked image, as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from pages._ui import panels
from xai.attacks import Goal
from xai.attacks.studies.survival import Survival
from xai.attacks.studies.transfer import Transfer
from xai.types import Prediction

_WIDTHS = (5, 2, 2, 2, 2)
_HEADS = ("attacked", "random noise", "clean", "")

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
        Title of the first column.
    draw : callable
        Fills the first cell of a row.
    verdict : callable
        The last cell, in Markdown.
    """
    titles = (head, *_HEADS)
    for place, title in zip(st.columns(_WIDTHS, gap="small"), titles, strict=True):
        place.markdown(f"**{title}**" if title else "")
    for one in found:
        cells = st.columns(_WIDTHS, gap="small", vertical_alignment="center")
        with cells[0]:
            draw(one)
        for cell, said in zip(cells[1:4], (one.attacked, one.noise, one.clean), strict=True):
            with cell:
                _answer(said, goal)
        cells[4].markdown(verdict(one))


def _answer(said: Prediction | None, goal: Goal) -> None:
    if said is None:
        return
    met = ":orange[:material/masks:] " if goal.reached(said.label) else ""
    st.markdown(f"{met}**{panels.plain(said.name)}**  \n{said.confidence:.1%}")


def idle(goal: Goal, before: Prediction, *, success: bool) -> str:
    """Say why there is nothing to ask about an attack; empty if there is."""
    if goal.reached(before.label):
        return (
            f"Nothing was attacked: the clean image is already read as {panels.plain(before.name)}."
        )
    return "" if success else "The attack did not reach its goal: make it stronger, and ask again."
