"""The run, epoch by epoch: the numbers that are shown are those of the epoch, on one scale."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui import cached
from pages._ui.lessons import choices, surveys
from pages._ui.lessons.lesson import Lesson
from xai import activations, datasets
from xai.activations import SurveyKey
from xai.datasets import ImageSet
from xai.training import Run

Visit = Callable[..., AppTest]
Told = Callable[[AppTest], list[dict[str, Any]]]
Check = Callable[[AppTest], None]

DIGITS = {"data": "mnist", "model": "lenet5-mnist"}
FEW = 60


@pytest.fixture(scope="module")
def run() -> Run:
    return cached.shipped()


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> list[ImageSet]:
    """Count over few images; return which."""
    found: list[ImageSet] = []
    real = surveys.images
    monkeypatch.setattr(surveys, "MOST", FEW)
    monkeypatch.setattr(surveys, "images", lambda lesson: found.append(real(lesson)) or found[-1])
    return found


def glance(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the message of the network at a glance."""
    (found,) = [one for one in messages if "signed" in one and "parts" in one]
    return found


def values(message: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(message["large"]["values"], "<f4")


def said(at: int, resting: bool) -> dict[str, Any]:
    return {"choice": {"token": f"t{at}", "value": [at, resting]}}


@pytest.mark.parametrize("scale", ["network", "row"])
def test_an_image_is_shown_at_the_epoch_of_the_link_on_the_scale_of_all(
    visit: Visit, told: Told, calm: Check, run: Run, scale: str
) -> None:
    chosen = {"epoch": "3", "rows": "all", "scrub.scale": scale}
    at = visit("training", DIGITS | chosen)
    calm(at)
    shown = glance(told(at))
    image = run.load().prepare(datasets.load("mnist").images[0])
    every = [activations.overview(run.load(mark), image) for mark in run.marks]
    now = every[run.marks.index(3.0)]
    assert "epoch 3" in shown["label"]
    np.testing.assert_allclose(values(shown), np.concatenate(list(now.values())), rtol=1e-5)
    ends = {
        layer: (
            min(0.0, *(float(one[layer].min()) for one in every)),
            max(0.0, *(float(one[layer].max()) for one in every)),
        )
        for layer in now
    }
    if scale == "row":
        for layer in now:
            np.testing.assert_allclose(shown["scale"][layer], ends[layer], rtol=1e-5)
    else:
        widest = min(low for low, _ in ends.values()), max(high for _, high in ends.values())
        np.testing.assert_allclose(shown["scale"], widest, rtol=1e-5)


def test_what_the_reader_scrubs_to_is_shown_and_told_to_the_link_once_it_rests(
    visit: Visit, told: Told, run: Run
) -> None:
    at = visit("training", DIGITS)
    before = values(glance(told(at)))
    bar = f"epochs-{run.digest}"
    place = run.marks.index(2.0)
    at.session_state[bar] = said(place, False)
    at.run()
    assert at.session_state["epoch"] == "2"
    assert "epoch" not in at.query_params
    assert not np.array_equal(values(glance(told(at))), before)
    at.session_state[bar] = said(place + 1, True)
    at.run()
    assert at.query_params["epoch"] in ("3", ["3"])


def test_a_difference_of_class_means_is_that_of_the_surveys(
    visit: Visit, told: Told, calm: Check, run: Run, counted: list[ImageSet]
) -> None:
    at = visit(
        "training", DIGITS | {"epoch": "1", "show": "class:3", "minus": "class:8", "rows": "all"}
    )
    calm(at)
    shown = glance(told(at))
    assert shown["signed"]
    images = counted[-1]
    assert len(images) == FEW
    means = activations.survey(run.load(1.0), images).class_mean
    expected = [maps[3] - maps[8] for maps in means.values()]
    np.testing.assert_allclose(values(shown), np.concatenate(expected), atol=1e-5)
    # Every mark is kept by its own key: nobody counts it again.
    for mark in run.marks:
        assert cached.shelf(False).load(SurveyKey.of(run.load(mark), images)) is not None


@pytest.mark.parametrize("panel", ["confusion", "norms", "scores"])
def test_each_panel_is_drawn(visit: Visit, calm: Check, panel: str) -> None:
    at = visit("training", DIGITS | {"epoch": "0.25", "scrub.by": panel})
    calm(at)
    told = "\n".join(item.value for item in at.caption)
    words = {"confusion": "diagonal", "norms": "logarithmic", "scores": "At this epoch"}
    assert words[panel] in told


def test_the_hardest_class_is_named(visit: Visit, run: Run) -> None:
    at = visit("training", DIGITS | {"epoch": "0.5", "scrub.by": "recall"})
    hardest = run.recipe.classes[int(np.argmin(run.recall(0.5)))]
    assert any(f"Hardest now: {hardest}." in item.value for item in at.caption)


def test_the_image_is_a_test_digit_where_the_workbench_has_another_data_set(
    visit: Visit, told: Told, calm: Check, run: Run
) -> None:
    at = visit("training", {"data": "photos", "epoch": "0"})
    calm(at)
    shown = glance(told(at))
    assert run.ids[0] in shown["label"]


def test_two_runs_share_one_scale_and_the_nearest_mark(
    visit: Visit, told: Told, calm: Check, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = dataclasses.replace(
        run,
        marks=run.marks[:6],
        predicted=run.predicted[:6],
        checksums=run.checksums[:6],
        epochs=run.epochs[:2],
    )
    test = datasets.load("mnist")
    pair = Lesson(run, test, "long", Lesson(short, test, "short"))
    monkeypatch.setattr(choices, "choose", lambda bench: pair)
    at = visit("training", DIGITS | {"epoch": "30"})
    calm(at)
    one, other = [item for item in told(at) if "signed" in item and "parts" in item]
    assert one["scale"] == other["scale"]
    assert one["label"].startswith("long, epoch 30")
    assert other["label"].startswith(f"short, epoch {run.marks[5]:g}")
