"""The charts over an attack's strength: their numbers, and what they mark."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from xai.attacks import Goal
from xai.attacks.studies.shots import Weakest
from xai.attacks.studies.smallest import Smallest
from xai.attacks.studies.strength import Curve, Sweep
from xai.figures.colours import NEUTRAL
from xai.figures.strength_chart import strength_curves, success_strip
from xai.types import Prediction

CLASSES = ("zero", "<b>one</b>")
CLEAN = Prediction(np.array([2.0, 0.0], np.float32), np.array([0.88, 0.12], np.float32), CLASSES)
LEVELS = np.array([0, 2, 4, 8]) / 255


def curve(method: str, success: list[float], draws: int = 1) -> Curve:
    share = np.array(success)
    return Curve(
        method,
        LEVELS,
        share,
        0.9 - 0.8 * share,
        0.9 - 0.1 * share,
        np.rint(share).astype(int),
        draws,
        None,
    )


def swept(*curves: Curve, norm: str = "linf") -> Sweep:
    return Sweep(curves, Goal.untargeted(0), norm, CLEAN, "toy", "0" * 64, 0, ())


FOUND = swept(
    curve("fgsm", [0, 0, 0, 0]), curve("pgd", [0, 0, 1, 1]), curve("noise", [0, 0, 0.25, 0.75], 8)
)


def least(method: str, strength: float | None, norm: str = "linf") -> Smallest:
    image = np.zeros((1, 2, 2), np.float32)
    weakest = None if strength is None else Weakest(strength, image, CLEAN, strength, 1.0)
    tried, success = np.array([0.0]), np.array([False])
    goal = Goal.untargeted(0)
    return Smallest(method, norm, goal, 1.0, weakest, tried, success, 8, 0, 0, ())


def layers(chart, kind: str) -> list[dict]:
    """Return the layers of a kind of mark, with their rows."""
    spec = chart.to_dict()
    json.dumps(spec, allow_nan=False)
    return [
        layer | {"rows": spec["datasets"][(layer.get("data") or spec["data"])["name"]]}
        for layer in spec["layer"]
        if layer["mark"]["type"] == kind
    ]


def domain(chart) -> list[float]:
    return next(
        layer["encoding"]["x"]["scale"]["domain"]
        for layer in chart.to_dict()["layer"]
        if "x" in layer["encoding"]
    )


@pytest.mark.parametrize("of", ["probability", "confidence"])
def test_every_method_is_a_line_through_its_numbers(of):
    (line,) = layers(strength_curves(FOUND, of), "line")
    for one, name in zip(FOUND.curves, ("FGSM", "PGD", "random noise"), strict=True):
        mine = [row for row in line["rows"] if row["method"] == name]
        assert [row["strength"] for row in mine] == pytest.approx([0, 2, 4, 8])
        assert [row["value"] for row in mine] == pytest.approx(list(getattr(one, of)))


def test_points_and_words_tell_what_fooled():
    (points,) = layers(strength_curves(FOUND), "point")
    said = {(row["method"], row["strength"]): row for row in points["rows"]}
    assert said["PGD", 2.0]["said"] == "not fooled"
    assert said["PGD", 4.0]["said"] == "fooled"
    assert said["PGD", 4.0]["label"] == "<b>one</b>"
    assert said["random noise", 4.0]["outcome"] == "fooled in 2 of 8 draws"
    assert said["random noise", 4.0]["said"] == "not fooled"
    assert said["random noise", 8.0]["said"] == "fooled"
    assert points["encoding"]["fill"]["condition"]["test"] == "datum.said === 'fooled'"


def looks(chart) -> dict[str, str]:
    (line,) = layers(chart, "line")
    scale = line["encoding"]["color"]["scale"]
    return dict(zip(scale["domain"], scale["range"], strict=True))


def test_noise_is_grey_and_a_method_keeps_its_colour_and_its_place():
    every = looks(strength_curves(FOUND))
    assert every["random noise"] == NEUTRAL
    assert len(set(every.values())) == 3
    alone = strength_curves(swept(FOUND.of("pgd")), awaited=("noise",))
    assert looks(alone) == {name: every[name] for name in ("PGD", "random noise")}


def test_the_strip_has_a_cell_for_each_strength_without_gaps():
    (bars,) = layers(success_strip(FOUND), "bar")
    for name, shares in (("PGD", [0, 0, 1, 1]), ("random noise", [0, 0, 0.25, 0.75])):
        cells = [row for row in bars["rows"] if row["method"] == name]
        assert [cell["share"] for cell in cells] == shares
        assert cells[0]["strength"] == 0
        assert cells[-1]["end"] == 8
        ends = [cell["end"] for cell in cells[:-1]]
        assert ends == [cell["strength"] for cell in cells[1:]]


def test_the_smallest_strength_is_a_number_and_the_border_of_its_cells():
    chart = success_strip(FOUND, [least("pgd", 3 / 255), least("fgsm", None)])
    marks = [row for layer in layers(chart, "text") for row in layer["rows"]]
    assert marks == [{"method": "PGD", "strength": 3.0, "text": "3/255"}]
    (bars,) = layers(chart, "bar")
    fooled = [row for row in bars["rows"] if row["method"] == "PGD" and row["share"] == 1]
    assert min(row["strength"] for row in fooled) == 3.0


def test_a_late_mark_has_its_number_on_its_left():
    chart = success_strip(FOUND, [least("pgd", 3 / 255), least("fgsm", 8 / 255)])
    sides = {
        row["text"]: layer["mark"]["align"]
        for layer in layers(chart, "text")
        for row in layer["rows"]
    }
    assert sides == {"3/255": "left", "8/255": "right"}


def test_both_charts_have_one_axis_that_reaches_what_is_marked():
    far = [least("fgsm", 30 / 255)]
    curves = strength_curves(FOUND, smallest=far, most=20 / 255)
    strip = success_strip(FOUND, far, most=20 / 255)
    assert domain(curves) == domain(strip)
    assert 30 < domain(strip)[1] < 32


def test_the_present_strength_is_a_rule_if_it_is_on_the_chart():
    for chart in (strength_curves, success_strip):
        (rule,) = layers(chart(FOUND, present=6 / 255), "rule")
        assert [row["strength"] for row in rule["rows"]] == [6.0]
        assert not layers(chart(FOUND, present=60 / 255), "rule")


def test_lengths_are_drawn_as_lengths_and_an_attack_without_strength_as_a_point():
    point = dataclasses.replace(
        curve("cw", [1.0, 1, 1, 1]),
        strengths=np.array([1.5]),
        success=np.ones(1),
        probability=np.array([0.2]),
        confidence=np.array([0.8]),
        labels=np.array([1]),
    )
    found = swept(point, norm="l2")
    (line,) = layers(strength_curves(found), "line")
    assert [row["strength"] for row in line["rows"]] == [1.5]
    chart = success_strip(found, [least("cw", 1.5, "l2")])
    assert [row["text"] for layer in layers(chart, "text") for row in layer["rows"]] == ["1.5"]


def test_a_chart_says_what_is_wrong():
    with pytest.raises(ValueError, match="at least one curve"):
        strength_curves(swept())
    with pytest.raises(ValueError, match="norm"):
        success_strip(FOUND, [least("pgd", 1.0, "l2")])
    with pytest.raises(ValueError, match="probability or confidence"):
        strength_curves(FOUND, "success")
