"""A run as files, and from them."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import streamlit as st

from pages._ui.lessons import mark, opening
from pages._ui.lessons.lesson import Lesson
from xai.training import ARCHITECTURES, Run, examples
from xai.training.runs import files
from xai.training.runs.files import schema


def show(lesson: Lesson) -> None:
    """Offer the run, its tables and the weights of the epoch, and to open a run."""
    taking, giving = st.columns([3, 2], gap="large")
    with taking:
        _take(lesson)
    with giving:
        st.markdown("**Open a run**")
        opening.offer()


def _take(lesson: Lesson) -> None:
    run = lesson.run
    stem = f"{run.recipe.data}-{run.recipe.architecture}-run"
    at = mark.current(lesson)
    st.markdown("**Take it with you**")
    with st.container(horizontal=True):
        _file("Run (.zip)", lambda: files.pack(run), f"{stem}.zip")
        _file(
            f"Weights of epoch {mark.named(at)} (.safetensors)",
            lambda: files.weights_file(run, at),
            f"{stem}-epoch-{mark.named(at)}.safetensors",
        )
        _file("Metrics (.csv)", lambda: files.table(run, schema.METRICS), f"{stem}-metrics.csv")
        _file("Course (.csv)", lambda: files.table(run, schema.TRACE), f"{stem}-trace.csv")
    st.caption(
        "The zip holds the recipe as JSON, the weights of every mark as safetensors, the tables "
        "as CSV and what the network answered: it opens here, and anywhere else. Weights are "
        "rounded to 16 bits in it; a single epoch's are as they are kept"
        + (", and can be loaded as an own checkpoint." if run.recipe.params.width == 1 else ".")
    )
    line = command(run)
    if line:
        st.markdown("The same without a browser, bit for bit on the same versions:")
        st.code(line, language="bash", wrap_lines=True)


def command(run: Run) -> str:
    """Return the line that makes such a run; empty if its images are not to be had so."""
    recipe = run.recipe
    if not examples.repeatable(recipe):
        return ""
    usual = vars(ARCHITECTURES[recipe.architecture].params)
    chosen = [
        f"{name}={value}" for name, value in vars(recipe.params).items() if value != usual[name]
    ]
    params = "".join(f" --param {shlex.quote(setting)}" for setting in chosen)
    return (
        f"python -m xai train --record my-run --architecture {recipe.architecture} "
        f"--dataset {recipe.data} --n {recipe.images} --seed {recipe.seed}{params}"
    )


def _file(label: str, made: Callable[[], str | bytes], name: str) -> None:
    st.download_button(label, made, name, key=name, icon=":material/download:", on_click="ignore")
