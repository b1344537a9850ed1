"""The confusion matrix: every image is in one cell, right is right, names stay data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xai.figures import confusion
from xai.figures.ranking import REST

HOSTILE = ("<b>bold</b>", "datum.count", "'; alert(1); //", "", "crane", "crane", "a" * 300)


def guesses(k: int, n: int = 500, right: float = 0.8, seed: int = 0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    return labels, np.where(rng.random(n) < right, labels, rng.integers(0, k, n))


def cells(chart) -> list[dict]:
    """Return the cells; the data of both layers are the same."""
    (values,) = chart.to_dict()["datasets"].values()
    return values


def names(k: int) -> list[str]:
    return [f"class {index}" for index in range(k)]


# ---------------------------------------------------------------------- the counts
def test_counts_are_those_of_a_loop():
    labels, predicted = guesses(7)
    counts = confusion.confusion(labels, predicted, 7)
    for true in range(7):
        for seen in range(7):
            expected = sum(a == true and b == seen for a, b in zip(labels, predicted, strict=True))
            assert counts[true, seen] == expected


def test_counts_equal_scikit_learn():
    from sklearn.metrics import confusion_matrix

    labels, predicted = guesses(12, seed=3)
    theirs = confusion_matrix(labels, predicted, labels=range(12))
    assert np.array_equal(confusion.confusion(labels, predicted, 12), theirs)


# ----------------------------------------------------------------------- the chart
def test_every_image_is_in_the_cell_of_its_classes():
    labels, predicted = guesses(6)
    counts = confusion.confusion(labels, predicted, 6)
    found = cells(confusion.matrix(labels, predicted, names(6)))
    assert len(found) == 36
    for cell in found:
        true, seen = (names(6).index(cell[key]) for key in ("true", "predicted"))
        assert cell["count"] == counts[true, seen]
        assert cell["kind"] == (
            "empty" if not cell["count"] else "right" if true == seen else "wrong"
        )
        assert cell["number"] == (str(cell["count"]) if cell["count"] else "")


def test_classes_without_images_have_no_row_and_the_diagonal_is_one():
    labels, predicted = np.array([2, 2, 5, 9]), np.array([2, 5, 5, 7])
    chart = confusion.matrix(labels, predicted, names(10))
    encoding = chart.to_dict()["layer"][0]["encoding"]
    expected = ["class 2", "class 5", "class 7", "class 9"]
    assert encoding["x"]["sort"] == encoding["y"]["sort"] == expected
    right = {(cell["true"], cell["predicted"]) for cell in cells(chart) if cell["kind"] == "right"}
    assert right == {("class 2", "class 2"), ("class 5", "class 5")}


def test_one_mistake_beside_a_thousand_right_ones_is_seen():
    labels = np.array([0] * 1000 + [1] * 1000)
    predicted = labels.copy()
    predicted[0] = 1
    opacity = {
        (cell["true"], cell["predicted"]): cell["opacity"]
        for cell in cells(confusion.matrix(labels, predicted, "ab"))
    }
    assert opacity["a", "b"] > 4 * opacity["b", "a"] > 0
    assert opacity["a", "a"] > opacity["a", "b"]


@pytest.mark.parametrize("most", [2, 5, 24])
def test_with_many_classes_no_image_is_lost_and_nothing_right_looks_wrong(most):
    labels, predicted = guesses(100, 300, 0.7, seed=1)
    found = cells(confusion.matrix(labels, predicted, names(100), most=most))
    assert sum(cell["count"] for cell in found) == 300
    rows, columns = ({cell[key] for cell in found} for key in ("true", "predicted"))
    assert max(len(rows), len(columns)) <= most + 1
    counts = confusion.confusion(labels, predicted, 100)
    for cell in found:
        true, seen = cell["true"], cell["predicted"]
        if REST not in (true, seen):
            assert cell["count"] == counts[names(100).index(true), names(100).index(seen)]
        if true != REST and seen == REST and true not in columns:
            index = names(100).index(true)
            assert counts[index, index] == 0


def test_a_few_images_of_a_thousand_classes_have_a_row_each():
    rng = np.random.default_rng(4)
    labels = rng.choice(1000, 20, replace=False)
    predicted = labels.copy()
    predicted[:6] = rng.choice(1000, 6, replace=False)
    chart = confusion.matrix(labels, predicted, names(1000))
    found = cells(chart)
    assert {cell["true"] for cell in found} == {f"class {index}" for index in labels}
    assert sum(cell["count"] for cell in found if cell["kind"] == "right") == 14
    assert sum(cell["count"] for cell in found if cell["kind"] == "wrong") == 6
    assert len(json.dumps(chart.to_dict())) < 200_000


def test_rows_that_are_left_out_are_those_without_mistakes():
    labels = np.repeat(np.arange(30), 10)
    predicted = labels.copy()
    predicted[labels == 3] = 4
    predicted[labels == 17] = 16
    shown = {cell["true"] for cell in cells(confusion.matrix(labels, predicted, names(30), most=2))}
    assert shown == {"class 3", "class 17", REST}


def test_a_cell_can_be_chosen_by_the_names_of_its_classes():
    spec = confusion.matrix(*guesses(5), names(5)).to_dict()
    (chosen,) = (item for item in spec["params"] if "select" in item)
    assert chosen["name"] == confusion.SELECTION == "cell"
    assert chosen["select"]["type"] == "point"
    assert chosen["select"]["fields"] == ["true", "predicted"]


@pytest.mark.parametrize("k", [3, 10, 24])
def test_text_is_large_and_has_no_colour_of_its_own(k):
    spec = confusion.matrix(*guesses(k, 3000), names(k)).to_dict()
    squares, written = spec["layer"]
    assert written["encoding"]["color"] == {"value": "currentColor"}
    assert written["mark"]["fontSize"] >= 12
    for axis in ("x", "y"):
        options = squares["encoding"][axis]["axis"]
        assert options["labelFontSize"] >= 14
        assert "labelColor" not in options
    assert spec["autosize"] == {"type": "fit", "contains": "padding"}


def test_numbers_are_written_where_they_fit():
    labels, predicted = guesses(24, 5000)
    for cell in cells(confusion.matrix(labels, predicted, names(24))):
        assert bool(cell["number"]) == (cell["kind"] == "wrong")
        assert len(cell["number"]) <= 2


def test_names_are_data_and_never_expressions_or_merged_rows():
    k = len(HOSTILE)
    labels = np.arange(k)
    chart = confusion.matrix(labels, np.roll(labels, 1), HOSTILE)
    spec = chart.to_dict()
    assert len({cell["row"] for cell in cells(chart)}) == k
    assert {cell["true"] for cell in cells(chart)} == set(HOSTILE)
    spec.pop("datasets")
    for layer in spec["layer"]:
        for axis in ("x", "y"):
            layer["encoding"][axis].pop("sort")  # a list of values
    assert not any(name in json.dumps(spec) for name in HOSTILE if name)


@pytest.mark.parametrize(
    ("labels", "predicted", "words"),
    [
        ([], [], "labels"),
        ([0, 1], [0], "predicted"),
        ([0, 3], [0, 0], "labels: expected classes 0 to 2"),
        ([0, 1], [0, -1], "predicted: expected classes 0 to 2"),
        ([0.0, 1.0], [0, 1], "whole numbers"),
        ([[0, 1]], [[0, 1]], "whole numbers"),
    ],
)
def test_what_cannot_be_counted_is_refused(labels, predicted, words):
    for call in (
        lambda: confusion.confusion(np.array(labels), np.array(predicted), 3),
        lambda: confusion.matrix(np.array(labels), np.array(predicted), "abc"),
    ):
        with pytest.raises(ValueError, match="expected") as caught:
            call()
        assert words in str(caught.value)


def test_a_matrix_of_one_cell_is_refused():
    with pytest.raises(ValueError, match="most"):
        confusion.matrix(*guesses(3), "abc", most=1)
