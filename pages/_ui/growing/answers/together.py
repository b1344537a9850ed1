"""Many wishes grown together: as a job, as tiles that fill in, and what is to be said of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import cached, panels, progress, turns
from pages._ui.growing.answers import batches, tiles
from pages._ui.workbench import Bench
from xai.figures.wording import number
from xai.jobs import Report
from xai.models import is_ready
from xai.models.partners import partners
from xai.visualization import VisualizationParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages._ui.growing.running import Grown
    from xai.visualization.aims import Aim
    from xai.visualization.studies.grid import Grid
    from xai.visualization.studies.witness import Witness


@dataclass(frozen=True)
class ManyKey:
    """Everything that the images depend on."""

    model: str
    digest: str
    objective: str
    layer: str | None
    indices: tuple[int, ...]
    params: VisualizationParams
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class JudgedKey:
    """What others say of the images, and what the workbench's image gets."""

    grown: ManyKey
    image: str
    others: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Judged:
    """What others say of the images, and the scores of the workbench's own image, (N,)."""

    said: tuple[Witness, ...]
    before: np.ndarray


def show(bench: Bench, grown: Grown, key: ManyKey) -> None:
    """Grow the images, or show what there is of them."""
    count = len(key.indices)

    def during(there: Grid) -> None:
        _draw(bench, grown, there)

    found = batches.follow(
        bench,
        key,
        count,
        _growing(bench, key),
        help="Each with the settings above, some at a time.",
        slot="many grid",
        during=during,
        stopped=lambda there: f"Stopped: {sum(there.grown)} of {count} images have all steps.",
    )
    if found is None:
        return
    judged = _judged(bench, key, found) if found.complete else None
    with st.container():
        _sentences(bench, found, judged)
        _draw(bench, grown, found, () if judged is None else judged.said)
        _words(bench, grown, found)
        written = tiles.cells(found, bench, () if judged is None else judged.said)
        name = f"{bench.model_name}-{key.layer or 'classes'}-{count}"
        tiles.files([(found, written)], name, "grid.files")


def _growing(bench: Bench, key: ManyKey) -> turns.Work[Grid]:
    model, image = bench.model, bench.input if key.digest else None

    def work(state: Grid | None, report: Report, on_step: Callable[[Grid], None]) -> Grid:
        from xai.visualization.studies.grid import grid

        return grid(
            model,
            _aims(bench, key),
            key.params,
            key.seeds,
            image=image,
            state=state,
            progress=report,
            on_step=on_step,
        )

    return work


def _aims(bench: Bench, key: ManyKey) -> list[Aim]:
    from xai.visualization.aims import aim

    return [aim(bench.model, key.objective, key.layer, index) for index in key.indices]


def _judged(bench: Bench, key: ManyKey, found: Grid) -> _Judged | None:
    """Return what others say of the images, or show that they are being asked."""
    others: tuple[str, ...] = ()
    if key.objective == "class":
        ready = partners(bench.spec, bench.data)
        others = tuple(one.name for one in ready if is_ready(one.name))
    model, image = bench.model, bench.input

    def work(report: Report) -> _Judged:
        from xai.visualization.scoring import measure
        from xai.visualization.studies.witness import witnesses

        asked = [cached.model(name) for name in others]
        said = witnesses(asked, found.images, progress=report)
        return _Judged(said, np.array([measure(model, one, image)[0] for one in found.aims]))

    judged: _Judged | None = progress.result(
        JudgedKey(key, bench.digest, others),
        work,
        label="Asking other networks" if others else "Comparing with the image",
        keep=False,
        slot="many judged",
    )
    return judged


def _draw(bench: Bench, grown: Grown, grid: Grid, said: tuple[Witness, ...] = ()) -> None:
    wish = grown.wish
    selected = tiles.place_of(grid, wish.objective, wish.layer, wish.index, grown.seed)
    written = tiles.cells(grid, bench, said)
    picked = tiles.draw(grid, written, key="grid.tiles", selected=selected)
    if picked is not None and picked != selected:
        tiles.wish_for(bench, grid, picked)


# ---------------------------------------------------------------------------- in words
def _rounded(grown: Grown, found: Grid) -> str:
    """Say why the ringed tile is not just the image above, where a reader can see that."""
    wish = grown.wish
    place = tiles.place_of(found, wish.objective, wish.layer, wish.index, grown.seed)
    tile = None if place is None else found.tiles[place]
    if tile is None or found.params != grown.params:
        return ""
    if number(tile.score) == number(grown.result.score):
        return ""
    return (
        " The ringed one was grown with the others: a batch rounds its sums in another way than "
        "a single image, and many steps make that small difference visible."
    )


def _sentences(bench: Bench, found: Grid, judged: _Judged | None) -> None:
    """Say how many of the images are what they were grown to be."""
    there = len(found.begun)
    read = [one for one in found.read if one is not None]
    if read:
        said = f"**{sum(read)} of {there}** images are read as the class that they were made for."
        for one in () if judged is None else judged.said:
            right = sum(
                prediction.label == aim.index
                for prediction, aim in zip(one.said, found.aims, strict=True)
            )
            said += f" {panels.plain(one.label)}, which had no part in it: **{right} of {there}**."
        st.markdown(said)
        return
    if judged is not None:
        higher = int((found.scores > judged.before).sum())
        st.markdown(
            f"**{higher} of {there}** images excite their channel more than the image on the "
            f"workbench does: {number(float(np.median(found.scores)))} against "
            f"{number(float(np.median(judged.before)))} in the median."
        )


def _words(bench: Bench, grown: Grown, found: Grid) -> None:
    aim = found.aims[0]
    if aim.objective == "class":
        how = (
            "Each tile was grown for one class by the same settings from the same start. “Read "
            "as” is what this network says of the tile. That it agrees is no wonder, since the "
            "image was made to please it; where another network agrees, there is something in "
            "the image that both have learnt."
        )
    else:
        before = f", before its {aim.kind}" if aim.before else ""
        how = (
            f"Each tile was grown for one channel of {panels.plain(aim.layer or '')}{before}; the "
            "mean is that over its map. “Seen” is what the network says of the tile as "
            "a whole, for which it was not made."
        )
    st.caption(f"{how} Click a tile to look at it above.{_rounded(grown, found)}")
    for place in found.begun:
        for note in getattr(found.tiles[place], "notes", ()):
            name = panels.plain(found.aims[place].label(bench.spec.classes))
            st.caption(f":material/info: {name}: {panels.plain(note)}.")
