"""Attacks as jobs: what they depend on, how far they are, and the noise beside them."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages._ui import cached, progress
from pages._ui.assault.aiming import Order
from pages._ui.assault.trace import growing
from pages._ui.workbench import Bench
from xai import attacks
from xai.attacks import ATTACKS, AttackResult
from xai.attacks.strengths import ROUNDED, norms_of
from xai.jobs import Report
from xai.types import Params

#: Height of what comes of an attack, in pixels, while it is awaited.
_HEIGHT = 420
_LATEST = "_attacked"


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


@dataclass(frozen=True, eq=False)
class Attacked:
    """The workbench's image under attack.

    Attributes
    ----------
    key : AttackKey
    result : AttackResult
    noise : AttackResult
        A random change as large as the attack's, in the attack's norm.
    norm : str
        The norm of both.
    """

    key: AttackKey
    result: AttackResult
    noise: AttackResult
    norm: str


def compute(bench: Bench, order: Order) -> Attacked | None:
    """Return what an attack makes of the workbench's image, or show it at work."""
    goal, params = order.goal, order.params
    key = AttackKey(bench.model_name, bench.digest, order.method, params, goal.label, goal.sign)
    model, image = bench.model, bench.input

    def work(report: Report) -> AttackResult:
        return attacks.run(
            model,
            image,
            key.method,
            goal=goal,
            params=params,
            progress=report,
            on_step=report.publish,
        )

    found: AttackResult | None = progress.result(
        key,
        work,
        label=ATTACKS[key.method].label,
        keep=False,
        slot="attack",
        during=lambda sight: growing(bench, goal, sight),
    )
    if found is not None:
        st.session_state[_LATEST] = (bench.model_name, bench.digest, found)
        return Attacked(key, found, _noise(bench, found), order.norm)
    if not progress.is_stopped(key):
        st.skeleton(_HEIGHT)
    return None


def latest(bench: Bench) -> AttackResult | None:
    """Return what was made last of the workbench's image, if it was attacked in this session."""
    model, digest, found = st.session_state.get(_LATEST, ("", "", None))
    known: AttackResult | None = found
    return known if (model, digest) == (bench.model_name, bench.digest) else None


def _noise(bench: Bench, result: AttackResult) -> AttackResult:
    """Return the baseline: a random change as large as the attack's, in the attack's norm."""
    params = result.params
    norm = getattr(params, "norm", norms_of(result.method)[0])
    goal, size = result.goal, result.linf if norm == "linf" else result.l2
    quantize = result.quantized and norm in ROUNDED
    return cached.noise(
        bench.model_name, bench.digest, goal.label, goal.sign, size, norm, quantize, bench.input
    )
