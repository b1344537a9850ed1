"""Averages of feature maps over a coarse grid, cheap beside the pass that makes them."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

#: Pixels of larger images are averaged to at most this many a side.
PIXELS = 64
#: Maps of more positions are averaged over rows first, in whole lines of memory.
_LARGE = 1_000
#: Of more cells a map the general average is faster than a product.
_FEW = 16


def pool(output: Tensor, grid: int, out: Tensor) -> None:
    """Average a layer's output to at most ``grid`` by ``grid`` values a channel.

    Parameters
    ----------
    output : Tensor, shape (N, C, H, W) or (N, ...)
        Only the former is averaged.
    grid : int
        At least 1.
    out : Tensor, shape (N, D), float32, contiguous, on the CPU
        Where the numbers are written, D being :func:`dimensions`.

    Notes
    -----
    Cell i of n covers rows ``floor(i H / n)`` to ``ceil((i + 1) H / n)``, as in
    PyTorch's adaptive average. On the CPU that one adds number after number; a
    product with the cells' weights does the same several times faster, and of
    large maps whole rows are added first.
    """
    if output.dim() != 4:
        out.copy_(output.flatten(1))
        return
    sides = (int(output.shape[2]), int(output.shape[3]))
    cells = (min(grid, sides[0]), min(grid, sides[1]))
    if cells == sides:
        out.copy_(output.flatten(1))
    elif cells[0] * cells[1] > _FEW or output.dtype != torch.float32 or not output.is_cpu:
        out.copy_(F.adaptive_avg_pool2d(output, cells).flatten(1))
    elif sides[0] % cells[0] == 0 and sides[0] * sides[1] > _LARGE:
        height = sides[0] // cells[0]
        sums = output.reshape(-1, height, sides[1]).sum(1)
        torch.mm(sums, _weights(sides[1], cells[1]) / height, out=out.view(-1, cells[1]))
    else:
        flat = output.reshape(-1, sides[0] * sides[1])
        torch.mm(flat, _both(*sides, *cells), out=out.view(-1, cells[0] * cells[1]))


def pixels(batch: Tensor) -> Tensor:
    """Average images (N, C, H, W) over whole equal squares to at most 64 a side."""
    sides = (int(batch.shape[2]), int(batch.shape[3]))
    cells = (pixel_cells(sides[0]), pixel_cells(sides[1]))
    return (batch if cells == sides else F.adaptive_avg_pool2d(batch, cells)).flatten(1)


def pixel_cells(side: int) -> int:
    """Return the largest number of cells up to 64 from whole equal squares, if they fit."""
    width = -(-side // PIXELS)
    return -(-side // width)


def dimensions(shape: tuple[int, ...], grid: int) -> int:
    """Return how many numbers :func:`pool` leaves of one image's output of some shape."""
    if len(shape) == 3:
        return shape[0] * min(grid, shape[1]) * min(grid, shape[2])
    count = 1
    for side in shape:
        count *= side
    return count


def _span(index: int, cells: int, side: int) -> tuple[int, int]:
    return index * side // cells, -(-(index + 1) * side // cells)


@functools.lru_cache(maxsize=64)
def _weights(side: int, cells: int) -> Tensor:
    """Return the share of each position in each cell, (side, cells)."""
    found = torch.zeros(side, cells)
    for index in range(cells):
        start, stop = _span(index, cells, side)
        found[start:stop, index] = 1 / (stop - start)
    return found


@functools.lru_cache(maxsize=64)
def _both(height: int, width: int, rows: int, columns: int) -> Tensor:
    return torch.kron(_weights(height, rows), _weights(width, columns))
