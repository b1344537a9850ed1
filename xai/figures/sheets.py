"""The channels of a layer, drawn as one sprite with the scale of every tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from xai.figures.colours import DIVERGING, SEQUENTIAL
from xai.figures.sprites import Sprite, sprite

# Grey enough to part black tiles on a dark page and white ones on a light page.
_GAP = (128, 128, 128, 110)

#: Colour of NaN and infinity on a channel sheet; no colour table has it.
BROKEN = (0, 255, 160)


@dataclass(frozen=True, eq=False)
class ChannelSheet:
    """The channels of a layer in one picture.

    Attributes
    ----------
    sprite : Sprite
        Tile ``i`` shows channel ``order[i]``.
    order : tuple of int
        Channel of each tile.
    low, high : ndarray, shape (N,), float32
        Raw values at the ends of each tile's colours, in the order of the tiles.
    constant : tuple of int
        Channels whose values are all equal; they are drawn in one colour.
    broken : tuple of int
        Channels with NaN or infinity; those pixels are drawn in :data:`BROKEN`.
    """

    sprite: Sprite
    order: tuple[int, ...]
    low: np.ndarray
    high: np.ndarray
    constant: tuple[int, ...]
    broken: tuple[int, ...]


def channel_sheet(
    maps: np.ndarray,
    *,
    order: Sequence[int] | None = None,
    scale: Literal["channel", "layer"] | tuple[float, float] = "channel",
    zero_centred: bool = False,
    side: int = 56,
    columns: int | None = None,
    gap: int = 2,
    enlarge: bool = True,
) -> ChannelSheet:
    """Draw the channels of a layer.

    Parameters
    ----------
    maps : ndarray, shape (C, H, W)
        Activations of one image.
    order : sequence of int, or None
        Which channels, and in which order; None is all of them as they come.
    scale : str or tuple of float
        The colours span each channel's own range (``"channel"``), the range of the
        whole layer (``"layer"``), or the given one, such as the range of two images or
        of the whole network.
    zero_centred : bool
        Blue for negative, white for zero, red for positive values, for layers without
        an activation behind them; else magnitudes from black to pale yellow.
    side : int
        Pixels that a tile's longer side should have. Smaller maps are enlarged by a
        whole factor, larger ones are averaged over blocks, so that tiles come near it.
    columns, gap : int
        As in :func:`xai.figures.sprites.sprite`; gaps are half-transparent grey.
    enlarge : bool
        False keeps small maps at one pixel a value, for a page that enlarges them itself:
        512 maps of 14 × 14 are then a sixteenth of the pixels.

    Returns
    -------
    ChannelSheet

    Notes
    -----
    Ranges are those of the raw values, before any averaging over blocks. A constant
    channel that is scaled by itself has the lowest colour, or white if zero-centred and
    zero; on the scale of the layer it has the colour of its value.

    Raises
    ------
    ValueError
        If ``maps`` has another shape, ``order`` is empty or names a channel that there
        is not, or the scale is not one of the above.
    """
    maps = np.asarray(maps)
    if maps.ndim != 3 or maps.size == 0:
        raise ValueError(f"maps: expected shape (C, H, W), got {maps.shape}")
    chosen = _order(order, len(maps))
    values = maps[list(chosen)].astype(np.float32, copy=False)
    fine = np.isfinite(values)
    known = np.where(fine, values, 0) if not fine.all() else values
    own_low = np.where(fine, values, np.inf).min(axis=(1, 2))
    own_high = np.where(fine, values, -np.inf).max(axis=(1, 2))
    low, high = _ranges(own_low, own_high, scale, zero_centred=zero_centred)
    table = DIVERGING if zero_centred else SEQUENTIAL
    level = _levels(_sized(known, side), low, high, zero_centred=zero_centred)
    tiles = table[np.rint(level * (len(table) - 1)).astype(np.int16)]
    tiles[_sized(~fine, side) > 0] = BROKEN
    factor = max(1, round(side / max(tiles.shape[1:3]))) if enlarge else 1
    tiles = tiles.repeat(factor, axis=1).repeat(factor, axis=2)
    whole = fine.all(axis=(1, 2))
    flat = whole & (own_low == own_high)
    return ChannelSheet(
        sprite=sprite(tiles, columns=columns, gap=gap, background=_GAP),
        order=chosen,
        low=low.astype(np.float32),
        high=high.astype(np.float32),
        constant=tuple(np.array(chosen)[flat].tolist()),
        broken=tuple(np.array(chosen)[~whole].tolist()),
    )


def _order(order: Sequence[int] | None, channels: int) -> tuple[int, ...]:
    chosen = tuple(range(channels)) if order is None else tuple(int(index) for index in order)
    wrong = [index for index in chosen if not 0 <= index < channels]
    if wrong or not chosen:
        got = wrong[0] if wrong else "none"
        raise ValueError(f"order: expected channels 0 to {channels - 1}, got {got}")
    return chosen


def _ranges(
    own_low: np.ndarray,
    own_high: np.ndarray,
    scale: str | tuple[float, float],
    *,
    zero_centred: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the raw value at both ends of each tile's colours."""
    nothing = own_low > own_high  # not one finite value
    low, high = np.where(nothing, 0, own_low), np.where(nothing, 0, own_high)
    if isinstance(scale, str):
        if scale not in ("channel", "layer"):
            raise ValueError(f"scale: expected channel, layer or two numbers; got {scale!r}")
        if scale == "layer":
            known = ~nothing if not nothing.all() else nothing
            low, high = np.full_like(low, low[known].min()), np.full_like(high, high[known].max())
    else:
        if not np.isfinite(scale).all() or scale[0] > scale[1]:
            raise ValueError(f"scale: expected low ≤ high, both finite; got {scale}")
        low, high = np.full_like(low, scale[0]), np.full_like(high, scale[1])
    if zero_centred:
        high = np.maximum(np.abs(low), np.abs(high))
        low = -high
    return low, high


def _levels(
    values: np.ndarray, low: np.ndarray, high: np.ndarray, *, zero_centred: bool
) -> np.ndarray:
    """Return where values (N, H, W) lie in the range of their tile, in [0, 1]."""
    low, high = low.astype(np.float64)[:, None, None], high.astype(np.float64)[:, None, None]
    span = high - low
    level = (values - low) / np.where(span > 0, span, 1)
    if zero_centred:
        level = np.where(span > 0, level, 0.5)
    return level.clip(0, 1)


def _sized(maps: np.ndarray, side: int) -> np.ndarray:
    """Average maps (N, H, W) over blocks until their longer side is at most ``side``."""
    count, height, width = maps.shape
    block = -(-max(height, width) // side)
    if block == 1:
        return maps
    tall, wide = -(-height // block), -(-width // block)
    edges = ((0, 0), (0, tall * block - height), (0, wide * block - width))
    whole = np.pad(maps, edges, mode="edge").astype(np.float32)
    return whole.reshape(count, tall, block, wide, block).mean(axis=(2, 4))
