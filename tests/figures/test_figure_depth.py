"""The chart of separability by depth: layers in their order, numbers as they were given."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xai.figures import depth, wording
from xai.figures.colours import ACCENT, CHANGED

SIX = (None, "features.conv1", "features.relu1", "pool", "fc1", "fc2")
MANY = (None, *(f"stages.{i // 12}.{i % 12 // 4}.block.{'abcd'[i % 4]}.conv" for i in range(142)))


def drawn(layers=SIX, **options):
    values = np.linspace(0.2, 0.9, len(layers))
    return depth.by_depth(layers, values, values**2, chance=0.125, **options)


def layer_of(spec: dict, mark: str) -> list[dict]:
    return [layer for layer in spec["layer"] if layer["mark"]["type"] == mark]


def rows(spec: dict, layer: dict) -> list[dict]:
    return spec["datasets"][layer["data"]["name"]]


@pytest.mark.parametrize("layers", [SIX, MANY])
def test_both_lines_hold_every_layer_in_forward_order(layers):
    spec = drawn(layers).to_dict()
    (line,) = layer_of(spec, "line")
    found = rows(spec, line)
    for series, power in (("k-NN", 1), ("linear probe", 2)):
        mine = [row for row in found if row["series"] == series]
        assert [row["name"] for row in mine] == ["pixels", *layers[1:]]
        expected = np.linspace(0.2, 0.9, len(layers)) ** power
        assert np.allclose([row["accuracy"] for row in mine], expected, atol=1e-5)
    labels = [row["layer"] for row in found[::2]]
    assert len(set(labels)) == len(layers)
    x = line["encoding"]["x"]
    assert x["sort"] == x["scale"]["domain"] == labels
    assert line["encoding"]["y"]["scale"]["domain"] == [0, 1]
    assert line["mark"]["point"]["filled"] is True
    assert line["encoding"]["color"]["scale"]["range"] == [ACCENT, CHANGED]


def test_a_point_tells_its_full_name_and_both_numbers():
    spec = drawn(MANY).to_dict()
    (line,) = layer_of(spec, "line")
    assert [item["field"] for item in line["encoding"]["tooltip"]] == ["name", "knn", "probe"]
    row = next(row for row in rows(spec, line) if row["name"] == MANY[50])
    values = np.linspace(0.2, 0.9, 143)[50] ** np.array([1, 2])
    assert (row["knn"], row["probe"]) == tuple(wording.percent(value) for value in values)
    assert len(row["layer"]) < len(MANY[50])


@pytest.mark.parametrize(("layers", "most"), [(SIX, 6), (MANY[:91], 14), (MANY, 14)])
@pytest.mark.parametrize("chosen", [None, 4, -1, ""])
def test_names_below_are_thinned_but_the_chosen_one_stays(layers, most, chosen):
    name = layers[chosen] if isinstance(chosen, int) else chosen
    spec = drawn(layers, chosen=name).to_dict()
    (line,) = layer_of(spec, "line")
    labels = line["encoding"]["x"]["sort"]
    shown = [labels.index(label) for label in line["encoding"]["x"]["axis"]["values"]]
    assert shown == sorted(shown)
    assert len(shown) <= most
    gaps = np.diff(shown)
    assert gaps.min() >= -(-len(layers) // 14)
    if chosen != "":
        assert list(layers).index(name) in shown


@pytest.mark.parametrize("chosen", [None, "pool", "fc2"])
def test_an_upright_rule_marks_the_chosen_layer(chosen):
    spec = drawn(chosen=chosen).to_dict()
    (upright,) = (layer for layer in layer_of(spec, "rule") if "x" in layer["encoding"])
    (row,) = rows(spec, upright)
    assert row["layer"] == ("pixels" if chosen is None else chosen)


@pytest.mark.parametrize("chosen", ["", "of another network"])
def test_without_a_chosen_layer_there_is_no_rule(chosen):
    spec = drawn(chosen=chosen).to_dict()
    assert not [layer for layer in layer_of(spec, "rule") if "x" in layer["encoding"]]


def test_the_line_of_chance_is_dashed_and_says_what_it_is():
    spec = drawn().to_dict()
    (chance,) = (layer for layer in layer_of(spec, "rule") if "x" not in layer["encoding"])
    (text,) = layer_of(spec, "text")
    assert chance["mark"]["strokeDash"]
    assert rows(spec, chance)[0]["accuracy"] == 0.125
    assert "12.5 %" in rows(spec, text)[0]["text"]


def test_text_is_large_and_has_no_colour_of_its_own():
    spec = drawn(chosen="pool").to_dict()
    for layer in (*layer_of(spec, "text"), *layer_of(spec, "rule")):
        assert layer["encoding"]["color"] == {"value": "currentColor"}
    assert layer_of(spec, "text")[0]["mark"]["fontSize"] >= 14
    (line,) = layer_of(spec, "line")
    for axis in ("x", "y"):
        assert line["encoding"][axis]["axis"]["labelFontSize"] >= 14
        assert "labelColor" not in line["encoding"][axis]["axis"]


def test_a_number_that_is_not_known_is_a_gap():
    chart = depth.by_depth(["a", "b"], [0.5, np.nan], [0.25, 1.0], chance=0.1)
    spec = chart.to_dict()
    (line,) = layer_of(spec, "line")
    found = rows(spec, line)
    assert [row["accuracy"] for row in found] == [0.5, 0.25, None, 1.0]
    assert found[2]["knn"] == "not known"
    json.dumps(spec, allow_nan=False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layers": [], "knn": [], "probe": []}, "at least one"),
        ({"knn": [0.5]}, "knn: expected shape"),
        ({"probe": [0.5] * 3}, "probe: expected shape"),
        ({"layers": ["a", "a"]}, "twice"),
        ({"knn": [50.0, 60.0]}, "0 to 1"),
        ({"probe": [-0.1, 0.2]}, "0 to 1"),
        ({"chance": 10.0}, "chance"),
        ({"chance": float("nan")}, "chance"),
    ],
)
def test_what_cannot_be_a_chart_is_refused(change, words):
    given = {"layers": [None, "a"], "knn": [0.5, 0.6], "probe": [0.5, 0.6], "chance": 0.1} | change
    with pytest.raises(ValueError, match=words):
        depth.by_depth(
            given["layers"], given["knn"], given["probe"], chance=given["chance"], chosen=None
        )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("conv1", "conv1"),
        ("stages.3.1.depthwise.conv", "…3.1.depthwise.conv"),
        ("a" * 40, "…" + "a" * 19),
        ("two\nlines", "two lines"),
    ],
)
def test_a_long_layer_name_keeps_its_last_parts(name, text):
    assert wording.ending(name) == text
    assert len(wording.ending(name)) <= 20
