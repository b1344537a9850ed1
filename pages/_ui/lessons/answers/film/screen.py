"""The film on the page: the map that plays it, and the image that was clicked in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import link, panels
from pages._ui.atlas.view import SMALL, thumbnails, true_classes
from pages._ui.lessons.answers.film.making import Reel, Wanted
from pages._ui.map_view import Colouring, Panel, Window, map_view
from xai.embedding import METHODS
from xai.embedding.evolution import Evolution
from xai.figures.colours import AMOUNT_STOPS, CLASS_COLOURS
from xai.training import learning

if TYPE_CHECKING:
    from xai.datasets import ImageSet

#: Of the map in CSS pixels.
HEIGHT = 720
# Of two maps, with the legend below them.
_HEIGHT_OF_TWO = 1080
_KEY = "film-map"
#: First and last changes of an image that are told.
_TOLD = 5


def live(wanted: Wanted, reel: Reel) -> None:
    """Show the latest maps of a film that is being made."""
    words = wanted.words
    window = Window(
        np.array(reel.places, np.int32),
        np.stack(reel.frames),
        reel.places[0],
        tuple(words[place] for place in reel.places),
    )
    panel = Panel(
        title=_title(wanted),
        points=reel.frames[-1],
        colourings=(true_classes(wanted.images),),
        frames=window,
        run=_run(wanted),
        live=True,
        status=words[reel.places[-1]],
        trails="all",
    )
    _map(wanted.images, [panel], "true")


def show(wanted: Sequence[Wanted], made: Sequence[Evolution], trails: str) -> None:
    """Show the film, and the image that was clicked in it."""
    images = wanted[0].images
    shown = [
        _panel(one, found, trails, alone=len(wanted) == 1)
        for one, found in zip(wanted, made, strict=True)
    ]
    left, right = st.columns([3, 1], gap="medium")
    with left:
        point = _map(images, shown, "true")
    with right:
        if point is None:
            st.markdown("**Play the film**")
            st.caption(
                "Press Replay above the map, or pull its slider. Click a point to see its image, "
                "its history, and its way through the epochs."
            )
        else:
            _inspected(wanted, images.index(point))


def _panel(wanted: Wanted, found: Evolution, trails: str, *, alone: bool) -> Panel:
    frames = found.frames()
    return Panel(
        title=_title(wanted) if alone else wanted.lesson.label,
        points=frames[-1],
        colourings=_colourings(wanted),
        frames=Window(np.arange(len(found), dtype=np.int32), frames, 0, wanted.words),
        run=_run(wanted),
        replayable=len(found) > 1,
        trails=trails,
    )


def _title(wanted: Wanted) -> str:
    return f"{METHODS[wanted.key.method].label} of {wanted.key.layer}"


def _run(wanted: Wanted) -> str:
    key = wanted.key
    return f"{key.run} {key.layer} {key.method} {key.data}"


def _colourings(wanted: Wanted) -> tuple[Colouring, ...]:
    """Return the colourings by class, by the last answer, and by what learning took."""
    run, images = wanted.lesson.run, wanted.images
    places = _places(wanted)
    right = run.predicted[-1][places] == images.labels
    found = [
        true_classes(images),
        Colouring(
            key="right",
            label="Right or wrong at the end",
            values=np.where(right, 0, 1),
            kind="category",
            names=("right", "wrong"),
            colours=(CLASS_COLOURS[8], CLASS_COLOURS[3]),
            explain="Whether the network of the last epoch names the true class.",
        ),
    ]
    if not run.epochs:
        return tuple(found)
    known = learning.of_tests(run)
    for key, label, values, words, explain in (
        (
            "good",
            "Learned for good",
            np.where(known.good < 0, np.nan, known.epochs[known.good])[places],
            ("early", "late"),
            "The epoch from which on the image was always right; none if it is wrong at the end.",
        ),
        (
            "forgotten",
            "Times forgotten",
            known.forgotten[places].astype(float),
            ("never", "often"),
            "How often the image was wrong after an epoch and had been right the epoch before.",
        ),
    ):
        high = float(np.nanmax(values)) if np.isfinite(values).any() else 1.0
        found.append(
            Colouring(
                key=key,
                label=label,
                values=values,
                kind="scale",
                colours=AMOUNT_STOPS[::-1],
                low=0.0,
                high=max(high, 1.0),
                low_word=words[0],
                high_word=words[1],
                explain=explain,
            )
        )
    return tuple(found)


def _places(wanted: Wanted) -> np.ndarray:
    """Return where the filmed images are among the test images of the run."""
    whole = wanted.lesson.images
    return np.array([whole.index(name) for name in wanted.images.ids])


def _map(images: ImageSet, shown: Sequence[Panel], colour: str) -> str | None:
    """Draw the map; return the image that was clicked."""
    sheet, columns, tile = thumbnails(images)
    state = map_view(
        ids=images.ids,
        labels=images.labels,
        classes=images.classes,
        sprite=sheet,
        columns=columns,
        tile=tile,
        crisp=tile <= SMALL,
        panels=shown,
        colour=colour,
        key=_KEY,
        height=HEIGHT if len(shown) == 1 else _HEIGHT_OF_TWO,
        label=f"film of {len(images)} images",
    )
    return state.inspected


def _inspected(wanted: Sequence[Wanted], place: int) -> None:
    """Show an image of the film and what each run made of it."""
    images = wanted[0].images
    name = images.ids[place]
    true = images.classes[int(images.labels[place])]
    st.markdown(f"**{panels.plain(true)}** · {panels.plain(name)}")
    panels.image(images.images[place], alt=f"the image {name} of the class {true}")
    for one in wanted:
        if len(wanted) > 1:
            st.markdown(f"**{panels.plain(one.lesson.label)}**")
        st.caption(_history(one, place))
    if st.button("Put it on the workbench", icon=":material/build:", key="film-adopt"):
        link.ask(data=images.name, image=name, source="browse", browse_class="all")
        st.rerun()


def _history(wanted: Wanted, place: int) -> str:
    """Say what the network took an image for, from mark to mark; only changes are told."""
    run = wanted.lesson.run
    seen = run.predicted[:, _places(wanted)[place]].tolist()
    changes = [at for at in range(len(seen)) if at == 0 or seen[at] != seen[at - 1]]
    names = run.recipe.classes
    told = [f"{run.marks[at]:g}: **{panels.plain(names[seen[at]])}**" for at in changes]
    if len(told) > 2 * _TOLD:
        told = [*told[:_TOLD], "…", *told[-_TOLD:]]
    return f"What the network took it for, from which epoch on: {', '.join(told)}."
