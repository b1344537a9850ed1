"""Which one is attacked?: nothing tells the pair apart before the vote, and votes are counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.assault.answers import guessing
from pages._ui.assault.answers.guessing import Game
from pages._ui.assault.answers.pairs import Pair
from xai.attacks.studies.guessing import Deal, levels

Visit = Callable[..., AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]
Run = Callable[[AppTest], AppTest]

ASKED = {"data": "mnist", "model": "lenet5-mnist", "ask": "guessing", "attack": "fgsm"}
#: Strong enough that LeNet-5 is fooled by FGSM on the first image of the sample.
STRONG = 100


@pytest.fixture
def stacked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the page deal the pairs that a test wants: the side of each turn."""

    def stack(*lefts: bool, strength: int = STRONG) -> None:
        def deal(turn: int, count: int, strengths: tuple[int, ...], seed: int) -> Deal:
            return Deal(0, strength, lefts[turn % len(lefts)])

        monkeypatch.setattr(guessing, "deal", deal)

    return stack


def game(at: AppTest) -> Game:
    """Return the one game of a session."""
    (found,) = at.session_state["_guessing"].values()
    return found


def vote(at: AppTest, word: str) -> AppTest:
    """Press a button of the vote."""
    return at.button(key=f"guessing.vote.{word}").click().run()


def pictures(at: AppTest) -> dict[str, str]:
    """Return the addresses of the pair's pictures by their sides."""
    found = {}
    for element in at.get("image"):
        for one in element.proto.imgs:
            for side in ("left", "right"):
                if one.alt == f"the {side} image of the pair":
                    found[side] = one.url
    return found


def told(at: AppTest) -> list[str]:
    """Return all that the browser is told below the question but the pictures' addresses."""
    found = [str(element.proto) for kind in ("markdown", "caption") for element in at.get(kind)]
    found += [
        f"{one.label} {one.key} {one.help} {one.disabled}"
        for one in at.button
        if str(one.key).startswith("guessing.")
    ]
    return found + [one.alt for element in at.get("image") for one in element.proto.imgs]


def test_nothing_but_the_pictures_tells_the_sides_apart(
    visit: Visit, calm: Check, stacked: Callable[..., None]
) -> None:
    stacked(True)
    one = visit("adversarial", ASKED)
    stacked(False)
    other = visit("adversarial", ASKED)
    calm(one)
    assert told(one) == told(other)
    shown, mirrored = pictures(one), pictures(other)
    assert shown["left"] != shown["right"]
    assert (shown["left"], shown["right"]) == (mirrored["right"], mirrored["left"])
    words = [item.value for item in one.markdown]
    asked = next(place for place, text in enumerate(words) if "can people tell" in text)
    below = "\n".join(words[asked + 1 :])
    assert "Which?" in below
    for revealing in ("fooled", "says", "/255"):
        assert revealing not in below


@pytest.mark.parametrize(
    ("word", "right", "verdict"),
    [
        ("left", True, "Found"),
        ("right", False, "No"),
        ("none", None, "It was the one on the **left**"),
    ],
)
def test_a_vote_is_judged_and_the_pair_revealed(
    visit: Visit,
    calm: Check,
    said: Words,
    stacked: Callable[..., None],
    word: str,
    right: bool | None,
    verdict: str,
) -> None:
    stacked(True)
    at = visit("adversarial", ASKED)
    before = pictures(at)
    vote(at, word)
    calm(at)
    (guess,) = game(at).guesses
    assert (guess.strength, guess.right) == (STRONG, right)
    assert pictures(at) == before
    words = said(at)
    assert verdict in words
    assert f"**attacked, {STRONG}/255**: the network says" in words
    assert not [one for one in at.button if str(one.key).startswith("guessing.vote")]
    bench = at.session_state["_bench"]
    clean = bench.model.prepare(bench.sample(300).images[0])
    assert f"**clean**: the network says {bench.model.predict(clean).name}" in words


