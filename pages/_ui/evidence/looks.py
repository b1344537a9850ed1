"""How all maps of the page are shown: alone or over the image, which sign, on which scale."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages._ui import controls, link
from xai.figures.plates import PARTS, Part


@dataclass(frozen=True)
class Look:
    """What holds for all panels.

    Attributes
    ----------
    ink : float
        1 for the map alone, less for the map as ink on the grey image.
    part : str
        One of :data:`xai.figures.plates.PARTS`.
    one_scale : bool
        Whether all maps share a scale.
    seed : int
        Of the methods that draw random numbers.
    """

    ink: float
    part: Part
    one_scale: bool
    seed: int


def choose() -> Look:
    """Draw the choices, bound to the link, side by side in the row that is open."""
    words = {str(name): label for name, label in PARTS.items()}
    said = controls.segments("part", "Evidence shown", words, default="both")
    part = next(one for one in PARTS if one == said)
    link.restore("ink", _share, what="opacity", default=1.0)
    ink: float = st.slider(
        "Map over image",
        0.1,
        1.0,
        step=0.1,
        key="ink",
        persist_state="session",
        help="1 shows the map alone; less lays it as ink over the grey image.",
        width=170,
    )
    link.publish("ink", None if ink == 1.0 else ink)
    with st.popover("Scale, seed", icon=":material/tune:"):
        one, seed = _scale(), _chance()
    return Look(ink, part, one, seed)


def _scale() -> bool:
    given = {"True": True, "False": False}
    link.restore("one_scale", given.get, what="scale", default=False)
    one: bool = st.toggle(
        "One colour scale for all maps",
        key="one_scale",
        persist_state="session",
        help="Zero is always in the middle. Methods have units of their own: on one scale most "
        "look pale. Off, each map has its own, and the legend says so.",
    )
    link.publish("one_scale", one or None)
    return one


def _chance() -> int:
    link.restore("seed", _seed, what="seed", default=0)
    seed: int = st.number_input(
        "Seed",
        0,
        2**31 - 1,
        key="seed",
        persist_state="session",
        help="Of the methods that draw random numbers: another seed shows how much is chance.",
    )
    link.publish("seed", seed or None)
    return seed


def _share(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return round(value, 1) if 0.1 <= value <= 1 else None


def _seed(text: str) -> int | None:
    # No more digits than the largest seed has: Python refuses to read thousands of them.
    return int(text) if text.isdecimal() and len(text) <= 10 and int(text) < 2**31 else None
