"""The flow as numbers and as a standalone SVG: what a drawing is given, and what it draws."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from xai.figures.colours import ACCENT, CLASS_COLOURS
from xai.figures.flow_marks import Highlight, Track, track_nodes, track_places
from xai.figures.flow_picture import FlowPicture, cluster_name, picture
from xai.figures.flow_svg import flow_svg
from xai.flow import NOISE, SMALL, FlowGraph, crossings, lay_out, order, unordered

HOSTILE = "<b>&\x00</b>"
SVG = "{http://www.w3.org/2000/svg}"


def graph_of(columns: int = 4, images: int = 60, *, seed: int = 0) -> FlowGraph:
    random = np.random.default_rng(seed)
    assigned = random.integers(-1, 4, (columns, images))
    assigned[0, :5] = SMALL
    graph = FlowGraph(tuple(f"layer {at}" for at in range(columns)), assigned, (), assigned)
    return dataclasses.replace(
        unordered(graph),
        labels=random.choice([1, 3], images),
        classes=("none", HOSTILE, "nor", "three"),
        right=random.random(images) < 0.8,
    )


def drawn(graph: FlowGraph, **options: object) -> FlowPicture:
    found = order(graph)
    return picture(found, lay_out(found), graph, lay_out(graph), **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shown() -> FlowPicture:
    return drawn(graph_of())


# ---------------------------------------------------------------------------- numbers
def test_images_are_in_the_nodes_and_flows_that_the_graph_has(shown: FlowPicture) -> None:
    graph = graph_of()
    assert shown.groups == ("<b>&</b>", "three")
    assert shown.colours == (CLASS_COLOURS[1], CLASS_COLOURS[3])
    for column in range(4):
        clusters = shown.clusters[shown.assigned[column]]
        np.testing.assert_array_equal(clusters, graph.assigned[column])
        assert (shown.columns[shown.assigned[column]] == column).all()
    for node, mix in enumerate(shown.node_mix):
        members = np.flatnonzero((shown.assigned == node).any(axis=0))
        np.testing.assert_array_equal(np.bincount(shown.group[members], minlength=2), mix)
        assert shown.node_right[node] == pytest.approx(graph.right[members].mean())
    pairs = np.bincount(shown.columns[shown.sources], shown.flow_mix.sum(axis=1))
    np.testing.assert_array_equal(pairs, [60, 60, 60])
    assert (shown.columns[shown.targets] == shown.columns[shown.sources] + 1).all()


@pytest.mark.parametrize("which", ["raw", "found"])
def test_a_flow_lies_within_the_nodes_at_its_ends(shown: FlowPicture, which: str) -> None:
    placement = getattr(shown, which)
    thick = shown.flow_mix.sum(axis=1)
    for edges, nodes in ((placement.starts, shown.sources), (placement.ends, shown.targets)):
        assert (edges >= placement.tops[nodes] - 1e-3).all()
        assert (edges + thick <= placement.bottoms[nodes] + 1e-3).all()
    for column in range(4):
        nodes = shown.assigned[column]
        lines = placement.lines[column]
        assert (lines > placement.tops[nodes]).all()
        assert (lines < placement.bottoms[nodes]).all()


def test_both_orders_say_what_they_cost(shown: FlowPicture) -> None:
    assert shown.raw.crossings == crossings(graph_of())
    assert shown.found.crossings == crossings(order(graph_of())) < shown.raw.crossings
    assert shown.found.line_crossings < shown.raw.line_crossings


def test_without_classes_all_has_one_colour() -> None:
    bare = drawn(dataclasses.replace(graph_of(), labels=None, right=None))
    assert (bare.groups, bare.colours, bare.by) == (("images",), (ACCENT,), "")
    assert np.isnan(bare.node_right).all()
    assert ElementTree.fromstring(flow_svg(bare)).tag == f"{SVG}svg"


def test_what_does_not_fit_is_refused() -> None:
    graph = graph_of()
    other = graph_of(seed=1)
    with pytest.raises(ValueError, match="raw_graph: expected the layers and clusters of graph"):
        picture(graph, lay_out(graph), other, lay_out(other))
    with pytest.raises(ValueError, match="colours: expected 4, got 3"):
        drawn(graph, colours=["#ffffff"] * 3)
    with pytest.raises(ValueError, match="form '#rrggbb'"):
        drawn(graph, colours=["red"] * 4)
    with pytest.raises(ValueError, match="order: expected one of raw, found"):
        drawn(graph).placement("best")  # type: ignore[arg-type]


# ------------------------------------------------------------------------------ paths
def test_paths_that_share_a_node_lie_beside_each_other(shown: FlowPicture) -> None:
    clusters = (0, 1, 77, NOISE)
    first, second = Track("clean", clusters), Track("attacked", clusters, look="attacked")
    both = (first, second)
    one, two = (track_places(shown, shown.found, track, both) for track in both)
    nodes = track_nodes(shown, first)
    assert nodes[2] == -1
    assert np.isnan([one[2], two[2]]).all()
    for column in (0, 1, 3):
        top, bottom = shown.found.tops[nodes[column]], shown.found.bottoms[nodes[column]]
        shares = [(places[column] - top) / (bottom - top) for places in (one, two)]
        assert shares == pytest.approx([1 / 3, 2 / 3], abs=1e-3)


def test_an_image_of_the_data_set_follows_its_own_line(shown: FlowPicture) -> None:
    track = Track("own", tuple(graph_of().assigned[:, 7].tolist()), image=7)
    places = track_places(shown, shown.raw, track, (track,))
    np.testing.assert_allclose(places, shown.raw.lines[:, 7])


@pytest.mark.parametrize(
    ("track", "message"),
    [
        (Track("short", (0, 1)), "clusters: expected 4, one a column; got 2"),
        (Track("sure", (0,) * 4, (0.5, 2, 0, 0)), "confidences: expected numbers from 0 to 1"),
        (Track("sure", (0,) * 4, (float("nan"),) * 4), "confidences: expected numbers"),
        (Track("far", (0,) * 4, far=(True,)), "far: expected 4"),
        (Track("who", (0,) * 4, image=60), "image: expected 0 to 59, got 60"),
    ],
)
def test_a_path_that_does_not_fit_is_refused(
    shown: FlowPicture, track: Track, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        flow_svg(shown, tracks=(track,))


@pytest.mark.parametrize("images", [[-1], [60], [0.5]])
def test_a_highlight_of_other_images_is_refused(shown: FlowPicture, images: list[float]) -> None:
    with pytest.raises(ValueError, match="places in a data set of 60"):
        flow_svg(shown, highlight=Highlight(np.array(images), "others"))


# -------------------------------------------------------------------------------- svg
def test_the_drawing_is_sound_and_says_everything(shown: FlowPicture) -> None:
    track = Track("attacked", (0, 1, 2, 3), (0.25, 0.5, 0.75, 1), look="attacked")
    text = flow_svg(
        shown,
        highlight=Highlight(np.array([3, 3, 1]), "two"),
        tracks=(track,),
        title=f"A {HOSTILE}",
        sentence="What to see.",
    )
    root = ElementTree.fromstring(text)
    words = {"".join(one.itertext()) for one in root.iter(f"{SVG}text")}
    assert {"A <b>&</b>", "What to see.", "<b>&</b>", "three", "noise", "small clusters"} <= words
    assert {"25 %", "100 %", *shown.layers} <= words
    lines = [one.get("d", "") for one in root.iter(f"{SVG}path")]
    assert sum(line.count("M") for line in lines if "Z" not in line) == 2 + 2  # the path has a hem


def test_bands_of_a_class_begin_where_the_picture_says(shown: FlowPicture) -> None:
    root = ElementTree.fromstring(flow_svg(shown, order="raw"))
    bands = [one for one in root.iter(f"{SVG}path") if "Z" in one.get("d", "")]
    pieces = "".join(one.get("d", "") for one in bands)
    assert pieces.count("Z") == np.count_nonzero(shown.flow_mix)
    heights = [float(height) for height in re.findall(r"h3v([\d.]+)h", pieces)]
    scale = (760 - 130) / shown.raw.height
    assert sum(heights) == pytest.approx(3 * 60 * scale, rel=1e-3)
    assert {one.get("fill") for one in bands} == set(shown.colours)


@pytest.mark.parametrize(("labels", "count"), [([0, 1, 2, 0, 1, 3], 1), ([0, 1, 2, 0, 1, 0], 0)])
def test_a_box_is_pale_where_no_class_is_half_of_it(labels: list[int], count: int) -> None:
    assigned = np.zeros((1, 6), np.int64)
    graph = unordered(FlowGraph(("one",), assigned, (), assigned))
    told = {"labels": np.array(labels), "classes": ("a", "b", "c", "d")}
    text = flow_svg(drawn(dataclasses.replace(graph, **told)))
    boxes = ElementTree.fromstring(text).iter(f"{SVG}rect")
    assert sum(one.get("fill-opacity") == "0.4" for one in boxes) == count


@pytest.mark.parametrize(("columns", "images"), [(1, 1), (2, 3), (40, 9)])
def test_small_and_long_flows_are_drawn(columns: int, images: int) -> None:
    text = flow_svg(drawn(graph_of(columns, images)))
    assert "nan" not in text
    assert ElementTree.fromstring(text) is not None


def test_clusters_have_names() -> None:
    assert [cluster_name(one) for one in (0, 12, NOISE, SMALL)] == [
        "cluster 0",
        "cluster 12",
        "noise",
        "small clusters",
    ]
