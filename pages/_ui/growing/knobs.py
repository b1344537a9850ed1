"""The settings of a run: a preset, a slider for each regulariser, and what is set rarely."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from pages._ui import controls, link
from pages._ui.growing import knob_cards
from pages._ui.workbench import Bench
from xai.visualization import REGULARIZERS, VisualizationParams, off, preset

_KEY = "grow"
#: The settings that the choice at the top makes.
_CHOICES = {"tested": "Tested", "bare": "All off", "pixels": "Bare pixels"}
_BESIDE = ("parameterization", "pace", *REGULARIZERS)
_OF_THE_RUN = ("steps", "start")
_RARE = ("steps", "schedule", "momentum", "color", "start", "blur_every")


def choose(bench: Bench, objective: str) -> VisualizationParams:
    """Draw all knobs; return what they say.

    Parameters
    ----------
    bench : Bench
    objective : str
        A key of ``OBJECTIVES``.
    """
    tested = preset(bench.spec, objective)
    _renew(tested)
    st.markdown("**Knobs**")
    st.pills(
        "Set them all",
        list(_CHOICES),
        format_func=_CHOICES.__getitem__,
        key=f"_{_KEY}.all",
        on_change=_set_all,
        args=(tested,),
        label_visibility="collapsed",
    )
    given: dict[str, Any] = {}
    # In rows of two, so that all knobs stand beside the image that they are turned for.
    for first in range(0, len(_BESIDE), 2):
        for name, column in zip(_BESIDE[first : first + 2], st.columns(2), strict=False):
            with column:
                given[name] = _one(name, tested)
    _meaning(bench, given)
    fixed = {} if bench.spec.channels == 3 else {"color": "auto"}
    with st.popover("More settings", icon=":material/tune:", width="stretch"):
        rare = controls.params(VisualizationParams, _KEY, only=_RARE, fixed=fixed, defaults=tested)
    return replace(tested, **given, **{name: getattr(rare, name) for name in _RARE})


def _meaning(bench: Bench, given: dict[str, Any]) -> None:
    """Offer a picture and a sentence of what each regulariser does, as far as it is turned."""
    with st.popover("What does each do?", icon=":material/help:", width="stretch"):
        for name in REGULARIZERS:
            st.html(knob_cards.card(name, given[name], max(bench.spec.input_size)))


def _one(name: str, tested: VisualizationParams) -> Any:
    """Draw one knob; return what it says."""
    drawn = controls.params(VisualizationParams, _KEY, only=(name,), defaults=tested)
    return getattr(drawn, name)


def _renew(tested: VisualizationParams) -> None:
    """Begin with the preset of another kind of image, or of dreaming, when that is new."""
    if st.session_state.setdefault("_grow.tested", tested) == tested:
        return
    st.session_state["_grow.tested"] = tested
    _put(tested)


def _set_all(tested: VisualizationParams) -> None:
    """Set every knob as the choice says, and let go of the choice: knobs move on."""
    chosen = st.session_state[f"_{_KEY}.all"]
    st.session_state[f"_{_KEY}.all"] = None
    settings = {
        "tested": tested,
        "bare": off(tested),
        "pixels": replace(off(tested), parameterization="pixels", color="auto", momentum=0.0),
    }
    if chosen in settings:
        _put(settings[chosen])


def _put(settings: VisualizationParams) -> None:
    for name in (*_BESIDE, *_RARE):
        # How long it grows, and from where, is no knob of the image's look: the reader's stay.
        if name not in _OF_THE_RUN and not link.asks(f"{_KEY}.{name}"):
            st.session_state[f"{_KEY}.{name}"] = getattr(settings, name)
