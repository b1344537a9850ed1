"""The flow as a job, and what is drawn of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from pages._ui import cached, progress
from pages._ui.streams.choices import Wanted
from pages._ui.workbench import Bench
from xai import flow
from xai.datasets import ImageSet
from xai.figures.flow_picture import FlowPicture, picture
from xai.flow import METHODS, FlowGraph
from xai.flow.pipeline import run
from xai.jobs import Report

#: Height of the drawing in pixels, while it is awaited, too.
HEIGHT = 560


@dataclass(frozen=True)
class DrawnKey:
    """A flow and its drawing.

    Attributes
    ----------
    wanted : Wanted
    opened : str
        Digest of the file that it comes from; empty if it was computed.
    """

    wanted: Wanted | None
    opened: str = ""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A flow that is there.

    Attributes
    ----------
    key : DrawnKey
    graph : FlowGraph
        In the order that was found.
    picture : FlowPicture
        Of it in raw order, too.
    images : ImageSet or None
        The pictures of those that travel; None where they are not at hand.
    notes : tuple of str
        What the reader should be told, one sentence each.
    objection : str
        Why the network on the workbench can follow no image through it; empty if it can.
    """

    key: DrawnKey
    graph: FlowGraph
    picture: FlowPicture
    images: ImageSet | None
    notes: tuple[str, ...] = ()
    objection: str = ""


def follow(bench: Bench, images: ImageSet, wanted: Wanted) -> Drawn | None:
    """Return the flow, or show how far it is and return None.

    Raises
    ------
    ValueError
        If there is none of these images and layers.
    """
    model, shelf, key = bench.model, cached.shelf(bench.own), DrawnKey(wanted)

    def work(report: Report) -> Drawn:
        found = run(
            model,
            images,
            wanted.layers,
            method=wanted.method,
            params=wanted.params,
            store=shelf,
            progress=report,
        )
        report(1, 1, "Drawing")
        return drawn(key, found.graph, images, found.notes)

    label = f"{METHODS[wanted.method].label} of {len(images):,} images in {len(wanted.layers)} "
    label += "layer" if len(wanted.layers) == 1 else "layers"
    return _result(key, work, label)


def redrawn(
    key: DrawnKey, graph: FlowGraph, images: ImageSet | None, objection: str
) -> Drawn | None:
    """Return the drawing of a flow that was read from a file, or show how far it is."""

    def work(report: Report) -> Drawn:
        report(0, 1, "Drawing")
        return drawn(key, graph, None, ())

    found = _result(key, work, "The flow of the file")
    # All who open the file share the drawing; pictures and network are those of this session.
    return None if found is None else replace(found, images=images, objection=objection)


def _result(key: DrawnKey, work: Callable[[Report], Drawn], label: str) -> Drawn | None:
    found: Drawn | None = progress.result(key, work, label=label, keep=False, slot="flow")
    if found is None and not progress.is_stopped(key):
        st.skeleton(HEIGHT)
    return found


def drawn(
    key: DrawnKey, graph: FlowGraph, images: ImageSet | None, notes: tuple[str, ...]
) -> Drawn:
    """Fold and order a flow, and lay it out before and after."""
    wanted = key.wanted
    if wanted is not None:
        folded = flow.fold(graph, wanted.least, most=wanted.most)
        if wanted.noise != "free" or not np.array_equal(folded.assigned, graph.assigned):
            graph = flow.order(folded, noise=wanted.noise)  # type: ignore[arg-type]
    raw = flow.unordered(graph)
    shown = picture(graph, flow.lay_out(graph), raw, flow.lay_out(raw))
    return Drawn(key, graph, shown, images, (*notes, *_told(graph)))


def _told(graph: FlowGraph) -> tuple[str, ...]:
    """Return what the clusters of the layers have to say, each sentence once."""
    said: dict[str, list[str]] = {}
    for layer, clusters in zip(graph.layers, graph.clusters, strict=False):
        for note in clusters.notes:
            said.setdefault(note, []).append(layer)
    return tuple(f"{', '.join(layers)}: {note}" for note, layers in said.items())
