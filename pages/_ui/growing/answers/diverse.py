"""Several images for one wish: left to themselves, and pushed apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import controls, link, panels, turns
from pages._ui.growing.answers import batches, tiles
from pages._ui.growing.wish import Wish
from pages._ui.workbench import Bench
from xai.figures.wording import hundredths, number
from xai.jobs import Report
from xai.visualization import VisualizationParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages._ui.growing.running import Grown
    from pages._ui.mosaic_view import Cell
    from xai.visualization.studies.diversity import Several
    from xai.visualization.studies.grid import Grid

_COUNTS = {"4": "4", "6": "6"}
#: Largest push, in shares of the pull of the objective, and that at first.
_HARDEST, _PUSH = 2.0, 0.5
#: Seeds that the page knows.
_SEEDS = 10_000
_HALVES = {"alone": "Left alone", "apart": "Pushed apart"}


@dataclass(frozen=True)
class DiverseKey:
    """Everything that the images depend on."""

    model: str
    digest: str
    wish: Wish
    params: VisualizationParams
    seeds: tuple[int, ...]
    push: float


def show(bench: Bench, grown: Grown) -> None:
    """Draw the choices, the two rows as they grow, and how alike the images are."""
    key = _choose(bench, grown)
    count = len(key.seeds)

    def during(there: Several) -> None:
        _rows(bench, grown, there)

    found = batches.follow(
        bench,
        key,
        2 * count if key.push else count,
        _growing(bench, key),
        help="Each with the settings above, all of a row together.",
        slot="many diverse",
        during=during,
        stopped=_stopped,
    )
    if found is None:
        return
    with st.container():
        if found.complete:
            st.markdown(_sentence(bench, found))
        rows = _rows(bench, grown, found)
        st.caption(
            "Each tile begins with other noise. How alike two images are is the cosine between "
            f"what {panels.plain(found.layer or 'the network')} answers to them, of maps between "
            "the products of all pairs of channels, wherever in the image they are: at 1 the "
            "layer cannot tell them apart. Click a tile to grow that start above, left alone."
        )
        tiles.files(rows, f"{bench.model_name}-different", "grid.different")


def _choose(bench: Bench, grown: Grown) -> DiverseKey:
    left, right = st.columns([1, 2], vertical_alignment="bottom", gap="medium")
    with left:
        count = int(controls.segments("grid.images", "Images", _COUNTS, default="4"))
    with right:
        push = _push()
    digest = bench.digest if grown.params.start == "image" else ""
    seeds = tuple((grown.seed + turn) % _SEEDS for turn in range(count))
    return DiverseKey(bench.model_name, digest, grown.wish, grown.params, seeds, push)


def _push() -> float:
    def parse(text: str) -> float | None:
        try:
            value = float(text)
        except ValueError:
            return None
        return round(value, 1) if 0 <= value <= _HARDEST else None

    link.restore("grid.push", parse, what="push", default=_PUSH)
    push: float = st.slider(
        "Pushed apart (× the pull of the wish)",
        0.0,
        _HARDEST,
        step=0.1,
        key="grid.push",
        help="How strongly each step moves the images away from each other, compared with how "
        "strongly it moves them towards the wish. At 0 they are left alone.",
        persist_state="session",
    )
    link.publish("grid.push", push)
    return push


def _growing(bench: Bench, key: DiverseKey) -> turns.Work[Several]:
    model, wish, image = bench.model, key.wish, bench.input if key.digest else None

    def work(state: Several | None, report: Report, on_step: Callable[[Several], None]) -> Several:
        from xai.visualization.aims import aim
        from xai.visualization.studies.diversity import several

        return several(
            model,
            aim(model, wish.objective, wish.layer, wish.index),
            key.params,
            key.seeds,
            key.push,
            image=image,
            state=state,
            progress=report,
            on_step=on_step,
        )

    return work


def _stopped(found: Several) -> str:
    grids = [half for half in (found.alone, found.apart) if half is not None]
    done = sum(sum(half.grown) for half in grids)
    total = len(grids[0].aims) * (2 if found.push else 1)
    return f"Stopped: {done} of {total} images have all steps."


def _rows(bench: Bench, grown: Grown, found: Several) -> list[tuple[Grid, list[Cell]]]:
    """Draw both rows, with how alike the images of each are; return what is in them."""
    rows = []
    for half, words in _HALVES.items():
        grid: Grid | None = getattr(found, half)
        likeness: float | None = getattr(found, f"likeness_{half}")
        if grid is None:
            continue
        alike = "" if likeness is None else f" · {hundredths(likeness)} alike"
        st.markdown(f"**{words}**{alike}")
        wish = grown.wish
        chosen = tiles.place_of(grid, wish.objective, wish.layer, wish.index, grown.seed)
        written = tiles.cells(grid, bench)
        picked = tiles.draw(
            grid, written, key=f"grid.{half}", selected=chosen if half == "alone" else None
        )
        if picked is not None and picked != chosen:
            tiles.wish_for(bench, grid, picked)
        rows.append((grid, written))
    return rows


def _sentence(bench: Bench, found: Several) -> str:
    """Say whether the push made the images differ, and what it cost."""
    first, second = found.likeness_alone or 0.0, found.likeness_apart
    if found.alone is None or found.apart is None or second is None:
        return f"Left alone, two of these images are **{hundredths(first)}** alike on average."
    before, after = (float(half.scores.mean()) for half in (found.alone, found.apart))
    effect = "makes them differ" if second < first else "does not make them differ"
    price = "costs score" if after < before else "does not cost score"
    return (
        f"Left alone, two of these images are **{hundredths(first)}** alike on average; pushed "
        f"apart, **{hundredths(second)}**. The push {effect}, and {price}: {number(after)} instead "
        f"of {number(before)} in the mean."
    )
