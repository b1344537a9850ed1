"""The windows that hide parts of an image, coarse ones first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

#: Windows along the longer side of the first, coarsest level, at least.
_COARSE = 4


@dataclass(frozen=True)
class Grid:
    """Windows laid over an image in equal steps.

    Attributes
    ----------
    size : tuple of int
        Height and width of the image.
    window, stride : int
        Side of a window and steps between two of them, in pixels.
    """

    size: tuple[int, int]
    window: int
    stride: int

    @cached_property
    def rows(self) -> range:
        """Where windows begin from above; the last one may reach beyond the image."""
        return starts(self.size[0], self.window, self.stride)

    @cached_property
    def columns(self) -> range:
        """The same from the left."""
        return starts(self.size[1], self.window, self.stride)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of windows."""
        return len(self.rows), len(self.columns)

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """Windows between two neighbours at each level, halved from one to the next."""
        halvings = max(1, max(self.shape) // _COARSE).bit_length() - 1
        return tuple(2**power for power in range(halvings, -1, -1))

    def order(self) -> list[np.ndarray]:
        """Return the windows of each level that no earlier level has, (n, 2) row and column."""
        places = np.indices(self.shape).reshape(2, -1).T
        # The coarsest step that meets a window: the largest power of two in both numbers.
        level = np.full(len(places), len(self.steps) - 1)
        for index in range(len(self.steps) - 1, -1, -1):
            level[(places % self.steps[index] == 0).all(axis=1)] = index
        return [places[level == index] for index in range(len(self.steps))]

    def span(self, row: int, column: int) -> tuple[slice, slice]:
        """Return the pixels of a window."""
        top, left = self.rows[row], self.columns[column]
        return slice(top, top + self.window), slice(left, left + self.window)

    def guessed(self, values: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Return a value for each window: its own, or that of the nearest of a coarser level.

        Parameters
        ----------
        values, known : ndarray, shape (rows, columns)
            All windows of the first level must be known.
        """
        guess = values
        for index, step in enumerate(self.steps):
            near = np.ix_(*(_nearest(count, step) for count in self.shape))
            guess = values[near] if index == 0 else np.where(known[near], values[near], guess)
        return guess

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Return the mean value of the windows over each pixel, (H, W) float32."""
        down = _covers(self.size[0], self.rows, self.window)
        across = _covers(self.size[1], self.columns, self.window)
        total = down @ values @ across.T
        return (total / np.outer(down.sum(axis=1), across.sum(axis=1))).astype(np.float32)


def starts(side: int, window: int, stride: int) -> range:
    """Return where windows begin along one side; the last one may reach beyond it."""
    return range(0, math.ceil(max(0, side - window) / stride) * stride + 1, stride)


def _nearest(count: int, step: int) -> np.ndarray:
    """Return for each of ``count`` places the nearest multiple of ``step`` among them."""
    found: np.ndarray = (np.arange(count) + step // 2) // step * step
    return np.minimum(found, (count - 1) // step * step)


def _covers(side: int, begins: range, window: int) -> np.ndarray:
    """Return which pixels along a side each window covers, 0 or 1, (side, windows)."""
    pixels, first = np.arange(side)[:, None], np.array(begins)[None]
    return ((pixels >= first) & (pixels < first + window)).astype(float)
