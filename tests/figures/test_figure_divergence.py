"""The divergence along a network, as drawn: every number at its layer, gaps as gaps."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xai.activations import Divergence
from xai.figures.colours import ACCENT, CHANGED, NEUTRAL
from xai.figures.divergence_chart import NOISE, divergence_chart, sentence
from xai.figures.wording import number

LAYERS = (None, "conv1", "relu1", "pool", "fc1", "fc2")
DRAWS = (1, 2, 3, 4)


def measured(layers=LAYERS, images: int = 6, top: float = 0.9) -> Divergence:
    rng = np.random.default_rng(0)
    relative = rng.uniform(0.05, 0.1, (images, len(layers)))
    relative[0] = np.linspace(0.1, top, len(layers))
    return Divergence("toy", "", tuple(layers), relative, relative**2 / 2)


def layers_of(spec: dict, mark: str) -> list[dict]:
    return [layer for layer in spec["layer"] if layer["mark"]["type"] == mark]


def rows(spec: dict, layer: dict) -> list[dict]:
    return spec["datasets"][layer["data"]["name"]]


@pytest.mark.parametrize("of", ["relative", "angle"])
def test_every_number_stands_at_its_layer(of):
    found = measured()
    spec = divergence_chart(found, {"attacked": 0, "blurred": 5}, DRAWS, of=of).to_dict()
    (line,) = layers_of(spec, "line")
    drawn = rows(spec, line)
    values = getattr(found, of)
    expected = {
        "attacked": values[0],
        "blurred": values[5],
        NOISE: np.median(values[1:5], axis=0),
    }
    for name, numbers in expected.items():
        mine = [row for row in drawn if row["series"] == name]
        assert [row["name"] for row in mine] == ["pixels", *LAYERS[1:]]
        np.testing.assert_allclose([row["value"] for row in mine], numbers, atol=1e-6)
    (area,) = layers_of(spec, "area")
    band = rows(spec, area)
    np.testing.assert_allclose([row["low"] for row in band], values[1:5].min(0))
    np.testing.assert_allclose([row["high"] for row in band], values[1:5].max(0))


def test_noise_is_dashed_grey_below_the_others_and_last_in_the_legend():
    spec = divergence_chart(measured(), {"attacked": 0, "blurred": 5}, DRAWS).to_dict()
    (line,) = layers_of(spec, "line")
    colour, dash = line["encoding"]["color"], line["encoding"]["strokeDash"]
    assert colour["scale"]["domain"] == dash["scale"]["domain"] == ["attacked", "blurred", NOISE]
    assert colour["scale"]["range"] == [ACCENT, CHANGED, NEUTRAL]
    assert dash["scale"]["range"][0] == dash["scale"]["range"][1] == [1, 0]
    assert dash["scale"]["range"][2] != [1, 0]
    assert rows(spec, line)[0]["series"] == NOISE
    kinds = [layer["mark"]["type"] for layer in spec["layer"]]
    assert kinds.index("area") < kinds.index("line")


def test_without_noise_there_is_no_band_and_no_word_of_it():
    spec = divergence_chart(measured(), {"attacked": 0}).to_dict()
    assert not layers_of(spec, "area")
    (line,) = layers_of(spec, "line")
    assert {row["series"] for row in rows(spec, line)} == {"attacked"}
    assert NOISE not in [told["title"] for told in line["encoding"]["tooltip"]]


def test_noise_alone_can_be_drawn():
    spec = divergence_chart(measured(), {}, DRAWS).to_dict()
    (line,) = layers_of(spec, "line")
    assert {row["series"] for row in rows(spec, line)} == {NOISE}


def test_a_line_may_not_take_the_name_of_the_noise():
    spec = divergence_chart(measured(), {NOISE: 0}, DRAWS).to_dict()
    (line,) = layers_of(spec, "line")
    assert len({row["series"] for row in rows(spec, line)}) == 2


@pytest.mark.parametrize(
    ("of", "top", "level", "highest"),
    [("relative", 0.4, 1.0, 1.0), ("relative", 2.5, 1.0, 2.5), ("angle", 0.4, 90.0, 90.0)],
)
def test_the_scale_holds_all_values_and_the_level_that_gives_them_a_meaning(
    of, top, level, highest
):
    spec = divergence_chart(measured(top=top), {"attacked": 0}, DRAWS, of=of).to_dict()
    (line,) = layers_of(spec, "line")
    low, high = line["encoding"]["y"]["scale"]["domain"]
    assert low == 0
    assert highest < high < 1.2 * highest
    (rule,) = layers_of(spec, "rule")
    assert rows(spec, rule)[0]["value"] == level


@pytest.mark.parametrize(("chosen", "align"), [(None, "left"), ("pool", "right"), ("fc2", "right")])
def test_an_upright_rule_marks_the_layer_and_says_what_it_is(chosen, align):
    chart = divergence_chart(measured(), {"attacked": 0}, chosen=chosen, mark="left its class")
    spec = chart.to_dict()
    (upright,) = (layer for layer in layers_of(spec, "rule") if "x" in layer["encoding"])
    label = "pixels" if chosen is None else chosen
    assert rows(spec, upright)[0]["layer"] == label
    (text,) = (
        one for one in layers_of(spec, "text") if rows(spec, one)[0]["text"] == "left its class"
    )
    assert rows(spec, text)[0]["layer"] == label
    assert text["mark"]["align"] == align


def test_without_a_chosen_layer_nothing_is_marked():
    spec = divergence_chart(measured(), {"attacked": 0}, mark="left its class").to_dict()
    assert "left its class" not in json.dumps(spec)
    assert len(layers_of(spec, "rule")) == 1


def test_what_is_not_known_is_a_gap():
    found = measured()
    relative = found.relative.copy()
    relative[:, 2] = np.nan
    relative[1, 3] = np.nan
    broken = Divergence("toy", "", LAYERS, relative, relative)
    spec = divergence_chart(broken, {"attacked": 0}, DRAWS).to_dict()
    json.dumps(spec, allow_nan=False)
    (line,) = layers_of(spec, "line")
    drawn = rows(spec, line)
    assert [row["value"] for row in drawn if row["name"] == "relu1"] == [None, None]
    assert {row["said"] for row in drawn if row["name"] == "relu1"} == {"not known"}
    # Of the noise one draw has no number there, so that the median has none.
    at = {row["series"]: row["value"] for row in drawn if row["name"] == "pool"}
    assert at[NOISE] is None
    assert at["attacked"] is not None


def test_a_point_tells_its_numbers_as_the_axis_has_them():
    found = measured()
    for of, factor, unit in (("relative", 100, " %"), ("angle", 1, "°")):
        spec = divergence_chart(found, {"attacked": 0}, DRAWS, of=of).to_dict()
        (points,) = layers_of(spec, "point")
        told = [item["field"] for item in points["encoding"]["tooltip"]]
        assert told == ["name", "series", "said", "noise"]
        row = next(
            row for row in rows(spec, points) if (row["series"], row["name"]) == ("attacked", "fc1")
        )
        values = factor * getattr(found, of)[:, 4]
        said = [number(part) + unit for part in np.quantile(values[1:5], [0.5, 0, 1])]
        assert row["said"] == number(values[0]) + unit
        assert row["noise"] == f"{said[0]} ({said[1]} to {said[2]})"


def test_text_is_large_and_has_no_colour_of_its_own():
    spec = divergence_chart(measured(), {"attacked": 0}, DRAWS, chosen="pool").to_dict()
    for layer in (*layers_of(spec, "text"), *layers_of(spec, "rule")):
        assert layer["encoding"]["color"] == {"value": "currentColor"}
    assert all(text["mark"]["fontSize"] >= 14 for text in layers_of(spec, "text"))
    (line,) = layers_of(spec, "line")
    assert all(line["encoding"][axis]["axis"]["labelFontSize"] >= 14 for axis in "xy")


@pytest.mark.parametrize(
    ("lines", "noise", "of", "words"),
    [
        ({}, (), "relative", "neither"),
        ({"attacked": 6}, (), "relative", "0 to 5"),
        ({"attacked": 0}, (1, -1), "relative", "0 to 5"),
        ({"attacked": 0}, (1,), "cosine", "relative or angle"),
    ],
)
def test_what_cannot_be_a_chart_is_refused(lines, noise, of, words):
    with pytest.raises(ValueError, match=words):
        divergence_chart(measured(), lines, noise, of=of)


# ------------------------------------------------------------------------ sentence
def test_the_sentence_compares_the_ends_of_the_way():
    relative = np.array([[0.2, 0.5, 0.9], [0.2, 0.1, 0.1], [0.2, 0.1, 0.2], [0.2, 0.1, 0.3]])
    found = Divergence("toy", "", (None, "conv1", "fc2"), relative, relative)
    assert sentence(found, 0, [1, 2, 3]) == (
        "In the pixels, the attack and noise are 20 % and 20 % away from the clean image: about "
        "the same. In fc2 they are 90 % and 20 % away: the attack is 4.5 times as far."
    )


def test_the_sentence_ends_where_the_last_number_is_and_gives_up_without_any():
    relative = np.array([[0.2, 0.6, np.nan], [0.1, 0.1, np.nan]])
    found = Divergence("toy", "", (None, "conv1", "fc2"), relative, relative)
    assert "In conv1 they are 60 % and 10 % away" in sentence(found, 0, [1])
    still = Divergence("toy", "", (None, "conv1"), np.zeros((2, 2)), np.zeros((2, 2)))
    assert "cannot be compared" in sentence(still, 0, [1])
    with pytest.raises(ValueError, match="at least one"):
        sentence(found, 0, [])
