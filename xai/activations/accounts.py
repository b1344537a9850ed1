"""What an account of one number says: the terms of a sum, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Change:
    """What a layer behind the sum makes of the number.

    Attributes
    ----------
    layer, kind : str
        Dotted path and class of the layer.
    scale, shift : float or None
        Of a normalisation: ``after = scale * before + shift``. None for an activation.
    before, after : float
        The number on its way.
    """

    layer: str
    kind: str
    scale: float | None
    shift: float | None
    before: float
    after: float


@dataclass(frozen=True, eq=False)
class Account:
    """How one number of a layer comes about.

    Attributes
    ----------
    layer : str
        The layer whose number it is.
    base, kind : str
        The layer that computes it first, and what it does: ``"convolution"``, ``"dense"``,
        ``"average"``, ``"maximum"``, ``"sum"``, ``"join"`` or ``"single"`` (a lone
        normalisation or activation).
    channel, row, column : int
        Which number. Row and column are 0 in layers without them.
    inputs : tuple of str
        The layers that are read, where they have a name.
    patch : ndarray, shape (I, kH, kW), float32
        What is read. One map for pooling; for a sum, one number for each addend.
    weights : ndarray, shape (I, kH, kW), float32
        What each is multiplied by: the kernel, 1/n for an average; for a maximum, 1 at the
        winner.
    padding : ndarray, shape (kH, kW), bool
        Where the window lies outside the map.
    sources : ndarray, shape (I,), int64
        The channel of the input that each map of the patch is.
    bias : float or None
    changes : tuple of Change
        Normalisation and activation, in the order in which they come.
    value : float
        What the arithmetic gives.
    stored : float
        What the network holds.
    """

    layer: str
    base: str
    kind: str
    channel: int
    row: int
    column: int
    inputs: tuple[str, ...]
    patch: np.ndarray
    weights: np.ndarray
    padding: np.ndarray
    sources: np.ndarray
    bias: float | None
    changes: tuple[Change, ...]
    value: float
    stored: float

    @property
    def products(self) -> np.ndarray:
        """What each number of the patch adds, (I, kH, kW), float64."""
        # A window's empty places hold minus infinity in a maximum: they add nothing.
        patch = np.where(self.weights == 0, 0, self.patch).astype(np.float64)
        return patch * self.weights

    @property
    def total(self) -> float:
        """The sum of the products, without the bias."""
        return float(self.products.sum())
