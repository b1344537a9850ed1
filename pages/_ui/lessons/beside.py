"""A second run beside the first: the same recipe with one difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from pages._ui import cached, controls, link
from pages._ui.lessons import beyond, running
from pages._ui.lessons.lesson import Lesson
from pages._ui.lessons.running import Wanted
from xai.datasets import DATASETS
from xai.training import ARCHITECTURES, TrainingParams
from xai.training.params import OPTIMIZERS
from xai.types import make_params


@dataclass(frozen=True)
class Difference:
    """One thing in which two runs can differ.

    Attributes
    ----------
    label : str
        Name for people.
    values : tuple of str
        What is offered.
    present : callable
        What the first run has, as one of such words.
    change : callable
        Returns the recipe with another value.
    words : str
        How the second run is called, with a place for the value.
    teaches : str
        What to look for.
    """

    label: str
    values: tuple[str, ...]
    present: Callable[[Wanted], str]
    change: Callable[[Wanted, str], Wanted]
    words: str
    teaches: str


def _param(name: str, kind: Callable[[str], object]) -> Callable[[Wanted, str], Wanted]:
    def change(wanted: Wanted, text: str) -> Wanted:
        values = vars(wanted.params) | {name: kind(text)}
        return replace(wanted, params=make_params(TrainingParams, values))

    return change


def _number(name: str) -> Callable[[Wanted], str]:
    return lambda wanted: f"{getattr(wanted.params, name):g}"


DIFFERENCES: dict[str, Difference] = {
    "seed": Difference(
        "seed",
        ("0", "1", "2", "3"),
        lambda wanted: str(wanted.seed),
        lambda wanted, text: replace(wanted, seed=int(text)),
        "seed {}",
        "Other first weights, another order: which differences mean nothing?",
    ),
    "images": Difference(
        "number of images",
        ("250", "500", "1000", "2000", "4000", "8000"),
        lambda wanted: str(wanted.n),
        lambda wanted, text: replace(wanted, n=int(text)),
        "{} images",
        "Fewer images are learned by heart sooner: watch the gap between thin and thick.",
    ),
    "width": Difference(
        "width",
        ("0.25", "0.5", "1", "1.5", "2"),
        _number("width"),
        _param("width", float),
        "width {}",
        "Fewer or more channels in each layer: who learns faster, whose units die?",
    ),
    "decay": Difference(
        "weight decay",
        ("0", "0.01", "0.1", "0.5"),
        _number("decay"),
        _param("decay", float),
        "decay {}",
        "Weights that are pulled towards zero: see the norms.",
    ),
    "smoothing": Difference(
        "label smoothing",
        ("0", "0.1", "0.2"),
        _number("smoothing"),
        _param("smoothing", float),
        "smoothing {}",
        "Never to be quite sure: the loss stays up, the errors need not.",
    ),
    "augment": Difference(
        "augmentation",
        ("on", "off"),
        lambda wanted: "on" if wanted.params.augment else "off",
        _param("augment", "on".__eq__),
        "augmentation {}",
        "Without small shifts and turns the same images come again and again.",
    ),
    "optimizer": Difference(
        "optimiser",
        OPTIMIZERS,
        lambda wanted: wanted.params.optimizer,
        _param("optimizer", str),
        "{}",
        "Another way to turn the same gradients into steps.",
    ),
}


def beside(lesson: Lesson) -> Lesson:
    """Offer a second run beside a run; return the lesson with it, once it is there.

    While the second is trained, the first stays in sight.
    """
    first = _repeatable(lesson)
    if first is None:
        beyond.tell("b", None)
        return lesson
    with st.expander("Two runs side by side", icon=":material/compare:", expanded=_chosen()):
        second = _second(first)
        beyond.tell("b", None if second is None else second[0])
        if second is None:
            return lesson
        wanted, label = second
        run = running.follow(wanted, "b")
    if run is None:
        return lesson
    return replace(lesson, other=Lesson(run, cached.tested(run.digest, run), label))


def _chosen() -> bool:
    """Say whether there is a second run, by the reader's choice or by the link's."""
    words = link.one_of(("none", *DIFFERENCES))
    return link.restore("twin", words, what="second run", default="none") != "none"


def _second(first: Wanted) -> tuple[Wanted, str] | None:
    """Draw the choice of a difference; return the other recipe, and what it is called."""
    words = {"none": "nothing: one run alone"} | {
        key: row.label for key, row in DIFFERENCES.items()
    }
    what, which, _ = st.columns([2, 2, 3], vertical_alignment="bottom")
    with what:
        name = controls.select("twin", "The same recipe, but for", words, default="none")
    if name == "none":
        st.caption(
            "A second run that differs from the first in one thing alone: its curves, its layers "
            "and its errors stand beside those of the first, under the same controls."
        )
        return None
    row = DIFFERENCES[name]
    present = row.present(first)
    values = [one for one in row.values if one != present and _there(first, row, one)]
    options = {value: value for value in values}
    with which:
        value = controls.select("twin.to", f"Instead of {present}", options, default=values[0])
    st.caption(row.teaches)
    return row.change(first, value), row.words.format(value)


def _there(first: Wanted, row: Difference, value: str) -> bool:
    """Say whether a data set has so many images."""
    sizes = dict(zip(DATASETS[first.data].splits, DATASETS[first.data].sizes, strict=True))
    return row is not DIFFERENCES["images"] or int(value) <= sizes["train"]


def _repeatable(lesson: Lesson) -> Wanted | None:
    """Return how a run could be made again here; None if its images are not those of a data set."""
    recipe = lesson.run.recipe
    if recipe.data not in DATASETS or recipe.architecture not in ARCHITECTURES:
        return None
    wanted = Wanted(recipe.architecture, recipe.data, recipe.images, recipe.params, recipe.seed)
    try:
        same = wanted.recipe == recipe
    except ValueError:
        return None
    return wanted if same else None
