"""Each question of the training page, asked of runs that cannot answer it in full."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.lessons.lesson import Lesson
from xai import datasets
from xai.datasets import ImageSet
from xai.training import train
from xai.training.examples import held_out

Settle = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]
Ask = Callable[..., AppTest]

ANSWERS = ("film", "learning", "occupancy", "pruning")
DIVERGING = {"epochs": 2, "batch": 8, "rate": 1.0, "optimizer": "sgd", "schedule": "constant"}


def digits(split: str, n: int, most: int = 10) -> ImageSet:
    """Return digits of the first classes, as a set that has no others."""
    whole = datasets.load("mnist", split=split, n=n)
    some = whole.subset(np.flatnonzero(whole.labels < most))
    return replace(some, classes=some.classes[:most])


@pytest.fixture(scope="module")
def lessons() -> dict[str, Lesson]:
    """Runs that lack something, by what they lack."""
    many, few = digits("train", 300), digits("test", 60)
    two = digits("train", 300, 2), digits("test", 200, 2)
    runs = {
        "tests": train("lenet5-mnist", many, params={"epochs": 2}),
        "epochs": train("lenet5-mnist", many, test=few, params=DIVERGING),
        "classes": train("lenet5-mnist", two[0], test=two[1], params={"epochs": 2}),
    }
    assert runs["epochs"].ended == "diverged"
    return {name: Lesson(run, held_out(run), name) for name, run in runs.items()}


def page(lesson, name):
    import importlib

    from pages._ui import link

    link.begin("training")
    importlib.import_module(f"pages._ui.lessons.answers.{name}").show(lesson)


@pytest.fixture
def ask(settle: Settle) -> Ask:
    def go(lesson: Lesson, name: str, **query: str) -> AppTest:
        at = AppTest.from_function(page, kwargs={"lesson": lesson, "name": name})
        at.default_timeout = 60
        at.query_params = {key.replace("__", "."): value for key, value in query.items()}
        return settle(at.run())

    return go


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("film", "there is nothing to map"),
        ("occupancy", "nothing can be counted"),
        ("pruning", "no price can be measured"),
    ],
)
def test_without_test_images_a_sentence_says_why(
    ask: Ask, calm: Check, lessons: dict[str, Lesson], name: str, sentence: str
) -> None:
    at = ask(lessons["tests"], name)
    calm(at)
    (info,) = at.info
    assert "kept no test images" in info.value
    assert sentence in info.value
    assert not at.get("vega_lite_chart")


def test_without_test_images_learning_knows_the_training_images(
    ask: Ask, calm: Check, said: Words, lessons: dict[str, Lesson]
) -> None:
    at = ask(lessons["tests"], "learning")
    calm(at)
    assert "Of 300 images" in said(at)
    at = ask(lessons["tests"], "learning", learn__of="test")
    calm(at)
    assert [one.value for one in at.info] == ["tests: The run kept no test images."]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_run_that_diverged_at_once_is_no_error(
    ask: Ask, calm: Check, said: Words, lessons: dict[str, Lesson], name: str
) -> None:
    at = ask(lessons["epochs"], name)
    calm(at)
    words = {
        "film": "one map alone",
        "learning": "no whole epoch",
        "occupancy": "At epoch 0",
        "pruning": "accuracy goes from",
    }
    assert words[name] in said(at)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_run_of_two_classes_is_answered(
    ask: Ask, calm: Check, said: Words, lessons: dict[str, Lesson], name: str
) -> None:
    lesson = lessons["classes"]
    assert lesson.images.classes == ("0", "1")
    at = ask(lesson, name)
    calm(at)
    assert not at.info
    assert at.get("vega_lite_chart")
    assert "are not here" not in said(at)


def test_runs_without_test_images_open_from_a_folder(
    visit: Callable[..., AppTest], settle: Settle, calm: Check, said: Words, tmp_path: Path
) -> None:
    train("lenet5-mnist", digits("train", 100), params={"epochs": 1}, record=tmp_path / "run")
    at = visit("training", {"ask.training": "files"})
    (field,) = [item for item in at.text_input if item.key.startswith("run_path")]
    settle(field.set_value(str(tmp_path / "run")).run())
    calm(at)
    assert "This run was read from" in said(at)
    settle(at.button_group(key="ask.training").set_value("film").run())
    calm(at)
    assert "there is nothing to map" in said(at)
