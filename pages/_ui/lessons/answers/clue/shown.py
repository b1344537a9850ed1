"""What came of a planted clue: who uses it, who finds it, and where the evidence lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import controls, panels
from pages._ui.mosaic_view import Cell, mosaic_view
from xai.experiments import clue
from xai.experiments.clue import CLUE, CONTROL, TIMES, Clue, Score
from xai.figures import clue_tiles
from xai.figures.clue_chart import KINDS, clue_chart
from xai.figures.wording import number, percent
from xai.tables import csv_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_NETWORKS = {"clue": KINDS[CLUE], "control": KINDS[CONTROL]}
_CHOSEN = "clue.method"


def growing(found: Clue) -> None:
    """Draw what is there while the experiment goes on."""
    st.markdown(panels.plain(clue.used(found)))
    _chart(found)


def show(found: Clue) -> None:
    """Draw the answers of both networks, the chart, the maps, and the files."""
    st.markdown(f"{panels.plain(clue.used(found))} **{panels.plain(clue.verdict(found))}**")
    _chart(found)
    most = 1 / found.area
    st.caption(
        "Each mark is the share of a method’s positive evidence that lies in the tag, times that "
        f"of evidence at random; the bar is the 95 % interval over {len(found.images)} images. "
        f"All evidence in the tag would be {number(most)} times. The circle should be far right "
        "and the diamond near 1: a method whose diamond is far right, too, marks the tag "
        "because it stands out and not because it was learned, as an edge detector does; one "
        "whose circle stays near 1 would not have shown anybody that the network cheats. Cells "
        "of a coarse map, as of Grad-CAM, are larger than the tag and cannot be far right."
    )
    for name, reason in found.skipped:
        st.caption(f":material/block: {panels.plain(name)}: {panels.plain(reason)}")
    _pictures(found)
    with st.expander("The numbers"):
        _table(found)
    _files(found)


def _chart(found: Clue) -> None:
    st.altair_chart(
        clue_chart(found),
        width="stretch",
        key="clue.chart",
        alt="how many times more evidence than random each method puts into the tag",
    )


def _pictures(found: Clue) -> None:
    """Show where each method sees evidence: in the mean, or in one image."""
    left, right = st.columns([2, 3], gap="medium", vertical_alignment="bottom")
    with left:
        network = CONTROL
        if controls.segments("clue.of", "Network", _NETWORKS, default="clue") == "clue":
            network = CLUE
    with right:
        place = _image(found)
    scores = [*found.methods, *(one for one in found.scores if one.against or one.reference)]
    # One scale for both networks, so that a change of ink is a change of evidence.
    parts = [
        [clue_tiles.evidence(found, one, each, place) for each in (CLUE, CONTROL)] for one in scores
    ]
    scale = max(float(one.max()) for pair in parts for one in pair)
    tiles = [[clue_tiles.tile(found, one, scale, place) for one in pair] for pair in parts]
    cells = [[_cell(found, one, each, place) for each in (CLUE, CONTROL)] for one in scores]
    chosen = _chosen(found, [one.name for one in scores])
    picked = mosaic_view(
        [pair[network] for pair in tiles],
        [pair[network] for pair in cells],
        selected=chosen,
        key="clue.tiles",
        shown=112,
        across=5,
        label="Evidence of each method, with the tag framed",
    )
    if picked is not None and picked != chosen:
        st.session_state[_CHOSEN] = scores[picked].name
        st.rerun()
    st.caption(
        "Red ink is positive evidence for the class, as a part of all that the map has; one scale "
        "for all maps and both networks. The black frame is the tag. Under each map stands the "
        "share inside, and how many times that of random it is. Choose a map to see it large, for "
        "both networks."
    )
    _beside(tiles[chosen], cells[chosen])


def _chosen(found: Clue, names: Sequence[str]) -> int:
    """Return the place of the map that is shown large: of the method with the most in the tag."""
    best = max(found.methods, key=lambda one: found.factor(one.name, CLUE).mean).name
    name = st.session_state.get(_CHOSEN, best)
    return names.index(name if name in names else best)


def _beside(tiles: Sequence[np.ndarray], cells: Sequence[Cell]) -> None:
    """Show the maps of one method for both networks."""
    left, right, _ = st.columns([2, 2, 1], gap="medium")
    for column, pixels, cell, words in zip((left, right), tiles, cells, KINDS, strict=False):
        with column:
            st.markdown(f"**{panels.plain(cell.name)}**, {words}")
            panels.image(pixels, alt=f"{cell.name}, {words}")
            st.caption(f"{cell.line}, {cell.verdict}" if cell.verdict else cell.line)


def _image(found: Clue) -> int | None:
    """Draw the choice of an image; None is the mean of all."""
    words = {"mean": f"mean of all {len(found.images)}"}
    words |= {str(place): f"no. {place + 1}" for place in range(len(found.images))}
    chosen = controls.select("clue.image", "Image", words, default="mean")
    return None if chosen == "mean" else int(chosen)


def _cell(found: Clue, one: Score, network: int, place: int | None) -> Cell:
    shares = one.shares[network] if place is None else one.shares[network][place : place + 1]
    if np.isnan(shares).all():
        return Cell(one.label, "no evidence for it")
    # As the chart counts: of the mean, maps without evidence count as random ones do.
    times = found.factor(one.name, network).mean if place is None else shares[0] / found.area
    share = times * found.area
    words = f"{percent(share)} inside"
    tone = "good" if (times >= TIMES) == (network == CLUE) else "bad"
    if one.reference or one.against:
        tone = ""
    return Cell(one.label, words, f"{number(times)} times", tone)


def _table(found: Clue) -> None:
    ours, control = found.usage
    name = panels.plain(found.classes[found.key.label])
    st.dataframe(
        {
            "network": list(KINDS[:2]),
            "all test images read right": [percent(ours.accuracy), percent(control.accuracy)],
            f"“{name}” read right, without tag": [percent(ours.recall), percent(control.recall)],
            f"“{name}” read right, with tag": [percent(ours.stamped), percent(control.stamped)],
            f"others that the tag turns into “{name}”": [
                percent(ours.turned),
                percent(control.turned),
            ],
        },
        hide_index=True,
    )
    rows = [[found.factor(one.name, each) for one in found.scores] for each in (CLUE, CONTROL)]
    st.dataframe(
        {
            "method": [one.label for one in found.scores],
            "with the tag": [number(one.mean) for one in rows[CLUE]],
            "95 % interval": [_interval(one.low, one.high) for one in rows[CLUE]],
            "control": [number(one.mean) for one in rows[CONTROL]],
            "its 95 % interval": [_interval(one.low, one.high) for one in rows[CONTROL]],
            "empty maps": [
                f"{one.empty(CLUE)} and {one.empty(CONTROL)} of {one.shares.shape[1]}"
                for one in found.scores
            ],
        },
        hide_index=True,
    )
    st.caption(
        "Times that of random evidence. A map without any positive evidence is empty and counts "
        "as random does. The interval is over the images: another training is another experiment, "
        "try another seed."
    )


def _interval(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}"


def _files(found: Clue) -> None:
    name = f"planted-clue-{found.key.label}-{found.key.seed}"
    columns = ("method", "network", "image", "share inside the tag", "times random")
    with st.container(horizontal=True):
        panels.download_text(csv_text(columns, _lines(found)), f"{name}.csv", "Shares (.csv)")
        panels.download_arrays(
            {one.name: one.maps for one in found.scores}
            | {"images": found.images, "mask": found.mask},
            name,
            "clue.arrays",
        )


def _lines(found: Clue) -> Sequence[tuple[str | float | None, ...]]:
    return [
        (
            one.label,
            KINDS[network],
            id,
            *((share, share / found.area) if share == share else (None, None)),
        )
        for one in found.scores
        for network in (CLUE, CONTROL)
        for id, share in zip(found.ids, one.shares[network].tolist(), strict=True)
    ]
