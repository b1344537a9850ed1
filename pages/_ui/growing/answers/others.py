"""What other networks say of a grown image, and of the best real one beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._ui import cached, panels, progress, witnesses
from pages._ui.assault.sureness import sureness
from pages._ui.growing.running import GrowKey, Grown
from pages._ui.workbench import Bench
from xai import images as pictures
from xai.figures.wording import percent
from xai.jobs import Report
from xai.types import Prediction
from xai.visualization.studies import witness
from xai.visualization.studies.witness import Witness

_TOP = 3
_WIDTHS = (3, 4, 4, 2)


@dataclass(frozen=True)
class OthersKey:
    """Everything that the answers of several networks depend on."""

    grown: GrowKey
    models: tuple[str, ...]
    real: str


def show(bench: Bench, grown: Grown, real: np.ndarray | None) -> None:
    """Draw what the networks say that have the same classes.

    Parameters
    ----------
    bench : Bench
    grown : Grown
    real : ndarray or None
        The best real image, shape (C, H, W), float32 in [0, 1].
    """
    chosen = witnesses.choose(bench, "reality.models")
    if not chosen:
        return
    names = tuple(spec.name for spec in chosen)
    asked = [bench.model, *(cached.model(name) for name in names)]
    label = grown.wish.classes[0] if grown.wish.classes else None
    shown = np.stack([grown.result.image] if real is None else [grown.result.image, real])

    def work(report: Report) -> tuple[Witness, ...]:
        return witness.witnesses(asked, shown, label, progress=report)

    digest = "" if real is None else pictures.digest(real)
    found: tuple[Witness, ...] | None = progress.result(
        OthersKey(grown.key, names, digest),
        work,
        label="Other networks",
        keep=False,
        slot="reality others",
    )
    if found is None:
        return
    st.markdown(_sentence(bench, found, label))
    for one in found:
        _row(one, own=one.model == bench.model_name)
    st.caption(
        "All see the same 8-bit picture; a network of another input size sees it resampled. They "
        "never took part in growing it. That they agree shows that something of the class is in "
        "it which does not belong to one network’s weights alone, though all learned from the "
        "same kind of images."
    )


def _sentence(bench: Bench, found: Sequence[Witness], label: int | None) -> str:
    others = found[1:]
    if label is None:
        return (
            "A channel has no counterpart in another network. What do they recognise in what it "
            "would like to see?"
        )
    name = panels.plain(bench.spec.classes[label])
    agree = sum(bool(one.agrees) for one in others)
    if len(others) == 1:
        verb = "takes" if agree else "does not take"
        return f"{panels.plain(others[0].label)} **{verb}** it for **{name}**."
    return f"**{agree} of {len(others)}** other networks take it for **{name}**."


def _row(one: Witness, *, own: bool) -> None:
    cells = st.columns(_WIDTHS, gap="small", vertical_alignment="center")
    resized = "  \n:gray[sees it resampled]" if one.resized else ""
    who = "  \n:gray[it was grown for this one]" if own else resized
    cells[0].markdown(f"**{panels.plain(one.label)}**{who}")
    kinds = ("grown image", "best real image")[: len(one.said)]
    for cell, kind, said in zip(cells[1:], kinds, one.said, strict=False):
        cell.markdown(f":gray[{kind}]  \n{_tops(said)}")
    cells[3].markdown(_verdict(one))


def _tops(said: Prediction) -> str:
    if not np.isfinite(said.confidence):
        return "no decision: its scores are no numbers"
    first, *rest = said.top(_TOP)
    shares = [
        f"{panels.plain(said.classes[place])} "
        f"{panels.plain(percent(float(said.probabilities[place])))}"
        for place in rest
    ]
    lead = f"**{panels.plain(said.classes[first])}** {sureness(said)}"
    return "  \n".join([lead, f":gray[{', '.join(shares)}]"]) if shares else lead


def _verdict(one: Witness) -> str:
    if one.agrees is None:
        return ""
    if one.agrees:
        return ":green[:material/check:] **agrees**"
    return f":orange[:material/close:] another class; this one is number {one.ranks[0]:,}"
