"""The architecture page: what is drawn, counted and chosen, and networks that resist."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow.ipc
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import nn

from pages._ui import cached
from pages._ui.anatomy import comparing
from xai import network
from xai.figures import growth
from xai.figures.wording import number
from xai.models import MODELS, LoadedModel

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]
Told = Callable[[AppTest], list[dict[str, Any]]]
Bring = Callable[[nn.Module], AppTest]

BUNDLED = [name for name, spec in MODELS.items() if spec.bundled]
#: The link to a network of one's own has no name for it.
OWN = {"data": "mnist"}
DIGITS = {"data": "mnist", "model": "lenet5-mnist"}
PHOTOS = {"data": "photos", "model": "efficientnet-lite0"}
SECTIONS = ("graph", "table", "weights", "compare")


class Gate(nn.Module):
    """Looks at its input to choose its way."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        return x if x.abs().sum() < 0 else self.conv(x) + x


class Untraceable(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.act = nn.ReLU()
        self.gate = Gate()
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(196, 10)

    def forward(self, x):
        return self.fc(self.pool(self.gate(self.act(self.stem(x)))).flatten(1))


def bench_of(model: str) -> dict[str, str]:
    data = next(name for name in ("mnist", "photos") if name in MODELS[model].fits)
    return {"data": data, "model": model}


def model_of(at: AppTest) -> LoadedModel:
    loaded: LoadedModel = at.session_state["_bench"].model
    return loaded


def drawn(at: AppTest, told: Told) -> list[dict[str, Any]]:
    """Return what the drawn networks of a page are told, each with its drawing."""
    found = [message for message in told(at) if "scene" in message]
    for message in found:
        message["drawing"] = json.loads(message["large"])
    return found


def charts(at: AppTest) -> list[str]:
    return [element.proto.spec for element in at.get("vega_lite_chart")]


def say(at: AppTest, key: str, **said: object) -> AppTest:
    """Send what the browser's part of a component would send."""
    at.session_state[key] = said
    return at.run()


# ------------------------------------------------------------------------ the unhappy path
@pytest.mark.parametrize("section", SECTIONS)
def test_a_network_that_cannot_be_traced(
    section: str, visit: Visit, calm: Check, told: Told, bring: Bring
) -> None:
    at = visit(
        "architecture", OWN | {"anatomy": section, "layer": "gate.conv"}, at=bring(Untraceable())
    )
    calm(at)
    model = model_of(at)
    assert model.spec.label == "My own"
    assert "its module gate (Gate) chooses its way" in model.problem
    assert [item.value for item in at.info] == [model.problem]
    main = drawn(at, told)[0]
    assert main["layer"] == "gate.conv"
    assert main["drawing"]["choices"] == [layer.name for layer in model.layers]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_layer_with_an_infinite_weight(
    section: str, visit: Visit, calm: Check, bring: Bring
) -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 26 * 26, 10))
    with torch.no_grad():
        net[0].weight[0, 0, 1, 1] = float("inf")
    calm(visit("architecture", OWN | {"anatomy": section, "layer": "0"}, at=bring(net)))


@pytest.mark.parametrize(
    ("wanted", "instead"),
    [
        ("layer4.1.relu_2", "relu2"),
        ("", "relu2"),
        ("conv1; DROP", "conv1"),
        ("x" * 400, "relu2"),
        ("0", "relu2"),
    ],
)
def test_a_layer_that_the_model_lacks(
    wanted: str, instead: str, visit: Visit, calm: Check, said: Words, told: Told
) -> None:
    at = visit("architecture", DIGITS | {"layer": wanted})
    calm(at)
    assert drawn(at, told)[0]["layer"] == at.query_params["layer"] == instead
    (note,) = [item.value for item in at.info]
    assert "The link asks for the layer" in note
    assert f"**Chosen: {instead}**" in said(at)


def test_another_model_takes_over_the_layer_or_the_nearest(
    visit: Visit, settle: Run, calm: Check, said: Words
) -> None:
    at = visit("architecture", DIGITS | {"layer": "relu1"})
    calm(settle(at.selectbox(key="model").set_value("vgg16-mnist").run()))
    chosen = at.session_state["layer"]
    assert chosen in [layer.name for layer in model_of(at).layers]
    assert f"**Chosen: {chosen.replace('_', chr(92) + '_')}**" in said(at)
    assert at.query_params["layer"] == chosen


# ------------------------------------------------------------------- every model, every part
@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("model", BUNDLED)
def test_every_part_opens_for_every_model(
    model: str, section: str, visit: Visit, calm: Check, said: Words, told: Told
) -> None:
    at = visit("architecture", bench_of(model) | {"anatomy": section})
    calm(at)
    assert at.query_params["anatomy"] == section
    loaded = model_of(at)
    totals = network.summary(loaded)
    assert f"**{totals.depth}** weighted layers deep" in said(at)
    assert f"**{totals.conv_layers}** convolutions" in said(at)
    main = drawn(at, told)[0]
    assert main["drawing"]["choices"] == [layer.name for layer in loaded.layers]
    assert len(drawn(at, told)) == (2 if section == "graph" else 1)


