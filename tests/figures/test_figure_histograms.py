"""Histograms count every value once, in a bar or in words."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xai.figures.colours import ACCENT, CHANGED
from xai.figures.histograms import filter_norms, value_histogram, value_words, weight_histogram


def bars(chart) -> list[dict]:
    spec = chart.to_dict()
    json.dumps(spec, allow_nan=False)
    return spec["datasets"][(spec["layer"][0].get("data") or spec["data"])["name"]]


def columns(chart) -> list[dict]:
    spec = chart.to_dict()
    json.dumps(spec, allow_nan=False)
    (rows,) = spec["datasets"].values()
    return rows


def title(chart) -> str:
    return "; ".join(chart.to_dict()["title"]["text"])


def written(chart) -> list[str]:
    """Return what is written beside rules."""
    sets = chart.to_dict()["datasets"].values()
    return [row["text"] for rows in sets for row in rows if "at" in row]


@pytest.mark.parametrize("size", [5, 100, 40_000])
def test_every_weight_is_in_a_bar_and_zero_is_an_edge(size):
    values = np.random.default_rng(1).normal(size=(size, 1)).astype(np.float32)
    values[0] = 0
    found = bars(weight_histogram(values))
    assert sum(row["count"] for row in found) == size
    assert min(abs(row["left"]) for row in found) < 1e-9
    assert found[0]["left"] <= values.min()
    below = sum(row["count"] for row in found if row["left"] < -1e-9)
    assert below == int((values < 0).sum())


def test_the_words_of_weights_are_their_mean_and_spread():
    values = np.array([[-1.0, 3.0], [1.0, np.nan]])
    words = title(weight_histogram(values))
    assert words == "4 weights; mean 1, standard deviation 1.63; 1 is NaN"


def test_zeros_of_a_map_have_words_and_no_bar():
    values = np.zeros((4, 5), np.float32)
    values[0] = [0.5, 1.0, 1.5, 2.0, 3.0]
    chart = value_histogram(values)
    assert sum(row["count"] for row in bars(chart)) == 5
    assert written(chart) == ["75.0 % exactly 0"]
    assert title(chart) == "20 values from 0 to 3; 75.0 % are exactly 0, which have no bar"
    scale = chart.to_dict()["layer"][0]["encoding"]["x"]["scale"]
    assert scale["domain"][0] == 0


def test_nan_and_infinity_are_counted_in_words():
    values = np.array([np.nan, np.nan, np.inf, -np.inf, 1.0, 2.0])
    assert value_words(values) == "6 values from 1 to 2; 2 are NaN, 2 are infinite"
    assert sum(row["count"] for row in bars(value_histogram(values))) == 2
    assert value_words(np.array([np.nan])) == "1 value; 1 is NaN"
    assert bars(value_histogram(np.full(3, np.inf))) == []


@pytest.mark.parametrize(
    ("value", "words", "drawn"),
    [(0.0, "9 values: exactly 0 throughout", 0), (-2.5, "9 values: −2.5 throughout", 9)],
)
def test_a_constant_map_is_said_to_be_constant(value, words, drawn):
    chart = value_histogram(np.full((3, 3), value, np.float32))
    assert title(chart) == words
    assert sum(row["count"] for row in bars(chart)) == drawn


@pytest.mark.parametrize("values", [[1e-30, 2e-30, 0], [1e30, -1e30, 5], [1e8, 1e8 + 1, 1e8 + 2]])
def test_tiny_and_huge_values_are_counted(values):
    found = bars(weight_histogram(np.array(values, np.float64)))
    assert sum(row["count"] for row in found) == 3
    assert all(row["right"] > row["left"] for row in found)


@pytest.mark.parametrize("by", ["index", "norm"])
@pytest.mark.parametrize("filters", [1, 6, 500])
def test_each_filter_tells_its_index_and_norm(by, filters):
    norms = np.random.default_rng(2).random(filters).astype(np.float32)
    chart = filter_norms(norms, by=by)
    found = sorted(columns(chart), key=lambda row: row["from"])
    order = range(filters) if by == "index" else np.argsort(-norms, kind="stable")
    assert [row["filter"] for row in found] == [int(index) for index in order]
    assert [row["norm"] for row in found] == [float(norms[row["filter"]]) for row in found]
    spec = chart.to_dict()
    for layer in spec["layer"]:
        assert [item["field"] for item in layer["encoding"]["tooltip"]] == ["filter", "text"]
        assert layer["encoding"]["x"]["scale"]["domain"] == [0, filters]
    # What is hovered covers every filter from the bottom to the top.
    assert all(row["to"] - row["from"] == 1 and row["high"] >= row["norm"] for row in found)


def test_the_chosen_filter_is_drawn_last_and_wide_enough():
    chart = filter_norms(np.ones(2000), chosen=77)
    found = columns(chart)
    assert found[-1]["filter"] == 77
    assert found[-1]["right"] - found[-1]["left"] >= 2000 / 250
    assert [row["chosen"] for row in found].count(True) == 1
    colour = chart.to_dict()["layer"][0]["encoding"]["color"]
    assert (colour["condition"]["value"], colour["value"]) == (CHANGED, ACCENT)


def test_norms_that_are_not_finite_leave_a_gap_and_words():
    chart = filter_norms([1.0, np.nan, np.inf, 2.0], by="norm")
    rows = {row["filter"]: row for row in columns(chart)}
    assert rows[1]["norm"] is None
    assert rows[2]["text"] == "not finite"
    assert title(chart) == "4 filters; 1 is NaN, 1 is infinite"
    assert columns(filter_norms([0.0, 0.0]))[0]["high"] == 1.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: weight_histogram(np.array([])), "at least one"),
        (lambda: value_histogram(np.array([])), "at least one"),
        (lambda: filter_norms([]), "norms: expected shape"),
        (lambda: filter_norms(np.ones((2, 2))), "norms: expected shape"),
        (lambda: filter_norms([-1.0]), "below 0"),
        (lambda: filter_norms([1.0], by="size"), "by: expected index or norm"),
        (lambda: filter_norms([1.0], chosen=1), "chosen: expected 0 to 0, got 1"),
    ],
)
def test_what_cannot_be_counted_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_text_is_large_and_has_the_colour_of_the_page():
    for chart in (
        weight_histogram(np.arange(-5.0, 5.0)),
        value_histogram(np.arange(9.0)),
        filter_norms([1.0]),
    ):
        spec = chart.to_dict()
        assert spec["title"]["color"] == "currentColor"
        # A canvas would not know that colour.
        assert spec["usermeta"]["embedOptions"] == {"renderer": "svg"}
        assert spec["title"]["fontSize"] >= 14
        axis = spec["layer"][0]["encoding"]["x"]["axis"]
        assert axis["labelFontSize"] >= 14
        assert "labelColor" not in axis
