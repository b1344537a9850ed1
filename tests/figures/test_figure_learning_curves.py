"""Loss and accuracy over the epochs, as charts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xai.figures.learning_curves import TEST, TRAINING, Course, learning_curves
from xai.training import Epoch, Trace


def course(label: str = "", *, points: int = 20, losses: tuple[float, ...] = (1.5, 0.5)) -> Course:
    steps = np.arange(1, points + 1)
    trace = Trace(steps * 10, np.linspace(2, 1, points, dtype=np.float32), np.ones(points))
    epochs = [
        Epoch(turn + 1, 2.0, 0.5, test_loss=loss, test_accuracy=0.9)
        for turn, loss in enumerate(losses)
    ]
    return Course.of(epochs, trace, steps=100, total=4, label=label)


def rows(chart: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = chart.data.values
    return found


def test_places_are_epochs_and_values_those_of_the_run() -> None:
    found = rows(learning_curves([course()], "loss"))
    asked = [row for row in found if row["series"] == TEST]
    assert [(row["epoch"], row["value"]) for row in asked] == [(1.0, 1.5), (2.0, 0.5)]
    learned = [row for row in found if row["series"] == TRAINING]
    assert [row["epoch"] for row in learned] == pytest.approx(np.arange(1, 21) / 10)
    assert [learned[0]["value"], learned[-1]["value"]] == [2.0, 1.0]


def test_the_axis_is_as_long_as_the_run_will_be() -> None:
    chart = learning_curves([course()], "accuracy").to_dict()
    assert chart["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0, 4]


def test_what_is_not_finite_is_a_gap() -> None:
    found = rows(learning_curves([course(losses=(1.5, float("nan")))], "loss"))
    assert [row["value"] for row in found if row["series"] == TEST] == [1.5, None]


def test_many_points_are_put_together_to_their_means() -> None:
    many = course(points=1000)
    assert len(many.loss) <= 160
    assert many.places[0] == pytest.approx(np.mean(np.arange(1, 8)) * 10 / 100)
    assert np.mean(many.loss[:-1]) == pytest.approx(1.5, abs=0.01)


def test_two_runs_keep_their_colours_and_only_thick_lines_are_named() -> None:
    chart = learning_curves([course("first"), course("second")], "loss").to_dict()
    looks = chart["layer"][0]["encoding"]
    names = looks["color"]["scale"]["domain"]
    colours = dict(zip(names, looks["color"]["scale"]["range"], strict=True))
    assert colours["first"] == colours[f"first: {TRAINING}"] != colours["second"]
    widths = dict(zip(names, looks["strokeWidth"]["scale"]["range"], strict=True))
    assert widths["first"] == widths["second"] > widths[f"second: {TRAINING}"]
    assert looks["color"]["legend"]["values"] == ["first", "second"]


def test_two_runs_of_one_name_are_two() -> None:
    found = rows(learning_curves([course("same"), course("same")], "loss"))
    assert len({row["series"] for row in found}) == 4


def test_it_says_what_it_takes() -> None:
    with pytest.raises(ValueError, match="loss or accuracy"):
        learning_curves([course()], "speed")  # type: ignore[arg-type]
    for runs in ([], [course()] * 3):
        with pytest.raises(ValueError, match="one or two runs"):
            learning_curves(runs, "loss")
