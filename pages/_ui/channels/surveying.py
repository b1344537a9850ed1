"""What all images of the data set do to every unit: counted once, as a job, and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import cached, progress
from pages._ui.workbench import Bench
from xai.activations.survey import SurveyKey, survey_of
from xai.jobs import Report

if TYPE_CHECKING:
    from xai.activations.survey import Survey
    from xai.datasets import ImageSet

#: Images that are counted, as far as the data set goes.
MOST = 1000
#: Multiply-adds beyond which the reader is asked first: about a minute on two cores.
_LONG = 2e12


def images(bench: Bench) -> ImageSet:
    """Return the images over which means are taken."""
    return bench.sample(min(MOST, len(bench.pool)))


def result(bench: Bench, data: ImageSet) -> Survey | None:
    """Return the survey of the data set, or show how far it is and return None."""
    key = SurveyKey.of(bench.model, data)
    shelf = cached.shelf(bench.own)
    found: Survey | None = shelf.load(key)
    if found is not None:
        return found
    label = f"Count over {len(data):,} images"
    if not agreed(bench, len(data), label, "Means of the data set and of each class, dead units."):
        return None
    model = bench.model

    def count(report: Report) -> Survey:
        return survey_of(key, model, data, shelf, progress=report)

    made: Survey | None = progress.result(
        key, count, label=f"Every unit over {len(data):,} images", keep=False, slot="survey"
    )
    return made


def agreed(bench: Bench, images: int, label: str, help: str) -> bool:
    """Say whether so many passes may begin: where they take long, the reader is asked first.

    Parameters
    ----------
    bench : Bench
    images : int
        Passes through the network.
    label, help : str
        What the button says.
    """
    asked: set[tuple[str, str]] = st.session_state.setdefault("_agreed", set())
    wish = (bench.model_name, label)
    if images * sum(step.macs for step in bench.model.steps) <= _LONG or wish in asked:
        return True
    st.button(
        label,
        icon=":material/functions:",
        help=f"{help} This model needs some minutes for it.",
        on_click=asked.add,
        args=(wish,),
    )
    return False
