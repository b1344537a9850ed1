"""Robust accuracy on the page: how much of the accuracy an attack leaves over many images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._ui import controls, panels
from pages._ui.assault.answers import toll
from pages._ui.assault.answers.enduring import ManyKey, follow, forecast
from pages._ui.assault.attacking import Attacked
from pages._ui.workbench import Bench
from xai.attacks import ATTACKS, default_eps
from xai.attacks.strengths import norms_of, spoken
from xai.datasets import ImageSet

#: How many images may be attacked, as far as the data set goes.
COUNTS = (10, 30, 100, 300, 1000)
_STEPS = {"10": "10 steps", "20": "20 steps", "40": "40 steps"}
#: Strengths between none and the largest.
_LEVELS = 5
_TOPS = {"0.5": 0.5, "1": 1.0, "2": 2.0}
#: Wider inputs than this are those of large networks: fewer images, fewer steps.
_SMALL = 64
#: Seconds that work may take without having been asked for.
_UNASKED = 30.0


@dataclass(frozen=True, eq=False)
class _Asked:
    """What was chosen: the key of the work, and the images that it is about."""

    key: ManyKey
    images: ImageSet


def show(bench: Bench, attacked: Attacked) -> None:
    """Draw the choices, and what is left of the accuracy."""
    asked = _choose(bench, attacked.norm)
    if (asked.images.labels_in(bench.spec.classes) < 0).all():
        st.info(
            "The network knows the class of none of these images, so it cannot be right or wrong "
            "about them.",
            icon=":material/info:",
        )
        return
    seconds = forecast(bench, asked.key, asked.images)
    if seconds is None or not _begun(asked, seconds):
        return
    present = getattr(attacked.result.params, "eps", None)
    found = follow(bench, asked.key, asked.images, seconds, present)
    if found is not None:
        with st.container():
            toll.show(bench, asked.images, found, present)


def _choose(bench: Bench, norm: str) -> _Asked:
    """Draw how many images, which attacks, how strong."""
    small = max(bench.spec.input_size) <= _SMALL
    number, strongest, steps = st.columns([1, 2, 2], vertical_alignment="bottom", gap="medium")
    with number:
        count = _count(bench, 100 if small else 10)
    with strongest:
        levels = _levels(bench, norm)
    with steps:
        taken = controls.segments(
            "many.steps", "Steps of each attack", _STEPS, default="40" if small else "10"
        )
    can = {
        name: row
        for name, row in ATTACKS.items()
        if "eps" in row.params.infos() and norm in norms_of(name)
    }
    # The choice of one norm means nothing in the other.
    usual = tuple(name for name in ("fgsm", "pgd") if name in can)
    methods = panels.method_choice(f"many.{norm}", can, usual)
    images = bench.sample(count)
    key = ManyKey(bench.model_name, images.signature, (*methods, "noise"), norm, levels, int(taken))
    return _Asked(key, images)


def _count(bench: Bench, usual: int) -> int:
    there = len(bench.pool)
    sizes = [size for size in COUNTS if size < there] + [min(there, COUNTS[-1])]
    options = {str(size): f"{size:,}" for size in sizes}
    nearest = min(sizes, key=lambda size: abs(size - usual))
    return int(controls.select("many.n", "Images", options, default=str(nearest)))


def _levels(bench: Bench, norm: str) -> tuple[float, ...]:
    """Draw the choice of the largest strength; return the strengths up to it."""
    usual = default_eps(bench.spec, norm)
    sizes = {word: _rounded(np.array([factor * usual]), norm)[-1] for word, factor in _TOPS.items()}
    words = {word: spoken(size, norm) for word, size in sizes.items()}
    top = sizes[controls.segments("many.to", "Strengths up to", words, default="1")]
    return _rounded(np.linspace(top / _LEVELS, top, _LEVELS), norm)


def _rounded(sizes: np.ndarray, norm: str) -> tuple[float, ...]:
    """Return strengths that a picture file knows, or lengths as the slider has them; none twice."""
    fine = 255 if norm == "linf" else 20
    steps = np.unique(np.maximum(1, np.rint(sizes * fine)))
    return tuple((steps / fine).tolist())


def _begun(asked: _Asked, seconds: float) -> bool:
    """Say whether to begin: what takes long has to be asked for."""
    begun: set[ManyKey] = st.session_state.setdefault("_many_begun", set())
    if seconds <= _UNASKED or asked.key in begun:
        begun.add(asked.key)  # the time that is measured next may be another
        return True
    st.button(
        f"Attack {len(asked.images):,} images",
        key="many.begin",
        icon=":material/play_arrow:",
        on_click=begun.add,
        args=(asked.key,),
    )
    st.caption(
        f"This may take {_lasting(seconds)}, less where images are fooled early. It can be stopped "
        "at any time, and goes on from there."
    )
    return False


def _lasting(seconds: float) -> str:
    return f"about {round(seconds)} s" if seconds < 90 else f"about {round(seconds / 60)} min"
