"""What can be asked of a grown image, one question at a time."""

from __future__ import annotations

from pages._ui import asking
from pages._ui.asking import Question
from pages._ui.growing.answers import ablation, many, reality, story
from pages._ui.growing.running import Grown
from pages._ui.workbench import Bench

QUESTIONS: dict[str, Question] = {
    "reality": Question(
        "Is it real?",
        "What do other networks see in it, do real images reach its score, and does it stand a "
        "blur and a shift, as a shape would?",
        reality.show,
    ),
    "knobs": Question(
        "Which knob does what?",
        "The same wish and the same start, with one regulariser alone or one left out: what does "
        "each of them do to the image?",
        ablation.show,
    ),
    "many": Question(
        "Many at once",
        "All classes, the strongest channels of a layer, or several different images of one wish, "
        "grown side by side.",
        many.show,
    ),
    "story": Question(
        "The whole story",
        "Its answer to this image, the real images that excite it most, what in them does, and "
        "what it would like to see: are they of one mind?",
        story.show,
    ),
}


def show(bench: Bench, grown: Grown) -> None:
    """Draw the choice of a question, and its answer."""
    hint = "Each question looks at the grown image from another side. Choose one."
    asking.ask("ask.grown", QUESTIONS, hint, bench, grown)
