"""Where the classes part: from which layer on each has clusters of its own."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui import controls, panels
from pages._ui.streams.computing import Drawn
from pages._ui.workbench import Bench
from xai.figures import parting_chart
from xai.flow.reports.parting import Parting, parting


def show(bench: Bench, drawn: Drawn) -> None:
    """Show how much of each class has clusters of its own in each layer, and who is with whom."""
    try:
        found = parting(drawn.graph)
    except ValueError:
        st.info(
            "The classes of these images are unknown, so nobody can say where they part.",
            icon=":material/info:",
        )
        return
    # The choice stands beside the sentence, so that the charts begin at one height.
    sentence, choice = st.columns(2, gap="medium", vertical_alignment="bottom")
    sentence.markdown(_said(found))
    with choice:
        names = {str(place): found.classes[place] for place in found.present}
        latest = found.present[int(np.argmin(found.own.sum(axis=0)))]
        chosen = controls.select("part.class", "With whom is", names, default=str(latest))
    left, right = st.columns(2, gap="medium")
    with left:
        st.altair_chart(
            parting_chart.parting_chart(found),
            width="stretch",
            alt="share of each class in clusters of its own, by layer",
        )
        st.caption(
            "Per cent of the class’s images that are in clusters of which at least half are of "
            "this class; an empty cell: none. Framed is the first layer with more than half."
        )
    with right:
        st.altair_chart(
            parting_chart.together_chart(found, int(chosen)),
            width="stretch",
            alt="how often images of two classes share a cluster, by layer",
        )
        st.caption(
            f"Per cent of the pairs of one image of {panels.plain(names[chosen])} and one of the "
            "row’s class that are in the same cluster; an empty cell: none. Noise keeps nobody "
            "together."
        )


def _said(found: Parting) -> str:
    """Say which class parts first, which last, and which never."""
    settled = found.settled
    names = [found.classes[place] for place in found.present]
    parted = [place for place in np.argsort(settled, kind="stable") if settled[place] >= 0]
    if not parted:
        return "No class has most of its images in clusters of its own at the end."
    first, last = parted[0], parted[-1]
    layers = found.layers
    earliest = _list([names[one] for one in parted if settled[one] == settled[first]])
    said = f"For good, **{earliest}** part first, at **{layers[settled[first]]}**"
    if settled[last] > settled[first]:
        latest = _list([names[one] for one in parted if settled[one] == settled[last]])
        said += f", and **{latest}** last, at **{layers[settled[last]]}**"
    never = [name for name, layer in zip(names, settled, strict=True) if layer < 0]
    if never:
        said += f"; **{_list(never)}** never do"
    return f"{said}."


def _list(names: list[str], most: int = 8) -> str:
    shown = [panels.plain(name) for name in names[:most]]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")
