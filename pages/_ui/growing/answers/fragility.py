"""What is left of a grown image's score after small changes, beside the best real image."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import controls, panels, progress
from pages._ui.growing.running import GrowKey
from pages._ui.workbench import Bench
from xai import attacks
from xai import images as pictures
from xai.attacks import Goal
from xai.figures.change_chart import KINDS, What, change_chart
from xai.jobs import Report
from xai.visualization import OBJECTIVES
from xai.visualization.studies import reality
from xai.visualization.studies.judgement import in_percent, verdict
from xai.visualization.studies.reality import Trial

if TYPE_CHECKING:
    from pages._ui.growing.answers.reality import Beside

_DRAWN = {"kept": "share of the lead", "score": "score"}
#: Gradient steps of the attack whose outcome stands beside the two images.
_STEPS = 20
#: Pixels of a thumbnail, and of its file on screens with finer pixels.
_TILE, _FINE = 82, 164


@dataclass(frozen=True)
class ChangesKey:
    """Everything that the scores after all changes depend on."""

    grown: GrowKey
    data: str


def show(bench: Bench, beside: Beside) -> None:
    """Draw what each change leaves of the grown image and of the best real one."""
    found = _trials(bench, beside)
    if found is None:
        return
    st.markdown(verdict(found))
    if beside.found.absent:
        st.caption(
            ":material/info: No image of this class is in the data set: the real image beside it "
            "shows something else, and its small lead says little."
        )
    if not np.isfinite(found[0].kept).any():
        return
    word = controls.segments("reality.of", "Drawn", _DRAWN, default="kept")
    of: What = "score" if word == "score" else "kept"
    st.altair_chart(
        change_chart(found, of, unit=beside.unit),
        width="stretch",
        alt="what each change leaves of the grown and of the real image",
    )
    st.caption(_reading(found, of))
    _tiles(found)
    panels.download_text(
        _csv(found), f"{bench.model_name}-changed.csv", "Scores after changes (.csv)"
    )


def _trials(bench: Bench, beside: Beside) -> tuple[Trial, ...] | None:
    """Return the scores after all changes, or show how far they are."""
    model, wish, found = bench.model, beside.grown.wish, beside.found
    data, both = beside.data, beside.images

    def work(report: Report) -> tuple[Trial, ...]:
        wanted = OBJECTIVES[wish.objective].function(model, wish.objective, wish.layer, wish.index)
        shown = both
        if wish.objective == "class":
            # The other end of the scale: the class without any shape of it.
            victim = model.prepare(data.images[found.ordinary])
            goal, params = Goal.targeted(wish.classes[0]), {"steps": _STEPS}
            attacked = attacks.run(
                model, victim, "pgd", goal=goal, params=params, progress=report
            ).image
            shown = np.concatenate([both, attacked[None]])
        return reality.withstand(model, wanted, shown, found.mean, progress=report)

    made: tuple[Trial, ...] | None = progress.result(
        ChangesKey(beside.grown.key, data.signature),
        work,
        label="Score after small changes",
        keep=False,
        slot="reality changes",
    )
    return made


def _reading(found: Sequence[Trial], of: What) -> str:
    said = (
        "Dashed: all of the lead over the average real image (100 %), and nothing of it (0 %). "
        if of == "kept"
        else "Dashed: the score of the best real image untouched. "
    )
    moved = "A move is the mean over four directions. " if _has(found, "place") else ""
    if len(found[0].scores) > 2:
        moved += (
            "The adversarial pattern is an ordinary image of another class with a small "
            f"change (PGD, {_STEPS} steps) that makes the network say this class. "
        )
    return (
        f"{said}Each change is made to all images alike. Where the grown image lies far left of "
        "the real one, its score hangs on what the change takes away: a pattern that people would "
        f"not miss. {moved}Every image is rounded to 8 bit first."
    )


def _has(found: Sequence[Trial], about: str) -> bool:
    return any(one.about == about for one in found)


def _tiles(found: Sequence[Trial]) -> None:
    """Show the two images after each change, with what they keep."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        for one in found:
            if one.about == "rounding":  # nobody sees it
                continue
            with st.container(width=_TILE, gap="xxsmall"):
                st.markdown(f"**{one.label}**")
                for place, kind in enumerate(KINDS[:2]):
                    _tile(one, place, kind)
    st.caption("Above the grown image, below the best real one, each with the share that it keeps.")


def _tile(one: Trial, place: int, kind: str) -> None:
    pixels = pictures.to_uint8(one.images[place])
    if max(pixels.shape[:2]) > _FINE:
        pixels = pictures.resize(pixels, (_FINE, _FINE))
    panels.image(pixels, alt=f"{kind}: {one.label}")
    st.markdown(in_percent(float(one.kept[place])))


def _csv(found: Sequence[Trial]) -> str:
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["change", "image", "score", "share of lead", "probability", "read as"])
    for one in found:
        for place, kind in enumerate(KINDS[: len(one.scores)]):
            numbers = (one.scores[place], one.kept[place], one.probability[place])
            writer.writerow([one.label, kind, *numbers, one.said[place].name])
    return table.getvalue()
