"""One panel: a map, its numbers, what to make of it, and its files."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import streamlit as st

from pages._ui import panels
from pages._ui.evidence import board
from pages._ui.evidence.looks import Look
from pages._ui.evidence.maps import numbers
from pages._ui.relevance_view import relevance_view
from pages._ui.workbench import Bench
from xai import images
from xai.attribution import METHODS, Attribution
from xai.attribution.diagnosis import remarks
from xai.attribution.lrp.composites import LABELS
from xai.attribution.manifests.manifest import written
from xai.figures import heatmaps, pictures
from xai.figures.plates import Plate, floor_of, plate
from xai.figures.wording import short

#: Letters of what a panel explains, and of a line of its head on a laptop.
_TITLE, _LETTERS = 44, 21
#: What the ends of the colours mean where only differences within the map count.
_RELATIVE = ("least", "most")


def room(names: Iterable[tuple[str, str]]) -> int:
    """Return how high names are, in pixels: one height for all, so that the maps are in line."""
    lines = [
        -(-len(label) // _LETTERS) + -(-len(short(words, _TITLE)) // _LETTERS)
        for label, words in names
    ]
    return 8 + 27 * max([2, *lines])


def label(method: str, composite: str = "") -> str:
    """Return what a panel is called: its method, and rules of LRP that are not the usual ones."""
    named = METHODS[method].label
    usual = METHODS["lrp"].params().composite  # type: ignore[attr-defined]
    return named if composite in ("", usual) else f"{named}: {LABELS.get(composite, composite)}"


def head(panel: board.Panel, name: str, title: str, height: int) -> None:
    """Draw a panel's name, and the button that takes it away."""
    left, right = st.columns([6, 1], vertical_alignment="top", gap="small")
    with left.container(height=height, border=False):
        st.markdown(f"**{name}**  \n{panels.plain(short(title, _TITLE))}")
    right.button(
        "",
        icon=":material/close:",
        key=f"{panel.name}.remove",
        help="Take this panel away",
        type="tertiary",
        on_click=board.remove,
        args=(panel.name,),
    )


def head_of_input(height: int) -> None:
    """Draw the name of the image that all panels are about."""
    with st.container(height=height, border=False):
        st.markdown("**Network input**  \nwhat the network receives")


def title(bench: Bench, target: int, contrast: int | None) -> str:
    """Say what a panel explains."""
    names = bench.spec.classes
    if contrast is None:
        return f"for {names[target]}"
    return f"why {names[target]}, not {names[contrast]}"


def draw(
    bench: Bench, panel: board.Panel, found: Attribution, look: Look, scale: float | None
) -> Plate:
    """Draw a map with its legend, its raw numbers and what is to be said of it."""
    drawn = plate(found, bench.input, ink=look.ink, part=look.part, scale=scale)
    relevance_view(
        drawn.values,
        pictures.picture(bench.input, grey=True),
        scale=drawn.scale,
        floor=drawn.floor,
        signed=drawn.signed,
        words=_RELATIVE if drawn.floor else None,
        ink=look.ink,
        part=look.part,
        note=drawn.note or "one scale for all maps",
        alt=f"{METHODS[found.method].label} {title(bench, found.target, found.contrast)}",
        key=f"{panel.name}.view",
    )
    st.caption(numbers(found, drawn.values))
    _remarks(remarks(found, bench.model))
    return drawn


def _remarks(said: tuple[str, ...]) -> None:
    """Say the gravest thing below the map; the others wait behind a button."""
    if not said:
        return
    st.caption(f":material/lightbulb: {panels.plain(said[0])}")
    if len(said) > 1:
        with st.popover(f"{len(said) - 1} more to know", width="stretch"):
            for remark in said[1:]:
                st.markdown(f"- {panels.plain(remark)}")


def files(bench: Bench, panel: board.Panel, found: Attribution, drawn: Plate) -> None:
    """Offer the picture, the array and the manifest that makes the array again."""
    name = f"{bench.model_name}-{panel.name}"
    with st.popover("Files", width="stretch"):
        st.download_button(
            "Picture (.png)",
            images.encode_png(pictures.fit(drawn.pixels, 2 * panels.SIDE)),
            f"{name}.png",
            "image/png",
            key=f"{panel.name}.png",
            on_click="ignore",
        )
        arrays = {"relevance": found.relevance, "input": bench.input}
        panels.download_arrays(arrays, name, f"{panel.name}.npz")
        st.download_button(
            "Manifest (.json)",
            lambda: written(found, bench.input, bench.model),
            f"{name}.json",
            "application/json",
            key=f"{panel.name}.json",
            on_click="ignore",
        )
        st.caption(
            "The manifest holds the image and all settings: "
            f"`python -m xai attribute --manifest {name}.json` gives the same array."
        )


def sketch(bench: Bench, panel: board.Panel, relevance: np.ndarray, look: Look) -> None:
    """Draw a map that is still growing."""
    values = heatmaps.collapse(relevance)
    method = METHODS[panel.method]
    signed = method.signed or bool((values < 0).any())
    scale = heatmaps.common_scale([values])
    relevance_view(
        values,
        pictures.picture(bench.input, grey=True),
        scale=scale,
        floor=floor_of(values, method, scale, signed=signed),
        signed=signed,
        ink=look.ink,
        part=look.part,
        note="so far",
        alt=f"{method.label}, so far",
        key=f"{panel.name}.growing",
    )
