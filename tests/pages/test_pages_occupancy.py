"""Occupancy and pruning on the training page: what is shown is what is computed."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.lessons.answers import occupancy, pruning
from pages._ui.lessons.lesson import Lesson
from xai import datasets, models
from xai.activations import occupancy as occupied
from xai.activations import survey
from xai.training import pruning as cuts
from xai.training import train

Answer = Callable[[Lesson], None]


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    run = train(
        "lenet5-mnist",
        datasets.load("mnist", split="train", n=300),
        test=datasets.load("mnist", n=120),
        params={"epochs": 2},
        seed=1,
    )
    return Lesson(run, datasets.load("mnist", n=120), "A short run")


def page(lesson, answer):
    answer(lesson)


@pytest.fixture
def ask(settle: Callable[[AppTest], AppTest]) -> Callable[..., AppTest]:
    def go(lesson: Lesson, answer: Answer, **state: object) -> AppTest:
        at = AppTest.from_function(page, kwargs={"lesson": lesson, "answer": answer})
        at.default_timeout = 60
        for name, value in state.items():
            at.session_state[name.replace("__", ".")] = value
        return settle(at.run())

    return go


def usages(lesson: Lesson, mark: float) -> list[cuts.Usage]:
    model = lesson.run.load(mark)
    counted = survey(model, lesson.images)
    found = [occupied(counted, layer) for layer in cuts.maskable(model)]
    return [cuts.Usage(one.layer, counted.mean[one.layer], one.dead, one.rare) for one in found]


def charts(at: AppTest) -> list[Any]:
    return at.get("vega_lite_chart")


# ----------------------------------------------------------------------------- occupancy
def test_occupancy_counts_the_dead_at_the_chosen_epoch(
    lesson: Lesson, ask: Any, calm: Any, said: Any, files: dict[str, Any]
):
    at = ask(lesson, occupancy.show, epoch="0.5")
    calm(at)
    found = {one.layer: one for one in usages(lesson, 0.5)}
    dead = found["relu3"].dead
    assert len(dead)
    assert f"At epoch 0.5, **{len(dead)} of 120 units of relu3 are dead**" in said(at)
    every = sum(len(one.dead) for one in found.values())
    assert f"In all layers: {every} of 226" in said(at)
    assert len(charts(at)) == 3
    rows = files["occupancy.csv"].splitlines()
    assert len(rows) == 1 + len(lesson.run.marks) * 4
    assert f"A short run,0.5,relu3,120,{len(dead)},{len(found['relu3'].rare)}," in rows
    assert any(row.endswith(",") for row in rows)  # ReLU has no ceiling


def test_saturation_does_not_apply_to_relu_and_full_layers_say_so(
    lesson: Lesson, ask: Any, calm: Any, said: Any
):
    at = ask(lesson, occupancy.show, **{"occ__kind": "saturated"})
    calm(at)
    assert "have no ceiling" in said(at)
    assert not charts(at)
    at = ask(lesson, occupancy.show, **{"occ__layer": "relu1"})
    calm(at)
    assert "All 6 units of relu1 are in use at every epoch." in said(at)


def test_two_runs_are_drawn_one_below_the_other(lesson: Lesson, ask: Any, calm: Any, said: Any):
    both = Lesson(lesson.run, lesson.images, "A", Lesson(lesson.run, lesson.images, "B"))
    at = ask(both, occupancy.show)
    calm(at)
    assert len(charts(at)) == 6
    assert said(at).count("units of relu3 are dead**") == 2
    at = ask(both, pruning.show, **{"prune__run": "b", "prune__rule": "dead"})
    calm(at)
    assert "units** masked" in said(at)


# ------------------------------------------------------------------------------- pruning
def test_dead_units_cost_nothing_and_the_file_holds_the_pruned_weights(
    lesson: Lesson, ask: Any, calm: Any, said: Any, files: dict[str, Any]
):
    at = ask(lesson, pruning.show, prune__rule="dead")
    calm(at)
    units = cuts.choose(usages(lesson, 2.0), "dead")
    count = sum(map(len, units.values()))
    assert f"With **{count} of 226 units** masked" in said(at)
    assert "No class loses an image" in said(at)
    content = files["lenet5-mnist-epoch-2-pruned.safetensors"]()
    back = models.load_checkpoint(content, "lenet5-mnist", name="x").model
    wanted = cuts.prune(lesson.run.load(2.0), units)
    assert back.spec.sha256 == wanted.spec.sha256
    at.button(key="prune.bench").click().run()
    calm(at)
    assert at.session_state["model"] == wanted.spec.name


def test_the_price_on_the_page_is_that_of_the_model(
    lesson: Lesson, ask: Any, calm: Any, said: Any, files: dict[str, Any], settle: Any
):
    at = ask(lesson, pruning.show, prune__rule="strongest", prune__layer="relu4", prune__share=".5")
    calm(at)
    model = lesson.run.load(2.0)
    ranking = cuts.rank([usages(lesson, 2.0)[3]], "strongest")
    found = cuts.price(model, lesson.images, ranking)
    place = found.at(42)
    before, after = (f"{100 * value:.1f} %" for value in found.accuracy[[0, place]])
    assert f"accuracy goes from **{before}** to **{after}**" in said(at)
    mean = f"{100 * found.random_at(42).mean():.1f} %"
    assert f"with as many at random, to {mean} on average" in said(at)
    table = np.genfromtxt(io.StringIO(files["price.csv"]), delimiter=",", names=True)
    assert table["accuracy"][: len(found.counts)] == pytest.approx(found.accuracy, abs=1e-5)
    assert len(table) == 6 * len(found.counts)
    settle(at.select_slider(key="prune.share").set_value("1").run())
    calm(at)
    assert "**84 of 84 units** masked (100 %)" in said(at)


def test_another_layer_offers_the_nearest_number_and_nothing_to_mask_is_said(
    lesson: Lesson, ask: Any, calm: Any, said: Any
):
    # Of six units, 15 % is one, as 20 % is: the first of the two names it.
    at = ask(lesson, pruning.show, prune__layer="relu1", prune__share="0.2")
    calm(at)
    assert "**1 of 6 units** masked" in said(at)
    at = ask(lesson, pruning.show, prune__layer="relu1", prune__rule="dead")
    calm(at)
    assert "No unit of relu1 is dead at epoch 2: nothing to mask" in said(at)
    at = ask(lesson, pruning.show, prune__layer="relu1", prune__rule="random", prune__seed=3)
    calm(at)
    assert at.number_input(key="prune.seed").value == 3


def test_without_test_images_there_is_no_price(lesson: Lesson, ask: Any, calm: Any, said: Any):
    bare = Lesson(lesson.run, lesson.images.subset([]), "bare")
    at = ask(bare, pruning.show)
    calm(at)
    assert "kept no test images" in said(at)
