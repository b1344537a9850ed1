"""Many images at once: all classes, or many channels, batch by batch as a grid that fills in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from xai.models.room import most
from xai.visualization.aims import Aim
from xai.visualization.ascent import grow
from xai.visualization.course import MOST_FRAMES
from xai.visualization.result import Sight, Visualization

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel
    from xai.types import Progress
    from xai.visualization.parameters import VisualizationParams

#: Bytes that the time lines of all images of a grid may take, which stay as long as the grid.
_FILM_BYTES = 2**25
#: An image of the grid, grown or growing.
Tile = Sight | Visualization
#: Receives the grid as it is.
OnGrid = Callable[["Grid"], None]


@dataclass(frozen=True, eq=False)
class Grid:
    """Several images, each grown for its own aim.

    Attributes
    ----------
    model : str
    aims : tuple of N Aim
        Of one objective and one layer.
    seeds : tuple of N int
    params : VisualizationParams
    diversity : float
        How hard the images of a batch were pushed apart.
    tiles : tuple of N (Visualization, Sight or None)
        None is not begun; a sight is on its way.
    """

    model: str
    aims: tuple[Aim, ...]
    seeds: tuple[int, ...]
    params: VisualizationParams
    diversity: float
    tiles: tuple[Tile | None, ...]

    @property
    def grown(self) -> tuple[bool, ...]:
        """Whether each image has all its steps."""
        return tuple(
            isinstance(tile, Visualization) and tile.params == self.params for tile in self.tiles
        )

    @property
    def complete(self) -> bool:
        """Whether all images have."""
        return all(self.grown)

    @property
    def resting(self) -> bool:
        """Whether no image is on its way: a good moment to let others have a turn."""
        return all(self.grown[place] for place in self.begun)

    @property
    def begun(self) -> tuple[int, ...]:
        """Which images there are at all."""
        return tuple(place for place, tile in enumerate(self.tiles) if tile is not None)

    @cached_property
    def images(self) -> np.ndarray:
        """The images that there are, (M, C, H, W), float32, in [0, 1]."""
        found = [tile.image for tile in self.tiles if tile is not None]
        return np.stack(found) if found else np.zeros((0, 0, 0, 0), np.float32)

    @property
    def scores(self) -> np.ndarray:
        """Their scores, (M,), float64."""
        return np.array([tile.score for tile in self.tiles if tile is not None])

    @property
    def read(self) -> tuple[bool | None, ...]:
        """Whether the network reads each image as the class that it was grown for.

        None where that says nothing: it was grown for no class, or is not begun.
        """
        return tuple(
            None if tile is None or aim.objective != "class" else tile.prediction.label == aim.index
            for aim, tile in zip(self.aims, self.tiles, strict=True)
        )


def grid(
    model: LoadedModel,
    aims: Sequence[Aim],
    params: VisualizationParams,
    seeds: int | Sequence[int] = 0,
    *,
    image: np.ndarray | None = None,
    diversity: float = 0.0,
    state: Grid | None = None,
    progress: Progress | None = None,
    on_step: OnGrid | None = None,
) -> Grid:
    """Grow an image for each of several aims.

    Parameters
    ----------
    model : LoadedModel
    aims : sequence of N Aim
        Of one objective and one layer.
    params : VisualizationParams
        The same for all.
    seeds : int or sequence of N int
        One for all, so that each tile is what :func:`xai.visualization.run` grows for its aim
        alone, up to rounding; or one for each.
    image : ndarray, shape (C, H, W), in [0, 1], optional
        Where all begin if ``params.start`` is ``"image"``.
    diversity : float
        How hard the images are pushed apart; if at all, they are one batch.
    state : Grid, optional
        Goes on from there: what is grown stays, what was on its way goes on. The settings may
        have changed; then all goes on that can.
    progress : callable, optional
        ``progress(done, total, message)`` in steps of all images; may raise to stop.
    on_step : callable, optional
        Receives the grid several times a second and after each batch; may raise to stop. It
        can be passed as ``state``.

    Raises
    ------
    TypeError, ValueError
        If an aim, a seed or a setting is not what it should be, or ``state`` is of other aims.

    Notes
    -----
    As many images grow together as fit into one batch (:func:`xai.models.room.most`). Shifts
    and turns are common to a batch, by its first seed. The time lines of a large grid are
    shorter than those of single runs, so that their memory is bounded.
    """
    if isinstance(seeds, int | np.integer):
        seeds = (int(seeds),) * len(aims)
    numbers = tuple(seeds)
    if not len(aims) or len(numbers) != len(aims):
        raise ValueError(
            f"aims: expected at least one, and as many seeds; got {len(aims)} and {len(numbers)}"
        )
    empty = Grid(model.spec.name, tuple(aims), numbers, params, diversity, (None,) * len(aims))
    there = empty if state is None else _taken(state, empty)
    size = len(aims) if diversity else most(model)
    parts = [slice(first, first + size) for first in range(0, len(aims), size)]
    for part in parts:
        if not all(there.grown[part]):
            there = _Batch(model, there, part, image, progress, on_step).grown()
            if on_step is not None:
                on_step(there)
    return there


def _taken(state: Grid, empty: Grid) -> Grid:
    """Return a grid with what there is of another one, under new settings."""
    same = ("model", "aims", "seeds", "diversity")
    if any(getattr(state, name) != getattr(empty, name) for name in same):
        raise ValueError("state: expected a grid of the same model, aims, seeds and diversity")
    return replace(empty, tiles=state.tiles)


@dataclass(frozen=True, eq=False)
class _Batch:
    """The tiles of a grid that grow together."""

    model: LoadedModel
    grid: Grid
    part: slice
    image: np.ndarray | None
    progress: Progress | None
    on_step: OnGrid | None

    def grown(self) -> Grid:
        """Return the grid with these tiles grown."""
        grid, part, on_step = self.grid, self.part, self.on_step
        states = [tile.state for tile in grid.tiles[part] if tile is not None]
        found = grow(
            self.model,
            grid.aims[part],
            grid.params,
            grid.seeds[part],
            image=self.image,
            diversity=grid.diversity,
            film=min(MOST_FRAMES, _FILM_BYTES // (len(grid.aims) * prod(self.model.input_shape))),
            states=states if len(states) == len(grid.aims[part]) else None,
            progress=None if self.progress is None else self._say,
            on_step=None if on_step is None else lambda sights: on_step(self._with(sights)),
        )
        return self._with(found)

    def _with(self, found: Sequence[Tile]) -> Grid:
        tiles = list(self.grid.tiles)
        tiles[self.part] = found
        return replace(self.grid, tiles=tuple(tiles))

    def _say(self, done: int, total: int, message: str) -> None:
        count, size = len(self.grid.aims), len(self.grid.aims[self.part])
        if self.progress is not None:
            behind = self.part.start * total
            last = self.part.start + size
            which = f"image {last}" if size == 1 else f"images {self.part.start + 1} to {last}"
            words = f"{which} of {count}" if size < count else message
            self.progress(behind + size * done, count * total, words)
