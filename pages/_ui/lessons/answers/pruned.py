"""What can be done with a pruned network: its weights, the workbench, the numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import panels
from pages._ui.lessons import adopting, mark
from xai.tables import csv_text
from xai.training import pruning
from xai.training.pruning import RULES

if TYPE_CHECKING:
    import numpy as np

    from pages._ui.lessons.lesson import Lesson
    from xai.models import LoadedModel
    from xai.training.pruning import Price, Ranking


@dataclass(frozen=True, eq=False)
class Cut:
    """What is masked, and in which network.

    Attributes
    ----------
    lesson : Lesson
    mark : float
    model : LoadedModel
    ranking : Ranking
    count : int
        Units that are masked.
    """

    lesson: Lesson
    mark: float
    model: LoadedModel
    ranking: Ranking
    count: int

    @property
    def rule(self) -> str:
        """The rule, named for people."""
        return RULES[self.ranking.rule].label


def offer(cut: Cut, found: Price) -> None:
    """Offer the pruned network as a file and on the workbench, and the numbers."""
    row = st.container(horizontal=True)
    units = cut.ranking.first(cut.count)
    stem = f"{cut.lesson.run.recipe.architecture}-epoch-{mark.named(cut.mark)}-pruned"
    with row:
        st.download_button(
            "Pruned weights (.safetensors)",
            lambda: pruning.weights_file(pruning.prune(cut.model, units)),
            f"{stem}.safetensors",
            "application/octet-stream",
            key="prune.weights",
            icon=":material/download:",
            on_click="ignore",
        )
        st.button(
            "Put it on the workbench",
            key="prune.bench",
            icon=":material/construction:",
            on_click=_adopt,
            args=(cut, units),
        )
        panels.download_text(_table(found), "price.csv", "Table (.csv)")
    again = "“Own checkpoint” at the left takes it back, once its data set is chosen there."
    if cut.lesson.run.recipe.params.width != 1:
        again = "“Own checkpoint” takes back networks of width 1 alone, which this is not."
    st.caption(f"The file is a plain state dict, with zeros where units are masked. {again}")


def _adopt(cut: Cut, units: dict[str, tuple[int, ...]]) -> None:
    adopting.take(cut.lesson, pruning.prune(cut.model, units))


def _table(found: Price) -> str:
    """Return all numbers, a row for each order and number of units."""
    orders = [(found.rule, found.counts, found.accuracy, found.recall)]
    orders += [
        (f"random {draw + 1}", found.random_counts, accuracy, recall)
        for draw, (accuracy, recall) in enumerate(
            zip(found.random_accuracy, found.random_recall, strict=True)
        )
    ]
    rows: list[list[str | float | None]] = [
        [name, int(count), found.units, *_numbers([accuracy[at], *recall[at]])]
        for name, counts, accuracy, recall in orders
        for at, count in enumerate(counts)
    ]
    columns = ("order", "masked", "units", "accuracy", *(f"recall {one}" for one in found.classes))
    return csv_text(columns, rows)


def _numbers(values: list[np.float64]) -> list[float | None]:
    """Return numbers; None where a class has no images."""
    return [float(value) if math.isfinite(value) else None for value in values]
