"""Which case is on the table: the one that ships, or a fresh one."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages._ui import cached, link, progress
from xai.experiments.tamper import Case, make_case, shipped_case
from xai.jobs import Report

_KEY = "tamper.case"
_SHIPPED = "shipped"
#: Seeds of fresh cases have at most so many digits, so that they can be called out in class.
_SEEDS = 10_000


@dataclass(frozen=True)
class StudyKey:
    """What is worked out of a case: the case itself where ``what`` is empty."""

    case: str
    what: str = ""


@dataclass(frozen=True, eq=False)
class Opened:
    """A case that is on the table.

    Attributes
    ----------
    name : str
        ``"shipped"``, or the seed of a fresh one.
    case : Case
    """

    name: str
    case: Case

    @property
    def fresh(self) -> bool:
        """Whether it was made for this page."""
        return self.name != _SHIPPED


def choose() -> Opened | None:
    """Draw the choice of a case; return it, or None while it is being made."""
    name = link.restore(_KEY, _parse, what="case", default=_SHIPPED)
    told, buttons = st.columns([3, 1], gap="medium", vertical_alignment="center")
    with told:
        st.markdown(_story(name))
    with buttons:
        st.button(
            "New case",
            key="tamper.new",
            icon=":material/casino:",
            on_click=_deal,
            width="stretch",
            help="Deals the digits anew and trains two networks: about 15 s.",
        )
        if name != _SHIPPED:
            st.button(
                "First case",
                key="tamper.first",
                icon=":material/undo:",
                on_click=_take,
                args=(_SHIPPED,),
                width="stretch",
                help="Back to the case that is there at once.",
            )
    link.publish(_KEY, None if name == _SHIPPED else name)
    case = _case(name)
    return None if case is None else Opened(name, case)


def _story(name: str) -> str:
    told = (
        "Two data sets of different digits, **A** and **B**, and two networks trained alike, one "
        "on each. "
    )
    if name == _SHIPPED:
        return told + (
            "Somebody has tampered with **one class of one set**: over every image of it lies the "
            "same pattern, too faint for the eye. Find the set and the class."
        )
    return told + (
        f"This is case {name}. Somebody may have laid a faint pattern over **one class of one "
        "set**. Or nobody did: about one case in six is honest. Find out."
    )


def _parse(text: str) -> str | None:
    if text == _SHIPPED:
        return text
    plain = text.isascii() and text.isdecimal() and len(text) <= 9
    return str(int(text)) if plain else None


def _deal() -> None:
    _take(str(secrets.randbelow(_SEEDS)))


def _take(name: str) -> None:
    st.session_state[_KEY] = name
    st.session_state["tamper.step"] = "look"


def _case(name: str) -> Case | None:
    if name == _SHIPPED:
        return follow(StudyKey(name), lambda report: shipped_case(), "Opening the case")
    seed = int(name)

    def work(report: Report) -> Case:
        return make_case(seed, progress=report)

    label = f"Case {name}: two trainings"
    found: Case | None = progress.result(
        StudyKey(name), work, label=label, keep=False, slot="tamper case", jobs=cached.trainings()
    )
    return found


def study(opened: Opened, what: str, work: Callable[[Report], Any], label: str) -> Any | None:
    """Return what is worked out of a case, or show how far it is and return None.

    Parameters
    ----------
    opened : Opened
    what : str
        Names all that the result depends on besides the case.
    work : callable
        ``work(report)``.
    label : str
        Name for people.
    """
    return follow(StudyKey(opened.name, what), work, label)


def follow(key: StudyKey, work: Callable[[Report], Any], label: str) -> Any | None:
    """Return the result of a key, or show how far it is and return None."""
    slot = f"tamper {key.what.partition(' ')[0]}"
    return progress.result(key, work, label=label, keep=False, slot=slot)
