"""What one panel explains and how: its class, what that is set against, its parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import streamlit as st

from pages._ui import controls, panels
from pages._ui.evidence import board
from pages._ui.layer_picker import choose_layer, pointing, wanted_layer
from pages._ui.workbench import Bench, class_label
from xai import attribution, images
from xai.attribution import METHODS
from xai.attribution.lrp.composites import COMPOSITES
from xai.types import Params


def shared_layer(bench: Bench, chosen: Sequence[board.Panel]) -> str:
    """Draw the choice of the layer that class activation maps take; empty for the model's own."""
    methods = {panel.method for panel in chosen}
    with_layer = [name for name in methods if "layer" in METHODS[name].params.infos()]
    if all(attribution.blocked(bench.model, name) for name in with_layer):
        return ""
    name = wanted_layer(bench, wanted=pointing).name
    with st.popover(f"Layer: {name}", icon=":material/account_tree:"):
        picked = choose_layer(bench, wanted=pointing, label="Class activation maps at").name
        st.caption("Late layers know the class, early ones the place. Each panel may differ.")
    if picked != name:
        st.rerun()  # the button has its old name
    return "" if picked == bench.spec.cam_layer else picked


def choose(bench: Bench, panel: board.Panel, layer: str) -> Params:
    """Draw a panel's settings behind a button; return its parameters.

    Parameters
    ----------
    bench : Bench
    panel : Panel
    layer : str
        The layer of the page, which class activation maps take unless told otherwise;
        empty for the model's own.

    Raises
    ------
    ValueError
        If the parameters do not go together.
    """
    with st.popover("Settings", width="stretch"):
        _class(bench, panel, "class", "Explain", board.WORDS, panel.of)
        _class(bench, panel, "against", "Set against", board.AGAINST, panel.against)
        params = _params(bench, panel, layer)
        _baseline(bench, params)
        panels.about(METHODS[panel.method])
    return params


def _class(
    bench: Bench, panel: board.Panel, part: str, label: str, words: Mapping[str, str], now: str
) -> None:
    offered = [word for word in words if word != "true" or bench.true is not None]
    options = [*offered, *(str(index) for index in range(len(bench.spec.classes)))]
    key = f"{panel.name}.{part}"
    # The board is what counts: a link or another page may have changed it.
    st.session_state[key] = now if now in options else ""
    st.selectbox(
        label,
        options,
        key=key,
        format_func=lambda word: words.get(word) or class_label(bench.spec, word),
        help="Type to search. Set against another class, a map shows what sets the two apart."
        if words is board.AGAINST
        else "Whose score is taken apart. Type to search.",
        on_change=_take,
        args=(panel.name,),
    )


def _take(name: str) -> None:
    board.change(name, st.session_state[f"{name}.class"], st.session_state[f"{name}.against"])


def _params(bench: Bench, panel: board.Panel, layer: str) -> Params:
    cls = METHODS[panel.method].params
    infos = cls.infos()
    fixed = {"layer": _layer(bench, panel, layer)} if "layer" in infos else {}
    if "composite" not in infos:
        return controls.params(cls, panel.name, fixed=fixed)
    # Each composite has numbers of its own: a slider that does nothing would mislead.
    first = controls.params(cls, panel.name, only=("composite",))
    fields = COMPOSITES[first.composite].fields  # type: ignore[attr-defined]
    chosen = controls.params(
        cls,
        panel.name,
        only=fields,
        fixed={"composite": first.composite},  # type: ignore[attr-defined]
    )
    if first.composite == "custom":  # type: ignore[attr-defined]
        _assignment(bench, chosen)
    return chosen


def _assignment(bench: Bench, params: Params) -> None:
    with st.expander("Which layer has which rule"):
        rows = attribution.assignment(bench.model, dataclasses.asdict(params))
        st.dataframe(
            {"layer": [name for name, _ in rows], "rule": [rule for _, rule in rows]},
            hide_index=True,
            height=220,
        )


def _layer(bench: Bench, panel: board.Panel, layer: str) -> str:
    names = [one.name for one in bench.model.layers if pointing(one)]
    words = {"": f"the one chosen above ({layer or bench.spec.cam_layer})"} | {n: n for n in names}
    return controls.select(f"{panel.name}.layer", "Layer", words, default="") or layer


def _baseline(bench: Bench, params: Params) -> None:
    if "baseline" not in type(params).infos():
        return
    picture = attribution.baseline(bench.model, bench.input, params)
    left, right = st.columns([1, 2], vertical_alignment="center")
    with left:
        panels.image(images.to_uint8(picture), alt="the baseline")
    right.caption("The baseline: where the path to the image begins. What equals it gets nothing.")
