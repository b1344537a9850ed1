"""Where the misclassified images leave the stream of their class."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui import controls, panels
from pages._ui.streams import picking, shown
from pages._ui.streams.computing import Drawn
from pages._ui.workbench import Bench
from xai.figures import derailment_chart
from xai.flow.reports.derailing import Derailments, Kind, derailments
from xai.tables import csv_text

_KINDS = {"good": "for good", "first": "for the first time"}
_COLUMNS = ("id", "true_class", "predicted_class", "leaves_first", "leaves_for_good")


def show(bench: Bench, drawn: Drawn) -> None:
    """Show at which layers they leave, beside what right images do, and between which classes."""
    try:
        found = derailments(drawn.graph)
    except ValueError:
        unknown = "their classes are unknown"
        if drawn.graph.labels is not None:
            unknown = "the network does not know the classes of the data set"
        st.info(
            f"Nobody can tell which of these images are misclassified: {unknown}.",
            icon=":material/info:",
        )
        return
    for sentence in found.notes:
        st.caption(sentence)
    if not len(found.images):
        return
    kind: Kind = controls.segments(  # type: ignore[assignment]
        "derail.kind", "They leave", _KINDS, default="good"
    )
    st.markdown(_said(found, kind))
    left, right = st.columns(2, gap="medium")
    with left:
        _by_layer(drawn, found, kind)
    with right:
        _by_pair(drawn, found, kind)
    panels.download_text(_table(found), "derailments.csv", "Table (.csv)")


def _by_layer(drawn: Drawn, found: Derailments, kind: Kind) -> None:
    layers = drawn.graph.layers
    histogram = found.histogram(kind)
    state = st.altair_chart(
        derailment_chart.derailment_chart(layers, histogram),
        width="stretch",
        key=f"derail-{kind}",
        on_select="rerun",
        selection_mode=derailment_chart.SELECTION,
        alt="misclassified images by the layer at which they leave the stream of their class",
    )
    mark = picking.fresh(state, derailment_chart.SELECTION, "_derail_layer")
    if mark is not None:
        column = int(mark["place"])
        _mark(drawn, _leaving(found, column, kind, found.images), _where(layers, column))
    st.caption(
        "A class’s stream is the clusters in which it is over-represented. In front of each bar: "
        f"what as many right images of the same classes do (mean, and the range of 90 % of draws; "
        f"{histogram.compared} of {len(found.images)} can be compared). Click a bar to see those "
        "images in the drawing."
    )


def _by_pair(drawn: Drawn, found: Derailments, kind: Kind) -> None:
    pairs = found.pairs(kind)
    state = st.altair_chart(
        derailment_chart.pair_chart(found, kind),
        width="stretch",
        key=f"derail-pairs-{kind}",
        on_select="rerun",
        selection_mode=derailment_chart.SELECTION,
        alt="misclassified images by pair of classes and layer",
    )
    mark = picking.fresh(state, derailment_chart.SELECTION, "_derail_pair")
    if mark is not None:
        pair, column = pairs[int(mark["row"])], int(mark["place"])
        true, seen = pair.names
        images = _leaving(found, column, kind, pair.images)
        where = _where(drawn.graph.layers, column)
        _mark(drawn, images, f"{true} taken for {seen}, {where}")
    st.caption(
        "Each row: a true class and what the network takes it for, the commonest first. Click "
        "a cell to see its images in the drawing."
    )


def _leaving(found: Derailments, column: int, kind: Kind, images: np.ndarray) -> np.ndarray:
    """Return those of some misclassified images that leave at a layer."""
    never = column == len(found.graph.layers)
    leaving = found.at(-1 if never else column, kind)
    return leaving[np.isin(leaving, images)]


def _where(layers: tuple[str, ...], column: int) -> str:
    return f"leaving at {layers[column]}" if column < len(layers) else "never leaving"


def _mark(drawn: Drawn, images: np.ndarray, title: str) -> None:
    if len(images):
        shown.mark(drawn, images, f"{len(images):,} {title}")
        st.rerun()


def _said(found: Derailments, kind: Kind) -> str:
    """Say where most leave, and how many right images do so, too."""
    histogram = found.histogram(kind)
    wrong = len(found.images)
    layers = found.graph.layers
    place = int(histogram.counts[:-1].argmax())
    count = int(histogram.counts[place])
    stay = int(histogram.counts[-1])
    said = f"{wrong:,} misclassified {'image' if wrong == 1 else 'images'}"
    if not count:
        return f"{said}: none of them leaves the stream of its class."
    said += f". Most often they leave {_KINDS[kind]} at **{layers[place]}**: {count:,} of them"
    if histogram.compared:
        usual = histogram.expected[place]
        said += f" (of as many right images of the same classes: {usual:.1f})"
    if stay:
        said += f". Another {stay:,} end in the stream of their class and are misread all the same"
    return f"{said}."


def _table(found: Derailments) -> str:
    graph = found.graph
    rows = []
    for place, image in enumerate(found.images):
        columns = (found.first[place], found.good[place])
        rows.append(
            [
                graph.ids[image] if graph.ids else int(image),
                graph.classes[found.true[place]],
                graph.model_classes[found.predicted[place]],
                *(None if column < 0 else graph.layers[column] for column in columns),
            ]
        )
    return csv_text(_COLUMNS, rows)
