"""Long work on a page: shown, joined, stopped, started again; sessions keep to themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pages._ui import cached
from xai import attacks
from xai.attacks import AttackResult

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

DIGITS = {"data": "mnist", "model": "lenet5-mnist", "attack": "fgsm"}


class Gate:
    """Attacks that wait at a gate, unless they are of another strength than the first."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered: list[float] = []
        self.stopped = 0
        self._run = attacks.run

    def run(self, *arguments: object, **options: object) -> AttackResult:
        eps = options["params"].eps  # type: ignore[attr-defined]
        self.entered.append(eps)
        try:
            while not self.open.is_set() and eps == self.entered[0]:
                options["progress"](3, 10, "at the gate")  # type: ignore[operator]
                time.sleep(0.01)
        except BaseException:
            self.stopped += 1
            raise
        return self._run(*arguments, **options)  # type: ignore[arg-type]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Let attacks wait until the test opens the gate."""
    made = Gate()
    monkeypatch.setattr(attacks, "run", made.run)
    cached.jobs().shutdown(timeout=60)
    cached.jobs.clear()
    yield made
    made.open.set()


def begin(visit: Visit) -> AppTest:
    """Open the attack page in a new session, and do not wait for its work."""
    at = visit("architecture", DIGITS)
    at.query_params = dict(DIGITS)
    return at.switch_page("pages/adversarial.py").run()


def buttons(at: AppTest, word: str) -> list[object]:
    return [item for item in at.button if word in item.label]


def test_work_under_way_shows_a_bar_and_a_stop(
    visit: Visit, gate: Gate, settle: Run, calm: Check, said: Words
) -> None:
    at = begin(visit)
    calm(at)
    (bar,) = at.get("progress")
    assert bar.proto.value == 30
    assert "FGSM" in bar.proto.text
    assert "at the gate" in bar.proto.text
    assert len(buttons(at, "Stop")) == 1
    gate.open.set()
    calm(settle(at))
    assert "Largest change of a pixel" in said(at)


def test_the_same_question_is_computed_once_for_all_who_ask(
    visit: Visit, gate: Gate, settle: Run, said: Words
) -> None:
    sessions = [begin(visit) for _ in range(3)]
    for at in sessions:
        at.run()
    gate.open.set()
    answers = {said(settle(at)) for at in sessions}
    assert len(gate.entered) == 1
    assert len(answers) == 1


def test_what_is_stopped_can_be_started_again(
    visit: Visit, gate: Gate, settle: Run, calm: Check, said: Words
) -> None:
    at = begin(visit)
    buttons(at, "Stop")[0].click().run()  # type: ignore[attr-defined]
    calm(at)
    assert not at.get("progress")
    assert any("stopped" in item.value for item in at.info)
    at.run()
    assert any("stopped" in item.value for item in at.info)
    buttons(at, "Start again")[0].click().run()  # type: ignore[attr-defined]
    gate.open.set()
    calm(settle(at))
    assert gate.stopped == 1
    assert "Largest change of a pixel" in said(at)


def test_one_who_stops_does_not_stop_the_others(
    visit: Visit, gate: Gate, settle: Run, said: Words
) -> None:
    first, second = begin(visit), begin(visit)
    buttons(first, "Stop")[0].click().run()  # type: ignore[attr-defined]
    second.run()
    gate.open.set()
    assert "Largest change of a pixel" in said(settle(second))
    assert gate.stopped == 0
    assert len(gate.entered) == 1


def test_what_the_reader_no_longer_looks_at_gives_way(
    visit: Visit, gate: Gate, said: Words
) -> None:
    at = begin(visit)
    eps = at.slider(key="eps")
    eps.set_value(eps.value + 1).run()
    deadline = time.monotonic() + 20
    while at.get("progress") and time.monotonic() < deadline:
        at.run()
    assert "Largest change of a pixel" in said(at)
    assert gate.stopped == 1


def test_work_goes_on_while_the_reader_is_on_another_page(
    visit: Visit, gate: Gate, calm: Check, said: Words
) -> None:
    at = begin(visit)
    at.query_params = {}
    at.switch_page("pages/architecture.py").run()
    calm(at)
    gate.open.set()
    at = visit("adversarial", at=at)
    assert "Largest change of a pixel" in said(at)
    assert len(gate.entered) == 1
    assert gate.stopped == 0


def test_a_failure_is_a_sentence_and_the_page_can_be_used_again(
    visit: Visit, settle: Run, calm: Check, said: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = attacks.run

    def run(*arguments: object, **options: object) -> AttackResult:
        raise ValueError("the attack cannot work on this")

    monkeypatch.setattr(attacks, "run", run)
    at = visit("adversarial", DIGITS | {"eps": "77"})
    assert [item.message for item in at.exception] == []
    assert [item.value for item in at.error] == ["the attack cannot work on this"]
    monkeypatch.setattr(attacks, "run", real)
    calm(settle(at.run()))
    assert "Largest change of a pixel" in said(at)


def test_two_sessions_keep_their_own_choices(visit: Visit, settle: Run, said: Words) -> None:
    first, second = visit("start"), visit("start")
    settle(first.selectbox(key="data").set_value("mnist").run())
    settle(first.selectbox(key="model").set_value("vgg16-mnist").run())
    settle(second.selectbox(key="target").set_value("second").run())
    assert settle(first.run()).session_state["model"] == "vgg16-mnist"
    assert first.session_state["target"] == "predicted"
    assert second.session_state["model"] == "efficientnet-lite0"
    assert "tiger cat" in said(second)
    assert "tiger cat" not in said(first)


def places() -> None:
    """Ask for work of two queues in two places, and give one of them up if the link says so."""
    import time
    from dataclasses import dataclass
    from typing import Any

    import streamlit as st

    from pages._ui import cached, progress

    @dataclass(frozen=True)
    class Key:
        queue: str

    def work(report: Any) -> None:
        while True:
            report(1, 2, "waiting")
            time.sleep(0.01)

    queues = {"short": cached.jobs(), "long": cached.trainings()}
    if "leave" in st.query_params:
        progress.vacate((st.query_params["leave"],))
    else:
        for name, queue in queues.items():
            progress.follow(Key(name), work, label=name, keep=False, slot=f"{name}-0", jobs=queue)
    for name, queue in queues.items():
        job = queue.get(Key(name))
        st.session_state[name] = job


@pytest.mark.parametrize("left", ["short", "long"])
def test_who_leaves_a_question_gives_up_its_work_in_either_queue(left: str) -> None:
    at = AppTest.from_function(places).run(timeout=30)
    assert not at.exception
    at.query_params["leave"] = left
    at.run(timeout=30)
    states = {}
    for name in ("short", "long"):
        job = at.session_state[name]
        if name == left:
            assert job.wait(10)
        states[name] = job.state
    stays = ({"short", "long"} - {left}).pop()
    assert states == {left: "cancelled", stays: "running"}
    for queue in (cached.jobs(), cached.trainings()):
        queue.shutdown(timeout=60)
    cached.jobs.clear()
    cached.trainings.clear()
