"""Charts through a training: what is drawn at an epoch, and that only that changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xai.figures.colours import colour_of
from xai.figures.epoch_lines import MOST_CLASSES, norm_lines, probability_lines
from xai.figures.recall_chart import MOST_CLASSES as MOST_ROWS
from xai.figures.recall_chart import recall_chart

EPOCHS = [1, 2, 3]
NORMS = {"conv1": [1.0, 2.0, 4.0], "fc": [3.0, 0.0, float("nan")]}


def norms(at: float = 2.0) -> dict[str, Any]:
    chart: dict[str, Any] = norm_lines(EPOCHS, NORMS, at, title="Length").to_dict()
    return chart


def test_each_layer_is_a_line_with_gaps_where_nothing_can_be_drawn() -> None:
    rows = norms()["datasets"]["lines"]
    drawn = {name: [row["value"] for row in rows if row["line"] == name] for name in NORMS}
    assert drawn == {"conv1": [1.0, 2.0, 4.0], "fc": [3.0, None, None]}
    assert [row["epoch"] for row in rows] == EPOCHS * 2


def test_another_epoch_moves_the_rule_and_nothing_else() -> None:
    before, after = norms(1.0), norms(0.25)
    assert before["datasets"].pop("now") == [{"epoch": 1.0, "said": "epoch 1"}]
    assert after["datasets"].pop("now") == [{"epoch": 0.25, "said": "epoch 0.25"}]
    assert before == after


@pytest.mark.parametrize(
    ("epochs", "norms", "message"),
    [
        ([], {"a": []}, "at least one, rising"),
        ([1, 1], {"a": [1, 2]}, "rising"),
        ([1, 2], {"a": [1]}, "a: expected 2 numbers, got 1"),
        ([1, 2], {}, "at least one, got none"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    epochs: list[float], norms: dict[str, list[float]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        norm_lines(epochs, norms, 1.0, title="Length")


def test_the_classes_that_come_highest_are_drawn_in_their_colours() -> None:
    shares = np.zeros((2, 9))
    shares[0, 7] = 1.0
    shares[1] = [0.1, 0.3, 0.01, 0.2, 0.02, 0.15, 0.12, 0.05, 0.04]
    names = [f"class {place}" for place in range(9)]
    chart = probability_lines([0.0, 0.5], shares, names, 0.5, title="It").to_dict()
    scale = chart["layer"][0]["encoding"]["color"]["scale"]
    # 7 was certain at first; of the others the largest.
    kept = [0, 1, 3, 5, 6, 7]
    assert len(kept) == MOST_CLASSES
    assert scale["domain"] == [names[place] for place in kept]
    assert scale["range"] == [colour_of(place) for place in kept]
    with pytest.raises(ValueError, match=r"expected \(2, 8\), got \(2, 9\)"):
        probability_lines([0.0, 0.5], shares, names[:-1], 0.5, title="It")


def test_a_bar_is_the_recall_of_its_mark_and_a_stroke_that_of_the_last() -> None:
    recalls = np.array([[0.0, 0.5, np.nan], [0.25, 0.75, np.nan], [1.0, 0.9, np.nan]])
    chart = recall_chart(recalls, 1, ["a", "b", "none"]).to_dict()
    rows = chart["data"]["values"]
    assert [(row["label"], row["probability"], row["end"]) for row in rows] == [
        ("a", 0.25, 1.0),
        ("b", 0.75, 0.9),
    ]
    other = recall_chart(recalls, 0, ["a", "b", "none"]).to_dict()
    assert other["data"].pop("values") != chart["data"].pop("values")
    assert other == chart


def test_of_many_classes_those_that_end_worst_keep_their_rows() -> None:
    count = MOST_ROWS + 3
    last = np.linspace(1, 0.5, count)
    recalls = np.stack([last[::-1], last])
    names = [f"class {place}" for place in range(count)]
    for place in (0, 1):
        rows = recall_chart(recalls, place, names).to_dict()["data"]["values"]
        assert [row["label"] for row in rows] == names[3:]


@pytest.mark.parametrize(
    ("recalls", "place", "message"),
    [
        (np.zeros((2, 3)), 0, r"expected \(A, 2\)"),
        (np.zeros((2, 2)), 2, "expected one of 2 marks"),
        (np.full((2, 2), np.nan), 0, "a class with images"),
    ],
)
def test_recalls_that_do_not_fit_are_refused(recalls: np.ndarray, place: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recall_chart(recalls, place, ["a", "b"])
