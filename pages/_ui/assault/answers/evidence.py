"""Evidence before and after: the same methods on the clean and on the attacked image."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import streamlit as st

from pages._ui import link, panels
from pages._ui.assault.attacking import Attacked
from pages._ui.evidence import maps
from pages._ui.evidence.gathering import Place, gather
from pages._ui.relevance_view import relevance_view
from pages._ui.workbench import Bench
from xai.attacks import AttackResult
from xai.attribution import METHODS, Attribution, blocked
from xai.attribution.checks.likeness import displaced, spearman
from xai.figures import heatmaps, pictures
from xai.figures.plates import SHARE
from xai.figures.wording import hundredths, number, percent, short

_DEFAULT = ("grad_cam", "lrp")
#: Side, in pixels, up to which a plain gradient is a picture that can be read.
_SMALL = 64
#: Methods that are shown at once: four maps each.
_MOST = 4
#: Letters of a class above a map.
_LETTERS = 24
#: What rank correlations from there on are called.
_ALIKE = ((0.9, "nearly the same map"), (0.6, "much alike"), (0.3, "loosely alike"))


@dataclass(frozen=True, eq=False)
class _Cell:
    """One map of a block.

    Attributes
    ----------
    target : int
        Class that is explained.
    subject : str
        What was done to the image: ``"clean"``, ``"attacked"`` or ``"noise"``.
    image : ndarray, shape (C, H, W)
    place : Place
    """

    target: int
    subject: str
    image: np.ndarray
    place: Place


@dataclass(frozen=True, eq=False)
class _Block:
    """The maps of one method, which share a scale.

    Attributes
    ----------
    method : str
    targets : tuple of int
        The old class and the new one: a row each.
    cells : tuple of _Cell
    foot : DeltaGenerator
        Where is said what the maps say.
    """

    method: str
    targets: tuple[int, int]
    cells: tuple[_Cell, ...]
    foot: Any


def show(bench: Bench, attacked: Attacked) -> None:
    """Draw each method's maps of both images for the old and the new class."""
    chosen, noisy = _choose(bench)
    if not chosen:
        st.info("Choose at least one method.", icon=":material/arrow_upward:")
        return
    subjects = {"clean": bench.input, "attacked": attacked.result.image}
    if noisy:
        subjects["noise"] = attacked.noise.image
    targets = _targets(attacked.result)
    roles = _say_targets(bench, attacked.result, targets)
    blocks = _places(bench, chosen, targets, roles, subjects)
    found, _ = gather([cell.place for block in blocks for cell in block.cells])
    left = iter(found)
    arrays: dict[str, np.ndarray] = {}
    for block in blocks:
        ready = list(islice(left, len(block.cells)))
        known = [one for one in ready if one is not None]
        if len(known) == len(block.cells):
            arrays |= _draw(bench, block, known)
    st.caption(
        f"Each method’s maps share one scale, so that colours compare: the strongest "
        f"{100 - SHARE:g} % of the strongest map have the full colour. Red raises the class’s "
        "score, blue lowers it; where a method knows no sign, bright raises it. Point at a pixel "
        "to read it in all maps. The share that moved is half the summed difference of the two "
        "maps, each brought to the same mass: 0 % is the same map, 100 % another one altogether."
    )
    if arrays:
        panels.download_arrays(arrays, f"{bench.model_name}-evidence", "evidence.arrays")


def _choose(bench: Bench) -> tuple[list[str], bool]:
    """Draw the choice of methods, and whether the noise's maps stand beside them."""
    can = {name: row for name, row in METHODS.items() if not blocked(bench.model, name)}
    small = max(bench.spec.input_size) <= _SMALL
    default = tuple(name for name in (*(("gradient",) if small else ()), *_DEFAULT) if name in can)
    key = "evidence.methods"
    if key in st.session_state:
        # Another model may have come, which some methods cannot explain.
        st.session_state[key] = [name for name in st.session_state[key] if name in can]
    chosen = panels.method_choice(key, can, default)
    cannot = [METHODS[name].label for name in METHODS if name not in can]
    if cannot:
        st.caption(f":material/block: This network cannot be explained by {', '.join(cannot)}.")
    if len(chosen) > _MOST:
        st.caption(f"The first {_MOST} are shown: more cannot be told apart.")
    return chosen[:_MOST], _baseline()


def _baseline() -> bool:
    key = "evidence.noise"
    link.restore(key, {"True": True, "False": False}.get, what="noise", default=False)
    noisy: bool = st.toggle(
        "Beside them: random noise of the same size",
        key=key,
        persist_state="session",
        help="Maps of a slightly changed image differ anyhow. What the attack moved beyond that "
        "is its own doing.",
    )
    link.publish(key, noisy or None)
    return noisy