# ------------------------------------------------------------------------------- choosing
def test_a_click_in_the_drawing_chooses_for_page_link_and_session(
    visit: Visit, calm: Check, said: Words, told: Told
) -> None:
    at = visit("architecture", DIGITS | {"layer": "relu1"})
    say(at, "drawing-lenet5-mnist", layer={"token": "t1", "value": "relu3"})
    calm(at)
    assert at.session_state["layer"] == at.query_params["layer"] == "relu3"
    assert [one["layer"] for one in drawn(at, told)] == ["relu3", "relu3"]
    assert "**Chosen: relu3**" in said(at)
    say(at, "drawing-lenet5-mnist", layer={"token": "t2", "value": "no such layer"})
    calm(at)
    assert at.session_state["layer"] == "relu3"


def test_a_click_in_the_graph_chooses_too(visit: Visit, calm: Check, told: Told) -> None:
    at = visit("architecture", DIGITS | {"layer": "relu1"})
    say(at, "graph-lenet5-mnist-overview", layer={"token": "g1", "value": "fc3"})
    calm(at)
    assert at.query_params["layer"] == "fc3"
    assert [one["layer"] for one in drawn(at, told)] == ["fc3", "fc3"]


@pytest.mark.parametrize("level", network.LEVELS)
def test_every_detail_of_the_graph(level: str, visit: Visit, calm: Check, told: Told) -> None:
    at = visit("architecture", PHOTOS | {"level": level})
    calm(at)
    assert at.query_params["level"] == level
    shown = [node["name"] for node in drawn(at, told)[1]["drawing"]["main"]["nodes"]]
    graph = network.collapse(network.trace(model_of(at)), level)
    assert {node.name for node in graph.nodes} <= set(shown)


def test_a_block_is_opened_and_closed(visit: Visit, calm: Check, told: Told) -> None:
    at = visit("architecture", PHOTOS | {"level": "blocks"})

    def graph() -> dict[str, dict[str, Any]]:
        nodes = drawn(at, told)[1]["drawing"]["main"]["nodes"]
        return {node["name"]: node for node in nodes}

    before = graph()
    name, opened = next((key, node["expands"]) for key, node in before.items() if node["expands"])
    say(at, "graph-efficientnet-lite0-blocks", expand=name)
    calm(at)
    after = graph()
    assert len(after) > len(before)
    # The key goes with the next answer of the browser, as it does in one.
    back = next(key for key, node in after.items() if node["expands"] == opened)
    say(at, "graph-efficientnet-lite0-blocks", expand=back)
    calm(at)
    assert list(graph()) == list(before)


# ------------------------------------------------------------------------------- the table
@pytest.mark.parametrize("model", BUNDLED)
def test_rows_and_totals_of_the_table(model: str, visit: Visit) -> None:
    at = visit("architecture", bench_of(model) | {"anatomy": "table"})
    loaded = model_of(at)
    table = at.dataframe[0].value
    assert list(table["Layer"]) == [layer.name for layer in loaded.layers]
    assert list(table["Receptive field"]) == [layer.receptive_field for layer in loaded.layers]
    assert table["Parameters"].sum() == sum(value.numel() for value in loaded.net.parameters())
    assert table["Multiply-adds"].sum() == network.summary(loaded).macs
    for column in ("of all", "of all "):
        assert table[column].sum() == pytest.approx(1)
    chosen = table[table[""] != ""]["Layer"]
    assert list(chosen) == [at.session_state["layer"]]


