"""Which one is attacked?: a blind pair, the class's vote, and what the votes add up to.

Nothing that the page sends before the vote tells the two apart: their order is tossed, their
words are the same, and what the network says of them comes afterwards.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

import streamlit as st

from pages._ui import controls, link, panels
from pages._ui.assault.aiming import most_levels
from pages._ui.assault.answers.pairs import METHODS, GameKey, Pair, ahead, laid
from pages._ui.assault.attacking import Attacked
from pages._ui.assault.sureness import sureness
from pages._ui.swipe_view import swipe_view
from pages._ui.workbench import Bench
from xai.attacks import ATTACKS
from xai.attacks.studies.guessing import Deal, Guess, deal, levels, tally
from xai.figures import pictures
from xai.figures.guess_chart import guess_chart

#: Images that are dealt.
_IMAGES = 300
#: A new game has a seed of its own below this.
_SEEDS = 2**31
_GAMES = "_guessing"
_SIDES = ("left", "right")


@dataclass(frozen=True)
class Game:
    """A game under way.

    Attributes
    ----------
    seed : int
        Of its pairs.
    turn : int
        Which pair is on the table.
    guesses : tuple of Guess
        The votes so far.
    revealed : Deal or None
        The pair on the table once it has been voted on.
    """

    seed: int
    turn: int = 0
    guesses: tuple[Guess, ...] = ()
    revealed: Deal | None = None


def show(bench: Bench, attacked: Attacked) -> None:
    """Draw the choices, the pair on the table with its vote, and the tally."""
    left, right = st.columns([2, 3], gap="medium")
    with left:
        words = {name: ATTACKS[name].label for name in METHODS}
        method = controls.segments("guessing.method", "Pairs attacked by", words, default="fgsm")
    with right:
        strengths = _strengths(bench)
    sample = bench.sample(_IMAGES)
    key = GameKey(bench.model_name, sample.signature, method)
    game = _games().setdefault(key, Game(secrets.randbelow(_SEEDS)))
    dealt = game.revealed or deal(game.turn, len(sample), strengths, game.seed)
    pair = laid(bench, sample, key, dealt)
    if pair is None:
        st.skeleton(340)
    else:
        _table(key, game, dealt, pair)
        # While the class looks, the next pair is made.
        ahead(bench, sample, key, deal(game.turn + 1, len(sample), strengths, game.seed))
    _results(key, game, pair)


def _games() -> dict[GameKey, Game]:
    games: dict[GameKey, Game] = st.session_state.setdefault(_GAMES, {})
    return games


def _strengths(bench: Bench) -> tuple[int, ...]:
    """Draw the choice of how strong attacks are; return the strengths that are dealt."""
    most, key = most_levels(bench), "guessing.range"

    def parse(text: str) -> tuple[int, int] | None:
        low, _, high = text.partition("-")
        plain = all(part.isdecimal() and len(part) < 4 for part in (low, high))
        return (int(low), int(high)) if plain and 1 <= int(low) <= int(high) <= most else None

    if st.session_state.setdefault("_guessing_most", most) != most:
        # Another kind of image: what is little for one is much for the other.
        st.session_state["_guessing_most"] = most
        st.session_state[key] = (1, most)
    link.restore(key, parse, what="range", default=(1, most))
    chosen: tuple[int, int] = st.slider(  # type: ignore[assignment]
        "Strengths that are dealt (1/255)",
        1,
        most,
        key=key,
        persist_state="session",
        help="Each pair is attacked with one of a few strengths of this range, all equally often.",
    )
    low, high = chosen
    link.publish(key, None if (low, high) == (1, most) else f"{low}-{high}")
    return levels(low, high)


# ----------------------------------------------------------------------- the pair on the table
def _table(key: GameKey, game: Game, dealt: Deal, pair: Pair) -> None:
    """Draw both images, the vote, and after it what they are."""
    shown = (pair.result.image, pair.clean) if dealt.left else (pair.clean, pair.result.image)
    columns = st.columns([3, 3, 2], gap="medium")
    for side, image, column in zip(_SIDES, shown, columns, strict=False):
        with column:
            panels.image(pictures.picture(image), alt=f"the {side} image of the pair")
            if game.revealed is None:
                _vote_button(f"The {side} one is attacked", key, dealt, pair, side)
            else:
                _name(pair, dealt, (side == "left") == dealt.left)
    with columns[2]:
        if game.revealed is None:
            st.markdown(f"**Pair {game.turn + 1}**: one is clean, one attacked. Which?")
            _vote_button("Cannot tell", key, dealt, pair, "")
            st.caption("Vote by show of hands, and press what most of the class says.")
        else:
            _verdict(game, dealt, pair)
            st.button(
                "Next pair",
                key="guessing.next",
                icon=":material/arrow_forward:",
                type="primary",
                on_click=_move_on,
                args=(key,),
                width="stretch",
            )


def _vote_button(label: str, key: GameKey, dealt: Deal, pair: Pair, side: str) -> None:
    right = None if not side else (side == "left") == dealt.left
    st.button(
        label,
        key=f"guessing.vote.{side or 'none'}",
        on_click=_vote,
        args=(key, dealt, Guess(dealt.strength, right, pair.result.success)),
        width="stretch",
    )


def _vote(key: GameKey, dealt: Deal, guess: Guess) -> None:
    game = _games()[key]
    if game.revealed is None:  # a second click may have been on its way
        _games()[key] = replace(game, guesses=(*game.guesses, guess), revealed=dealt)


def _move_on(key: GameKey) -> None:
    game = _games()[key]
    if game.revealed is not None:
        _games()[key] = replace(game, turn=game.turn + 1, revealed=None)


def _name(pair: Pair, dealt: Deal, is_attacked: bool) -> None:
    """Say what an image of the pair is, and what the network says of it."""
    said = pair.result.after if is_attacked else pair.result.before
    what = f"attacked, {dealt.strength}/255" if is_attacked else "clean"
    st.markdown(f"**{what}**: the network says {panels.plain(said.name)} ({sureness(said)})")


def _verdict(game: Game, dealt: Deal, pair: Pair) -> None:
    right, side = game.guesses[-1].right, _SIDES[0 if dealt.left else 1]
    if right is None:
        st.info(f"It was the one on the **{side}**.", icon=":material/visibility:")
    elif right:
        st.success(f"Found: it was the one on the **{side}**.", icon=":material/visibility:")
    else:
        st.warning(f"No: it was the one on the **{side}**.", icon=":material/visibility_off:")
    if pair.result.success:
        st.markdown("The network was **fooled**.")
    else:
        st.markdown("The network was **not fooled**.")


# --------------------------------------------------------------------------------- the tally
def _results(key: GameKey, game: Game, pair: Pair | None) -> None:
    """Draw what the votes add up to, and beside it the pair that was just voted on."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        _tally(key, game)
    with right:
        if pair is not None and game.revealed is not None:
            st.markdown("**Swipe across the pair, or let it blink**")
            swipe_view(
                pictures.picture(pair.clean),
                pictures.picture(pair.result.image),
                alt="the pair that was voted on, clean and attacked",
                key="guessing.swipe",
            )
        else:
            st.caption("After the vote the two lie on top of each other here.")


def _tally(key: GameKey, game: Game) -> None:
    st.markdown("**The class against the network**")
    if not game.guesses:
        st.caption("No vote yet: after the first, two curves grow here.")
        return
    found = tally(game.guesses)
    st.altair_chart(guess_chart(found), width="stretch", key="guessing.chart")
    st.caption(
        f"{_sum(game)} Uprights are 95 % intervals: few votes say little. “Cannot tell” counts "
        "as half a right guess, as tossing a coin would. Where the network is fooled and the "
        "class guesses blindly, the attack is one that nobody sees."
    )
    st.button(
        "Start the tally anew",
        key="guessing.reset",
        icon=":material/restart_alt:",
        on_click=_forget,
        args=(key,),
    )


def _forget(key: GameKey) -> None:
    _games().pop(key, None)


def _sum(game: Game) -> str:
    """Say in numbers how the class and the network did."""
    guesses, count = game.guesses, len(game.guesses)
    right = sum(one.right is True for one in guesses)
    unsure = sum(one.right is None for one in guesses)
    fooled = sum(one.fooled for one in guesses)
    could_not = f" and could not tell {unsure}" if unsure else ""
    return (
        f"Of {count} attacked images the class found {right}{could_not}; {fooled} fooled the "
        "network."
    )
