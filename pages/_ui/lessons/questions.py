"""What can be asked of a run, one question at a time."""

from __future__ import annotations

from pages._ui import asking
from pages._ui.asking import Question
from pages._ui.lessons.answers import clue, files, film, learning, occupancy, pruning, tamper
from pages._ui.lessons.lesson import Lesson

#: In the order of the page: each row's ``show`` is given the lesson.
QUESTIONS: dict[str, Question] = {
    "film": Question(
        "How do classes part?",
        "The map of a layer’s answers, epoch by epoch, each started from the one before: watch "
        "the islands form, and images that wander.",
        film.show,
    ),
    "learning": Question(
        "What is learned when?",
        "From which epoch on is each image right, how often is it forgotten again, and which "
        "images are those?",
        learning.show,
    ),
    "occupancy": Question(
        "Which units do anything?",
        "Dead, rare and saturated units by layer and epoch: which fall silent, when, and which "
        "come back?",
        occupancy.show,
    ),
    "pruning": Question(
        "What can be cut away?",
        "Mask units of the chosen epoch’s network, and pay: how far do accuracy and the recall "
        "of each class fall, beside as many units at random?",
        pruning.show,
    ),
    "clue": Question(
        "Who finds the clue?",
        "A tag is planted in one class, so that the right explanation is known: which methods "
        "point at it, and which would have let the network cheat unseen?",
        clue.show,
    ),
    "tamper": Question(
        "Who tampered with it?",
        "Two data sets, two networks, and perhaps one class that somebody altered so faintly that "
        "neither eye nor accuracy shows it. Look, suspect, vote, and open the envelope.",
        tamper.show,
    ),
    "files": Question(
        "Files",
        "Take the run with you, or open one that was made elsewhere.",
        files.show,
    ),
}


def show(lesson: Lesson) -> None:
    """Draw the choice of a question, and its answer."""
    hint = "Each question looks at the training from another side. Choose one."
    asking.ask("ask.training", QUESTIONS, hint, lesson)
