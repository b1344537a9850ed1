"""The images of the node or flow that was clicked."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui import link, panels
from pages._ui.flow_view import Chosen
from pages._ui.gallery import gallery
from pages._ui.streams.computing import Drawn
from pages._ui.streams.shown import FOLLOW
from pages._ui.workbench import Bench
from xai.datasets import ImageSet
from xai.figures.flow_picture import cluster_name
from xai.flow import Flow, Group

#: Images that are shown; of more an even part.
_SHOWN = 300
_HEIGHT = 164


def show(bench: Bench, drawn: Drawn, chosen: Chosen | None) -> None:
    """Show the images of what was clicked, or say what can be."""
    with st.container(height=_HEIGHT + 84, border=True):
        if chosen is None:
            st.markdown("**Nothing is chosen**")
            st.caption(
                "Click a box to see the images of a cluster, or a ribbon to see those that go on "
                "together. Point at one for its number of images, its classes, and how many of "
                "them the network gets right."
            )
            return
        group = _group(drawn, chosen)
        st.markdown(_said(drawn, group, chosen))
        if drawn.images is None:
            st.caption("The file that this flow was read from holds no pictures.")
            return
        _pictures(bench, drawn, drawn.images, group)


def _group(drawn: Drawn, chosen: Chosen) -> Group:
    graph = drawn.graph
    if chosen.target is None:
        return graph.node(chosen.column, chosen.cluster)
    wanted = chosen.cluster, chosen.target
    found: Flow = next(
        flow for flow in graph.flows[chosen.column] if (flow.source, flow.target) == wanted
    )
    return found


def _said(drawn: Drawn, group: Group, chosen: Chosen) -> str:
    graph = drawn.graph
    name = f"{graph.layers[chosen.column]}, {cluster_name(chosen.cluster)}"
    if chosen.target is not None:
        name += f" → {graph.layers[chosen.column + 1]}, {cluster_name(chosen.target)}"
    count = len(group)
    said = [f"**{panels.plain(name)}**: {count:,} {'image' if count == 1 else 'images'}"]
    if group.majority is not None and group.purity is not None:
        falling = np.argsort(-group.counts, kind="stable")[:3]
        mix = ", ".join(
            f"{panels.plain(graph.classes[place])}: {group.counts[place] / count:.0%}"
            for place in falling
            if group.counts[place]
        )
        said.append(mix + (" …" if (group.counts > 0).sum() > 3 else ""))
    if group.accuracy is not None:
        said.append(f"{group.accuracy:.1%} classified right")
    return " · ".join(said)


def _pictures(bench: Bench, drawn: Drawn, images: ImageSet, group: Group) -> None:
    places = group.members
    if len(places) > _SHOWN:
        places = places[np.linspace(0, len(places) - 1, _SHOWN).astype(int)]
    picked = gallery(
        images,
        [int(place) for place in places],
        [_caption(drawn, int(place)) for place in places],
        selected=bench.chosen.id,
        key="flow-gallery",
        height=_HEIGHT,
    )
    few = f" {_SHOWN} of them are shown." if len(group) > _SHOWN else ""
    st.caption(f"Click one to put it on the workbench and follow it.{few}")
    already = picked == bench.chosen.id and st.session_state[FOLLOW] == "image"
    if picked is not None and not already:
        link.ask(image=picked, source="browse", browse_class="all", **{FOLLOW: "image"})
        st.rerun()


def _caption(drawn: Drawn, place: int) -> str:
    graph = drawn.graph
    said = [] if graph.labels is None else [graph.classes[int(graph.labels[place])]]
    if graph.predicted is not None:
        seen = int(graph.predicted[place])
        name = graph.model_classes[seen] if seen >= 0 else "nothing"
        if [name] != said:
            said.append(f"seen as {name}")
    return ", ".join(said) + (f" · {graph.ids[place]}" if graph.ids else "")
