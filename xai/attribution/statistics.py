"""What a map holds, in numbers; the checks that maps pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MapSummary:
    """What a map holds.

    Attributes
    ----------
    min, max, sum : float
        Of the raw values, in their own unit.
    constant : bool
        Whether all values are equal.
    empty : bool
        Whether all values are zero.
    positive_share : float
        Share of the absolute values that is positive, in [0, 1]; 0 if empty.
    concentration : float
        Share of the absolute values that the strongest 1 % of the pixels hold (at
        least one pixel), in [0, 1]; 0 if empty.
    """

    min: float
    max: float
    sum: float
    constant: bool
    empty: bool
    positive_share: float
    concentration: float

    @property
    def remark(self) -> str:
        """A sentence on a map that is easily misread, or ``""``.

        What :func:`xai.attribution.diagnosis.remarks` says of an explanation goes
        further: it knows the method.
        """
        if self.empty:
            return "The map is empty: every value is 0."
        if self.constant:
            return f"The map is constant: every value is {self.max:.3g}."
        if self.concentration > 0.5:
            share = f"{100 * self.concentration:.0f} %"
            return f"Very concentrated: 1 % of the pixels hold {share} of the evidence."
        if self.positive_share == 0:
            return "All evidence in this map speaks against the class."
        return ""


def describe(values: np.ndarray) -> MapSummary:
    """Sum up a map.

    Parameters
    ----------
    values : ndarray, shape (H, W)
        Raw values.

    Raises
    ------
    ValueError
        If it has another shape, or holds NaN or infinity.
    """
    values = map_of(values).astype(np.float64)
    size = np.abs(values)
    total = float(size.sum())
    few = max(1, values.size // 100)
    strongest = float(np.partition(size.ravel(), -few)[-few:].sum())
    return MapSummary(
        min=float(values.min()),
        max=float(values.max()),
        sum=float(values.sum()),
        constant=bool(values.min() == values.max()),
        empty=total == 0,
        positive_share=float(values[values > 0].sum()) / total if total else 0.0,
        concentration=min(1.0, strongest / total) if total else 0.0,
    )


def map_of(values: np.ndarray) -> np.ndarray:
    """Return a finite map (H, W).

    Raises
    ------
    ValueError
        If it has another shape, or holds NaN or infinity.
    """
    values = np.asarray(values)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"values: expected shape (H, W), got {values.shape}")
    check_finite(values)
    return values


def check_finite(values: np.ndarray) -> None:
    """Refuse NaN and infinity.

    Raises
    ------
    ValueError
        If there is one.
    """
    if not np.isfinite(values).all():
        raise ValueError("values: expected finite numbers, got NaN or infinity")
