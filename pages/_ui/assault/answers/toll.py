"""What attacks on many images cost: curves, classes, confusion, in words and as files."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui import controls, panels
from pages._ui.workbench import Bench
from xai.attacks.strengths import in_units, spoken
from xai.attacks.studies.robust_accuracy import Robustness
from xai.attacks.studies.robustness_table import accuracy_table, answer_table
from xai.datasets import ImageSet
from xai.figures import confusion
from xai.figures.attack_lines import method_label
from xai.figures.robustness_chart import (
    MOST_CLASSES,
    accuracy_curves,
    class_table,
)
from xai.figures.wording import number, percent

#: Classes up to which the table and the matrix stand beside each other.
_BESIDE = 12


def curves(found: Robustness, present: float | None) -> None:
    """Draw the accuracy over the strength, of the images that are done."""
    st.markdown("**Accuracy under attack**")
    chart = accuracy_curves(found, present=present)
    st.altair_chart(chart, width="stretch", alt="robust accuracy over the strength")


def show(bench: Bench, images: ImageSet, found: Robustness, present: float | None) -> None:
    """Draw all that is known of a run."""
    curves(found, present)
    _how_to_read(found, present)
    named, sized = st.columns([2, 3], vertical_alignment="bottom", gap="medium")
    attacks = {name: method_label(name) for name in found.methods}
    usual = next((name for name in found.methods[::-1] if name != "noise"), "noise")
    with named:
        method = controls.segments("many.look", "Look at", attacks, default=usual)
    sizes = {
        str(turn): number(in_units(size, found.norm))
        for turn, size in enumerate(found.strengths, 1)
    }
    with sized:
        middle, unit = str((len(sizes) + 1) // 2), "1/255" if found.norm == "linf" else "length"
        chosen = controls.segments("many.at", f"At a strength ({unit}) of", sizes, default=middle)
    turn = int(chosen) - 1
    st.markdown(_sentence(found, method, turn))
    narrow = len(found.present) <= _BESIDE
    left, right = st.columns(2, gap="large") if narrow else (st.container(), st.container())
    with left:
        _classes(found, method)
    with right:
        _falls(found, method, turn)
    _files(bench, images, found)


def _how_to_read(found: Robustness, present: float | None) -> None:
    skipped = f"{found.skipped:,} images of classes that the network lacks are left out. "
    marked = present is not None and present <= found.strengths[-1]
    rule = "The upright line is the workbench’s present strength. " if marked else ""
    st.caption(
        "Share of images that the network still reads rightly; the band is the 95 % interval of "
        f"{found.done:,} images (Wilson). {rule}"
        f"{skipped if found.skipped else ''}Each image is attacked by itself, away from its true "
        "class; those that are wrong from the start count as wrong. BIM and PGD count an image "
        "that a weaker attack has fooled at all larger strengths too. A strong attack that fails "
        "proves nothing: a better one may succeed, so these curves are upper bounds."
    )


def _sentence(found: Robustness, method: str, turn: int) -> str:
    """Say what one attack at one strength leaves, and what noise of that size does."""
    size = spoken(found.strengths[turn], found.norm)
    left = found.accuracy(method)[turn]
    low, high = found.interval(method)[turn]
    clean = found.clean_hits / found.done
    words = (
        f"Clean, the network reads **{percent(clean)}** of {found.done:,} images rightly. "
        f"{method_label(method)} at {size} leaves **{percent(left)}** "
        f"({percent(low)} to {percent(high)})"
    )
    if method == "noise" or "noise" not in found.methods:
        return f"{words}."
    return f"{words}; random noise of the same size **{percent(found.accuracy('noise')[turn])}**."


def _classes(found: Robustness, method: str) -> None:
    """Draw the accuracy of each class over the strength."""
    st.markdown(f"**Which classes fall first** · {method_label(method)}")
    table = class_table(found, method)
    st.altair_chart(table, width="stretch", alt="accuracy of each class over the strength")
    shown = int((found.counts > 0).sum())
    cut = (
        f"The {MOST_CLASSES} of {shown:,} classes that lose most. " if shown > MOST_CLASSES else ""
    )
    st.caption(
        f"{cut}Per cent of each class’s images that are still read rightly, clean at the left; "
        "behind each class the number of its images. Of few images a per cent says little."
    )


def _falls(found: Robustness, method: str, turn: int) -> None:
    """Draw which class is taken for which under one attack."""
    strength = found.strengths[turn]
    st.markdown(
        f"**Which class falls into which** · {method_label(method)} at "
        f"{spoken(strength, found.norm)}"
    )
    labels = found.labels[: found.done]
    chart = confusion.matrix(labels, found.seen(method, strength), found.classes)
    st.altair_chart(chart, width="stretch", alt="confusion matrix under attack")
    st.caption(
        "Each row is a true class, each column what the network says of the attacked image. "
        + _commonest(found, method, strength)
    )


def _commonest(found: Robustness, method: str, strength: float) -> str:
    counts = found.confusion(method, strength)
    np.fill_diagonal(counts, 0)
    if not counts.any():
        return "None is mistaken."
    true, seen = np.unravel_index(int(counts.argmax()), counts.shape)
    names = [panels.plain(found.classes[found.present[place]]) for place in (true, seen)]
    return f"Commonest fall: {names[0]} → {names[1]}, {_images(int(counts.max()))}."


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def _files(bench: Bench, images: ImageSet, found: Robustness) -> None:
    stem = f"{bench.data}-{bench.model_name}-robust"
    with st.container(horizontal=True):
        panels.download_text(
            _marked(accuracy_table(found)), f"{stem}-accuracy.csv", "Accuracy (.csv)"
        )
        panels.download_text(
            _marked(answer_table(found, images.ids)), f"{stem}-answers.csv", "Every answer (.csv)"
        )


def _marked(text: str) -> str:
    # Spreadsheets take a file for one of their own language unless it says that it is UTF-8.
    return f"\ufeff{text}"
