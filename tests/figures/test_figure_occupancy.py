"""The charts of occupancy and of the price of pruning: the numbers they were given."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xai.activations.course import STATES, Course
from xai.figures.epoch_axis import EpochAxis
from xai.figures.occupancy_chart import ceiling, occupancy_heat, occupancy_lines
from xai.figures.occupancy_strip import MOST_UNITS, occupancy_strip, shown_units
from xai.figures.price_chart import MOST_CLASSES, price_chart, recall_bars, recall_height
from xai.training.pruning import Price

HOSTILE = "<img src=x>\n${y}"
MARKS = (0.0, 0.25, 1.0, 2.0)
DEAD = STATES.index("dead")


def layers(chart) -> list[dict]:
    """Return the layers of a chart, each with its rows."""
    spec = chart.to_dict()
    json.dumps(spec, allow_nan=False)
    return [
        layer | {"rows": spec["datasets"][(layer.get("data") or spec["data"])["name"]]}
        for layer in spec["layer"]
    ]


def found_course(marks: tuple[float, ...] = MARKS) -> Course:
    """Two layers; in the second of ten units, unit 7 dies, 3 comes back, 5 is always dead."""
    states = np.zeros((10, len(marks)), np.int8)
    states[7, 2:] = states[3, :2] = states[5] = DEAD
    states[3, 2:] = STATES.index("rare")
    dead = np.stack([np.zeros(len(marks)), (states == DEAD).mean(axis=0)])
    return Course(
        marks,
        ("relu1", HOSTILE),
        (4, 10),
        500,
        {"dead": dead, "rare": dead / 2, "saturated": np.full_like(dead, np.nan)},
        {"relu1": np.zeros((4, len(marks)), np.int8), HOSTILE: states},
    )


# -------------------------------------------------------------------------------- epochs
def test_epochs_are_columns_and_some_have_a_number():
    axis = EpochAxis((0.0, 0.1, 0.25, 0.5, *map(float, range(1, 41))), 0.25)
    x = axis.x().to_dict()
    labelled = [axis.marks[int(place)] for place in x["axis"]["values"]]
    assert labelled == [0, 5, 10, 15, 20, 25, 30, 35, 40]
    assert x["scale"]["domain"] == [0, 44]
    assert (axis.place, len(axis.upright())) == (2, 1)
    assert EpochAxis((0.0, 1.0), 7.0).upright() == []
    assert len(EpochAxis(MARKS).x().to_dict()["axis"]["values"]) == 4
    for marks in ((), (1.0, 1.0)):
        with pytest.raises(ValueError):
            EpochAxis(marks)


# ----------------------------------------------------------------------------- occupancy
def test_cells_are_shares_and_the_chosen_epoch_has_them_in_words():
    found = found_course()
    cells, *_, written = layers(occupancy_heat(found, "dead", EpochAxis(MARKS, 1.0)))
    assert [row["share"] for row in cells["rows"]] == found.shares["dead"].ravel().tolist()
    assert [row["place"] for row in cells["rows"]] == [0, 1, 2, 3] * 2
    assert [row["text"] for row in written["rows"]] == ["0 %", "20.0 %"]
    assert cells["rows"][-1]["said"] == "20.0 % (2 of 10 units)"
    opacities = [row["opacity"] for row in cells["rows"]]
    # 20 % of a ceiling of 25 %.
    assert ceiling(found, "dead") == 0.25
    assert opacities == pytest.approx([0.05] * 4 + [0.05 + 0.9 * 0.8] * 4)
    double = layers(occupancy_heat(found, "dead", EpochAxis(MARKS), top=0.5))[0]["rows"]
    assert double[-1]["opacity"] == pytest.approx(0.05 + 0.9 * 0.4)


def test_a_course_that_is_not_whole_fills_the_first_columns():
    found = found_course(MARKS[:2])
    cells, *_, written = layers(occupancy_heat(found, "rare", EpochAxis(MARKS, 2.0)))
    assert {row["place"] for row in cells["rows"]} == {0, 1}
    assert cells["encoding"]["x"]["scale"]["domain"] == [0, 4]
    assert written["rows"] == []


def test_lines_are_the_layer_all_together_and_the_others():
    found = found_course()
    axis = EpochAxis(MARKS, 1.0)
    rows = layers(occupancy_lines(found, "dead", HOSTILE, axis, top=0.25))[-2]["rows"]
    lines: dict[str, list[float]] = {}
    for row in rows:
        lines.setdefault(row["series"], []).append(row["share"])
    assert lines["all layers"] == pytest.approx([2 / 14] * 4)
    assert lines["other layers"] == [0.0] * 4
    assert lines["<img src=x> ${y}"] == [0.2] * 4
    for kind, layer in (("saturated", HOSTILE), ("dead", "relu9"), ("lazy", HOSTILE)):
        with pytest.raises(ValueError):
            occupancy_lines(found, kind, layer, axis, top=0.25)
    assert ceiling(found, "saturated") == 0.05


def test_the_strip_has_a_stretch_for_each_state_of_each_unit():
    found = found_course()
    assert shown_units(found, HOSTILE).tolist() == [5, 3, 7]
    rows = layers(occupancy_strip(found, HOSTILE, EpochAxis(MARKS, 1.0)))[0]["rows"]
    told = [(row["unit"], row["state"], row["place"], row["end"], row["epochs"]) for row in rows]
    assert told == [
        ("5", "dead", 0, 4, "0 to 2"),
        ("3", "dead", 0, 2, "0 to 0.25"),
        ("3", "rare", 2, 4, "1 to 2"),
        ("7", "in use", 0, 2, "0 to 0.25"),
        ("7", "dead", 2, 4, "1 to 2"),
    ]
    with pytest.raises(ValueError, match="always in use"):
        occupancy_strip(found, "relu1", EpochAxis(MARKS))
    with pytest.raises(ValueError, match="expected one of relu1"):
        occupancy_strip(found, "relu2", EpochAxis(MARKS))


def test_a_strip_of_many_units_shows_the_longest_dead():
    states = np.zeros((300, 4), np.int8)
    states[:200, 3] = STATES.index("rare")
    states[250:, :2] = DEAD
    whole = Course(MARKS, ("wide",), (300,), 10, {}, {"wide": states})
    shown = shown_units(whole, "wide")
    assert len(shown) == MOST_UNITS
    assert shown[:50].tolist() == list(range(250, 300))
    assert len(layers(occupancy_strip(whole, "wide", EpochAxis(MARKS)))[0]["rows"]) == 50 * 2 + 140


# --------------------------------------------------------------------------------- price
def found_price(classes: int = 3, *, measured: bool = True) -> Price:
    recall = np.linspace(1, 0.1, 3)[:, None] - np.arange(classes) * 0.01
    table = np.array([[0.9, 0.5, 0.1], [0.9, 0.7, np.nan]])
    names = ("cat", HOSTILE, *(f"class {at}" for at in range(2, classes)))
    return Price(
        "weakest",
        ("relu1",),
        20,
        30,
        names,
        np.array([12, *[9] * (classes - 1)]),
        np.array([0, 5, 20]),
        np.array([0.9, 0.8, 0.1]) if measured else np.full(3, np.nan),
        recall,
        np.array([0, 5, 20]),
        table if measured else np.full((2, 3), np.nan),
        np.zeros((2, 3, classes)),
    )


def test_the_price_is_drawn_beside_the_mean_and_the_ends_of_random_orders():
    level, _, band, upright, lines, _ = layers(price_chart(found_price(), "Weakest", 5))
    points = [(row["order"].split(",")[0], row["share"], row["accuracy"]) for row in lines["rows"]]
    assert points == [
        ("Weakest: this choice", 0.0, 0.9),
        ("Weakest: this choice", 0.25, 0.8),
        ("Weakest: this choice", 1.0, 0.1),
        ("as many at random", 0.0, 0.9),
        ("as many at random", 0.25, pytest.approx(0.6)),
        ("as many at random", 1.0, 0.1),
    ]
    ends = [(row["low"], row["high"]) for row in band["rows"]]
    assert ends == [(0.9, 0.9), (0.5, 0.7), (0.1, 0.1)]
    assert level["rows"][0]["text"] == "always one class: 40.0 %"
    assert upright["rows"] == [{"share": 0.25}]
    with pytest.raises(ValueError, match="at least one accuracy"):
        price_chart(found_price(measured=False), "Weakest")


def test_recall_is_drawn_before_and_after():
    rows = layers(recall_bars(found_price(), 5))[0]["rows"]
    assert [row["class"] for row in rows] == ["cat", "cat", HOSTILE, HOSTILE, "class 2", "class 2"]
    assert [row["label"] for row in rows][2] == "<img src=x> ${y}"
    assert [row["probability"] for row in rows[:2]] == [1.0, 0.55]
    assert rows[1]["images"] == "7 of 12"
    with pytest.raises(ValueError, match="got 6"):
        recall_bars(found_price(), 6)


def test_of_many_classes_those_that_lose_most_are_drawn():
    found = found_price(MOST_CLASSES + 5)
    after = found.recall.copy()
    after[1, 2:7] = found.recall[0, 2:7]  # these lose nothing
    worse = Price(**{**vars(found), "recall": after})
    rows = layers(recall_bars(worse, 5))[0]["rows"]
    assert {row["class"] for row in rows}.isdisjoint({f"class {at}" for at in range(2, 7)})
    assert len(rows) == 2 * MOST_CLASSES
    assert recall_height(worse) == recall_height(found_price(MOST_CLASSES))
