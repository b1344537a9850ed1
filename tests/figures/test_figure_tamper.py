"""The charts of the tamper detective: their numbers, and what they mark."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xai.experiments.tamper import Suspicion
from xai.figures.colours import ACCENT, CHANGED, NEUTRAL
from xai.figures.tamper_charts import suspicion_chart, twin_chart, votes_chart

CLASSES = ("zero", "<b>one</b>")


def rows(chart, mark: str) -> list[dict]:
    """Return the rows behind the layers of a kind of mark."""
    spec = chart.to_dict()
    json.dumps(spec, allow_nan=False)
    found = []
    for layer in spec["layer"]:
        if layer["mark"]["type"] == mark:
            found += spec["datasets"][(layer.get("data") or spec["data"])["name"]]
    return found


def scored(sizes: list[float]) -> Suspicion:
    score = np.array([sizes, np.negative(sizes)])
    return Suspicion(score, np.abs(score), CLASSES, "relu1", 40, 200)


def test_twins_are_joined_and_what_is_unknown_is_left_out():
    chart = twin_chart(np.array([[0.9, np.nan], [0.8, 0.7]]), CLASSES, "Recall", "share")
    marks = [(row["label"], row["kind"], row["value"]) for row in rows(chart, "point")]
    assert marks == [
        ("class zero", "data set A", 0.9),
        ("class zero", "data set B", 0.8),
        ("class <b>one</b>", "data set B", 0.7),
    ]
    assert [(row["value"], row["end"]) for row in rows(chart, "rule")] == [(0.9, 0.8)]


def test_twins_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="shape"):
        twin_chart(np.zeros((3, 2)), CLASSES, "Recall", "share")


def test_bars_point_to_the_odd_set_and_only_those_beyond_the_limit_are_coloured():
    bars = rows(suspicion_chart(scored([9.0, -2.0]), 5.0), "bar")
    assert [(row["value"], row["fill"]) for row in bars] == [(-9.0, ACCENT), (2.0, NEUTRAL)]
    assert bars[0]["said"] == "9.0 standard deviations, in data set A"
    assert rows(suspicion_chart(scored([0.0, -9.0]), 5.0), "bar")[1]["fill"] == CHANGED


def test_votes_come_the_most_first():
    chart = votes_chart({"data set A, class 1": 2, "neither data set": 7})
    spec = chart.to_dict()
    sort = spec["layer"][0]["encoding"]["y"]["sort"]
    assert sort == ["neither data set", "data set A, class 1"]
    with pytest.raises(ValueError, match="at least one"):
        votes_chart({})
