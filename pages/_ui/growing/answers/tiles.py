"""Grown images as tiles: what stands under each, what a click does, and the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import link, panels
from pages._ui.channels import choices
from pages._ui.growing import running
from pages._ui.growing.wish import Wish
from pages._ui.mosaic_view import TONES, Cell, mosaic_view
from pages._ui.workbench import Bench
from xai import images
from xai.figures.mosaic import mosaic
from xai.figures.wording import number
from xai.visualization import Visualization

if TYPE_CHECKING:
    from xai.types import Prediction
    from xai.visualization.aims import Aim
    from xai.visualization.studies.grid import Grid
    from xai.visualization.studies.witness import Witness

#: Least side of a tile in CSS pixels and most tiles in a row, by how many there are at most.
_SIDES = ((6, 140, 6), (10, 168, 5), (16, 104, 8), (25, 120, 7))


def cells(grid: Grid, bench: Bench, said: Sequence[Witness] = ()) -> list[Cell]:
    """Return what stands under each tile.

    Parameters
    ----------
    grid : Grid
    bench : Bench
    said : sequence of Witness
        What other networks say of all tiles; none until all have grown.
    """
    found = []
    for place, (aim, tile) in enumerate(zip(grid.aims, grid.tiles, strict=True)):
        name = _name(grid, place, bench)
        if tile is None:
            found.append(Cell(name, "to come"))
            continue
        # Short: up to 25 tiles stand side by side.
        word = "mean" if aim.objective == "channel" else "score"
        verdict, tone = _verdict(aim, tile.prediction)
        note = _others(aim, [one.said[place] for one in said])
        found.append(Cell(name, f"{word} {number(tile.score)}", verdict, tone, note))
    return found


def _name(grid: Grid, place: int, bench: Bench) -> str:
    aim = grid.aims[place]
    if len(set(grid.aims)) == 1 and len(grid.aims) > 1:
        return f"Seed {grid.seeds[place]}"
    if aim.objective == "class" and isinstance(aim.index, int):
        return bench.spec.classes[aim.index]
    return f"Channel {aim.index}"


def _verdict(aim: Aim, said: Prediction) -> tuple[str, str]:
    """Say what the network reads in an image; for a class, whether it is the one."""
    if aim.objective != "class":
        return f"seen: {said.name}", ""
    return f"read as {said.name}", "good" if said.label == aim.index else "bad"


def _others(aim: Aim, said: Sequence[Prediction]) -> str:
    """Say what other networks read in an image grown for a class."""
    if not said or aim.objective != "class":
        return ""
    if len(said) == 1:
        agrees = said[0].label == aim.index
        # Short: a long name of a class would be cut off.
        words = "another agrees" if agrees else f"another: {said[0].name}"
        return TONES["good" if agrees else "bad"] + words
    agree = sum(one.label == aim.index for one in said)
    return f"{agree} of {len(said)} others agree"


def draw(
    grid: Grid, written: Sequence[Cell], *, key: str, selected: int | None = None
) -> int | None:
    """Draw the tiles; return the place of the one that was just clicked."""
    side, across = next(row[1:] for row in _SIDES if len(written) <= row[0])
    return mosaic_view(
        [None if tile is None else tile.image for tile in grid.tiles],
        written,
        selected=selected,
        key=key,
        shown=side,
        across=across,
        label="Grown images: choose one to look at it closely",
    )


def wish_for(bench: Bench, grid: Grid, place: int) -> None:
    """Make what a tile was grown for, and its seed, the page's wish, and run the page."""
    aim, layer, tile = grid.aims[place], grid.aims[place].layer, grid.tiles[place]
    if isinstance(tile, Visualization) and not grid.diversity:
        # One that was pushed away from others would not have grown so by itself.
        running.adopt(bench, Wish(aim.objective, layer, aim.index), tile)
    if aim.objective == "class":
        link.ask(**{"wish": "class", "wish.class": str(aim.index)})
    elif aim.objective == "channel" and isinstance(aim.index, int) and layer is not None:
        link.ask(wish="channel", layer=layer)
        choices.pick(aim.index, of=(bench.model_name, layer))
    link.ask(**{"grow.seed": str(grid.seeds[place])})
    st.rerun()


def place_of(grid: Grid, objective: str, layer: str | None, index: object, seed: int) -> int | None:
    """Return the tile that is the page's own wish, if there is one."""
    wanted = (objective, layer, index, seed)
    tiles = zip(grid.aims, grid.seeds, strict=True)
    names = [(aim.objective, aim.layer, aim.index, seed) for aim, seed in tiles]
    return names.index(wanted) if wanted in names else None


def files(rows: Sequence[tuple[Grid, Sequence[Cell]]], name: str, key: str) -> None:
    """Offer the tiles of one or several grids as one picture, and as numbers."""
    there = [(grid, written) for grid, written in rows if grid.begun]
    if not there:
        return
    with st.container(horizontal=True):
        st.download_button(
            "All tiles (.png)",
            lambda: images.encode_png(_picture(there)),
            f"{name}.png",
            "image/png",
            key=f"{key}.png",
            icon=":material/grid_view:",
            on_click="ignore",
        )
        panels.download_arrays(_arrays([grid for grid, _ in there]), name, f"{key}.npz")


def _picture(rows: Sequence[tuple[Grid, Sequence[Cell]]]) -> np.ndarray:
    pictures = [image for grid, _ in rows for image in grid.images]
    cells = [written[place] for grid, written in rows for place in grid.begun]
    columns = len(rows[0][1]) if len(rows) > 1 else min(5, len(cells))
    lines = [(cell.name, f"{cell.line} · {cell.verdict}") for cell in cells]
    return mosaic(pictures, lines, columns=columns)


def _arrays(grids: Sequence[Grid]) -> dict[str, np.ndarray]:
    there = [(grid, place) for grid in grids for place in grid.begun]
    aims = [grid.aims[place] for grid, place in there]
    found = [tile for grid in grids for tile in grid.tiles if tile is not None]
    return {
        "images": np.concatenate([grid.images for grid in grids]),
        "scores": np.concatenate([grid.scores for grid in grids]),
        "index": np.array([aim.places for aim in aims]),
        "objective": np.array([aim.objective for aim in aims]),
        "layer": np.array([aim.layer or "" for aim in aims]),
        "seeds": np.array([grid.seeds[place] for grid, place in there]),
        "push": np.array([grid.diversity for grid, _ in there]),
        "steps": np.array([tile.state.step for tile in found]),
        "predicted": np.array([tile.prediction.label for tile in found]),
        "settings": np.array(repr(grids[0].params)),
    }
