"""What the cluster-flow page answers: numbers and marks are those that are computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from drawn_flow import (
    DIGITS,
    LAYERS,
    PAGE,
    Check,
    Files,
    Run,
    Visit,
    Words,
    charted,
    complaints,
    drawing,
    drawings,
    expected,
    table,
)
from streamlit.testing.v1 import AppTest

from pages._ui import cached
from xai import attacks, flow, images
from xai.attacks import Goal
from xai.figures.flow_picture import cluster_name
from xai.flow import METHODS, FlowGraph, Step
from xai.flow.reports.derailing import derailments

#: Layers in which some of LeNet-5's errors begin; of 1,000 digits it misreads a few.
MISREAD = DIGITS | {"flow.n": "1000", "flow.layers": "conv1,relu1,relu2", "ask.flow": "derailment"}
#: LeNet-5 takes this eight for a two.
FRAGILE = DIGITS | {"image": "mnist-test-08539"}


def misread(at: AppTest) -> FlowGraph:
    # The clusters of these ship: another machine's rounding may lead to slightly other ones.
    return expected(at, 1000, ("conv1", "relu1", "relu2"), store=cached.shelf())


def steps(at: AppTest, image: np.ndarray, graph: FlowGraph | None = None) -> tuple[Step, ...]:
    return flow.path(graph or expected(at), at.session_state["_bench"].model, image)


def as_drawn(at: AppTest, label: str, found: tuple[Step, ...]) -> None:
    """Check that a path is drawn as it was found."""
    seen = drawing(at)
    assert seen.path(label) == [step.cluster for step in found]
    track = seen.tracks[label]
    assert track["confidences"] == pytest.approx([step.confidence for step in found], abs=1e-4)
    assert (track["far"], track["image"]) == ([step.far for step in found], found[0].own)
    assert track["look"] == label


# --------------------------------------------------------------------------- where they part
def test_classes_part_where_the_clusters_say(
    visit: Visit, settle: Run, calm: Check, said: Words
) -> None:
    at = visit(PAGE, DIGITS | {"ask.flow": "parting"})
    calm(at)
    found = flow.parting(expected(at))
    first, last = found.settled[found.settled >= 0].min(), found.settled.max()
    assert f"part first, at **{LAYERS[first]}**" in said(at)
    assert f"last, at **{LAYERS[last]}**" in said(at)
    first_ones = [str(label) for label in np.flatnonzero(found.settled == first)]
    assert f"**{', '.join(first_ones)}** part first" in said(at)
    heat = cells(at, 0)
    for row, label in enumerate(found.present):
        shares = [f"{100 * share:.0f}" if share else "" for share in found.own[:, row]]
        assert heat[str(label)] == shares
    settle(at.selectbox(key="part.class").set_value("4").run())
    calm(at)
    assert at.query_params["part.class"] == "4"
    beside = found.beside(4)
    nines = [f"{100 * share:.0f}" if share else "" for share in beside[:, 9]]
    assert cells(at, 1)["9"] == nines
    assert "one image of 4 and one" in said(at)


def cells(at: AppTest, place: int) -> dict[str, list[str]]:
    """Return the texts of a heat map by its rows."""
    found: dict[str, list[str]] = {}
    for row in charted(at, place):
        found.setdefault(row["label"], []).append(row["text"])
    return found


# ------------------------------------------------------------------------ where errors begin
def test_errors_begin_where_the_report_says(
    visit: Visit, settle: Run, calm: Check, said: Words, files: Files
) -> None:
    at = visit(PAGE, MISREAD)
    calm(at)
    graph = misread(at)
    found = derailments(graph)
    assert (found.first != found.good).any()
    for kind, word in (("good", "for good"), ("first", "for the first time")):
        settle(at.button_group(key="derail.kind").set_value(kind).run())
        calm(at)
        histogram = found.histogram(kind)  # type: ignore[arg-type]
        bars = {row["place"]: row for row in charted(at, 0)}
        assert [bars[place]["count"] for place in range(4)] == histogram.counts.tolist()
        means = [bars[place]["expected"] for place in range(4)]
        assert means == pytest.approx(histogram.expected, abs=1e-4)
        place = int(histogram.counts[:-1].argmax())
        assert word in said(at)
        assert f"**{graph.layers[place]}**: {histogram.counts[place]}" in said(at)
        assert f"{len(found.images)} misclassified images" in said(at)
        assert f"{histogram.compared} of {len(found.images)} can be compared" in said(at)
    rows = table(files, "derailments.csv")
    assert [row["id"] for row in rows] == [graph.ids[place] for place in found.images]
    names = [*graph.layers, ""]
    assert [row["leaves_for_good"] for row in rows] == [names[column] for column in found.good]
    assert [row["leaves_first"] for row in rows] == [names[column] for column in found.first]
    assert [row["true_class"] for row in rows] == [str(label) for label in found.true]
    assert [row["predicted_class"] for row in rows] == [str(label) for label in found.predicted]


@pytest.mark.parametrize("column", [0, 1, 3])
def test_a_click_on_a_bar_marks_its_images(
    column: int, visit: Visit, settle: Run, calm: Check
) -> None:
    at = visit(PAGE, MISREAD)
    found = derailments(misread(at))
    at.session_state["derail-good"] = {"selection": {"derailed": [{"place": column}]}}
    settle(at.run())
    calm(at)
    images = found.at(-1 if column == 3 else column, "good").tolist()
    assert images
    seen = drawing(at)
    assert seen.lines == images
    where = "never leaving" if column == 3 else f"leaving at {found.graph.layers[column]}"
    assert seen.view["title"] == f"{len(images)} {where}"
    assert at.session_state["flow.show"] == "marked"
    # The chart keeps its bar: who looks at something else is not sent back to it.
    settle(at.button_group(key="flow.show").set_value("all").run())
    assert drawing(at).lines is None
    settle(at.button_group(key="flow.show").set_value("marked").run())
    assert drawing(at).lines == images
    # Of another flow nothing is marked.
    settle(at.button_group(key="flow.by").set_value("kmeans").run())
    calm(at)
    assert (at.session_state["flow.show"], drawing(at).lines) == ("all", None)


def test_a_click_on_a_pair_marks_its_images(visit: Visit, settle: Run, calm: Check) -> None:
    at = visit(PAGE, MISREAD)
    found = derailments(misread(at))
    pairs = found.pairs("good")
    row, column = next(
        (row, column)
        for row, pair in enumerate(pairs)
        for column in range(3)
        if pair.counts[column]
    )
    cell = {"row": row, "place": column}
    at.session_state["derail-pairs-good"] = {"selection": {"derailed": [cell]}}
    settle(at.run())
    calm(at)
    images = [place for place in pairs[row].images if place in found.at(column, "good")]
    assert drawing(at).lines == images
    true, seen = pairs[row].names
    assert f"{true} taken for {seen}" in drawing(at).view["title"]


# ------------------------------------------------------------------------ one image's path
def test_an_image_of_the_data_set_is_in_its_own_clusters(
    visit: Visit, settle: Run, calm: Check, said: Words, files: Files
) -> None:
    at = visit(PAGE, DIGITS | {"ask.flow": "path"})
    graph = expected(at)
    name = graph.ids[40]
    at = visit(PAGE, DIGITS | {"ask.flow": "path", "image": name, "flow.show": "image"})
    calm(at)
    found = steps(at, at.session_state["_bench"].input, graph)
    assert [step.cluster for step in found] == graph.assigned[:, 40].tolist()
    as_drawn(at, "clean", found)
    assert set(drawing(at).tracks) == {"clean"}
    last = graph.node(2, found[-1].cluster)
    said_of_it = f"**{cluster_name(last.cluster)}** ({last.majority}: {last.purity:.0%}) of fc3"
    assert f"It ends in {said_of_it}." in said(at)
    trust = flow.reliability(graph)
    rows = table(files, "path.csv")
    assert [row["layer"] for row in rows] == list(LAYERS)
    assert [row["cluster"] for row in rows] == [cluster_name(step.cluster) for step in found]
    known = [graph.node(column, step.cluster).majority for column, step in enumerate(found)]
    assert [row["commonest_class"] for row in rows] == [str(label) for label in known]
    told = [float(row["reliability_of_layer"]) for row in rows]
    assert told == pytest.approx([one.accuracy for one in trust], rel=1e-5)
    worst = min(trust, key=lambda one: one.accuracy)
    assert f"{worst.accuracy:.0%} of cases at {worst.layer} (its worst layer" in said(at)


def test_the_usual_attack_is_followed_beside_it(
    visit: Visit, settle: Run, calm: Check, said: Words
) -> None:
    at = visit(PAGE, FRAGILE | {"ask.flow": "path", "flow.show": "image"})
    (toggle,) = [item for item in at.toggle if item.key == "flow.attacked"]
    settle(toggle.set_value(True).run())
    calm(at)
    assert at.query_params["flow.attacked"] == "True"
    bench, graph = at.session_state["_bench"], expected(at)
    usual = attacks.run(
        bench.model, bench.input, "pgd", goal=Goal.untargeted(bench.prediction.label)
    )
    clean, attacked = steps(at, bench.input, graph), steps(at, usual.image, graph)
    as_drawn(at, "clean", clean)
    as_drawn(at, "attacked", attacked)
    ways = zip(clean, attacked, strict=True)
    apart = [place for place, (one, two) in enumerate(ways) if one.cluster != two.cluster]
    assert apart
    assert f"first goes another way at **{LAYERS[apart[0]]}**" in said(at)
    assert f"(read as **{usual.after.name}**)" in said(at)
    # The answer goes on without the drawing, with a switch of its own.
    settle(at.button_group(key="flow.show").set_value("all").run())
    calm(at)
    assert drawing(at).view["tracks"] == []
    assert [item.value for item in at.toggle if item.key == "flow.attacked"] == [True]
    assert f"first goes another way at **{LAYERS[apart[0]]}**" in said(at)


def test_the_attack_of_the_adversarial_page_is_followed(visit: Visit, calm: Check) -> None:
    at = visit("adversarial", FRAGILE | {"attack": "fgsm", "eps": "40"})
    bench = at.session_state["_bench"]
    made = attacks.run(
        bench.model, bench.input, "fgsm", goal=Goal.untargeted(bench.true), params={"eps": 40 / 255}
    )
    asked = FRAGILE | {"flow.show": "image", "flow.attacked": "True"}
    at = visit(PAGE, asked, at=at)
    calm(at)
    assert complaints(at) == []
    assert {name: at.query_params.get(name) for name in asked} == asked
    as_drawn(at, "attacked", steps(at, made.image))


@pytest.mark.parametrize("source", ["upload", "draw"])
def test_a_picture_of_ones_own_is_followed(
    source: str, visit: Visit, settle: Run, calm: Check, picture: dict[str, Any]
) -> None:
    at = visit(PAGE, DIGITS | {"flow.show": "image", "ask.flow": "path"})
    at.button_group(key="source").set_value(source).run()
    if source == "draw":
        at.session_state["pad"] = {"drawing": picture["url"]}
    else:
        at.file_uploader(key="upload").set_value(("one.png", picture["file"], "image/png"))
    settle(at.run())
    calm(at)
    bench = at.session_state["_bench"]
    assert bench.chosen.id is None
    found = steps(at, bench.input)
    assert found[0].own is None
    as_drawn(at, "clean", found)


@pytest.fixture
def picture() -> dict[str, Any]:
    """Return a drawing of a 1, as a file and as the pad sends it."""
    pixels = np.zeros((260, 260), np.uint8)
    pixels[40:220, 120:142] = 255
    file = images.encode_png(np.repeat(pixels[:, :, None], 3, axis=2))
    return {"file": file, "url": images.data_url(file)}


# --------------------------------------------------------------------------- how good they are
@pytest.mark.parametrize("method", METHODS)
def test_measures_are_those_of_the_clusters(
    method: str, visit: Visit, calm: Check, files: Files
) -> None:
    at = visit(PAGE, DIGITS | {"ask.flow": "quality", "flow.by": method})
    calm(at)
    graph = expected(at, method=method)
    rows = table(files, "clusters.csv")
    drawn = {
        (row["layer"], row["series"]): row["value"] for row in charted(at, 0) if "series" in row
    }
    for row, layer, one in zip(rows, graph.layers, graph.clusters, strict=True):
        assert (row["layer"], int(row["clusters"]), row["method"]) == (layer, one.count, method)
        for name in ("noise", "purity", "ari", "nmi", "silhouette"):
            assert float(row[name]) == pytest.approx(getattr(one, name), rel=1e-5)
        assert drawn[layer, "adjusted Rand index"] == pytest.approx(one.ari, abs=1e-3)
        assert drawn[layer, "noise"] == pytest.approx(one.noise, abs=1e-3)
        assert row["params"] == " ".join(
            f"{key}={value}" for key, value in vars(one.params).items()
        )


def test_a_question_can_be_left(visit: Visit, settle: Run, calm: Check, said: Words) -> None:
    at = visit(PAGE, DIGITS)
    assert "Each question looks at the flow" in said(at)
    for question in ("parting", "derailment", "path", "quality", "files", "none"):
        settle(at.button_group(key="ask.flow").set_value(question).run())
        calm(at)
        assert at.query_params["ask.flow"] == question
        assert len(drawings(at)) == 1
    assert "Each question looks at the flow" in said(at)
