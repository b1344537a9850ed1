"""Score and slope over the steps: the values drawn, the gaps, the rules of changes."""

from __future__ import annotations

import math
from typing import Any

import pytest

from xai.figures.growth_chart import gradient_chart, score_chart


def rows(chart: Any, field: str = "value") -> list[dict[str, Any]]:
    tables = [table for table in chart.to_dict()["datasets"].values() if table]
    return next((table for table in tables if field in table[0]), [])


def test_every_score_is_drawn_at_its_step() -> None:
    drawn = rows(score_chart([1, 2, 5], [0.5, -2.0, 12.25]))
    assert [(row["step"], row["value"]) for row in drawn] == [(1, 0.5), (2, -2.0), (5, 12.25)]
    assert [row["said"] for row in drawn] == ["0.5", "−2", "12.2"]


def test_what_cannot_be_drawn_is_a_gap() -> None:
    odd = [1.0, math.nan, math.inf, 0.0, -1.0]
    score = [row["value"] for row in rows(score_chart(range(1, 6), odd))]
    assert score == [1.0, None, None, 0.0, -1.0]
    slope = [row["value"] for row in rows(gradient_chart(range(1, 6), odd))]
    assert slope == [1.0, None, None, None, None]


def test_the_axis_is_as_long_as_the_run_will_be_and_the_slope_is_logarithmic() -> None:
    early, late = (score_chart(range(1, n + 1), [1.0] * n, total=200) for n in (3, 90))
    for chart in (early, late):
        layers = chart.to_dict()["layer"]
        assert {tuple(one["encoding"]["x"]["scale"]["domain"]) for one in layers} == {(0, 200)}
    line = gradient_chart([1], [0.1]).to_dict()["layer"][0]
    assert line["encoding"]["y"]["scale"]["type"] == "log"
    assert "|gradient|" in line["encoding"]["y"]["title"]


def test_each_change_has_a_rule_and_its_words_on_the_side_with_room() -> None:
    changes = [(40, "blur sigma 0 → 1"), (180, "jitter 3 → 0")]
    layers = score_chart([1, 200], [0.0, 1.0], changes=changes, total=200).to_dict()
    tables = layers["datasets"]
    marks = [(one["mark"], tables[one["data"]["name"]]) for one in layers["layer"] if "data" in one]
    rules = [table for mark, table in marks if mark["type"] == "rule"]
    assert [[row["step"] for row in table] for table in rules] == [[40, 180]]
    words = {mark["align"]: table for mark, table in marks if mark["type"] == "text"}
    assert [row["short"] for row in words["left"]] == ["blur sigma 0 → 1"]
    assert [row["short"] for row in words["right"]] == ["jitter 3 → 0"]
    assert len(score_chart([1], [0.0]).to_dict()["layer"]) == 2


def test_charts_that_share_what_is_kept_have_their_own_values() -> None:
    one, other = (score_chart([1, 2], [value, value], total=9) for value in (1.0, 2.0))
    assert [row["value"] for row in rows(one)] == [1.0, 1.0]
    assert [row["value"] for row in rows(other)] == [2.0, 2.0]


def test_another_number_of_steps_is_refused() -> None:
    for draw in (score_chart, gradient_chart):
        with pytest.raises(ValueError, match="expected one a value"):
            draw([1, 2], [1.0])
