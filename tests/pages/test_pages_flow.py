"""The cluster-flow page: what travels, how it is clustered, what is drawn and clicked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from drawn_flow import (
    DIGITS,
    LAYERS,
    MOST,
    PAGE,
    Check,
    Run,
    Visit,
    Words,
    answer,
    button,
    complaints,
    drawing,
    drawings,
    expected,
    gallery,
    pick,
    same,
)

from xai import flow
from xai.flow import METHODS, NOISE, SMALL
from xai.types import make_params

#: For each method, every knob at what no method begins with.
KNOBS: dict[str, dict[str, Any]] = {
    "optics": {"min_samples": 4, "min_size": 5, "extraction": "xi", "cut": 80.0, "xi": 0.041},
    "hdbscan": {"min_cluster_size": 7, "min_samples": 3, "selection": "leaf"},
    "kmeans": {"clusters": 6, "starts": 2},
}


# -------------------------------------------------------------------------- what is drawn
def test_the_drawing_is_that_of_the_digits(visit: Visit, calm: Check, said: Words) -> None:
    at = visit(PAGE, DIGITS)
    calm(at)
    seen, graph = drawing(at), expected(at)
    same(seen, graph)
    assert seen.header["groups"] == list("0123456789")
    assert seen.view["said"] == {"chosen": None, "focus": None, "order": "found", "token": ""}
    assert seen.view["notes"] == [f"{one.count} · ARI {one.ari:.2f}" for one in graph.clusters]
    assert (seen.lines, seen.view["tracks"], gallery(at)) == (None, [], None)
    assert "Nothing is chosen" in said(at)
    assert complaints(at) == []
    assert {name: at.query_params[name] for name in DIGITS} == DIGITS


@pytest.mark.parametrize("method", METHODS)
def test_each_method_clusters(method: str, visit: Visit, settle: Run, calm: Check) -> None:
    at = visit(PAGE, DIGITS)
    settle(at.button_group(key="flow.by").set_value(method).run())
    calm(at)
    assert at.query_params["flow.by"] == method
    same(drawing(at), expected(at, method=method))


def test_no_method_is_left_out() -> None:
    assert set(KNOBS) == set(METHODS)
    for name, row in METHODS.items():
        used = make_params(row.params, KNOBS[name])
        assert all(value != getattr(row.params(), key) for key, value in vars(used).items())


@pytest.mark.parametrize("method", METHODS)
def test_every_knob_of_a_link_is_used(method: str, visit: Visit, calm: Check) -> None:
    asked = {f"flow.{method}.{name}": str(value) for name, value in KNOBS[method].items()}
    at = visit(PAGE, DIGITS | {"flow.by": method} | asked)
    calm(at)
    assert complaints(at) == []
    assert {name: at.query_params.get(name) for name in asked} == asked
    same(drawing(at), expected(at, method=method, params=KNOBS[method]))


def test_a_knob_is_turned_on_the_page(visit: Visit, settle: Run, calm: Check) -> None:
    at = visit(PAGE, DIGITS | {"flow.by": "kmeans"})
    settle(at.slider(key="flow.kmeans.clusters").set_value(3).run())
    calm(at)
    assert at.query_params["flow.kmeans.clusters"] == "3"
    seen = drawing(at)
    assert [len(np.unique(row)) for row in seen.clusters] == [3, 3, 3]
    same(seen, expected(at, method="kmeans", params={"clusters": 3}))


def test_small_clusters_are_put_together_and_noise_lies_last(
    visit: Visit, settle: Run, calm: Check
) -> None:
    at = visit(PAGE, DIGITS)
    settle(at.selectbox(key="flow.fold").set_value("20").run())
    same(drawing(at), expected(at, least=20, most=None))
    settle(at.selectbox(key="flow.noise").set_value("last").run())
    calm(at)
    assert (at.query_params["flow.fold"], at.query_params["flow.noise"]) == ("20", "last")
    seen, graph = drawing(at), expected(at, least=20, most=None, noise="last")
    same(seen, graph)
    assert SMALL in seen.clusters
    assert graph.sequence != expected(at, least=20, most=None).sequence
    assert [sequence[-1] for sequence in graph.sequence] == [NOISE] * 3


def test_more_clusters_than_can_be_told_apart_are_put_together(
    visit: Visit, settle: Run, calm: Check
) -> None:
    at = visit(PAGE, DIGITS | {"flow.by": "kmeans", "flow.kmeans.clusters": "30"})
    calm(at)
    recipe = {"method": "kmeans", "params": {"clusters": 30}}
    assert [len(np.unique(row)) for row in drawing(at).clusters] == [MOST] * 3
    same(drawing(at), expected(at, **recipe))
    settle(at.selectbox(key="flow.fold").set_value("0").run())
    assert [len(np.unique(row)) for row in drawing(at).clusters] == [30] * 3
    same(drawing(at), expected(at, most=None, **recipe))


def test_layers_are_chosen_and_go_from_left_to_right(
    visit: Visit, settle: Run, calm: Check
) -> None:
    at = visit(PAGE, DIGITS | {"flow.layers": "fc3,relu4"})
    assert complaints(at) == []
    assert drawing(at).header["layers"] == ["relu4", "fc3"]
    settle(at.multiselect(key="flow.layers").set_value(["fc3", "pixels"]).run())
    calm(at)
    assert at.query_params["flow.layers"] == "pixels,fc3"
    same(drawing(at), expected(at, layers=("pixels", "fc3")))
    at.multiselect(key="flow.layers").set_value([]).run()
    calm(at)
    assert drawings(at) == []
    assert [item.value for item in at.info] == ["Choose at least one layer, in the recipe."]
    settle(button(at, "The usual ones").click().run())
    calm(at)
    assert "flow.layers" not in at.query_params
    names = [layer.name for layer in at.session_state["_bench"].model.layers]
    assert drawing(at).header["layers"] == ["pixels", *names]


def test_one_layer_has_no_flows(visit: Visit, settle: Run, calm: Check) -> None:
    at = visit(PAGE, DIGITS | {"flow.layers": "fc3"})
    seen = drawing(at)
    same(seen, expected(at, layers=("fc3",)))
    assert len(seen.arrays["sources"]) == 0
    assert seen.header["found"]["crossings"] == 0
    for question in ("parting", "derailment", "path", "quality", "files"):
        settle(at.button_group(key="ask.flow").set_value(question).run())
        calm(at)


# ------------------------------------------------------------------------------ the link
def test_what_a_link_says_of_the_drawing_is_shown(visit: Visit, calm: Check, said: Words) -> None:
    asked = {
        **{"flow.fold": "20", "flow.noise": "last", "flow.show": "wrong", "flow.order": "raw"},
        **{"flow.class": "7", "flow.at": "relu4:0", "ask.flow": "derailment"},
        "derail.kind": "first",
    }
    at = visit(PAGE, DIGITS | asked)
    calm(at)
    assert complaints(at) == []
    assert {name: at.query_params.get(name) for name in asked} == asked
    seen = drawing(at).view["said"]
    assert (seen["chosen"], seen["focus"], seen["order"]) == ([1, 0, None], 7, "raw")
    assert "**relu4, cluster 0**" in said(at)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("flow.at", text) for text in ("relu2:99", "relu2", "relu2:0:99", "fc3:0:0")],
        *[("flow.at", f"relu2:{'9' * 3000}"), ("flow.at", "<b>:0")],
        *[("flow.class", "ten"), ("flow.order", "<script>"), ("flow.show", "marked")],
        *[("flow.n", "99999"), ("flow.by", "dbscan"), ("flow.optics.xi", "nan")],
        *[("flow.fold", "-1"), ("flow.noise", "top"), ("ask.flow", "why")],
        *[("flow.layers", "relu2,relu4,fc3,nosuch"), ("flow.layers", "")],
        ("flow.optics.min_size", "1e3"),
    ],
    ids=lambda text: text[:24],
)
def test_what_a_link_asks_for_in_vain_is_said(
    key: str, value: str, visit: Visit, calm: Check
) -> None:
    at = visit(PAGE, DIGITS | {"flow.n": "250"} | {key: value})
    calm(at)
    (complaint,) = complaints(at)
    assert f"`{value[:60]}`" in complaint
    assert at.query_params.get(key) != value
    assert len(drawings(at)) == 1
    if value.endswith("nosuch"):
        assert drawing(at).header["layers"] == list(LAYERS)


# ------------------------------------------------------------------------ what is clicked
def test_a_click_on_a_box_shows_its_images(visit: Visit, settle: Run, calm: Check, said: Words):
    at = visit(PAGE, DIGITS)
    graph = expected(at)
    for column, node in ((0, graph.nodes[0][0]), (2, graph.nodes[2][-1])):
        settle(answer(at, chosen=[column, node.cluster, None]))
        calm(at)
        assert at.query_params["flow.at"] == f"{LAYERS[column]}:{node.cluster}"
        assert drawing(at).view["said"]["chosen"] == [column, node.cluster, None]
        shown = gallery(at)
        assert shown is not None
        assert shown["ids"] == [graph.ids[place] for place in node.members]
        first = node.members[0]
        assert shown["captions"][0].startswith(graph.classes[graph.labels[first]])
        share = node.counts.max() / len(node)
        assert f"{len(node):,} images · {graph.classes[node.majority]}: {share:.0%}" in said(at)
        assert f"{node.accuracy:.1%} classified right" in said(at)
    settle(answer(at))
    assert (gallery(at), at.query_params.get("flow.at")) == (None, None)


def test_a_click_on_a_ribbon_shows_those_that_go_on_together(
    visit: Visit, settle: Run, calm: Check, said: Words
) -> None:
    at = visit(PAGE, DIGITS)
    graph = expected(at)
    ribbon = min(graph.flows[1], key=len)
    settle(answer(at, chosen=[1, ribbon.source, ribbon.target], focus=3, order="raw"))
    calm(at)
    asked = {"flow.at": f"relu4:{ribbon.source}:{ribbon.target}", "flow.class": "3"}
    asked |= {"flow.order": "raw"}
    assert {name: at.query_params.get(name) for name in asked} == asked
    shown = gallery(at)
    assert shown is not None
    assert shown["ids"] == [graph.ids[place] for place in ribbon.members]
    count = len(ribbon)
    assert f": {count} image{'s' * (count > 1)} ·" in said(at)
    # The link of it opens the same.
    again = visit(PAGE, DIGITS | asked)
    calm(again)
    assert complaints(again) == []
    assert gallery(again) == shown
    # Back in the found order, nothing of it stays in the address.
    settle(answer(at, chosen=None))
    assert not set(asked) & set(at.query_params)


@pytest.mark.parametrize("place", [0, 2])
def test_an_image_of_the_gallery_is_followed(
    place: int, visit: Visit, settle: Run, calm: Check
) -> None:
    at = visit(PAGE, DIGITS | {"source": "upload"})
    answer(at, chosen=[2, 0, None])
    shown = gallery(at)
    assert shown is not None
    name = shown["ids"][place]
    if place == 0:  # one that is on the workbench already
        at = visit(PAGE, DIGITS | {"image": name, "flow.at": "fc3:0"})
    settle(pick(at, name))
    calm(at)
    assert at.session_state["_bench"].chosen.id == name
    assert (at.query_params["image"], at.query_params["flow.show"]) == (name, "image")
    seen, graph = drawing(at), expected(at)
    own = graph.ids.index(name)
    assert seen.lines == []
    assert seen.tracks["clean"]["image"] == own
    assert seen.path("clean") == graph.assigned[:, own].tolist()


def test_the_misclassified_are_followed(visit: Visit, settle: Run, calm: Check) -> None:
    at = visit(PAGE, DIGITS)
    settle(at.button_group(key="flow.show").set_value("wrong").run())
    calm(at)
    bench = at.session_state["_bench"]
    images = bench.sample(250)
    seen = [bench.model.predict(bench.model.prepare(image)).label for image in images.images]
    wrong = np.flatnonzero(np.array(seen) != images.labels).tolist()
    assert wrong
    assert drawing(at).lines == wrong
    assert drawing(at).view["title"] == f"the {len(wrong)} misclassified image" + "s" * (
        len(wrong) > 1
    )


def test_crossings_are_fewer_than_in_raw_order(visit: Visit) -> None:
    at = visit(PAGE, DIGITS)
    header = drawing(at).header
    assert header["found"]["crossings"] <= header["raw"]["crossings"]
    assert header["found"]["lineCrossings"] < header["raw"]["lineCrossings"] / 4
    assert flow.crossings(expected(at)) == header["found"]["crossings"]