def test_the_table_is_searched(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("architecture", DIGITS | {"anatomy": "table"})
    kinds = {layer.name: layer.kind for layer in model_of(at).layers}
    at.text_input(key="layer-search").set_value("CONV2D").run()
    calm(at)
    found = [name for name, kind in kinds.items() if kind == "Conv2d"]
    assert list(at.dataframe[0].value["Layer"]) == found
    assert f"{len(found)} of {len(kinds)} layers" in said(at)
    for nothing in ("no such layer", "conv1 relu1", "[", "\\", "`"):
        at.text_input(key="layer-search").set_value(nothing).run()
        calm(at)
        assert len(at.dataframe) == 0
        assert any("No layer has that" in item.value for item in at.info)
    at.text_input(key="layer-search").set_value("").run()
    assert len(at.dataframe[0].value) == len(kinds)


def select(at: AppTest, row: int) -> None:
    """Select a row of the table, as the box before it does."""
    key = at.dataframe[0].proto.id.partition("layers-")[2]
    at.session_state[f"layers-{key}"] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    at.run()


def test_a_row_of_the_table_is_chosen(visit: Visit, calm: Check, told: Told) -> None:
    at = visit("architecture", DIGITS | {"anatomy": "table", "layer": "relu1"})
    at.text_input(key="layer-search").set_value("relu").run()
    name = at.dataframe[0].value["Layer"][2]
    select(at, 2)
    calm(at)
    assert at.query_params["layer"] == name != "relu1"
    # The row stays selected: it must not win over what is chosen in the drawing afterwards.
    say(at, "drawing-lenet5-mnist", layer={"token": "t1", "value": "relu1"})
    assert at.query_params["layer"] == drawn(at, told)[0]["layer"] == "relu1"
    select(at, 99)
    calm(at)
    assert at.query_params["layer"] == "relu1"


# ------------------------------------------------------------------------------- weights
@pytest.mark.parametrize(("by", "scale"), [("index", "filter"), ("norm", "layer")])
def test_filters_that_look_at_the_image_are_pictures(
    by: str, scale: str, visit: Visit, calm: Check, said: Words, told: Told
) -> None:
    link = {"anatomy": "weights", "layer": "conv1", "norms": by, "kernel_scale": scale}
    at = visit("architecture", DIGITS | link)
    calm(at)
    found = network.weights(model_of(at), "conv1")
    expected = list(range(len(found.norms)))
    if by == "norm":
        expected.sort(key=lambda place: -found.norms[place])
    (grid,) = [one for one in told(at) if one.get("noun") == "Filter"]
    header = json.loads(grid["large"][8 : 8 + int(grid["large"][:8])])
    assert header["order"] == expected
    assert header["captions"] == [number(float(found.norms[place])) for place in expected]
    assert f"{found.kernel.size:,} weights" in said(at)
    assert len(charts(at)) == 2
    say(at, "kernels-lenet5-mnist-conv1", choice={"token": "k1", "value": 3})
    calm(at)
    assert at.session_state["channel"] == 3


def test_deeper_filters_have_a_histogram_and_norms(visit: Visit, calm: Check, told: Told) -> None:
    at = visit("architecture", DIGITS | {"anatomy": "weights", "layer": "conv2"})
    calm(at)
    assert not any(one.get("noun") == "Filter" for one in told(at))
    assert len(charts(at)) == 2


def test_a_layer_without_weights_leads_to_its_neighbours(
    visit: Visit, calm: Check, said: Words
) -> None:
    at = visit("architecture", DIGITS | {"anatomy": "weights", "layer": "relu2"})
    calm(at)
    assert any("relu2 (ReLU) has no weights" in item.value for item in at.info)
    names = [layer.name for layer in model_of(at).layers]
    here = names.index("relu2")
    weighted = [layer.name for layer in model_of(at).layers if layer.parameters]
    before = [name for name in weighted if names.index(name) < here][-1]
    after = next(name for name in weighted if names.index(name) > here)
    shown = [item.key for item in at.button if (item.key or "").startswith("weights-of-")]
    assert shown == [f"weights-of-{before}", f"weights-of-{after}"]
    at.button(key=f"weights-of-{after}").click().run()
    calm(at)
    assert at.query_params["layer"] == after
    assert f"**{after}**: " in said(at)


def test_the_ends_of_a_network_have_one_neighbour(visit: Visit, bring: Bring) -> None:
    net = nn.Sequential(nn.AvgPool2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(49, 10))
    at = visit("architecture", OWN | {"anatomy": "weights", "layer": "0"}, at=bring(net))
    shown = [item.key for item in at.button if (item.key or "").startswith("weights-of-")]
    assert shown == ["weights-of-3"]


# ----------------------------------------------------------------------------- comparison
@pytest.mark.parametrize("axis", ["relative", "layer"])
def test_two_networks_on_one_scale(axis: str, visit: Visit, calm: Check, said: Words) -> None:
    link = {"anatomy": "compare", "against": "vgg16-mnist", "depth_axis": axis}
    at = visit("architecture", DIGITS | link)
    calm(at)
    assert at.query_params["against"] == "vgg16-mnist"
    pair = (model_of(at), cached.model("vgg16-mnist"))
    assert len(charts(at)) == 5
    (held,) = at.get("vega_lite_chart")[0].proto.datasets
    bars = pyarrow.ipc.open_stream(held.data.data).read_pandas()
    shown = said(at)
    for model in pair:
        totals = network.summary(model)
        numbers = (totals.parameters, totals.macs, totals.depth, totals.layers)
        mine = bars[bars["network"] == model.spec.label]
        assert list(mine["exact"]) == [f"{value:,}" for value in numbers]
        for loss in network.profile(model).losses:
            assert f"{loss.layer} ({loss.before} → {loss.after})" in shown.replace("\\", "")
    assert "Numbers (.csv)" in [item.proto.label for item in at.get("download_button")]


def test_the_numbers_of_a_comparison_are_those_of_the_layers() -> None:
    model = cached.model("lenet5-mnist")
    series = growth.Series.of(network.profile(model), model.spec.label, 28)
    rows = list(csv.DictReader(io.StringIO(comparing.table([series, series]))))
    assert [row["layer"] for row in rows] == [layer.name for layer in model.layers] * 2
    assert rows[-1]["parameters so far"] == "61706"
    assert rows[0]["receptive field"] == str(model.layers[0].receptive_field)


def test_a_network_that_is_not_there_is_offered(visit: Visit, calm: Check, settle: Run) -> None:
    absent = next(name for name, spec in MODELS.items() if not spec.bundled)
    at = visit("architecture", DIGITS | {"anatomy": "compare", "against": absent})
    calm(at)
    assert len(charts(at)) == 0
    label = MODELS[absent].label
    assert f"Download {label}" in [item.label for item in at.button]
