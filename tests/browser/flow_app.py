"""A page with a flow of made-up images, and widgets that change what it shows."""

from __future__ import annotations

import dataclasses

import numpy as np
import streamlit as st

from pages._ui.flow_view import Chosen, Highlight, Track, flow_view
from xai.figures.flow_picture import FlowPicture, picture
from xai.flow import NOISE, SMALL, FlowGraph, lay_out, order, unordered

HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b>'
#: Images, columns and classes of each case.
SIZES = {
    "digits": (300, 6, 10),
    "large": (2000, 20, 10),
    "names": (60, 4, 3),
    "bare": (60, 4, 3),
    "one": (40, 1, 3),
    "three": (3, 3, 3),
    "noise": (40, 3, 3),
}


def graph_of(case: str) -> FlowGraph:
    """Return a graph whose classes part from column to column."""
    count, columns, classes = SIZES[case]
    random = np.random.default_rng(len(case))
    labels = random.integers(0, classes, count)
    number = random.permutation(classes)
    assigned = np.empty((columns, count), np.int64)
    for column in range(columns):
        own = random.random(count) < (column + 1) / columns
        assigned[column] = np.where(own, number[labels], random.integers(0, classes, count))
        assigned[column, random.random(count) < 0.2 * (1 - column / columns)] = NOISE
        number = random.permutation(classes)
    if case == "noise":
        assigned[1] = NOISE
        assigned[2, :9] = SMALL
    layers = tuple(f"features.{column}.conv" for column in range(columns))
    graph = unordered(FlowGraph(layers, assigned, (), assigned))
    right = random.random(count) < 0.9
    if case == "bare":
        return graph
    names = tuple(f"class {place}" if classes < 10 else str(place) for place in range(classes))
    if case == "names":
        graph = dataclasses.replace(graph, layers=(HOSTILE, *layers[1:]))
        names = (HOSTILE, "a class whose name is so long that it fits nowhere", "cat")
    return dataclasses.replace(
        graph,
        labels=labels,
        classes=names,
        right=right,
        ids=tuple(f"image {place}" for place in range(count)),
    )


@st.cache_resource
def made(case: str) -> tuple[FlowGraph, FlowPicture]:
    """Return a case's graph in the order that was found, and its picture."""
    raw = graph_of(case)
    graph = order(raw)
    return graph, picture(graph, lay_out(graph), raw, lay_out(raw))


def tracks_of(graph: FlowGraph) -> tuple[Track, Track]:
    """Return the paths of two images, one of them of the data set."""
    sure = tuple(np.linspace(0.3, 1, len(graph.layers)).tolist())
    clean = Track("clean", tuple(graph.assigned[:, 0].tolist()), sure, image=0)
    far = (True, *[False] * (len(graph.layers) - 1))
    attacked = tuple(graph.assigned[:, 1].tolist())
    return clean, Track("attacked", attacked, sure[::-1], far, look="attacked")


def show() -> None:
    """Show the flow of a case."""
    query = st.query_params
    graph, drawn = made(query.get("case", "digits"))
    words = ("Misclassified", "Choose the first", "Paths", "Raw", "Second class")
    wrong, first, paths, raw, second = (
        column.toggle(word, word.split()[-1].lower() in query)
        for column, word in zip(st.columns(len(words)), words, strict=True)
    )
    highlight = None
    if wrong and graph.right is not None:
        highlight = Highlight(np.flatnonzero(~graph.right), "misclassified")
    heard = flow_view(
        drawn,
        chosen=Chosen(0, graph.sequence[0][0]) if first else None,
        highlight=highlight,
        tracks=tracks_of(graph) if paths else (),
        order="raw" if raw else "found",
        focus=1 if second else None,
        height=int(query.get("height", "560")),
        key="flow",
    )
    st.text(f"heard: {heard.chosen} {heard.focus} {heard.order}")


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    show()
    st.text(f"runs: {st.session_state['runs']}")
