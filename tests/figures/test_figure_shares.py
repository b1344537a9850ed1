"""Bars of class counts: every image is counted, in the order of the commonest."""

from __future__ import annotations

import pytest

from xai.figures import charts, wording
from xai.figures.ranking import REST


def rows(chart) -> list[dict]:
    (values,) = chart.to_dict()["datasets"].values()
    return values


def test_bars_are_the_classes_with_their_counts_and_shares_the_commonest_first():
    found = rows(charts.shares({"dog": 1, "cat": 5, "fox": 2, "cow": 0}))
    assert [(row["class"], row["count"]) for row in found] == [("cat", 5), ("fox", 2), ("dog", 1)]
    assert [row["share"] for row in found] == [5 / 8, 2 / 8, 1 / 8]
    assert found[0]["text"] == f"5 · {wording.percent(5 / 8)}"


def test_classes_beyond_the_first_share_a_row():
    counts = {f"class {index}": 100 - index for index in range(30)}
    found = rows(charts.shares(counts, k=4))
    assert [row["class"] for row in found] == ["class 0", "class 1", "class 2", "class 3", REST]
    assert sum(row["count"] for row in found) == sum(counts.values())
    assert sum(row["share"] for row in found) == pytest.approx(1)


def test_true_and_predicted_stand_beside_each_other():
    chart = charts.shares({"cat": 3, "dog": 1}, {"cat": 2, "fox": 2})
    counts = {(row["class"], row["when"]): row["count"] for row in rows(chart)}
    assert counts == {
        ("cat", "true"): 3,
        ("dog", "true"): 1,
        ("fox", "true"): 0,
        ("cat", "predicted"): 2,
        ("dog", "predicted"): 0,
        ("fox", "predicted"): 2,
    }
    bars = chart.to_dict()["layer"][0]["encoding"]
    assert bars["color"]["scale"]["domain"] == bars["yOffset"]["sort"] == ["true", "predicted"]


def test_there_is_room_behind_the_longest_bar():
    encoding = charts.shares({"a": 3, "b": 1}).to_dict()["layer"][0]["encoding"]
    assert encoding["x"]["scale"]["domain"][1] > 1.5 * 0.75
    assert max(encoding["x"]["axis"]["values"]) == 0.75


def test_names_that_look_alike_keep_their_rows():
    names = ("<b>x</b>", "", "a" * 60, "a" * 61, REST)
    found = rows(charts.shares(dict.fromkeys(names, 2) | {"last": 1}, k=5))
    assert len({row["label"] for row in found}) == len(found) == 6
    assert [row["class"] for row in found][:5] == list(names)


def test_labels_differ_even_where_a_name_looks_like_a_numbered_one():
    found = wording.distinct(["a (2)", "a", "a", "", ""], [0, 1, 2, 3, 4])
    assert len(set(found)) == 5
    assert all(found)


@pytest.mark.parametrize(
    ("counts", "options"),
    [
        ({}, {}),
        ({"a": 0}, {}),
        ({"a": -1, "b": 3}, {}),
        ({"a": 1}, {"k": 0}),
        ({"a": 1}, {"predicted": {}}),
    ],
)
def test_no_images_or_no_rows_are_refused(counts, options):
    with pytest.raises(ValueError, match="expected"):
        charts.shares(counts, **options)