def test_votes_add_up_until_the_tally_is_started_anew(
    visit: Visit, settle: Run, said: Words, stacked: Callable[..., None]
) -> None:
    stacked(True, False, True)
    at = visit("adversarial", ASKED)
    charts = len(at.get("vega_lite_chart"))
    for word in ("left", "left", "none"):
        if game(at).revealed is not None:
            settle(at.button(key="guessing.next").click().run())
        vote(at, word)
    assert [one.right for one in game(at).guesses] == [True, False, None]
    words = said(at)
    assert "Of 3 attacked images the class found 1 and could not tell 1" in words
    assert len(at.get("vega_lite_chart")) == charts + 1
    settle(at.button(key="guessing.reset").click().run())
    assert (game(at).guesses, game(at).turn, game(at).revealed) == ((), 0, None)
    assert "No vote yet" in said(at)


def test_what_fooled_the_network_is_what_a_fresh_look_says(
    visit: Visit, said: Words, stacked: Callable[..., None]
) -> None:
    fooled = {}
    for strength in (1, STRONG):
        stacked(True, strength=strength)
        at = vote(visit("adversarial", ASKED), "left")
        fooled[strength] = game(at).guesses[0].fooled
        assert f"The network was **{'' if fooled[strength] else 'not '}fooled**" in said(at)
    assert fooled == {1: False, STRONG: True}


def test_another_range_leaves_the_pair_on_the_table_that_was_voted_on(visit: Visit) -> None:
    at = vote(visit("adversarial", ASKED), "left")
    revealed, shown = game(at).revealed, pictures(at)
    at.slider(key="guessing.range").set_value((40, 50)).run()
    assert game(at).revealed == revealed
    assert pictures(at) == shown
    assert at.query_params["guessing.range"] == "40-50"


def test_a_link_brings_attack_and_range(
    visit: Visit, calm: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def deal(turn: int, count: int, strengths: tuple[int, ...], seed: int) -> Deal:
        asked.append(strengths)
        return Deal(0, strengths[0], True)

    monkeypatch.setattr(guessing, "deal", deal)
    at = visit("adversarial", ASKED | {"guessing.method": "pgd", "guessing.range": "3-9"})
    calm(at)
    assert set(asked) == {levels(3, 9)}
    (key,) = at.session_state["_guessing"]
    assert key.method == "pgd"


@pytest.mark.parametrize("text", ["9-3", "0-5", "1-900", "1", "-", "1-2-3", "²-³"])
def test_a_range_that_makes_no_sense_is_replaced(visit: Visit, calm: Check, text: str) -> None:
    at = visit("adversarial", ASKED | {"guessing.range": text})
    calm(at)
    assert at.slider(key="guessing.range").value == (1, 100)


def test_a_second_click_on_the_vote_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    key = guessing.GameKey("model", "images", "fgsm")
    games = {key: Game(0)}
    monkeypatch.setattr(guessing, "_games", lambda: games)
    dealt, guess = Deal(0, 1, True), guessing.Guess(1, True, True)
    guessing._vote(key, dealt, guess)
    guessing._vote(key, dealt, guess)
    assert games[key].guesses == (guess,)
    guessing._move_on(key)
    guessing._move_on(key)
    assert games[key].turn == 1


def test_the_attack_stays_within_its_strength(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, stacked: Callable[..., None]
) -> None:
    seen: list[Pair] = []
    table = guessing._table

    def keep(key: object, played: Game, dealt: Deal, pair: Pair) -> None:
        seen.append(pair)
        table(key, played, dealt, pair)

    monkeypatch.setattr(guessing, "_table", keep)
    stacked(False, strength=7)
    visit("adversarial", ASKED)
    change = np.abs(seen[-1].result.image - seen[-1].clean).max()
    assert change == pytest.approx(7 / 255, abs=1e-6)
