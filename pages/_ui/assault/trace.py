"""How an attack goes, step by step: while it runs, and afterwards."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages._ui import panels
from pages._ui.workbench import Bench
from xai import images
from xai.attacks import AttackResult, Goal, Sight, Step
from xai.figures import charts, pictures

#: Height of each of the two charts in pixels.
_HEIGHT = 150


def show(result: AttackResult) -> None:
    """Draw loss and probability of the goal's class over the steps that led to the result."""
    last = result.history[-1].restart
    steps = [step for step in result.history if step.restart == last]
    _charts(steps, result.before.classes[result.goal.label])
    _caption(result, last)


def _caption(result: AttackResult, last: int) -> None:
    said = f"{result.steps} gradient steps and {result.queries} forward passes in all."
    starts = len({step.restart for step in result.history})
    if starts > 1:
        word = "search" if result.method == "cw" else "random start"
        said += f" Drawn is {word} {last + 1} of {starts}, which the result comes from."
    wish = "rises" if result.goal.is_targeted else "falls"
    st.caption(f"The attack works if the probability {wish}. {said}")


def growing(bench: Bench, goal: Goal, sight: Sight) -> None:
    """Draw an attack at work."""
    left, right = st.columns([1, 3], gap="medium")
    with left:
        st.markdown("**The image now**")
        _picture(sight)
    with right:
        last = sight.history[-1].restart
        steps = [step for step in sight.history if step.restart == last]
        _charts(steps, bench.spec.classes[goal.label], beside=True)
        st.caption(
            f"Step {sight.done} of {sight.total}. It reads the image as "
            f"**{panels.plain(bench.spec.classes[sight.history[-1].label])}** now."
        )


def _picture(sight: Sight) -> None:
    # Within the page: as a file of its own it would be replaced before the browser has it.
    crisp = pictures.fit(pictures.picture(sight.image), panels.SIDE)
    st.html(
        f'<img src="{images.data_url(images.encode_png(crisp))}" '
        'alt="the image under attack, so far" style="width: 100%; border-radius: 0.5rem">'
    )


def _charts(steps: Sequence[Step], name: str, *, beside: bool = False) -> None:
    shown = {
        "probability": [step.probability for step in steps],
        "loss (nats)": [step.loss for step in steps],
    }
    places = st.columns(2, gap="medium") if beside else [st.container(), st.container()]
    for (word, values), place in zip(shown.items(), places, strict=True):
        with place:
            st.altair_chart(
                charts.trace({word: values}, y_title=word, height=_HEIGHT),
                width="stretch",
                alt=f"{word} of {name} over the steps of the attack",
            )
