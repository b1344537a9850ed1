"""The charts of derailment and parting, and the strip of paths: the numbers they were given."""

from __future__ import annotations

import dataclasses
import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from xai.figures import derailment_chart, parting_chart
from xai.figures.colours import CHANGED, NEUTRAL, colour_of
from xai.figures.layer_heat import Row, layer_heat
from xai.figures.path_strip import path_strip
from xai.flow.building import unordered
from xai.flow.graph import NOISE, FlowGraph
from xai.flow.journeys.pathfinding import Step
from xai.flow.reports.derailing import derailments
from xai.flow.reports.parting import parting

HOSTILE = "<img src=x>\n${y}"


def graph_of(classes=("cat", HOSTILE, "fox"), depth: int = 3) -> FlowGraph:
    """Ten images of each class, each class a cluster; image 4 leaves at the second layer."""
    labels = np.repeat(np.arange(3), 10)
    assigned = np.tile(labels, (depth, 1))
    assigned[1:, 4] = 1
    assigned[0, 25:] = NOISE
    predicted = labels.copy()
    predicted[[4, 29]] = 1
    return unordered(
        FlowGraph(
            layers=("pixels", *(f"block.{at}.conv" for at in range(1, depth))),
            assigned=assigned,
            sequence=(),
            lines=assigned,
            labels=labels,
            classes=classes,
            predicted=predicted,
            model_classes=classes,
            right=labels == predicted,
        )
    )


def layers(chart) -> list[dict]:
    """Return the layers of a chart, each with its rows."""
    spec = chart.to_dict()
    json.dumps(spec, allow_nan=False)
    return [
        layer | {"rows": spec["datasets"][(layer.get("data") or spec["data"])["name"]]}
        for layer in spec["layer"]
    ]


# ------------------------------------------------------------------------ derailment
def test_bars_count_and_the_band_is_that_of_right_images():
    graph = graph_of()
    found = derailments(graph).histogram()
    chart = derailment_chart.derailment_chart(graph.layers, found)
    _, bars, band, mean = layers(chart)
    assert [row["count"] for row in bars["rows"]] == found.counts.tolist() == [0, 1, 0, 1]
    assert [row["name"] for row in bars["rows"]] == [*graph.layers, "stays or returns"]
    assert [(row["low"], row["high"]) for row in band["rows"]] == list(
        zip(found.low.tolist(), found.high.tolist(), strict=True)
    )
    assert [row["expected"] for row in mean["rows"]] == pytest.approx(found.expected.tolist())
    assert bars["encoding"]["y"]["title"] == "images"
    assert "out of their class's stream" in chart.to_dict()["title"]["text"]
    assert bars["encoding"]["color"]["scale"]["range"][0] == CHANGED
    assert chart.to_dict()["usermeta"]["embedOptions"] == {"renderer": "svg"}


def test_a_bar_of_no_height_can_be_clicked():
    graph = graph_of()
    chart = derailment_chart.derailment_chart(graph.layers, derailments(graph).histogram())
    target, *_ = layers(chart)
    assert target["encoding"]["y2"] == {"value": "height"}
    (param,) = chart.to_dict()["params"]
    assert param["name"] == derailment_chart.SELECTION
    assert param["select"]["fields"] == ["place"]
    assert [row["place"] for row in target["rows"]] == [0, 1, 2, 3]


def test_without_a_right_image_there_is_no_band():
    graph = graph_of()
    found = derailments(graph).histogram("first")
    lonely = type(found)("first", found.counts, 0 * found.expected, found.low, found.high, 0)
    assert len(layers(derailment_chart.derailment_chart(graph.layers, lonely))) == 2
    with pytest.raises(ValueError, match="expected 3 layers, got 2"):
        derailment_chart.derailment_chart(graph.layers[:2], found)


def test_each_pair_has_a_row_with_its_images_by_layer():
    squares, frames, written = layers(derailment_chart.pair_chart(derailments(graph_of())))
    rows = {row["label"]: [] for row in squares["rows"]}
    for row in squares["rows"]:
        rows[row["label"]].append(row["text"])
    plain = "<img src=x> ${y}"
    assert rows == {
        f"cat taken for {plain}": ["", "1", "", ""],
        f"fox taken for {plain}": ["", "", "", "1"],
    }
    assert not any(row["marked"] for row in frames["rows"])
    assert written["encoding"]["color"] == {"value": "currentColor"}


def test_of_many_pairs_the_commonest_have_a_row():
    labels = np.repeat(np.arange(20), 5)
    names = tuple(map(str, range(20)))
    predicted = labels.copy()
    predicted[::5] = (labels[::5] + 1) % 20
    predicted[76] = 16  # one more of 15
    graph = unordered(
        FlowGraph(
            *(("a",), labels[None], (), labels[None], labels, names, ()),
            *(predicted, names, labels == predicted),
        )
    )
    cells = layers(derailment_chart.pair_chart(derailments(graph)))[0]["rows"]
    rows = list(dict.fromkeys(cell["label"] for cell in cells))
    assert len(rows) == 12
    assert rows[0] == "15 taken for 16"


def test_nothing_misclassified_has_no_pairs():
    graph = graph_of()
    right = FlowGraph(**(vars_of(graph) | {"right": np.ones(30, bool)}))
    with pytest.raises(ValueError, match="at least one misclassified image"):
        derailment_chart.pair_chart(derailments(right))


def vars_of(graph: FlowGraph) -> dict:
    return {name: getattr(graph, name) for name in FlowGraph.__dataclass_fields__}


