"""Networks on one scale: the numbers they were given, told apart without colour too."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from xai.figures.comparison import Totals, in_words, totals
from xai.figures.growth import cumulative, receptive_fields, resolutions
from xai.figures.series import Series, remaining

SMALL = Series(
    label="Small",
    image_side=28,
    layers=("conv1", "pool1", "conv2", "fc"),
    side=(28, 14, 10, 1),
    receptive_field=(5, 6, 14, 32),
    parameters=(100, 100, 300, 1000),
    macs=(10, 10, 70, 100),
)
LARGE = Series(
    label="Large",
    image_side=224,
    layers=tuple(f"block{index}.conv" for index in range(40)),
    side=tuple(max(7, 224 // 2 ** (index // 5)) for index in range(40)),
    receptive_field=tuple(3 + 20 * index for index in range(40)),
    parameters=tuple(10 * (index + 1) for index in range(40)),
    macs=tuple(7 * (index + 1) for index in range(40)),
)
CHARTS = (receptive_fields, resolutions, cumulative)


def layer_of(chart, mark: str) -> list[dict]:
    spec = chart.to_dict()
    json.dumps(spec, allow_nan=False)
    return [
        layer | {"rows": spec["datasets"][(layer.get("data") or spec["data"])["name"]]}
        for layer in spec["layer"]
        if layer.get("mark", {}).get("type") == mark
    ]


def line(chart) -> dict:
    (found,) = layer_of(chart, "line")
    return found


def of(rows: list[dict], network: str) -> list[dict]:
    return [row for row in rows if row["network"] == network]


# ------------------------------------------------------------------ along depth
@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("x", ["relative", "layer"])
def test_every_layer_has_its_place_behind_the_image(chart, x):
    rows = line(chart([SMALL, LARGE], x=x))["rows"]
    for network in (SMALL, LARGE):
        mine = of(rows, network.label)
        assert [row["layer"] for row in mine] == ["image", *network.layers]
        last = len(network.layers) if x == "relative" else 1
        expected = np.arange(len(network.layers) + 1) / last
        assert np.allclose([row["place"] for row in mine], expected)
    domain = line(chart([SMALL, LARGE], x=x))["encoding"]["x"]["scale"]["domain"]
    assert domain == [0, 1 if x == "relative" else 40]


@pytest.mark.parametrize("chart", CHARTS)
def test_networks_differ_in_colour_dash_and_marker(chart):
    drawn = chart([SMALL, LARGE])
    encoding = line(drawn)["encoding"]
    assert encoding["color"]["scale"]["domain"] == ["Small", "Large"]
    assert len(set(encoding["color"]["scale"]["range"])) == 2
    dashes = encoding["strokeDash"]["scale"]["range"]
    assert dashes[0] != dashes[1]
    (markers, target) = layer_of(drawn, "point")
    assert len(set(markers["encoding"]["shape"]["scale"]["range"])) == 2
    assert markers["encoding"]["color"]["legend"]["orient"] == "top"
    # Every layer can be hovered, but not every one has a marker.
    assert len(target["rows"]) == 46
    assert target["mark"]["opacity"] == 0
    assert len(markers["rows"]) < 46
    assert {"network", "layer"} <= {item["field"] for item in target["encoding"]["tooltip"]}


def test_equal_names_stay_two_networks():
    rows = line(resolutions([SMALL, SMALL]))["rows"]
    assert len({row["network"] for row in rows}) == 2
    assert len(rows) == 10


def test_the_receptive_field_grows_from_one_pixel_to_the_given_numbers():
    rows = of(line(receptive_fields([SMALL, LARGE]))["rows"], "Small")
    assert [row["value"] for row in rows] == [1, 5, 6, 14, 32]
    assert rows[4]["text"] == "32 px"


def test_a_short_branch_does_not_take_back_what_was_seen():
    network = dataclasses.replace(SMALL, receptive_field=(5, 14, 6, 0))
    rows = line(receptive_fields([network]))["rows"]
    assert [row["value"] for row in rows] == [1, 5, 14, 14, None]
    assert [row["text"] for row in rows][3:] == ["6 px", "not known"]


def test_the_side_of_the_image_is_a_rule_for_each_size():
    both = receptive_fields([SMALL, LARGE]).to_dict()
    texts = [
        row["text"]
        for rows in both["datasets"].values()
        for row in rows
        if row["text"].startswith("image")
    ]
    assert sorted(set(texts)) == ["image: 224 px", "image: 28 px"]
    same = receptive_fields([SMALL, dataclasses.replace(SMALL, label="Twin")]).to_dict()
    assert "image: 28 px" in json.dumps(same)


def test_the_axis_is_logarithmic_where_networks_differ_much():
    def kind(chart) -> str:
        return line(chart)["encoding"]["y"]["scale"].get("type", "linear")

    assert kind(receptive_fields([SMALL, LARGE])) == "log"
    assert kind(receptive_fields([SMALL, SMALL])) == "linear"
    assert kind(receptive_fields([SMALL, LARGE], log=False)) == "linear"
    assert "log scale" in line(receptive_fields([SMALL, LARGE]))["encoding"]["y"]["title"]


def test_marks_are_where_resolution_is_lost():
    drawn = resolutions([SMALL, LARGE])
    markers = layer_of(drawn, "point")[0]["rows"]
    small = [(row["layer"], row["text"]) for row in of(markers, "Small")]
    assert small == [("pool1", "28 → 14 px"), ("conv2", "14 → 10 px"), ("fc", "10 → 1 px")]
    assert [row["value"] for row in of(markers, "Large")] == [112, 56, 28, 14, 7]
    assert line(drawn)["mark"]["interpolate"] == "step-after"


def test_a_squeeze_on_a_side_branch_loses_nothing():
    network = dataclasses.replace(SMALL, side=(14, 1, 14, 7))
    markers = layer_of(resolutions([network]), "point")[0]["rows"]
    assert [(row["layer"], row["value"]) for row in markers] == [("conv1", 14), ("fc", 7)]
    assert remaining((28, 14, 1, 14, 7)) == (28, 14, 14, 14, 7)


@pytest.mark.parametrize(
    ("what", "shares", "own"),
    [
        ("parameters", [0, 0.1, 0.1, 0.3, 1], "700 (70.0 %)"),
        ("macs", [0, 0.1, 0.1, 0.7, 1], "30 (30.0 %)"),
    ],
)
def test_shares_rise_from_nothing_to_all(what, shares, own):
    rows = of(line(cumulative([SMALL, LARGE], what))["rows"], "Small")
    assert np.allclose([row["value"] for row in rows], shares)
    assert rows[-1]["text"] == own
    assert rows[-1]["total"] == "100 %"


def test_a_network_without_weights_has_shares_of_nothing():
    network = dataclasses.replace(SMALL, parameters=(0, 0, 0, 0))
    assert [row["value"] for row in line(cumulative([network]))["rows"]] == [0] * 5


def test_a_series_may_have_places_of_its_own():
    network = dataclasses.replace(SMALL, position=(1, 1, 2, 4))
    assert [row["place"] for row in line(resolutions([network]))["rows"]] == [0, 0.25, 0.25, 0.5, 1]


def test_a_series_is_made_of_a_profile():
    from xai import models
    from xai.network.profile import profile

    model = models.load("lenet5-mnist", device="cpu")
    found = Series.of(profile(model), "LeNet-5", 28)
    assert found.layers == tuple(layer.name for layer in model.layers)
    assert found.parameters[-1] == 61_706
    assert found.receptive_field == tuple(layer.receptive_field for layer in model.layers)
    marks = layer_of(resolutions([found]), "point")[0]["rows"]
    assert [row["value"] for row in marks] == [14, 10, 5, 1]


# ---------------------------------------------------------------------- totals
def test_bars_are_shares_of_the_largest_with_numbers_in_words():
    chart = totals([Totals("A", 61_706, 416_520, 5, 12), Totals("B", 138_357_544, 15, 16, 31)])
    (bars,) = layer_of(chart, "bar")
    rows = {(row["label"], row["network"]): row for row in bars["rows"]}
    assert rows["parameters", "B"]["text"] == "138.4 million"
    assert rows["parameters", "B"]["exact"] == "138,357,544"
    assert rows["parameters", "A"]["share"] == 61_706 / 138_357_544
    assert rows["multiply-accumulates", "A"]["share"] == 1
    assert rows["multiply-accumulates", "B"]["text"] == "15"
    assert rows["layers in all", "A"]["share"] == 12 / 31
    assert len(rows) == 8
    # Told apart by how full they are, too.
    assert rows["parameters", "A"]["fill"] != rows["parameters", "B"]["fill"]
    (text,) = layer_of(chart, "text")
    assert text["encoding"]["color"] == {"value": "currentColor"}


def test_totals_of_nothing_are_drawn():
    (bars,) = layer_of(totals([Totals("A", 0, 0, 0, 0)]), "bar")
    assert [row["share"] for row in bars["rows"]] == [0] * 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999_999, "1.0 million"),
        (999_000, "999,000"),
        (61_706, "61,706"),
        (138_357_544, "138.4 million"),
        (15_470_264_320, "15.5 billion"),
        (999_960_000, "1.0 billion"),
        (2 * 10**12, "2.0 trillion"),
    ],
)
def test_large_counts_are_written_for_people(value, text):
    assert in_words(value) == text


# ------------------------------------------------------------------- bad input
@pytest.mark.parametrize("chart", CHARTS)
def test_what_cannot_be_compared_is_refused(chart):
    with pytest.raises(ValueError, match="networks: expected 1 to 4, got 0"):
        chart([])
    with pytest.raises(ValueError, match="networks: expected 1 to 4, got 5"):
        chart([SMALL] * 5)
    with pytest.raises(ValueError, match="x: expected relative or layer"):
        chart([SMALL], x="time")


def test_an_unknown_measure_is_refused():
    with pytest.raises(ValueError, match="what: expected parameters or macs"):
        cumulative([SMALL], "layers")
    with pytest.raises(ValueError, match="networks"):
        totals([])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layers": ()}, "at least one"),
        ({"side": (1, 2)}, "side: expected 4 values, got 2"),
        ({"parameters": (3, 2, 4, 5)}, "parameters: expected values that never fall"),
        ({"position": (2, 1, 3, 4)}, "position: expected values that never fall"),
        ({"position": (0, 1, 2, 3)}, "position: expected numbers above 0"),
        ({"side": (28, 14, 0, 1)}, "at least 1 pixel"),
    ],
)
def test_a_series_out_of_order_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(SMALL, **change)


def test_names_are_data_and_text_is_large():
    odd = dataclasses.replace(SMALL, label="<img src=x>\n${y}")
    for chart in CHARTS:
        # However many layers: a canvas would not know the colour of the page's text.
        options = chart([odd, LARGE]).to_dict()["usermeta"]["embedOptions"]
        assert options == {"renderer": "svg"}
        drawn = line(chart([odd, LARGE]))
        assert drawn["rows"][0]["network"] == "<img src=x> ${y}"
        for axis in ("x", "y"):
            assert drawn["encoding"][axis]["axis"]["labelFontSize"] >= 14
            assert "labelColor" not in drawn["encoding"][axis]["axis"]


def test_the_words_beside_a_rule_keep_out_of_the_lines_way():
    from xai.figures.clearance import label_spots

    early = [(0.0, 1.0), (0.1, 200.0), (0.3, 400.0), (1.0, 900.0)]
    # The line climbs through the left end: it is clear at the right, and below.
    assert label_spots([224], [early], log=True) == [("right", "below")]
    late = [(0.0, 1.0), (0.5, 10.0), (1.0, 900.0)]
    assert label_spots([224], [late], log=True) == [("left", "above")]
    both = label_spots([28, 32], [[(0.0, 1.0), (1.0, 20.0)]], log=True)
    assert len(set(both)) == 2
    said = receptive_fields([dataclasses.replace(LARGE, receptive_field=(300,) * 40)]).to_dict()
    marks = [part["mark"] for part in said["layer"][0]["layer"] if part["mark"]["type"] == "text"]
    assert (marks[0]["align"], marks[0]["baseline"]) == ("right", "top")
