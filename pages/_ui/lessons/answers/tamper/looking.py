"""First step: the images and the numbers that everybody looks at."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui.lessons.answers.tamper.choosing import Opened
from pages._ui.lessons.answers.tamper.sheets import sheet
from xai.experiments.tamper import SIDES, Case
from xai.figures.tamper_charts import twin_chart
from xai.figures.wording import percent

#: Images of each class.
_ROWS = 5
_TURN = "_tamper_turn"


def show(opened: Opened) -> None:
    """Show images of both data sets, and how well their networks read them."""
    case = opened.case
    turn = st.session_state.get(_TURN, 0)
    for column, name, side in zip(st.columns(2, gap="medium"), SIDES, range(2), strict=True):
        with column:
            st.markdown(f"**Data set {name}**: {len(case.train[side]):,} digits")
            sheet(_drawn(case, side, turn), len(case.classes), alt=f"digits of data set {name}")
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.caption(
        "Training images as the networks got them, a column for each class. Do you see a pattern? "
        "Hardly anybody would."
    )
    right.button("Others", icon=":material/shuffle:", on_click=_others, key="tamper.others")
    recalls = np.stack([run.recall(-1) for run in case.runs])
    chart = twin_chart(recalls, case.classes, "How well is each class read?", "read rightly")
    st.altair_chart(chart, width="stretch", alt="recall of each class in both data sets")
    shares = " and ".join(percent(run.accuracy(-1)) for run in case.runs)
    st.caption(
        f"Each network on held-out digits of its own data set (A and B: {shares} right in all; "
        f"about {len(case.held[0]) // len(case.classes)} digits a class, so that one digit moves a "
        "mark by about a per cent). The classes differ by chance: can you tell which one is "
        "tampered with?"
    )


def _drawn(case: Case, side: int, turn: int) -> np.ndarray:
    """Return images of a set, class by class in columns: (rows x K, H, W, 1)."""
    data = case.train[side]
    places = [np.flatnonzero(data.labels == label) for label in range(len(data.classes))]
    picked = [
        of_class[(turn * _ROWS + row) % len(of_class)]
        for row in range(_ROWS)
        for of_class in places
    ]
    return data.images[picked]


def _others() -> None:
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
