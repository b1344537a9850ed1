"""What grows, and what has grown: the picture, what the network says of it, and the course."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import panels
from pages._ui.growing import timeline
from pages._ui.growing.wish import Wish
from pages._ui.workbench import Bench
from xai.figures import charts
from xai.figures.wording import number
from xai.visualization import named

if TYPE_CHECKING:
    from pages._ui.growing.running import Grown
    from xai.types import Prediction
    from xai.visualization import Sight, State

#: Classes that are shown with their probabilities.
_TOP = 5
#: Heights of the two charts, in pixels.
_CHARTS = (170, 160)


def growing(bench: Bench, wish: Wish, sight: Sight) -> None:
    """Draw a run at work, or one that was stopped."""
    left, right = st.columns([5, 4], gap="medium")
    with left:
        timeline.growing(sight, name(bench, wish))
    with right:
        _numbers(bench, wish, sight.prediction, sight.score, sight.done)
        timeline.course(sight.state, total=sight.total, heights=_CHARTS)
        _pace(sight.state)


def show(bench: Bench, grown: Grown) -> None:
    """Draw an image that has grown."""
    found = grown.result
    for note in found.notes:
        words = panels.plain(f"{note[0].upper()}{note[1:]}.")
        if found.diverged and found.history:
            pace = number(_calmer(found.params.pace))
            words += f" The knob for it is “Pace”: set it to {pace} or less."
        st.warning(words, icon=":material/info:")
    left, right = st.columns([5, 4], gap="medium")
    with left:
        timeline.show(grown, name(bench, grown.wish))
    with right:
        _numbers(bench, grown.wish, found.prediction, found.score, found.state.step)
        timeline.course(found.state, heights=_CHARTS)
        _pace(found.state)


def _pace(state: State) -> None:
    """Say where the learning rate comes from."""
    if not state.step:
        return
    params = state.changes[-1][1]
    if params.learning_rate is not None or not params.pace:
        return
    when = "at each step" if params.schedule == "renewed" else "once, at the start"
    st.caption(
        f"Learning rate {number(state.rate)} = pace {number(params.pace)} × "
        f"{number(state.rate / params.pace)}, proposed {when}: one grey level divided by the mean "
        "|gradient|, so that the average pixel moves by one grey level."
    )


def _calmer(pace: float) -> float:
    """Return a pace that can be tried after one that was too fast."""
    return max(0.25, min(4.0, round(pace / 10 * 4) / 4))


def name(bench: Bench, wish: Wish) -> str:
    """Say what an image is grown for."""
    return named(bench.model, wish.objective, wish.layer, wish.index)


def _numbers(bench: Bench, wish: Wish, prediction: Prediction, score: float, steps: int) -> None:
    reached = number(score) if math.isfinite(score) else "no score"
    st.markdown(f"**{panels.plain(name(bench, wish))}**: {reached} after {steps} steps")
    if not math.isfinite(prediction.confidence):
        panels.said(prediction)
        return
    target = wish.classes[0] if wish.classes else None
    st.altair_chart(
        charts.probabilities(prediction, k=_TOP, target=target, row_height=28),
        width="stretch",
        alt=f"the {_TOP} most probable classes of the grown image",
    )
