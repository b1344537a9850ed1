"""The filters of a convolution as pictures.

A filter that reads colours is a small colour picture; one that reads a single map is a
signed one. Filters over many maps are no picture: see :mod:`xai.figures.histograms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from xai.figures.sheets import BROKEN, channel_sheet
from xai.figures.sprites import Sprite, sprite


@dataclass(frozen=True, eq=False)
class KernelSheet:
    """The filters of a convolution in one picture.

    Attributes
    ----------
    sprite : Sprite
        Tile ``i`` shows filter ``order[i]``.
    order : tuple of int
        Filter of each tile.
    bound : ndarray, shape (N,), float32
        Absolute weight that has the full colour, in the order of the tiles.
    scale : str
        ``"filter"`` or ``"layer"``: what each tile's colours span.
    coloured : bool
        Whether the tiles are colour pictures (three input channels): mid grey for zero,
        red where the filter wants more red. Else blue for negative, white for zero, red
        for positive weights.
    empty : tuple of int
        Filters whose weights are all zero.
    broken : tuple of int
        Filters with NaN or infinity; those weights are drawn in
        :data:`xai.figures.sheets.BROKEN`.
    """

    sprite: Sprite
    order: tuple[int, ...]
    bound: np.ndarray
    scale: str
    coloured: bool
    empty: tuple[int, ...]
    broken: tuple[int, ...]

    @property
    def sentence(self) -> str:
        """How to read the picture, and what is odd in it."""
        text = (
            "Each square is a filter in the colours that it looks for; grey is a weight of 0."
            if self.coloured
            else "Each square is a filter: red weights add, blue ones subtract, white is 0."
        )
        text += " Each has its own scale." if self.scale == "filter" else " All are on one scale."
        for filters, what in ((self.empty, "only zeros"), (self.broken, "NaN or infinity")):
            if filters:
                noun, verb = ("filter", "has") if len(filters) == 1 else ("filters", "have")
                text += f" {len(filters)} {noun} {verb} {what}."
        return text


def pictured(shape: Sequence[int]) -> bool:
    """Whether weights of a shape can be drawn: (O, I, kH, kW) with I = 3 or 1.

    Parameters
    ----------
    shape : sequence of int
        Of a layer's weights.
    """
    return len(shape) == 4 and shape[1] in (1, 3) and min(shape) > 0


def kernel_sheet(
    kernel: np.ndarray,
    *,
    order: Sequence[int] | None = None,
    scale: Literal["filter", "layer"] = "filter",
    side: int = 56,
    columns: int | None = None,
    gap: int = 4,
) -> KernelSheet:
    """Draw the filters of a convolution.

    Parameters
    ----------
    kernel : ndarray, shape (O, 3, kH, kW) or (O, 1, kH, kW)
        Weights of a convolution that reads colours, or one map a filter (grey images,
        depthwise convolutions).
    order : sequence of int, or None
        Which filters, and in which order; None is all of them as they come.
    scale : str
        The colours span each filter's own weights (``"filter"``) or those of all filters
        (``"layer"``), both symmetric around zero.
    side : int
        Pixels that a tile's longer side should have, a whole multiple of the filter's.
    columns, gap : int
        As in :func:`xai.figures.sprites.sprite`; gaps are transparent between
        colours, half-transparent grey between signed tiles.

    Raises
    ------
    ValueError
        If ``kernel`` has another shape (see :func:`pictured`), ``order`` names a filter
        that there is not, or ``scale`` is not one of the above.

    Notes
    -----
    Weights are drawn as they are stored: frameworks slide a filter without turning it,
    so a picture looks like what the filter answers to. With three channels, red, green
    and blue of a pixel are ``127.5 (1 + w / bound)``; the model may read normalised
    colours, whose scales differ a little by channel.
    """
    kernel = np.asarray(kernel)
    if not pictured(kernel.shape):
        raise ValueError(
            "kernel: expected shape (O, 3, kH, kW) or (O, 1, kH, kW), since more channels make "
            f"no picture; got {kernel.shape}"
        )
    if scale not in ("filter", "layer"):
        raise ValueError(f"scale: expected filter or layer, got {scale!r}")
    chosen = _order(order, len(kernel))
    fine = np.isfinite(kernel)
    known = np.where(fine, kernel, 0).astype(np.float32)
    own = np.abs(known).max(axis=(1, 2, 3))
    bound = own[list(chosen)] if scale == "filter" else np.full(len(chosen), own.max())
    if kernel.shape[1] == 3:
        tiles = _coloured(known[list(chosen)], fine[list(chosen)], bound, side)
        drawn = sprite(tiles, columns=columns, gap=gap)
    else:
        drawn = _signed(kernel[:, 0], chosen, float(own.max()), scale, side, columns, gap)
    whole = fine.all(axis=(1, 2, 3))
    return KernelSheet(
        sprite=drawn,
        order=chosen,
        bound=bound.astype(np.float32),
        scale=scale,
        coloured=kernel.shape[1] == 3,
        empty=tuple(index for index in chosen if whole[index] and own[index] == 0),
        broken=tuple(index for index in chosen if not whole[index]),
    )


def _order(order: Sequence[int] | None, filters: int) -> tuple[int, ...]:
    chosen = tuple(range(filters)) if order is None else tuple(int(index) for index in order)
    wrong = [index for index in chosen if not 0 <= index < filters]
    if wrong or not chosen:
        got = wrong[0] if wrong else "none"
        raise ValueError(f"order: expected filters 0 to {filters - 1}, got {got}")
    return chosen


def _coloured(weights: np.ndarray, fine: np.ndarray, bound: np.ndarray, side: int) -> np.ndarray:
    """Return colour tiles (N, H, W, 3) of weights (N, 3, kH, kW)."""
    full = np.where(bound > 0, bound, 1).astype(np.float64)[:, None, None, None]
    level = (weights / full).clip(-1, 1)
    tiles = np.rint(127.5 * (1 + level)).astype(np.uint8).transpose(0, 2, 3, 1).copy()
    tiles[~fine.all(axis=1)] = BROKEN
    factor = max(1, round(side / max(tiles.shape[1:3])))
    return tiles.repeat(factor, axis=1).repeat(factor, axis=2)


def _signed(
    maps: np.ndarray,
    chosen: tuple[int, ...],
    largest: float,
    scale: str,
    side: int,
    columns: int | None,
    gap: int,
) -> Sprite:
    """Return signed tiles of maps (O, kH, kW)."""
    sheet = channel_sheet(
        maps,
        order=chosen,
        scale="channel" if scale == "filter" else (-largest, largest),
        zero_centred=True,
        # A filter is never averaged over blocks.
        side=max(side, *maps.shape[1:]),
        columns=columns,
        gap=gap,
    )
    return sheet.sprite
