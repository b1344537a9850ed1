"""What can be asked of an attack, one question at a time."""

from __future__ import annotations

from pages._ui import asking
from pages._ui.asking import Question
from pages._ui.assault.answers import evidence, guessing, inside, many, strength, survival, transfer
from pages._ui.assault.attacking import Attacked
from pages._ui.workbench import Bench

QUESTIONS: dict[str, Question] = {
    "inside": Question(
        "Where inside?",
        "At which layer does the network go wrong? Small at the pixels, the change grows on its "
        "way, until the image lies among those of another class.",
        inside.show,
    ),
    "strength": Question(
        "How strong?",
        "What is the smallest change of this image that fools, and does noise of that size do it "
        "too?",
        strength.show,
    ),
    "many": Question(
        "Many images?",
        "One image is an anecdote. How many of many are still read right (robust accuracy), and "
        "which class is taken for which?",
        many.show,
    ),
    "evidence": Question(
        "Which pixels?",
        "Which pixels speak for the old and for the new class, in the clean and in the attacked "
        "image?",
        evidence.show,
    ),
    "survival": Question(
        "Does it survive?",
        "Written to a file and read again, shifted, blurred: does the attack still work, and "
        "would the clean image have stood it?",
        survival.show,
    ),
    "transfer": Question(
        "Other networks?",
        "Made against this network: does it transfer to others, which it has never seen?",
        transfer.show,
    ),
    "guessing": Question(
        "Can you tell?",
        "Which of two images is the attacked one: can people tell what the network cannot resist?",
        guessing.show,
    ),
}


def show(bench: Bench, attacked: Attacked) -> None:
    """Draw the choice of a question, and its answer."""
    # Robust accuracy alone goes on when something else is asked: it lets others pass by itself.
    hint = "Each question looks at the attack above from another side. Choose one."
    asking.ask("ask", QUESTIONS, hint, bench, attacked)
