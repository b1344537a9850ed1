"""The image beside that of the workbench: another of the data set."""

from __future__ import annotations

import dataclasses

import numpy as np
import streamlit as st

from pages._ui import cached, link, panels
from pages._ui.image_picker import image_picker
from pages._ui.image_source import Chosen
from pages._ui.workbench import Bench

_KEY = "partner"
_SHOWN = 48
_SIDE = 92
_SMALL = 32


def choose(bench: Bench) -> None:
    """Draw the choice of the other image, folded away behind its name."""
    other = bench_of(bench)
    with st.popover(f"Another image: {panels.plain(other.chosen.label)}", icon=":material/image:"):
        places = _places(bench)
        small = bench.images.images[0].shape[0] <= _SMALL
        side = bench.images.images[0].shape[0] if small else _SIDE
        sheet, columns = cached.gallery(bench.images.signature, places, side, bench.images)
        classes, labels = bench.images.classes, bench.images.labels
        picked = image_picker(
            [bench.images.ids[place] for place in places],
            sheet,
            columns=columns,
            tile=side,
            shown=46,
            captions=[
                f"{bench.images.ids[place]}, {classes[int(labels[place])]}" for place in places
            ],
            selected=other.chosen.id,
            key="partner-picker",
            height=240,
            crisp=small,
            label="Another image",
        )
        if picked is not None and picked != other.chosen.id:
            st.session_state[_KEY] = picked
            st.rerun()


def bench_of(bench: Bench) -> Bench:
    """Return a workbench with the other image on it."""
    images = bench.images
    link.restore(_KEY, link.one_of(images.ids), what="other image", default=None)
    name = st.session_state[_KEY]
    if name not in images or name == bench.chosen.id:
        name = images.ids[_default(bench)]
    link.publish(_KEY, st.session_state[_KEY] if name == st.session_state[_KEY] else None)
    place = images.index(name)
    known = images.classes[int(images.labels[place])]
    chosen = Chosen(images.images[place], name, None if known == "unlabelled" else known, name)
    return dataclasses.replace(bench, chosen=chosen, wanted="predicted")


def _default(bench: Bench) -> int:
    """Return the first image of another class, or simply another image."""
    # Images may come class by class, so all of them are looked through.
    foreign = np.array([name != bench.chosen.class_name for name in bench.images.classes])
    others = np.flatnonzero(foreign[bench.images.labels])
    if others.size:
        return int(others[0])
    ids = bench.images.ids
    return next((place for place, name in enumerate(ids) if name != bench.chosen.id), 0)


def _places(bench: Bench) -> tuple[int, ...]:
    """Return some images of every class in turn."""
    labels = bench.images.labels
    rank = np.zeros(len(labels), int)
    for label in np.unique(labels):
        held = np.flatnonzero(labels == label)
        rank[held] = np.arange(len(held))
    return tuple(np.lexsort((labels, rank))[:_SHOWN].tolist())
