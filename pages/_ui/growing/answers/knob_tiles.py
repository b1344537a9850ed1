"""Tiles of the comparison of knobs: what was grown with which, and what can be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import panels
from pages._ui.growing.knob_cards import label, picture, turned
from pages._ui.workbench import Bench
from xai import images
from xai.figures import pictures
from xai.figures.knob_pictures import HEIGHT as KNOB_HEIGHT
from xai.figures.wording import number, percent, short
from xai.visualization import VisualizationParams, used

if TYPE_CHECKING:
    from pages._ui.growing.running import Grown
    from xai.types import Prediction
    from xai.visualization import Sight
    from xai.visualization.studies.ablation import Outcome, Roughness, Variant
    from xai.visualization.studies.witness import Witness

#: Height of a tile that is still to come, in CSS pixels.
HEIGHT = 400
_LETTERS = 16
_MOVED = {"fourier": "waves (Fourier)", "pixels": "pixels"}
_CANVASES = {
    "fourier": "The waves of the image move, coarse and fine ones: nothing holds them back.",
    "pixels": "Every pixel moves by itself: nothing holds it back.",
}


@dataclass(frozen=True, eq=False)
class Tile:
    """What came of one run.

    Attributes
    ----------
    outcome : Outcome
    witnesses : tuple of Witness
        What another network says of the image; none if none is ready.
    seconds : float
        That it took.
    """

    outcome: Outcome
    witnesses: tuple[Witness, ...]
    seconds: float


def word(variant: Variant) -> str:
    """Name a run in a chart."""
    if variant.kind == "all":
        return "all regularisers"
    if variant.kind == "none":
        return f"none, on {_MOVED[variant.name]}"
    name = label(variant.name).lower()
    return f"{name} alone" if variant.kind == "alone" else f"without {name}"


def head(bench: Bench, grown: Grown, variant: Variant) -> None:
    """Draw what stands above a tile: the knob, what it does, and how far it is turned."""
    if variant.kind == "all":
        st.html(_heading("All regularisers", "as set above", ""))
        return
    if variant.kind == "none":
        st.html(_heading("No regulariser", f"on {_MOVED[variant.name]}", ""))
        return
    name = variant.name
    shown = variant if variant.kind == "alone" else None
    value = getattr(grown.params if shown is None else shown.params, name)
    said = turned(name, value)
    if shown is not None and name not in used(grown.params):
        said += ", not used above"
    title = label(name) if variant.kind == "alone" else f"No {label(name).lower()}"
    st.html(_heading(title, said, picture(name, value, max(bench.spec.input_size))))


def _heading(title: str, said: str, picture: str) -> str:
    return (
        f'<div style="display:flex;align-items:center;justify-content:space-between;gap:.5rem;'
        f'min-height:{KNOB_HEIGHT + 24}px"><div style="line-height:1.25"><b>{escape(title)}</b>'
        f'<br><span style="opacity:.75;font-size:.875rem">{escape(said)}</span></div>'
        f"{picture}</div>"
    )


def growing(sight: Sight) -> None:
    """Draw a run at work."""
    # Within the page: as a file of its own it would be replaced before the browser has it.
    crisp = pictures.fit(pictures.picture(sight.image), panels.SIDE)
    st.html(
        f'<img src="{images.data_url(images.encode_png(crisp))}" '
        'alt="the image that grows" style="width:100%;border-radius:.5rem">'
    )
    st.markdown(_said(sight.score, sight.prediction))


def show(grown: Grown, tile: Tile) -> None:
    """Draw what came of a run, and the numbers that explain its look."""
    found = tile.outcome
    panels.image(images.to_uint8(found.image), alt=f"grown with {word(found.variant)}")
    lines = [_said(found.score, found.prediction), _rough(found.roughness)]
    lines += [_witness(one) for one in tile.witnesses]
    st.markdown("  \n".join(lines))
    if found.diverged:
        st.caption(":material/warning: It was thrown about: the best image before is shown.")
    st.caption(_sentence(grown, found.variant))


def real(bench: Bench, rough: Roughness) -> None:
    """Draw the workbench's image, as what an image that somebody took looks like."""
    st.html(_heading("A real image", "for comparison", ""))
    panels.image(images.to_uint8(bench.input), alt="the image of the workbench")
    st.markdown(f"{_reads(bench.prediction)}  \n{_rough(rough)}")
    st.caption("The image on the workbench has this much grain.")


def _said(score: float, prediction: Prediction) -> str:
    return f"score **{number(score)}** · {_reads(prediction)}"


def _reads(prediction: Prediction) -> str:
    name = panels.plain(short(prediction.name, _LETTERS))
    # The number stays in one piece where the line breaks.
    sure = percent(prediction.confidence).replace(" ", "\u00a0")
    return f"“**{name}**” {sure}"


def _rough(rough: Roughness) -> str:
    return f"grain **{percent(rough.fine)}** · jumps of {255 * rough.variation:.0f}/255"


def _witness(one: Witness) -> str:
    sign = {True: ":green[:material/check:] ", False: ":orange[:material/close:] ", None: ""}
    return f"{sign[one.agrees]}other network {_reads(one.said[0])}"


def _sentence(grown: Grown, variant: Variant) -> str:
    """Say in a sentence what a run has."""
    if variant.kind == "all":
        return f"{', '.join(label(name).lower() for name in used(grown.params))}.".capitalize()
    if variant.kind == "none":
        return _CANVASES[variant.name]
    return VisualizationParams.infos()[variant.name].help