def _targets(result: AttackResult) -> tuple[int, int]:
    """Return the class before and the one after; if they are equal, the runner-up after."""
    before, after = result.before.label, result.after.label
    if after == before:
        after = next(label for label in result.after.top(2) if label != before)
    return before, after


def _say_targets(bench: Bench, result: AttackResult, targets: tuple[int, int]) -> tuple[str, str]:
    """Say which classes are explained; return what they are called at the maps."""
    old, new = (panels.plain(bench.spec.classes[target]) for target in targets)
    if result.after.label == result.before.label:
        st.markdown(
            f"The network says **{old}** before and after: explained are **{old}** and the "
            f"runner-up after the attack, **{new}**."
        )
        return "its class", "the runner-up"
    st.markdown(
        f"Explained are the old class, **{old}**, and the new one, **{new}**, each on both "
        "images: did the evidence move, or is it weighed anew?"
    )
    return "the old class", "the new class"


def _places(
    bench: Bench,
    chosen: Sequence[str],
    targets: tuple[int, int],
    roles: tuple[str, str],
    subjects: Mapping[str, np.ndarray],
) -> list[_Block]:
    """Draw heads and empty places: a block for each method, a row for each class in it."""
    # Four maps in half the page can be read; six cannot.
    beside = 2 if len(subjects) == 2 else 1
    rows = range(0, len(chosen), beside)
    columns = [one for _ in rows for one in st.columns(beside, gap="large")]
    blocks = []
    for method, column in zip(chosen, columns, strict=False):
        with column:
            st.markdown(f"**{METHODS[method].label}**, on one scale")
            cells = []
            for target, role in zip(targets, roles, strict=True):
                name = short(bench.spec.classes[target], _LETTERS)
                st.markdown(f"Evidence for **{panels.plain(name)}**, {role}")
                slots = st.columns(len(subjects), gap="small")
                for (subject, image), slot in zip(subjects.items(), slots, strict=True):
                    with slot:
                        cells.append(_cell(bench, method, target, subject, image))
            blocks.append(_Block(method, targets, tuple(cells), st.container()))
    return blocks


def _cell(bench: Bench, method: str, target: int, subject: str, image: np.ndarray) -> _Cell:
    st.caption(f"**{subject}**")
    task = maps.task(bench, method, target=target, image=image)
    place = Place(task, st.container(), f"evidence {method} {target} {subject}")
    return _Cell(target, subject, image, place)


def _draw(bench: Bench, block: _Block, found: Sequence[Attribution]) -> dict[str, np.ndarray]:
    """Draw a method's maps on one scale; return them by name."""
    values = [heatmaps.collapse(one.relevance) for one in found]
    scale = heatmaps.common_scale(values, percentile=SHARE)
    signed = any(one.signed for one in found)
    for cell, shown in zip(block.cells, values, strict=True):
        name = bench.spec.classes[cell.target]
        with cell.place.slot:
            relevance_view(
                shown,
                pictures.picture(cell.image, grey=True),
                scale=scale,
                signed=signed,
                note=f"sum {number(float(shown.sum()))}",
                alt=f"{METHODS[block.method].label} for {name}, {cell.subject} image",
                key=f"evidence.{block.method}.{block.targets.index(cell.target)}.{cell.subject}",
                group="evidence",
            )
    with block.foot:
        for target in block.targets:
            row = {
                cell.subject: shown
                for cell, shown in zip(block.cells, values, strict=True)
                if cell.target == target
            }
            name = panels.plain(bench.spec.classes[target])
            st.markdown(f"For **{name}**, before and after: {_compared(row)}")
    return {
        f"{block.method}-{cell.subject}-class-{cell.target}": one.relevance
        for cell, one in zip(block.cells, found, strict=True)
    }


def _compared(row: Mapping[str, np.ndarray]) -> str:
    """Say how alike the maps of one class are before and after."""
    order, share = _apart(row["clean"], row["attacked"])
    if math.isnan(order):
        return "a map is constant, so that there is nothing to compare."
    word = next((word for least, word in _ALIKE if order >= least), "another map")
    said = f"**{word}**, rank correlation {hundredths(order)}; {_share(share)} of its mass moved."
    if "noise" not in row:
        return said
    order, share = _apart(row["clean"], row["noise"])
    return f"{said} Under noise: {hundredths(order)}; {_share(share)}."


def _share(part: float) -> str:
    # A number and its sign stay on one line.
    return percent(part).replace(" ", "\u00a0")


def _apart(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Return the rank correlation of two maps, and the share of the mass that moved."""
    return spearman(before, after), displaced(before, after)
