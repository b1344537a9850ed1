"""When each image was learned, and how often it was forgotten again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import cached, controls, link, panels
from pages._ui.gallery import gallery
from pages._ui.lessons.lesson import Lesson
from pages._ui.streams import picking
from xai import datasets
from xai.datasets import DATASETS
from xai.figures import forgetting_chart
from xai.figures.wording import percent
from xai.tables import csv_text
from xai.training import learning
from xai.training.learning import Learning

if TYPE_CHECKING:
    from xai.datasets import ImageSet

_KINDS = {"training": "Training images", "test": "Test images"}
#: Images of the gallery; of more the hardest.
_SHOWN = 200
_HEIGHT = 226
_COLUMNS = ("id", "class", "first_right", "right_for_good", "times_forgotten")
_PICKED = "_forgotten_bar"


def show(lesson: Lesson) -> None:
    """Show when images were learned, how often they were forgotten, and which those are."""
    kind = controls.segments("learn.of", "Look at", _KINDS, default="training")
    shown = [
        (one, found)
        for one in (lesson, lesson.other)
        if one is not None and (found := _found(one, kind)) is not None
    ]
    if not shown:
        return
    for (one, found), place in zip(shown, _places(len(shown)), strict=True):
        with place:
            if lesson.other is not None:
                st.markdown(f"**{panels.plain(one.label)}**")
            _charts(found, one, kind, alone=len(shown) == 1)
    st.caption(_how(kind))
    st.fragment(_pictures)(*shown[0], kind)


def _places(count: int) -> list[st.delta_generator.DeltaGenerator]:
    return [st.container()] if count == 1 else list(st.columns(count, gap="medium"))


def _found(lesson: Lesson, kind: str) -> Learning | None:
    """Return what a run learned when, or say why that is not known and return None."""
    of = learning.of_tests if kind == "test" else learning.of_training
    try:
        return of(lesson.run)
    except ValueError as error:  # no test images, or it ended within its first epoch
        st.info(f"{panels.plain(lesson.label)}: {error}", icon=":material/info:")
        return None


def _charts(found: Learning, lesson: Lesson, kind: str, *, alone: bool) -> None:
    st.markdown(_said(found))
    left, right = st.columns(2, gap="medium") if alone else (st.container(), st.container())
    with left:
        st.altair_chart(
            forgetting_chart.learned_curve(found),
            width="stretch",
            key=f"learned-{kind}-{lesson.label}",
            alt="share of the images that are learned, by epoch",
        )
    with right:
        st.altair_chart(
            forgetting_chart.classes_chart(found),
            width="stretch",
            key=f"learned-classes-{kind}-{lesson.label}",
            alt="share of each class's images that were forgotten or never learned",
        )


def _said(found: Learning) -> str:
    """Say in a sentence or two what became of the images."""
    count, last = len(found), int(found.epochs[-1])
    kept = int(found.unforgettable.sum())
    lost = int((~found.never & ~found.unforgettable).sum())
    never = int(found.never.sum())
    said = (
        f"Of {count:,} images **{kept:,}** ({percent(kept / count)}) were learned once and kept, "
        f"**{lost:,}** ({percent(lost / count)}) were forgotten at least once"
    )
    said += f", and **{never:,}** were never right" if never else ""
    known = found.good[found.good >= 0]
    if len(known):
        half = float(found.epochs[int(np.quantile(known, 0.5, method="inverted_cdf"))])
        said += f". Half of those right at epoch {last} were so for good from epoch {half:g} on"
    return f"{said}."


def _how(kind: str) -> str:
    """Say how to read the charts."""
    looks = (
        "A training image is looked at once an epoch, at the moment when the network learns from "
        "it, shifted and turned if the recipe does so: some are missed by bad luck alone."
        if kind == "training"
        else "A test image is looked at after each epoch, as it is; the network never learns from "
        "it."
    )
    return (
        f"{looks} Forgotten means: wrong right after having been right. What lies between the "
        "dotted line and the dashed one has been right, and will be wrong once more. Images that "
        "are forgotten again and again are odd, badly written or mislabelled; those never "
        "forgotten teach little after they are learned."
    )


def _pictures(lesson: Lesson, found: Learning, kind: str) -> None:
    """Show how often images were forgotten, and those of the bar that was clicked."""
    left, right = st.columns(2, gap="medium")
    with left:
        state = st.altair_chart(
            forgetting_chart.forgetting_chart(found),
            width="stretch",
            key=f"forgotten-{kind}",
            on_select="rerun",
            selection_mode=forgetting_chart.SELECTION,
            alt="number of images by how often they were forgotten",
        )
        picking.fresh(state, forgetting_chart.SELECTION, _PICKED)
        st.caption(
            "Click a bar to see its images. The bars' heights are square roots, since those of "
            "the rare cases could not be seen beside the common one."
        )
    mark = st.session_state[_PICKED]
    times = None if mark is None else int(mark["times"])
    with right:
        _gallery(lesson, found, kind, times)


def _gallery(lesson: Lesson, found: Learning, kind: str, times: int | None) -> None:
    places, title = _chosen(found, times)
    st.markdown(f"**{title}**")
    images = _images(lesson, places[:_SHOWN], kind)
    if images is None:
        st.caption("The images that this run learned from are not here, so none can be shown.")
    elif not len(places):
        st.caption("There are none.")
    else:
        picked = gallery(
            images,
            range(len(images)),
            [_caption(found, int(place)) for place in places[:_SHOWN]],
            selected=st.session_state.get("image"),
            key=f"forgotten-gallery-{kind}",
            height=_HEIGHT,
        )
        few = f" The {_SHOWN} hardest of {len(places):,} are shown." if len(places) > _SHOWN else ""
        st.caption(
            "The hardest first; point at one for its history, click it to put it on the "
            f"workbench.{few}"
        )
        if picked is not None and picked != st.session_state.get("image"):
            link.ask(data=images.name, image=picked, source="browse", browse_class="all")
            st.rerun()
    panels.download_text(_table(found), f"learning-{kind}.csv", "Table (.csv)")


def _chosen(found: Learning, times: int | None) -> tuple[np.ndarray, str]:
    """Return the images of a bar, the hardest first, and what they are called."""
    order = found.hardest()
    groups = forgetting_chart.tallies(found)
    if times is None or times not in groups:
        hard = ~found.unforgettable[order] & ~found.never[order]
        return order[hard], "The most forgotten images"
    chosen = order[np.isin(order, groups[times])]
    if times == forgetting_chart.NEVER:
        return chosen, f"Never right: {len(chosen):,}"
    if times == 0:
        return chosen, f"Learned and never forgotten: {len(chosen):,}"
    word = forgetting_chart.times_word(times)
    return chosen, f"Forgotten {word} time{'' if times == 1 else 's'}: {len(chosen):,}"


def _images(lesson: Lesson, places: np.ndarray, kind: str) -> ImageSet | None:
    """Return some of the images that a run was tried on or learned from, if they are here."""
    if kind == "test":
        return lesson.images.subset(places)
    data = lesson.run.recipe.data
    if data not in DATASETS or not datasets.is_ready(data):
        return None
    known = cached.image_set(data, "train")
    ids = [lesson.run.train_ids[place] for place in places]
    if not all(name in known for name in ids):
        return None
    return known.subset([known.index(name) for name in ids])


def _caption(found: Learning, place: int) -> str:
    name = found.classes[int(found.labels[place])]
    often = int(found.forgotten[place])
    if found.never[place]:
        said = "never right"
    else:
        said = f"forgotten {often} time{'' if often == 1 else 's'}"
        said += f", first right in epoch {_epoch(found, int(found.first[place]))}"
        last = int(found.good[place])
        said += f", for good from {_epoch(found, last)}" if last >= 0 else ", wrong at the end"
    return f"{name} · {said}" + (f" · {found.ids[place]}" if found.ids else "")


def _epoch(found: Learning, look: int) -> str:
    return f"{found.epochs[look]:g}"


def _table(found: Learning) -> str:
    rows = [
        [
            found.ids[place] if found.ids else place,
            found.classes[int(found.labels[place])],
            *(
                None if look < 0 else _epoch(found, look)
                for look in (int(found.first[place]), int(found.good[place]))
            ),
            int(found.forgotten[place]),
        ]
        for place in range(len(found))
    ]
    return csv_text(_COLUMNS, rows)