# --------------------------------------------------------------------------- parting
def test_cells_are_percentages_and_the_first_parting_is_framed():
    found = parting(graph_of())
    squares, *_ = layers(parting_chart.parting_chart(found))
    fox = [row for row in squares["rows"] if row["label"] == "fox"]
    assert [row["text"] for row in fox] == ["50", "100", "100"]
    assert [row["marked"] for row in fox] == [False, True, False]
    # What a click on a cell answers.
    assert [(row["row"], row["place"]) for row in fox] == [(2, 0), (2, 1), (2, 2)]
    assert fox[0]["told"] == "50.0 % of 10 images in clusters of their own"
    assert fox[0]["opacity"] < fox[1]["opacity"]
    cat = [row for row in squares["rows"] if row["label"] == "cat"]
    assert [row["text"] for row in cat] == ["100", "90", "90"]
    assert [row["marked"] for row in cat] == [True, False, False]


def test_the_classes_that_one_is_with_come_after_itself():
    found = parting(graph_of())
    squares, *_ = layers(parting_chart.together_chart(found, 0))
    labels = list(dict.fromkeys(row["label"] for row in squares["rows"]))
    assert labels == ["cat", "<img src=x> ${y}", "fox"]
    texts = [row["text"] for row in squares["rows"] if row["label"] == labels[1]]
    # One of ten of the class lies with all ten of the other.
    assert texts == ["", "10", "10"]
    with pytest.raises(ValueError, match="expected one that has images"):
        parting_chart.together_chart(found, 3)


def test_of_many_classes_those_with_most_images_are_drawn():
    labels = np.repeat(np.arange(40), np.arange(1, 41))
    graph = unordered(
        FlowGraph(("a",), labels[None], (), labels[None], labels, tuple(map(str, range(40))))
    )
    found = parting(graph)
    assert parting_chart.shown(found) == list(range(16, 40))


def test_rows_have_a_cell_for_each_layer():
    row = Row("a", [0.5], ["x"], ["y"])
    look = {"title": "t", "colour": CHANGED, "selection": "s", "what": "w"}
    with pytest.raises(ValueError, match="expected 2 cells in each"):
        layer_heat(("a", "b"), [row], **look)
    with pytest.raises(ValueError, match="at least one, got none"):
        layer_heat(("a", "b"), [], **look)
    labels = {cell["label"] for cell in layers(layer_heat(("a",), [row, row], **look))[0]["rows"]}
    assert len(labels) == 2


# ------------------------------------------------------------------------------ path
def steps(graph: FlowGraph, clusters, *, far: bool = False, own: int | None = None) -> list[Step]:
    return [
        Step(layer, cluster, 0.62, np.ones(1), 3.0, 1.5, far, own)
        for layer, cluster in zip(graph.layers, clusters, strict=True)
    ]


def test_the_strip_names_each_node_and_frames_where_the_paths_part():
    graph = graph_of()
    paths = {"clean": steps(graph, (0, 0, 0), own=3), "attacked": steps(graph, (0, 1, 1), far=True)}
    root = ET.fromstring(path_strip(graph, paths))
    said = [one.text for one in root.iter() if one.tag.endswith("text")]
    assert said.count("cluster 0") == 4
    assert said.count("cluster 1") == 2
    assert said.count("mostly cat") == 4
    assert said.count("62 %") == said.count("known") == 3
    assert said.count("another cluster than clean") == 1
    assert said.count("dashed: far from all images") == 1
    boxes = [one.get("class") for one in root.iter() if (one.get("class") or "").startswith("ps-c")]
    assert sum("ps-other" in style for style in boxes) == 2 + 1
    assert sum("ps-far" in style for style in boxes) == 3 + 1
    fills = {one.get("fill") for one in root.iter()} - {None, "none"}
    assert fills == {colour_of(0), colour_of(1)}
    told = [one.text for one in root.iter() if one.tag.endswith("title")]
    assert "far from all images" in told[1]
    assert "one of the data set's images" in told[0]


def test_noise_is_grey_and_names_are_text():
    graph = graph_of()
    drawn = path_strip(graph, {"<b>up": steps(graph, (NOISE, 1, 1))})
    root = ET.fromstring(drawn)
    assert "noise" in [one.text for one in root.iter()]
    assert NEUTRAL in {one.get("fill") for one in root.iter()}
    # Ten of the eleven in the cluster are of a class; of a third each, none has most.
    said = [one.text for one in root.iter() if one.tag.endswith("text")]
    assert any(text.startswith("mostly <img") for text in said)
    mixed = dataclasses.replace(graph, assigned=np.zeros_like(graph.assigned))
    drawn = path_strip(unordered(mixed), {"one": steps(graph, (0, 0, 0))})
    assert drawn.count("mixed, commonest cat</text>") == 3
    assert "mostly" not in drawn
    assert "<b>" not in drawn
    assert "<img" not in drawn


def test_many_layers_take_several_rows_within_the_width():
    graph = graph_of(depth=20)
    paths = {"clean": steps(graph, [0] * 20), "attacked": steps(graph, [0] * 20)}
    root = ET.fromstring(path_strip(graph, paths, width=900))
    boxes = [one for one in root.iter() if "ps-cell" in (one.get("class") or "")]
    assert len(boxes) == 40
    ends = [float(box.get("x")) + float(box.get("width")) for box in boxes]
    assert max(ends) <= 900
    assert len({box.get("y") for box in boxes}) == 6
    bottom = max(float(box.get("y")) + float(box.get("height")) for box in boxes)
    assert bottom < float(root.get("height"))
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', path_strip(graph, paths))]
    assert min(sizes) >= 13


def test_paths_that_do_not_fit_are_refused():
    graph = graph_of()
    with pytest.raises(ValueError, match="expected 1 to 4, got 0"):
        path_strip(graph, {})
    with pytest.raises(ValueError, match="expected 3 steps, got 1 of clean"):
        path_strip(graph, {"clean": steps(graph, (0, 0, 0))[:1]})
