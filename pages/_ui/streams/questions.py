"""What can be asked of a flow, one question at a time."""

from __future__ import annotations

from pages._ui import asking
from pages._ui.asking import Question
from pages._ui.streams.answers import derailment, files, parting, path, quality
from pages._ui.streams.computing import Drawn
from pages._ui.workbench import Bench

QUESTIONS: dict[str, Question] = {
    "parting": Question(
        "Where do classes part?",
        "From which layer on does each class have clusters of its own, and whom does it leave "
        "last?",
        parting.show,
    ),
    "derailment": Question(
        "Where do errors begin?",
        "At which layer do the misclassified images leave the stream of their class, and do right "
        "images do that, too?",
        derailment.show,
    ),
    "path": Question(
        "Which way does this image go?",
        "The image on the workbench, layer by layer: whose company does it keep, and where does "
        "its attacked copy go another way?",
        path.show,
    ),
    "quality": Question(
        "How good are the clusters?",
        "How many there are, how pure they are, and how far they agree with the classes.",
        quality.show,
    ),
    "files": Question(
        "Files",
        "Take the flow with you, or open one that was made elsewhere.",
        files.show,
    ),
}


def show(bench: Bench, drawn: Drawn) -> None:
    """Draw the choice of a question, and its answer."""
    hint = "Each question looks at the flow above from another side. Choose one."
    asking.ask("ask.flow", QUESTIONS, hint, bench, drawn)
