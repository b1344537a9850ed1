"""Attacks on a page: what is asked for, computed once, judged in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import cached, link, progress
from pages._ui.workbench import Bench
from xai import attacks
from xai.attacks import ATTACKS, AttackResult, Goal
from xai.figures import charts
from xai.jobs import Report
from xai.types import Params

if TYPE_CHECKING:
    import altair as alt

_AIMS = {"untargeted": "any other class", "second": "the runner-up", "least": "the least likely"}


@dataclass(frozen=True)
class AttackKey:
    """Everything that an attack depends on."""

    model: str
    digest: str
    method: str
    params: Params
    label: int
    sign: int
    seed: int = 0


def choose_goal(bench: Bench) -> Goal:
    """Draw the choice of what the attack is to reach."""
    classes = bench.spec.classes
    options = (*_AIMS, *(str(index) for index in range(len(classes))))
    link.restore("aim", link.one_of(options), what="goal", default="untargeted")
    if st.session_state["aim"] not in options:
        st.session_state["aim"] = "untargeted"
    aim = st.selectbox(
        "Make it say",
        options,
        key="aim",
        format_func=lambda word: _AIMS.get(word) or classes[int(word)],
        help="Any other class than the true one, or one class of your choice. Type to search.",
        persist_state="session",
    )
    link.publish("aim", aim)
    order = bench.prediction.top(len(classes))
    if aim == "untargeted":
        return Goal.untargeted(order[0] if bench.true is None else bench.true)
    places = {"second": order[1], "least": order[-1]}
    return Goal.targeted(places[aim] if aim in places else int(aim))


def choose_strength(bench: Bench, method: str) -> dict[str, float]:
    """Draw the choice of the L-infinity strength; return it as the attack's parameter.

    An attack that looks for the smallest change by itself has no strength: the
    choice is then greyed out and nothing is returned.
    """
    bounded = "eps" in ATTACKS[method].params.infos()
    most = 20 if bench.spec.eps < 0.05 else 100
    default = round(bench.spec.eps * 255)

    def parse(text: str) -> int | None:
        plain = text.isascii() and text.isdigit() and len(text) < 5
        return int(text) if plain and int(text) <= most else None

    if st.session_state.setdefault("_eps_default", default) != default:
        # Another kind of image: what is little for one is much for the other.
        st.session_state["_eps_default"] = default
        st.session_state["eps"] = default
    link.restore("eps", parse, what="strength", default=default)
    steps = st.slider(
        "Strength (1/255)",
        0,
        most,
        key="eps",
        persist_state="session",
        disabled=not bounded,
        help="How far each pixel may move: 1/255 is the smallest step that a picture file knows."
        + ("" if bounded else " This attack finds the smallest change by itself."),
    )
    link.publish("eps", steps)
    return {"eps": steps / 255} if bounded else {}


def compute(bench: Bench, method: str, goal: Goal, params: Params) -> AttackResult | None:
    """Return an attack's result, or show its progress."""
    key = AttackKey(bench.model_name, bench.digest, method, params, goal.label, goal.sign)
    model, image = bench.model, bench.input

    def work(report: Report) -> AttackResult:
        return attacks.run(model, image, method, goal=goal, params=params, progress=report)

    found: AttackResult | None = progress.result(
        key, work, label=ATTACKS[method].label, keep=False, slot="attack"
    )
    return found


def noise(bench: Bench, result: AttackResult) -> AttackResult:
    """Return the baseline: a random change as large as the attack's, in the attack's norm."""
    bounded = "eps" in ATTACKS[result.method].params.infos()
    norm, size = ("linf", result.linf) if bounded else ("l2", result.l2)
    goal = result.goal
    return cached.noise(
        bench.model_name, bench.digest, goal.label, goal.sign, size, norm, bench.input
    )


def verdict(bench: Bench, result: AttackResult) -> None:
    """Say whether the attack reached its goal."""
    name = bench.spec.classes[result.goal.label]
    after = f"**{result.after.name}** ({result.after.confidence:.1%})"
    if result.goal.reached(result.before.label):
        already = f"the network already says **{result.before.name}**"
        st.info(f"Nothing to attack: without any change {already}.", icon=":material/info:")
    elif result.success and result.goal.is_targeted:
        st.warning(f"Fooled: the network now says {after}, as asked.", icon=":material/masks:")
    elif result.success:
        st.warning(f"Fooled: the network now says {after}, not {name}.", icon=":material/masks:")
    elif result.goal.is_targeted and result.after.label != result.before.label:
        st.info(f"Not reached: it now says {after}, not **{name}**.", icon=":material/info:")
    else:
        st.success(f"It held: the network still says {after}.", icon=":material/shield:")


def trace(result: AttackResult) -> alt.Chart:
    """Draw how the probability of the goal's class moves while the attack runs."""
    steps = [step for step in result.history if step.restart == result.history[-1].restart]
    name = result.before.classes[result.goal.label]
    return charts.trace(
        {f"probability of {name}": [step.probability for step in steps]}, y_title="probability"
    )
