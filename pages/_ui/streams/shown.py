"""The drawing of the flow: whose lines are shown, and what is clicked in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages._ui import controls, link
from pages._ui.flow_view import Chosen, Heard, Highlight, Track, flow_view
from pages._ui.streams.computing import HEIGHT, Drawn
from xai.figures.flow_picture import ORDERS, Order
from xai.flow import FlowGraph

#: What is followed through the layers.
FOLLOW = "flow.show"
#: Images that an answer asks to see in the drawing.
_MARKED = "_flow_marked"
_CLASS = "flow.class"
_CHOSEN = "flow.at"
_ORDER = "flow.order"


def follow(drawn: Drawn) -> str:
    """Draw the choice of whose lines are shown; return it."""
    words = {"all": "All", "wrong": "Misclassified", "image": "This image"}
    right = drawn.graph.right
    if right is None or right.all():
        del words["wrong"]
    if _marked(drawn) is not None:
        words["marked"] = "Marked"
    return controls.segments(FOLLOW, "Follow", words, default="all")


def mark(drawn: Drawn, images: Sequence[int] | np.ndarray, title: str) -> None:
    """Show the lines of some images in the drawing from the next run on."""
    places = np.asarray(images, np.int64)
    st.session_state[_MARKED] = (drawn.key, Highlight(places, title))
    link.ask(**{FOLLOW: "marked"})


def show(drawn: Drawn, followed: str, tracks: Sequence[Track] = ()) -> Heard:
    """Draw the flow; return what is chosen in it."""
    heard = flow_view(
        drawn.picture,
        chosen=_restored(drawn),
        highlight=_highlight(drawn, followed),
        tracks=tracks,
        focus=_focus(drawn),
        order=link.restore(_ORDER, _order, what="order of the flow", default="found"),
        notes=[_note(drawn.graph, column) for column in range(len(drawn.graph.layers))],
        key="flow-drawing",
        height=HEIGHT,
    )
    _publish(drawn, heard)
    st.caption(_caption(drawn.graph))
    return heard


# ------------------------------------------------------------------------- whose lines
def _marked(drawn: Drawn) -> Highlight | None:
    key, highlight = st.session_state.get(_MARKED, (None, None))
    return highlight if key == drawn.key else None


def _highlight(drawn: Drawn, followed: str) -> Highlight | None:
    if followed == "marked":
        return _marked(drawn)
    if followed == "image":
        return Highlight(np.zeros(0, np.int64), "")
    if followed == "wrong" and drawn.graph.right is not None:
        wrong = np.flatnonzero(~drawn.graph.right)
        noun = "image" if len(wrong) == 1 else "images"
        return Highlight(wrong, f"the {len(wrong):,} misclassified {noun}")
    return None


# ------------------------------------------------------------------------------ the link
def _focus(drawn: Drawn) -> int | None:
    """Return the place of the class that the link names."""
    groups = drawn.picture.groups
    known = link.one_of(groups)
    name = link.restore(_CLASS, known, what="class of the flow", default=None)
    return groups.index(name) if name in groups else None


def _restored(drawn: Drawn) -> Chosen | None:
    """Return the node or flow that the link names, such as ``relu2:3`` or ``relu2:3:1``."""
    graph = drawn.graph

    def read(text: str) -> str | None:
        return text if _read(text, graph) is not None else None

    text = link.restore(_CHOSEN, read, what="cluster", default=None)
    return None if text is None else _read(text, graph)


def _read(text: str, graph: FlowGraph) -> Chosen | None:
    layer, *numbers = text.split(":")
    try:
        cluster, *target = [int(number) for number in numbers]
    except ValueError:
        return None
    if layer not in graph.layers or len(target) > 1:
        return None
    column = graph.layers.index(layer)
    if cluster not in graph.sequence[column]:
        return None
    if target and (cluster, target[0]) not in _pairs(graph, column):
        return None
    return Chosen(column, cluster, *target)


def _pairs(graph: FlowGraph, column: int) -> set[tuple[int, int]]:
    """Return between which clusters images go on from a column."""
    leaving = graph.flows[column] if column < len(graph.flows) else ()
    return {(flow.source, flow.target) for flow in leaving}


def _order(text: str) -> Order | None:
    return next((order for order in ORDERS if order == text), None)


def _publish(drawn: Drawn, heard: Heard) -> None:
    one = heard.chosen
    said = None
    if one is not None:
        target = "" if one.target is None else f":{one.target}"
        said = f"{drawn.graph.layers[one.column]}:{one.cluster}{target}"
    focus = None if heard.focus is None else drawn.picture.groups[heard.focus]
    order = None if heard.order == "found" else heard.order
    for key, value in ((_CHOSEN, said), (_CLASS, focus), (_ORDER, order)):
        st.session_state[key] = value if key != _ORDER else heard.order
        link.publish(key, value)


# ------------------------------------------------------------------------------ in words
def _note(graph: FlowGraph, column: int) -> str:
    """Return what stands under the name of a column."""
    count = sum(node.cluster >= 0 for node in graph.nodes[column])
    ari = graph.clusters[column].ari if graph.clusters else None
    noun = "cluster" if count == 1 else "clusters"
    return f"{count} {noun}" if ari is None else f"{count} · ARI {ari:.2f}"


def _caption(graph: FlowGraph) -> str:
    said = (
        "Each column is a layer, each box a cluster: images that the layer answers alike. The "
        "higher, the more images; hatched boxes are noise, which is near no cluster. Ribbons "
        "are the images that go on together"
    )
    if graph.labels is not None:
        said += (
            ", in the colours of their true classes: where a colour has boxes of its own, its "
            "class has parted from the others. Pale boxes are mixed: no class is half of them. "
            "Where there is room, ARI under a name says how far clusters and classes agree: "
            "0 is chance, 1 is the same"
        )
    return f"{said}."
