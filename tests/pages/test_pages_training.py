"""Training on the page: asked for, watched, stopped, gone on with, shared, put on the workbench."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui import cached
from pages._ui.lessons import running
from xai import training
from xai.training import Run

Visit = Callable[..., AppTest]
Settle = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

DIGITS = {"data": "mnist", "model": "lenet5-mnist"}
#: Two epochs of 100 digits in four steps each.
QUICK = DIGITS | {
    "run": "here",
    "train.n": "100",
    "train.lenet5-mnist.epochs": "2",
    "train.lenet5-mnist.batch": "32",
}


@pytest.fixture(autouse=True)
def queue() -> Iterator[None]:
    """Let each test begin with no training under way."""
    yield
    cached.trainings().shutdown(timeout=60)
    cached.trainings.clear()


class Gate:
    """A training that waits before its third step until the test lets it pass."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.reached = threading.Event()
        self.begun = 0
        self.stopped = 0

    def train(self, *arguments: object, progress: Callable[..., None], **options: object) -> Run:
        self.begun += 1

        def step(done: int, total: int, message: str) -> None:
            progress(done, total, message)
            while done >= 3 and not self.open.is_set():
                self.reached.set()
                progress(done, total, message)
                time.sleep(0.01)

        try:
            return training.train(*arguments, progress=step, **options)  # type: ignore[arg-type]
        except BaseException:
            self.stopped += 1
            raise


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Let trainings of the page wait until the test opens the gate."""
    made = Gate()
    monkeypatch.setattr(running, "train", made.train)
    yield made
    made.open.set()


def button(at: AppTest, word: str) -> object:
    (found,) = [item for item in at.button if item.label.startswith(word)]
    return found


def press(at: AppTest, word: str) -> AppTest:
    return button(at, word).click().run()  # type: ignore[attr-defined, no-any-return]


def recorded(seed: int) -> Run:
    """Return what the cache holds of the quick recipe."""
    wanted = running.Wanted(
        "lenet5-mnist",
        "mnist",
        100,
        training.TrainingParams(epochs=2, rate=4e-3, batch=32),
        seed,
    )
    return training.open_run(cached.runs_place().folder / wanted.recipe.digest)


def weights(run: Run) -> list[np.ndarray]:
    return [value.numpy() for value in run.load().net.state_dict().values()]


def charts(at: AppTest) -> list[str]:
    return [json.dumps(json.loads(item.proto.spec)) for item in at.get("vega_lite_chart")]


# ------------------------------------------------------------------------ the shipped run
def test_the_shipped_run_is_there_at_once(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("training", DIGITS)
    calm(at)
    run = cached.shipped()
    assert f"{100 * run.accuracy():.1f} %** of the test images" in said(at)
    assert not at.get("progress")
    assert any("Loss" in text for text in charts(at))
    assert any("Accuracy" in text for text in charts(at))


# ----------------------------------------------------------------------------- train here
def test_the_cost_is_told_before_the_click_and_nothing_is_trained_without_it(
    visit: Visit, calm: Check, said: Words
) -> None:
    at = visit("training", QUICK | {"train.seed": "1"})
    calm(at)
    assert "2 epochs of 100 images: **about" in said(at)
    assert not cached.trainings().busy
    assert "test images are right" not in said(at)


def test_a_run_is_trained_and_all_below_is_about_it(
    visit: Visit, calm: Check, settle: Settle, said: Words
) -> None:
    at = visit("training", QUICK | {"train.seed": "2"})
    at = settle(press(at, "Train"))
    calm(at)
    run = recorded(2)
    assert run.ended == "finished"
    assert f"After 2 epochs **{100 * run.accuracy():.1f} %**" in said(at)
    assert not [item for item in at.button if item.label in ("Train", "Go on training")]


def test_a_recorded_run_opens_at_once_for_everybody(
    visit: Visit, calm: Check, settle: Settle, said: Words, gate: Gate
) -> None:
    gate.open.set()
    settle(press(visit("training", QUICK | {"train.seed": "3"}), "Train"))
    assert gate.begun == 1
    other = visit("training", QUICK | {"train.seed": "3"})
    calm(other)
    assert "After 2 epochs" in said(other)
    assert gate.begun == 1


def test_a_run_under_way_shows_its_curves_and_can_be_stopped_and_resumed(
    visit: Visit, calm: Check, settle: Settle, said: Words, gate: Gate
) -> None:
    at = press(visit("training", QUICK | {"train.seed": "4"}), "Train")
    assert gate.reached.wait(30)
    at.run()
    calm(at)
    assert len(at.get("progress")) == 1
    assert any("Loss" in text for text in charts(at))
    at = press(at, "Stop")
    calm(at)
    assert "Stopped after 0 of 2 epochs" in said(at)
    assert gate.stopped == 1
    gate.open.set()
    at = settle(press(at, "Go on"))
    calm(at)
    assert gate.begun == 2
    broken = recorded(4)
    assert broken.ended == "finished"
    images, test = cached.examples("mnist", 100)
    unbroken = training.train(
        "lenet5-mnist", images, test=test, params=broken.recipe.params, seed=4
    )
    for mine, other in zip(weights(broken), weights(unbroken), strict=True):
        assert np.array_equal(mine, other)


def test_a_run_goes_on_while_the_reader_is_on_another_page(
    visit: Visit, calm: Check, said: Words, gate: Gate
) -> None:
    at = press(visit("training", QUICK | {"train.seed": "5"}), "Train")
    assert gate.reached.wait(30)
    at = visit("architecture", at=at)
    calm(at)
    gate.open.set()
    at = visit("training", QUICK | {"train.seed": "5"}, at=at)
    calm(at)
    assert "After 2 epochs" in said(at)
    assert (gate.begun, gate.stopped) == (1, 0)


def test_two_who_want_the_same_share_one_training(
    visit: Visit, settle: Settle, said: Words, gate: Gate
) -> None:
    sessions = [visit("training", QUICK | {"train.seed": "6"}) for _ in range(2)]
    sessions = [press(at, "Train") for at in sessions]
    gate.open.set()
    for at in sessions:
        assert "After 2 epochs" in said(settle(at))
    assert gate.begun == 1


def test_a_run_lets_others_pass_after_an_epoch_and_ends_as_if_unbroken(
    visit: Visit, settle: Settle, said: Words, gate: Gate
) -> None:
    first = press(visit("training", QUICK | {"train.seed": "7"}), "Train")
    assert gate.reached.wait(30)
    second = press(visit("training", QUICK | {"train.seed": "8"}), "Train")
    assert any("waiting, 1 before you" in item.proto.text for item in second.get("progress"))
    gate.open.set()
    for at in (second, first):
        assert "After 2 epochs" in said(settle(at))
    # The first was interrupted for the second, and taken up again.
    assert gate.begun >= 3
    images, test = cached.examples("mnist", 100)
    found = recorded(7)
    unbroken = training.train("lenet5-mnist", images, test=test, params=found.recipe.params, seed=7)
    for mine, other in zip(weights(found), weights(unbroken), strict=True):
        assert np.array_equal(mine, other)


def test_a_closed_tab_ends_its_training_and_the_next_visitor_can_go_on(
    visit: Visit,
    calm: Check,
    settle: Settle,
    said: Words,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tabs: list[cached.Presence] = []

    class Seen(cached.Presence):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]
            tabs.append(self)

    monkeypatch.setattr("pages._ui.cached.work.Presence", Seen)
    press(visit("training", QUICK | {"train.seed": "9"}), "Train")
    assert gate.reached.wait(30)
    for tab in tabs:
        tab.leave()
    deadline = time.monotonic() + 30
    while cached.trainings().busy and time.monotonic() < deadline:
        time.sleep(0.01)
    assert gate.stopped == 1
    gate.open.set()
    at = visit("training", QUICK | {"train.seed": "9"})
    calm(at)
    assert "Stopped after 0 of 2 epochs" in said(at)
    at = settle(press(at, "Go on training"))
    assert "After 2 epochs" in said(at)


# ---------------------------------------------------------------------- what may go wrong
def test_a_rate_that_diverges_is_said_and_what_came_before_is_kept(
    visit: Visit, calm: Check, settle: Settle
) -> None:
    wild = {
        "train.lenet5-mnist.rate": "1.0",
        "train.lenet5-mnist.optimizer": "sgd",
        "train.lenet5-mnist.schedule": "constant",
        "train.lenet5-mnist.epochs": "6",
    }
    at = settle(press(visit("training", QUICK | wild | {"train.n": "250"}), "Train"))
    calm(at)
    assert len(at.warning) == 1
    assert "rate" in at.warning[0].value
    assert [item for item in at.button if item.label.startswith("Put epoch")]


def test_a_damaged_recording_is_said_and_can_be_trained_anew(
    visit: Visit, calm: Check, settle: Settle, said: Words
) -> None:
    settle(press(visit("training", QUICK | {"train.seed": "10"}), "Train"))
    head = recorded(10).folder / "run.json"
    head.write_text("{")
    at = visit("training", QUICK | {"train.seed": "10"})
    calm(at)
    assert "Trained anew" in said(at)
    at = settle(press(at, "Train"))
    calm(at)
    assert "After 2 epochs" in said(at)


def test_a_disk_that_refuses_is_a_sentence_and_the_page_can_be_used_again(
    visit: Visit, calm: Check, settle: Settle, said: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> Run:
        raise ValueError("record: the disk is full")

    at = visit("training", QUICK | {"train.seed": "11"})
    with monkeypatch.context() as patch:
        patch.setattr(running, "train", full)
        at = settle(press(at, "Train"))
        assert [item.value for item in at.error] == ["record: the disk is full"]
        assert [item.message for item in at.exception] == []
    at = settle(press(at, "Train"))
    calm(at)
    assert "After 2 epochs" in said(at)


def test_where_the_cache_cannot_be_written_runs_are_made_all_the_same(
    visit: Visit,
    calm: Check,
    settle: Settle,
    said: Words,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LAYERSCOPE_CACHE", str(tmp_path / "file" / "cache"))
    at = visit("training", QUICK | {"train.seed": "12"})
    assert "runs are gone when the app ends" in said(at)
    at = settle(press(at, "Train"))
    calm(at)
    assert "After 2 epochs" in said(at)


def test_a_run_out_of_sight_is_told_of_and_can_be_gone_back_to_or_stopped(
    visit: Visit, calm: Check, said: Words, gate: Gate
) -> None:
    at = press(visit("training", QUICK | {"train.seed": "14"}), "Train")
    assert gate.reached.wait(30)
    at.number_input(key="train.seed").set_value(15).run()
    calm(at)
    assert "Still under way: LeNet-5, 100 images of MNIST digits" in said(at)
    assert at.button(key="train-a").label == "Train"
    at = press(at, "Back to it")
    calm(at)
    assert at.number_input(key="train.seed").value == 14
    assert "Still under way" not in said(at)
    at.number_input(key="train.seed").set_value(15).run()
    at = press(at, "Stop that one").run()
    calm(at)
    assert "Still under way" not in said(at)
    gate.open.set()


def test_a_link_to_a_second_run_shows_its_choice(visit: Visit, calm: Check) -> None:
    at = visit("training", DIGITS | {"twin": "width"})
    calm(at)
    (panel,) = [one for one in at.expander if one.label == "Two runs side by side"]
    assert panel.proto.expanded


def test_who_has_photographs_on_the_workbench_is_told_whose_image_is_shown(
    visit: Visit, calm: Check, said: Words
) -> None:
    at = visit("training", {"data": "photos"})
    calm(at)
    assert "the workbench holds Photographs" in said(at)
    at = press(at, "Put MNIST digits")
    calm(at)
    assert at.session_state["data"] == "mnist"
    assert "the workbench holds" not in said(at)


# ------------------------------------------------------------------- two runs, workbench
def test_a_second_run_differs_in_one_thing_and_stands_beside_the_first(
    visit: Visit, calm: Check, settle: Settle, said: Words
) -> None:
    at = settle(press(visit("training", QUICK | {"train.seed": "13"}), "Train"))
    at.selectbox(key="twin").set_value("seed").run()
    at.selectbox(key="twin.to").set_value("2").run()
    calm(at)
    if [item for item in at.button if item.label == "Train"]:
        at = settle(press(at, "Train"))
    calm(at)
    assert "**seed 2:** After 2 epochs" in said(at)
    assert "**LeNet\\-5, trained here:** After 2 epochs" in said(at)
    table = next(item.value for item in at.markdown if "| network |" in item.value)
    bold = [line.split("|")[1].strip() for line in table.splitlines() if "**" in line]
    assert set(bold) - {"seconds an epoch"} == {"seed"}


def test_an_epoch_becomes_the_model_of_every_page(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("training", DIGITS | {"epoch": "0"})
    at = press(at, "Put epoch 0")
    calm(at)
    first = cached.shipped().load(0.0)
    assert at.session_state["model"] == first.spec.name
    at = visit("start", at=at)
    calm(at)
    bench = at.session_state["_bench"]
    assert bench.prediction.label == first.predict(bench.input).label
    assert "untrained" in " ".join(at.selectbox(key="model").options)


def test_several_epochs_can_be_on_the_workbench(visit: Visit, calm: Check) -> None:
    at = visit("training", DIGITS | {"epoch": "0"})
    at = press(at, "Put epoch 0")
    at.query_params = DIGITS | {"epoch": "1"}
    at = press(at.run(), "Put epoch 1")
    calm(at)
    own = [name for name in at.selectbox(key="model").options if "LeNet-5, " in name]
    assert len(own) == 2
