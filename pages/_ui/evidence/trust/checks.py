"""Which check is made, and of which panels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from pages._ui import controls, link
from pages._ui.evidence.grid import Shown, Wall
from pages._ui.evidence.trust import (
    agreement,
    completeness,
    faithfulness,
    ledger,
    randomisation,
    stability,
)
from pages._ui.workbench import Bench
from xai.attribution import METHODS

#: Seconds up to which a map is made again by itself, tens of times over.
_QUICK = 3.0


@dataclass(frozen=True)
class Check:
    """One row.

    Attributes
    ----------
    label : str
        Name for people.
    question : str
        What it asks.
    show : callable
        ``show(bench, shown)`` draws it.
    repeats : bool
        Whether it makes the maps again, so that slow ones cost minutes.
    only : str
        The one method that it is about; empty for any.
    """

    label: str
    question: str
    show: Callable[[Bench, Sequence[Shown]], None]
    repeats: bool = False
    only: str = ""


CHECKS: dict[str, Check] = {
    "faithfulness": Check(
        "Faithfulness",
        "If the pixels that a map marks are taken away, does the score fall? If they are all that "
        "is shown, does it come back?",
        faithfulness.show,
    ),
    "randomisation": Check(
        "Randomisation",
        "If the network forgets what it has learned, does the map change? One that does not is a "
        "picture of the image, not of the decision.",
        randomisation.show,
        repeats=True,
    ),
    "stability": Check(
        "Stability",
        "If the image is changed too little to see, does the map stay?",
        stability.show,
        repeats=True,
    ),
    "agreement": Check(
        "Agreement",
        "Do the maps rank the pixels alike, and on which part of the image do all agree?",
        agreement.show,
    ),
    "completeness": Check(
        "Completeness",
        "Integrated gradients and LRP promise to hand out the score and nothing else. Do their "
        "maps add up to it?",
        completeness.show,
    ),
    "ledger": Check(
        "Ledger of LRP",
        "Where does the relevance go on its way from the score down to the pixels?",
        ledger.show,
        only="lrp",
    ),
}


def show(bench: Bench, wall: Wall) -> None:
    """Draw the choice of a check, that of the panels, and the check."""
    words = {"none": "none"} | {name: row.label for name, row in CHECKS.items()}
    name = controls.segments("check", "Check", words, default="none")
    if name == "none":
        st.caption("Each check asks one question of the maps above. Choose one to ask it.")
        return
    row = CHECKS[name]
    st.markdown(f"*{row.question}*")
    if wall.pending:
        st.caption(":material/hourglass_top: The check begins when all maps are there.")
        return
    if not wall.shown:
        st.info("There is no map to check: add a panel.", icon=":material/arrow_upward:")
        return
    about = [one for one in wall.shown if row.only in ("", one.panel.method)]
    if not about:
        st.info(
            f"Add a panel of {METHODS[row.only].label}: this check is about nothing else.",
            icon=":material/lightbulb:",
        )
        return
    chosen = _panels(about, row)
    if chosen:
        # A place of its own: what stands above may come and go while a job runs.
        with st.container():
            row.show(bench, chosen)
    else:
        st.info("Choose at least one map.", icon=":material/arrow_upward:")


def _panels(shown: Sequence[Shown], row: Check) -> list[Shown]:
    titles = {one.panel.name: one.title for one in shown}
    quick = [one.panel.name for one in shown if _cost(one) <= _QUICK or not row.repeats]
    key = "checked"
    link.restore(key, lambda text: _parse(text, titles), what="map", default=quick)
    held = [name for name in st.session_state[key] if name in titles]
    before = st.session_state.setdefault("_checkable", list(titles))
    # A panel that has come since is taken along, unless that would cost minutes.
    st.session_state[key] = held + [name for name in quick if name not in before]
    st.session_state["_checkable"] = list(titles)
    picked = st.pills(
        "Of these maps",
        list(titles),
        key=key,
        selection_mode="multi",
        format_func=titles.__getitem__,
        persist_state="session",
    )
    link.publish(key, None if set(picked) == set(quick) else ",".join(picked))
    left_out = [one.title for one in shown if _cost(one) > _QUICK]
    if row.repeats and left_out:
        st.caption(
            f"Made again tens of times, {', '.join(left_out)} would take minutes: add by hand."
        )
    return [one for one in shown if one.panel.name in picked]


def _cost(one: Shown) -> float:
    return float(one.found.diagnostics["seconds"])


def _parse(text: str, titles: dict[str, str]) -> list[str] | None:
    names = [name for name in text.split(",") if name]
    return names if all(name in titles for name in names) else None
