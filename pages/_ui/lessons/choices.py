"""Which run the page looks at: the one that ships, one that is trained here, or a file's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import cached, controls, fetching, link
from pages._ui.lessons import beyond, opening, running
from pages._ui.lessons.lesson import Lesson
from xai import datasets
from xai.datasets import DATASETS
from xai.training import ARCHITECTURES, TrainingParams

if TYPE_CHECKING:
    from pages._ui.workbench import Bench
    from xai.training import Run

_SOURCES = {"shipped": "The run that ships", "here": "Train here"}
#: Data sets to train on: those with training images of one size.
_DATA = tuple(
    name for name, row in DATASETS.items() if "train" in row.splits and row.image_size is not None
)
#: How many images are offered to train on, as far as the data set goes.
_COUNTS = (100, 250, 500, 1000, 2000, 4000, 8000)
_MOST = 20_000
#: Epochs that a run of the page begins with: it shall be over soon.
_EPOCHS = 5
_MOST_SEED = 9999
#: Of a recipe: what makes the steps.
_STEPS = ("batch", "rate", "optimizer", "schedule")
SHIPPED = "LeNet-5, shipped"


def choose(bench: Bench) -> Lesson | None:
    """Draw all choices; return the run to look at, or None while there is none.

    A run that is under way is shown here, too.
    """
    opened = opening.current()
    if opened is not None:
        opening.tell(opened)
        beyond.tell("a", None)
        return opening.lesson(opened)
    source = controls.segments("run", "Run", _SOURCES, default="shipped")
    if source == "shipped":
        beyond.tell("a", None, _back)
        return _lesson(cached.shipped(), SHIPPED)
    wanted = _wanted()
    beyond.tell("a", wanted, _back)
    if wanted is None:
        return None
    run = running.follow(wanted, "a")
    if run is None:
        return None
    return _lesson(run, f"{ARCHITECTURES[wanted.architecture].label}, trained here")


def _lesson(run: Run, label: str) -> Lesson:
    return Lesson(run, cached.tested(run.digest, run), label)


def _back(wanted: running.Wanted) -> None:
    """Choose a recipe again; for call-backs."""
    key = f"train.{wanted.architecture}"
    st.session_state.update(
        {
            "run": "here",
            "train": wanted.architecture,
            "train.data": wanted.data,
            "train.n": str(wanted.n),
            "train.seed": wanted.seed,
            **{f"{key}.{name}": value for name, value in vars(wanted.params).items()},
        }
    )


def _wanted() -> running.Wanted | None:
    """Draw the recipe of a run; return it, or None as long as its images are not here."""
    network, data, count, epochs, more = st.columns(
        [2.2, 2.2, 1.3, 1.2, 1.6], vertical_alignment="bottom", gap="small"
    )
    with network:
        labels = {name: row.label for name, row in ARCHITECTURES.items()}
        architecture = controls.select("train", "Network", labels, default="lenet5-mnist")
    row, key = ARCHITECTURES[architecture], f"train.{architecture}"
    with data:
        sets = {name: _named(name) for name in _DATA}
        name = controls.select("train.data", "Learns from", sets, default="mnist")
    if not fetching.data_ready(name):
        return None
    with count:
        there = dict(zip(DATASETS[name].splits, DATASETS[name].sizes, strict=True))["train"]
        most = min(there, _MOST)
        n = controls.amount("train.n", _COUNTS, most, usual=_COUNTS[-1], least=100, most=_MOST)
    with epochs:
        high = int(TrainingParams.infos()["epochs"].high or 1)
        number = _whole(f"{key}.epochs", "Epochs", 1, high, min(row.epochs, _EPOCHS))
    with more.popover("Recipe", icon=":material/tune:", width="stretch"):
        params, seed = _recipe(key, number, row.params)
    return running.Wanted(architecture, name, n, params, seed)


def _recipe(key: str, epochs: int, usual: TrainingParams) -> tuple[TrainingParams, int]:
    """Draw everything else that a run depends on: how it learns, and what keeps it in check."""
    left, right = st.columns(2, gap="medium")
    with left:
        steps = controls.params(
            TrainingParams, key, only=_STEPS, fixed={"epochs": epochs}, defaults=usual
        )
    fixed = {name: getattr(steps, name) for name in ("epochs", *_STEPS)}
    with right:
        params = controls.params(TrainingParams, key, fixed=fixed, defaults=usual)
        seed = _whole("train.seed", "Seed", 0, _MOST_SEED, 0)
    return params, seed


def _named(name: str) -> str:
    label = DATASETS[name].label
    return label if datasets.is_ready(name) else f"{label} (to be fetched)"


def _whole(key: str, label: str, low: int, high: int, default: int) -> int:
    """Draw the choice of a whole number, bound to the link."""

    def read(text: str) -> int | None:
        plain = text.isascii() and text.isdigit() and len(text) < 7
        return int(text) if plain and low <= int(text) <= high else None

    link.restore(key, read, what=label.lower(), default=default)
    found: int = st.number_input(
        label, min_value=low, max_value=high, key=key, persist_state="session"
    )
    link.publish(key, None if found == default else found)
    return int(found)
