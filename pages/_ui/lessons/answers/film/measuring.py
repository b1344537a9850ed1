"""How to read a film, and how far to trust it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages._ui import panels
from pages._ui.lessons.answers.film.making import Wanted
from xai.embedding import METHODS
from xai.embedding.evolution import Evolution
from xai.figures.film_chart import film_chart
from xai.figures.wording import percent
from xai.tables import csv_text

#: How a map of the film comes about, up to where it is turned.
_MADE = {
    "tsne": "Each map starts from the one before and takes the fewer steps the less "
    "neighbourhoods have changed; then it is",
    "pca": "Each map is made anew from the epoch alone, and then",
}


def show(wanted: Sequence[Wanted], made: Sequence[Evolution]) -> None:
    """Say how to read the film and how far to trust it."""
    st.caption(
        f"One point is one of {len(wanted[0].images):,} test images; the axes are the same "
        f"throughout. {_MADE[made[0].method]} turned, or mirrored, onto the one before "
        "(orthogonal Procrustes; no scaling). What does not change does not move: the same "
        "answers at two epochs in a row leave every point in place. "
        f"{METHODS[made[0].method].summary}"
    )
    for found in made:
        for sentence in found.notes:
            st.caption(f":material/info: {sentence}")
    columns = st.columns(len(made), gap="medium")
    for one, found, column in zip(wanted, made, columns, strict=True):
        with column:
            if len(made) > 1:
                st.markdown(f"**{panels.plain(one.lesson.label)}**")
            if len(found) > 1:
                st.altair_chart(
                    film_chart(found, one.key.marks),
                    width="stretch",
                    key=f"film-chart-{one.key.run}",
                    alt="how far classes are apart in the layer, by epoch",
                )
                st.caption(_said(found, one))
            else:
                st.caption("The run has one map alone: a film needs an epoch more.")
            _downloads(one, found)


def _said(found: Evolution, wanted: Wanted) -> str:
    trust = found.quality["trustworthiness"]
    known = np.flatnonzero(np.isfinite(trust))
    said = (
        "Teal: for which share of the images the ten nearest others *in the layer* vote for the "
        "right class; orange: the same on the map, which should lie close to it. Grey: how many "
        "of an image’s ten neighbours are new since the map before: where it falls, learning "
        "settles."
    )
    if not len(known):
        return said
    first, last = known[0], known[-1]
    return (
        f"{said} Trustworthiness, which is less than 100 % where strangers lie beside each other "
        f"on the map: {percent(float(trust[first]))} at epoch {wanted.key.marks[first]:g}, "
        f"{percent(float(trust[last]))} at epoch {wanted.key.marks[last]:g}."
    )


def _downloads(wanted: Wanted, found: Evolution) -> None:
    run = wanted.key.run
    with st.container(horizontal=True):
        arrays = {
            "points": found.points,
            "epochs": np.array(wanted.key.marks),
            "labels": wanted.images.labels,
            "ids": np.array(wanted.images.ids),
        }
        panels.download_arrays(arrays, f"film-{run}", key=f"film-arrays-{run}")
        panels.download_text(_table(wanted, found), f"film-{run}.csv", "Table (.csv)")


def _table(wanted: Wanted, found: Evolution) -> str:
    rows = [
        [
            f"{mark:g}",
            int(found.steps[place]),
            found.turnover[place],
            found.moved[place],
            *(values[place] for values in found.quality.values()),
        ]
        for place, mark in enumerate(wanted.key.marks)
    ]
    return csv_text(("epoch", "steps", "turnover", "moved", *found.quality), rows)
