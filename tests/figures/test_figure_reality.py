"""Grown images among real ones, as charts: what is drawn is what was measured."""

from __future__ import annotations

import numpy as np
import pytest

from xai.figures.change_chart import KINDS, change_chart
from xai.figures.reality_chart import score_chart
from xai.types import Prediction
from xai.visualization.studies.best import Best
from xai.visualization.studies.reality import Trial


def yardstick(absent: bool = False) -> Best:
    scores = np.array([0.0, 1.0, 2.0, 5.0, np.nan])
    member = np.array([False, False, True, True, False])
    index = np.array([3, 2])
    return Best("toy", "digits", scores, np.zeros_like(member) if absent else member, index, absent)


def values(chart) -> list[dict]:
    """Return all rows that a chart holds."""
    return [row for table in chart.to_dict()["datasets"].values() for row in table]


def test_every_real_image_is_counted_in_one_bar():
    rows = values(score_chart(yardstick(), 9.0, unit="logit", member="images of 3"))
    counted = {}
    for row in rows:
        if "count" in row:
            counted[row["kind"]] = counted.get(row["kind"], 0) + row["count"]
    assert counted == {"other real images": 2, "images of 3": 2}
    words = [row["words"] for row in rows if "words" in row]
    # From the top line down: the words of none run over the rule of another.
    assert words == ["average 2", "grown image 9", "best real image 5"]
    low = values(score_chart(yardstick(), 0.5, unit="logit"))
    assert [row["words"] for row in low if "words" in row] == [
        "grown image 0.5",
        "average 2",
        "best real image 5",
    ]


def test_without_members_all_bars_are_alike():
    found = score_chart(yardstick(absent=True), 9.0, unit="logit", member="images of 3")
    assert {row["kind"] for row in values(found) if "count" in row} == {"all real images"}
    with pytest.raises(ValueError, match="finite"):
        score_chart(yardstick(), float("nan"), unit="logit")


def test_all_marks_are_inside_the_axis():
    chart = score_chart(yardstick(), -7.0, unit="logit").to_dict()
    domain = chart["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert domain[0] < -7 < 5 < domain[1]


def trial(label: str, kept: list[float], scores: list[float]) -> Trial:
    logits = np.array([2.0, 0.0], np.float32)
    said = Prediction(logits, np.array([0.9, 0.1], np.float32), ("a<b", "c"))
    count = len(kept)
    return Trial(
        name=label,
        label=label,
        sentence="",
        about="detail",
        images=np.zeros((count, 1, 2, 2), np.float32),
        scores=np.array(scores),
        kept=np.array(kept),
        probability=np.full(count, 0.9),
        said=(said,) * count,
    )


@pytest.mark.parametrize(("of", "expected"), [("kept", [0.5, 0.9]), ("score", [5.0, 4.0])])
def test_a_row_has_a_mark_for_each_image_and_a_line_between_them(of, expected):
    found = [trial("", [1, 1], [10, 4.4]), trial("Blur", [0.5, 0.9], [5, 4])]
    rows = values(change_chart(found, of, unit="logit"))
    marks = {row["kind"]: row["value"] for row in rows if "kind" in row}
    assert [marks[kind] for kind in KINDS[:2]] == expected
    (line,) = [row for row in rows if "end" in row]
    assert [line["value"], line["end"]] == expected
    rules = [row["value"] for row in rows if set(row) == {"value"}]
    assert rules == ([1.0, 0.0] if of == "kept" else [4.4])


def test_what_has_no_lead_has_no_mark():
    found = [trial("", [np.nan, 1, 1], [0, 4, 3]), trial("Blur", [np.nan, 0.9, -0.2], [0, 4, 0])]
    marks = {row["kind"]: row["share"] for row in values(change_chart(found)) if "kind" in row}
    assert marks == {KINDS[1]: "90\u00a0%", KINDS[2]: "−20\u00a0%"}
    nobody = [trial("", [np.nan], [0]), trial("Blur", [np.nan], [0])]
    with pytest.raises(ValueError, match="lead"):
        change_chart(nobody)
    with pytest.raises(ValueError, match="at least one change"):
        change_chart(found[:1])
    with pytest.raises(ValueError, match="kept or score"):
        change_chart(found, "logit")
