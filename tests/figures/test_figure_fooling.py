"""The charts of who is fooled hold the numbers that they were given."""

from __future__ import annotations

import numpy as np
import pytest

from xai.attacks import FgsmParams, Goal
from xai.attacks.studies.survival import Survival
from xai.attacks.studies.transfer import TransferRate
from xai.figures.colours import ACCENT, CHANGED, NEUTRAL
from xai.figures.fooling_chart import margin_chart, transfer_chart
from xai.types import Prediction

HOSTILE = "<img src=x onerror=alert(1)> datum.value"
CLASSES = ("zero", HOSTILE, "two")


def said(*logits: float) -> Prediction:
    scores = np.array(logits, np.float32)
    return Prediction(scores, np.exp(scores) / np.exp(scores).sum(), CLASSES)


def changed(label: str, clean: Prediction, noise: Prediction | None, attacked: Prediction):
    image = np.zeros((1, 2, 2), np.float32)
    goal = Goal.untargeted(0).reached(attacked.label)
    return Survival("png", label, "", 9, image, clean, attacked, noise, goal, True, 1.0)


ROWS = (
    changed("PNG", said(3, 1, 0), said(2, 1, 0), said(1, 5, 0)),
    changed(HOSTILE, said(3, 1, 0), None, said(3, 2, 0)),
    changed("PNG", said(0, 1, 0), None, said(0, 40, 0)),
)


def tables(chart) -> list[list[dict]]:
    return list(chart.to_dict()["datasets"].values())


def marks(chart, *fields: str) -> list[tuple]:
    """Return some fields of the table that has a row for each mark."""
    (found,) = [rows for rows in tables(chart) if rows and "kind" in rows[0]]
    return [tuple(row[field] for field in fields) for row in found]


def test_every_answer_has_a_mark_at_its_margin():
    drawn = marks(margin_chart(ROWS, Goal.untargeted(0)), "kind", "margin")
    assert drawn == [
        *(("clean", -2), ("random noise", -1), ("attacked", 4)),
        *(("clean", -2), ("attacked", -1)),
        *(("clean", 1), ("attacked", 40)),
    ]
    targeted = marks(margin_chart(ROWS[:1], Goal.targeted(1)), "margin")
    assert targeted == [(-2,), (-1,), (4,)]


def test_rows_of_one_name_stay_apart_and_lines_join_clean_and_attacked():
    chart = margin_chart(ROWS, Goal.untargeted(0))
    labels = list(dict.fromkeys(label for (label,) in marks(chart, "label")))
    assert len(labels) == 3
    (joins,) = [rows for rows in tables(chart) if rows and "end" in rows[0]]
    assert [(row["label"], row["margin"], row["end"]) for row in joins] == [
        (labels[0], -2, 4),
        (labels[1], -2, -1),
        (labels[2], 1, 40),
    ]
    assert [{"margin": 0}] in tables(chart)


def test_the_axis_names_who_has_to_lead():
    def title(goal):
        drawn = margin_chart(ROWS, goal).to_dict()
        return " ".join(drawn["layer"][0]["encoding"]["x"]["title"])

    assert "best class over “zero”" in title(Goal.untargeted(0))
    assert "“two” over all others" in title(Goal.targeted(2))
    with pytest.raises(ValueError, match="at least one"):
        margin_chart((), Goal.untargeted(0))


def rate() -> TransferRate:
    labels = np.zeros(10, np.int64)
    predicted = np.zeros((3, 3, 10), np.int64)
    predicted[0, 2] = 1
    predicted[1, 0, :2] = 1
    predicted[1, 1, 2] = 1
    predicted[1, 2, :6] = 1
    predicted[2, 0] = 1
    return TransferRate(("a", "b", "c"), labels, predicted, "fgsm", FgsmParams(), 0, 0)


def test_shares_are_drawn_with_their_intervals_and_counts():
    found = rate()
    chart = transfer_chart(found, ("A", HOSTILE, "C"))
    drawn = {(row[0], row[1]): row[2:] for row in _shares(chart)}
    other = next(label for label, _ in drawn if label != "A")
    assert set(drawn) == {(name, kind) for name in ("A", other) for kind in KINDS}
    for kind, word in zip(("noise", "attacked"), KINDS, strict=True):
        for place, name in enumerate(("A", other)):
            low, high = found.interval(kind)[place]
            expected = (found.share(kind)[place], low, high)
            assert drawn[name, word][:3] == pytest.approx(expected)
    assert drawn["A", "attacked"][3] == "10 of 10"
    assert drawn[other, "attacked"][3] == "4 of 8"
    assert drawn[other, "random noise"][3] == "1 of 8"
    (empty,) = [rows for rows in tables(chart) if len(rows) == 1]
    assert empty[0]["label"] == "C"
    assert "none" in empty[0]["text"]
    with pytest.raises(ValueError, match="expected 3"):
        transfer_chart(found, ("A",))


KINDS = ("random noise", "attacked")


def _shares(chart) -> list[tuple]:
    rows = next(rows for rows in tables(chart) if rows and "share" in rows[0])
    fields = ("label", "kind", "share", "probability", "high", "text")
    return [tuple(row[field] for field in fields) for row in rows]


def test_a_kind_has_one_colour_in_both_charts():
    def colours(chart) -> dict[str, str]:
        found: dict[str, str] = {}
        for layer in chart.to_dict()["layer"]:
            scale = layer["encoding"].get("color", {}).get("scale")
            if scale:
                found |= dict(zip(scale["domain"], scale["range"], strict=True))
        return found

    expected = {"clean": ACCENT, "random noise": NEUTRAL, "attacked": CHANGED}
    assert colours(margin_chart(ROWS, Goal.untargeted(0))) == expected
    assert colours(transfer_chart(rate(), "ABC")) == {kind: expected[kind] for kind in KINDS}
