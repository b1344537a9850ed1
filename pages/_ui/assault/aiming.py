"""What an attack is to reach, by which method and how strong: the choices of the page."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages._ui import controls, link, panels
from pages._ui.drawing_view import drawing_view
from pages._ui.workbench import Bench, class_label
from xai.attacks import ATTACKS, EPS_MAX, Goal, default_eps
from xai.attacks.strengths import bounded, norms_of, spoken
from xai.figures.strength_swatch import strength_swatch
from xai.types import Params

_AIMS = {
    "untargeted": "any wrong class",
    "other": "anything but what it says now",
    "second": "the runner-up",
    "least": "the least likely",
}
NORMS = {"linf": "L∞", "l2": "L2"}
#: Steps of the slider of L2 strengths.
_FINE = 0.05


@dataclass(frozen=True)
class Order:
    """What is to be done.

    Attributes
    ----------
    method : str
        A key of ``ATTACKS``.
    goal : Goal
    norm : str
        In which the change is measured.
    eps : float or None
        Strength; None where the attack looks for the least by itself.
    params : Params
        All settings of the method.
    """

    method: str
    goal: Goal
    norm: str
    eps: float | None
    params: Params


def choose(bench: Bench) -> Order:
    """Draw all choices; return what was chosen."""
    chosen, about, aim = st.columns([6, 3, 5], vertical_alignment="bottom", gap="medium")
    with chosen:
        names = {name: row.label for name, row in ATTACKS.items()}
        method = controls.segments("attack", "Attack", names, default="pgd")
    with about:
        panels.about(ATTACKS[method])
    with aim:
        goal = _goal(bench)
    measured, amount, meaning, more = st.columns(
        [2, 5, 3, 3], vertical_alignment="bottom", gap="medium"
    )
    with measured:
        norm = _norm(method)
    eps = None
    if bounded(method):
        with amount:
            eps = _linf(bench) if norm == "linf" else _l2(bench)
        with meaning:
            _meaning(bench, norm, eps)
    else:
        amount.caption(
            "This attack has no strength: it looks for the shortest change that fools, and says "
            "how long that is."
        )
    fields = ATTACKS[method].params.infos()
    fixed = {name: value for name, value in (("eps", eps), ("norm", norm)) if name in fields}
    with more.popover("More settings", icon=":material/tune:", width="stretch"):
        only = [name for name in fields if name not in ("eps", "norm")]
        params = controls.params(ATTACKS[method].params, method, only=only, fixed=fixed)
    return Order(method, goal, norm, eps, params)


def _meaning(bench: Bench, norm: str, eps: float) -> None:
    """Offer the picture of what a strength is."""
    said = spoken(eps, norm)
    with st.popover(f"What is {said}?", icon=":material/contrast:", width="stretch"):
        drawing_view(
            strength_swatch(eps, norm, bench.input.shape),
            alt=f"what a strength of {said} means",
            key="strength.swatch",
        )


def _goal(bench: Bench) -> Goal:
    """Draw the choice of what the attack is to reach."""
    classes = bench.spec.classes
    mistaken = bench.true is not None and bench.true != bench.prediction.label
    words = tuple(word for word in _AIMS if word != "other" or mistaken)
    options = (*words, *(str(index) for index in range(len(classes))))
    link.restore("aim", link.one_of(options), what="goal", default="untargeted")
    if st.session_state["aim"] not in options:
        st.session_state["aim"] = "untargeted"
    aim = st.selectbox(
        "Make it say",
        options,
        key="aim",
        format_func=lambda word: _AIMS.get(word) or class_label(bench.spec, word),
        help="Any other class than the true one, or one class of your choice. Type to search.",
        persist_state="session",
    )
    link.publish("aim", aim)
    order = bench.prediction.top(len(classes))
    if aim == "untargeted":
        return Goal.untargeted(order[0] if bench.true is None else bench.true)
    if aim == "other":
        return Goal.untargeted(order[0])
    places = {"second": order[1], "least": order[-1]}
    return Goal.targeted(places[aim] if aim in places else int(aim))


def _norm(method: str) -> str:
    can = norms_of(method)
    if len(can) > 1:
        return controls.segments("norm", "Measured as", NORMS, default="linf")
    st.markdown(f"Measured as **{NORMS[can[0]]}**")
    return can[0]


def most_levels(bench: Bench) -> int:
    """Return the largest L-infinity strength on offer, in units of 1/255."""
    return 20 if bench.spec.eps < 0.05 else 100


def _linf(bench: Bench) -> float:
    most, default = most_levels(bench), round(bench.spec.eps * 255)

    def parse(text: str) -> int | None:
        plain = text.isascii() and text.isdigit() and len(text) < 5
        return int(text) if plain and int(text) <= most else None

    if st.session_state.setdefault("_eps_default", default) != default:
        # Another kind of image: what is little for one is much for the other.
        st.session_state["_eps_default"] = default
        st.session_state["eps"] = default
    link.restore("eps", parse, what="strength", default=default)
    steps: int = st.slider(
        "Strength (1/255)",
        0,
        most,
        key="eps",
        persist_state="session",
        help="How far each pixel may move: 1/255 is the smallest step that a picture file knows.",
    )
    link.publish("eps", steps)
    return steps / 255


def _l2(bench: Bench) -> float:
    default = round(default_eps(bench.spec, "l2") / _FINE) * _FINE
    most = min(EPS_MAX["l2"], round(4 * default))

    def parse(text: str) -> float | None:
        try:
            value = float(text)
        except ValueError:
            return None
        return value if 0 <= value <= most else None

    if st.session_state.setdefault("_length_default", default) != default:
        st.session_state["_length_default"] = default
        st.session_state["length"] = default
    link.restore("length", parse, what="strength", default=default)
    length: float = st.slider(
        "Strength (length of the change)",
        0.0,
        float(most),
        key="length",
        step=_FINE,
        persist_state="session",
        help="Square root of the sum of all squared changes, for pixels from 0 to 1.",
    )
    link.publish("length", None if length == default else f"{length:g}")
    return length
