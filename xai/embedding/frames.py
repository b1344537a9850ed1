"""Points on the screen: a map fitted into a square, and the frames of how it came about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: The far edge of the square, in the unit of what :meth:`Fit.quantise` gives.
FULL = 65535
#: Frames that are kept of one map.
MOST = 60


@dataclass(frozen=True)
class Fit:
    """How a map is fitted into the unit square of a screen.

    Attributes
    ----------
    x, y : float
        The middle of the map.
    span : float
        Length of its longer side; 0 if all points are one.
    """

    x: float
    y: float
    span: float

    def place(self, points: np.ndarray) -> np.ndarray:
        """Return points in the unit square.

        Parameters
        ----------
        points : ndarray, shape (M, 2)
            In the map's unit.

        Returns
        -------
        ndarray, shape (M, 2), float64
            From the left and from the top, in units of the square's side. A point beside
            the map that was fitted may lie outside.
        """
        shift = np.asarray(points, dtype=np.float64) - (self.x, self.y)
        return 0.5 + shift * (1.0, -1.0) / (self.span or 1.0)

    def quantise(self, points: np.ndarray) -> np.ndarray:
        """Return points in the unit square as whole numbers.

        Parameters
        ----------
        points : ndarray, shape (M, 2)

        Returns
        -------
        ndarray, shape (M, 2), uint16
            :meth:`place` times 65,535; what lies outside is moved to the edge.
        """
        return (self.place(points).clip(0.0, 1.0) * FULL).round().astype(np.uint16)


def fit(points: np.ndarray) -> Fit:
    """Fit a map into the unit square, in its middle, by one scale for both axes.

    Parameters
    ----------
    points : ndarray, shape (N, 2)
        Finite.

    Notes
    -----
    In a map y grows upwards, on a screen downwards: this is where it is turned.
    """
    given = np.asarray(points, dtype=np.float64)
    low, high = given.min(axis=0), given.max(axis=0)
    middle = (low + high) / 2
    return Fit(float(middle[0]), float(middle[1]), float((high - low).max()))


@dataclass(frozen=True, eq=False)
class Frames:
    """How a map came about; nothing in it can be written to.

    Attributes
    ----------
    iterations : ndarray, shape (F,), int32
        Steps done at each frame, rising; at most 60, the first and the last among them.
    points : ndarray, shape (F, N, 2), uint16
        Each frame fitted into the unit square by itself; see :class:`Fit`.
    """

    iterations: np.ndarray
    points: np.ndarray

    def __post_init__(self) -> None:
        self.iterations.setflags(write=False)
        self.points.setflags(write=False)

    def __len__(self) -> int:
        return len(self.iterations)


class Film:
    """Frames as they come."""

    def __init__(self) -> None:
        self._shots: dict[int, np.ndarray] = {}

    def add(self, iteration: int, points: np.ndarray) -> None:
        """Keep a frame; one that is not finite is left out."""
        if np.isfinite(points).all():
            self._shots[iteration] = fit(points).quantise(points)

    def cut(self) -> Frames | None:
        """Return at most 60 of them, evenly taken; None if there are none."""
        if not self._shots:
            return None
        steps = np.array(list(self._shots), dtype=np.int32)
        chosen = np.unique(np.linspace(0, len(steps) - 1, MOST).round().astype(int))
        return Frames(steps[chosen], np.stack([self._shots[int(step)] for step in steps[chosen]]))
