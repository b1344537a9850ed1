"""The tamper detective on the page: nothing is told before the vote, everything after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.lessons.answers.tamper import choosing
from xai.experiments.tamper import NOBODY, SIDES, Answer, Envelope, shipped_case

Settle = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]
Ask = Callable[..., AppTest]

STEPS = ("look", "suspect", "vote", "open")
TOOLS = {
    "images": "Mean of each class, data set B",
    "activations": "data set B, as network A sees it",
    "work": "on held-out digits of its own set",
    "evidence": "Digits of data set B",
}


@pytest.fixture(scope="module")
def answer() -> Answer:
    return shipped_case().envelope.open()


def script() -> None:
    """Answer the question as the page does: it looks at no lesson."""
    from pages._ui import link
    from pages._ui.lessons.answers import tamper

    link.begin("training")
    tamper.show(None)  # type: ignore[arg-type]


@pytest.fixture
def ask(settle: Settle) -> Ask:
    def go(**query: str) -> AppTest:
        at = AppTest.from_function(script, default_timeout=60)
        at.query_params = {f"tamper.{name}": value for name, value in query.items()}
        return settle(at.run())

    return go


def press(at: AppTest, key: str, settle: Settle) -> AppTest:
    at.button(key=key).click().run()
    return settle(at)


def step(at: AppTest, name: str, settle: Settle) -> AppTest:
    return settle(at.button_group(key="tamper.step").set_value(name).run())


def alts(at: AppTest) -> str:
    """Return what pictures and charts are called."""
    return " ".join(str(one.proto) for kind in ("imgs", "vega_lite_chart") for one in at.get(kind))


@pytest.mark.parametrize("name", STEPS)
def test_no_step_tells_the_answer_before_the_vote(
    ask: Ask, calm: Check, said: Words, answer: Answer, name: str
) -> None:
    at = ask(step=name)
    calm(at)
    words = f"{said(at)} {alts(at)}"
    assert "Tampered with:" not in words
    assert f"data set {SIDES[answer.side or 0]}, class {answer.label}" not in words
    if name == "open":
        assert at.button(key="tamper.open").disabled
        assert "Vote first" in said(at)


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_works(ask: Ask, calm: Check, said: Words, tool: str) -> None:
    at = ask(step="suspect", tool=tool, count="1", minus="True")
    calm(at)
    assert TOOLS[tool] in said(at)
    assert ("Different digits of a class" in said(at)) == (tool in ("images", "activations"))


def test_the_envelope_opens_after_a_vote_and_for_its_case_alone(
    ask: Ask, calm: Check, said: Words, answer: Answer, settle: Settle
) -> None:
    at = ask(step="vote", side=str(1 - (answer.side or 0)), suspect="0")
    seal = shipped_case().envelope.seal
    assert seal[:16] in said(at)
    at.number_input(key="tamper.votes").set_value(7).run()
    press(at, "tamper.cast", settle)
    at = press(step(at, "open", settle), "tamper.open", settle)
    calm(at)
    words = said(at)
    assert f"Tampered with: **{answer.words(tuple('0123456789'))}**" in words
    assert "0 of 7 votes found it." in words
    assert f"says: **{answer.words(tuple('0123456789'))}**" in words
    assert any(seal in one.value for one in at.code)
    # What is open stays open, and no vote is taken any more.
    at = step(at, "vote", settle)
    assert "the vote is over" in said(at)
    assert [one.key for one in at.button if one.key == "tamper.cast"] == []
    # Another visitor's envelope is sealed.
    assert ask(step="open").button(key="tamper.open").disabled


def test_a_right_vote_is_praised_and_votes_can_be_cleared(
    ask: Ask, said: Words, answer: Answer, settle: Settle
) -> None:
    at = ask(step="vote", side=str(answer.side), suspect=str(answer.label))
    press(at, "tamper.cast", settle)
    assert not step(at, "open", settle).button(key="tamper.open").disabled
    press(step(at, "vote", settle), "tamper.clear", settle)
    assert "None yet" in said(at)
    assert step(at, "open", settle).button(key="tamper.open").disabled
    press(step(at, "vote", settle), "tamper.cast", settle)
    at = press(step(at, "open", settle), "tamper.open", settle)
    assert "You found it." in at.success[0].value


@pytest.mark.parametrize("name", ["x", "-1", "1e3", "9" * 30, "٣"])
def test_cases_of_no_number_are_the_first_case(ask: Ask, calm: Check, name: str) -> None:
    at = ask(case=name)
    calm(at)
    assert [one.key for one in at.button if one.key == "tamper.first"] == []


def test_an_honest_case_can_be_named_and_opened(
    ask: Ask, calm: Check, said: Words, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shipped_case()
    honest = replace(first, envelope=Envelope.closed(NOBODY, first.classes, 12))
    monkeypatch.setattr(choosing, "make_case", lambda seed, progress: honest)
    at = ask(case="12", step="vote")
    calm(at)
    assert "This is case 12" in said(at)
    at.button_group(key="tamper.side").set_value("none").run()
    assert [one.key for one in at.button_group if one.key == "tamper.suspect"] == []
    press(at, "tamper.cast", settle)
    at = press(step(at, "open", settle), "tamper.open", settle)
    assert "You found it." in at.success[0].value
    assert "Nothing to amplify" in said(at)
    # The first case has no such choice, and votes of its own.
    at = step(press(at, "tamper.first", settle), "vote", settle)
    calm(at)
    assert "None yet" in said(at)
