"""Whether the data set and the preferred image tell the same of a channel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from pages._ui import panels, progress
from xai import activations
from xai.figures.wording import hundredths, number, percent, short
from xai.jobs import Report

if TYPE_CHECKING:
    from pages._ui.channels.strongest import Row
    from pages._ui.growing.answers.story import Answer, Subject
    from pages._ui.growing.running import Grown
    from xai.activations import Kinship

#: Classes that a sentence names.
_NAMED = 3
#: Letters of each.
_LETTERS = 16
#: Share of other images that are less alike, from which on images are called related. One in
#: ten digits is of the class that a channel may answer to, and is alike by right.
_MORE = 0.75
#: Share of the strongest that an image must be more alike to them than, to be one of them: more
#: than none, since one of ten may be a stray.
_AS_ALIKE = 0.25
#: Cosine up to which images have next to nothing in common, whatever other ones have.
_LEAST = 0.1
#: Kinds of layer that let no more than so much through.
_MOST = {"ReLU6": 6.0}
#: Largest values that differ by less than this share are the same.
_SAME = 1e-3


@dataclass(frozen=True)
class KinshipKey:
    """Everything that the comparison of a grown image with the strongest depends on."""

    grown: object
    data: str
    layer: str
    strongest: tuple[int, ...]
    channel: int | None


def show(
    subject: Subject, grown: Grown, row: Row, best: Answer, preferred: Answer, where: Any
) -> None:
    """Say how the strongest images and the preferred image compare.

    Parameters
    ----------
    subject : Subject
    grown : Grown
    row : Row
        The strongest images.
    best, preferred : Answer
        To the strongest of them, and to the preferred image.
    where : container
        For the numbers; the sentences come where the page is now.
    """
    with where:
        st.markdown("**Are they of one mind?**")
        st.markdown(_strength(row, best, preferred, subject.layer.kind))
        if best.peak <= 0 and row.values[0] == row.values[-1]:
            st.markdown(
                f"**It is silent** for all {len(row.data):,}: the tiles are the first images and "
                "not the strongest, so there is nothing to compare with. It wakes only for what "
                "is not in this data set, or for nothing."
            )
            return
        st.markdown(_mix(row))
        found = _kinship(subject, grown, row)
        if found is not None and math.isfinite(found.image):
            st.markdown(
                f"Likeness (cosine): **{hundredths(found.image)}** of it to them, "
                f"**{hundredths(found.among)}** of them to each other"
            )
    said, reading = st.columns([5, 1.15], gap="small")
    with said:
        st.markdown("" if found is None else verdict(found, len(row.places)))
    with reading, st.popover("How to read it", icon=":material/menu_book:"):
        _explain(subject, row)


def _explain(subject: Subject, row: Row) -> None:
    what = (
        "what the layer before the last answers on average"
        if subject.is_class
        else "what all other channels of the layer answer at the place where this one is strongest"
    )
    st.markdown(
        f"**The tiles** are the {len(row.places)} images of the data set with the largest value, "
        "and below each what its strongest place sees. Click an image to put it on the workbench."
    )
    st.markdown(
        f"**The cosine** compares {what}, with the data set’s mean answer taken away: 1 is the "
        "same direction, 0 nothing in common. Other images are taken "
        + ("as they are." if subject.is_class else "at a random place.")
    )
    st.latex(r"\cos(u, v) = \frac{(u - \bar a) \cdot (v - \bar a)}{|u - \bar a|\,|v - \bar a|}")
    st.markdown(
        "**What it does not say**: alike to a layer need not be alike to the eye. One preferred "
        "image shows one of the things that a channel may answer to; another seed may show "
        "another. A larger value than any photograph has does not make it a better example."
    )


def _strength(row: Row, best: Answer, preferred: Answer, kind: str) -> str:
    """Compare the same measures of the best real and of the preferred image.

    ``kind`` is that of the layer: some let no more than so much through.
    """
    if best.peak <= 0:
        return (
            f"**No image** of {len(row.data):,} moves it above 0; the preferred one moves it to "
            f"{number(preferred.peak)}"
        )
    many = f"the strongest of {len(row.data):,} real ones"
    if preferred.peak <= 0:
        return f"The preferred image does **not** move it above 0; {many} does"
    said = f"Preferred image: **{_times(preferred.peak, best.peak)}** as strong as {many}"
    if min(best.peak, preferred.peak) >= _MOST.get(kind, math.inf):
        said += f" ({number(best.peak)}, the most that {kind} lets through)"
    if best.values.size == 1 or best.mean <= 0 or preferred.mean <= 0:
        return said
    return f"{said}, **{_times(preferred.mean, best.mean)}** in the mean"


def _times(value: float, other: float) -> str:
    same = math.isclose(value, other, rel_tol=_SAME)
    return "just" if same else f"{number(value / other)}\u00a0×"


def _mix(row: Row) -> str:
    """Say of which classes the strongest images are."""
    if len(row.named) > 1 and row.mix[0][1] == 1:
        return f"The {len(row.named)} strongest are of **{len(row.named)}** different classes"
    shown = row.mix[:_NAMED]
    left = len(row.named) - sum(times for _, times in shown)
    parts = [f"**{times}** “{panels.plain(short(name, _LETTERS))}”" for name, times in shown]
    others = [f"{left} of other classes"] if left else []
    return f"Of the {len(row.named)} strongest: {', '.join([*parts, *others])}"


def verdict(found: Kinship, count: int) -> str:
    """Say whether the preferred image and the strongest are of one mind, as far as is known.

    Parameters
    ----------
    found : Kinship
    count : int
        Strongest images.
    """
    layer = panels.plain(found.layer)
    if not math.isfinite(found.image + found.among):
        return f"{layer} has nothing else to compare them by."
    known = found.others[np.isfinite(found.others)]
    usual = float(np.quantile(known, _MORE)) if len(known) else -1.0
    if found.among <= max(_LEAST, usual):
        return (
            f"**The {count} have little in common** as far as {layer} can tell, hardly more than "
            "images at random: it may answer to several things, of which the preferred image "
            "shows one."
        )
    if found.image >= np.nanquantile(found.strongest, _AS_ALIKE):
        return (
            f"**Of one mind, as far as {layer} can tell**: the preferred image is about as alike "
            f"to the {count} as they are to each other."
        )
    if not len(known):
        return f"To {layer} it is less alike to the {count} than they are to each other."
    less = percent(found.share).replace(" ", "\u00a0")
    word = "Related" if found.share >= _MORE and found.image > _LEAST else "Hardly related"
    return (
        f"**{word}, as far as {layer} can tell**: {less} of {len(known)} other images are less "
        f"alike to the {count} than the preferred one, but these are more alike to each other."
    )


def _kinship(subject: Subject, grown: Grown, row: Row) -> Kinship | None:
    """Return how alike the images are to the layer, or show how far it is."""
    if len(row.places) < 2:
        return None
    bench, layer = subject.bench, subject.layer.name
    channel: int | None = subject.channel
    if subject.is_class and len(bench.model.layers) > 1:
        # Of the outputs each is a class: what they are made of stands before them.
        layer, channel = bench.model.layers[-2].name, None
    key = KinshipKey(grown.key, row.data.signature, layer, row.places, channel)
    model, image, data = bench.model, grown.result.image, row.data

    def work(report: Report) -> Kinship:
        return activations.kinship(
            model, image, data, key.strongest, layer, channel=channel, progress=report
        )

    found: Kinship | None = progress.result(
        key, work, label="Comparing them", keep=False, slot="story kinship", narrow=True
    )
    return found
