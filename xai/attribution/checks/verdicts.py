"""What the randomisation check says of a method, in a sentence."""

from __future__ import annotations

import math
import warnings

import numpy as np

# Rank correlations from which a map counts as the same, and below which as another one.
_SAME, _OTHER = 0.7, 0.4
# Signed rank correlation below which the signs count as others.
_TURNED = 0.5
# An edge detector this like a map is worth a word.
_EDGY = 0.4


def upper_half(values: np.ndarray) -> np.ndarray:
    """Return the mean of each row over the upper half of the steps, without the trained one.

    Parameters
    ----------
    values : ndarray, shape (M, S + 1)
        NaN where there is nothing.

    Returns
    -------
    ndarray, shape (M,)
        NaN for a row that has nothing.
    """
    half = values[:, 1 : 1 + math.ceil((values.shape[1] - 1) / 2)]
    with warnings.catch_warnings():
        # A row of NaN alone is answered by NaN, as it should be.
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(half, axis=1)


def verdict(label: str, kept: float, signs: float, edges: float, order: str, signed: bool) -> str:
    """Say what to think of a method whose network forgot.

    Parameters
    ----------
    label : str
        Name of the method.
    kept, signs : float
        Mean rank correlation with the trained network's map while the upper half of the
        layers forgets: of the absolute values, and the absolute one of the signed values.
    edges : float
        Rank correlation of an edge detector with the absolute map of the trained network.
    order : str
        ``"cascade"`` or ``"independent"``.
    signed : bool
        Whether negative values carry meaning.
    """
    if math.isnan(kept):
        return f"{label}: there was no map to compare, so this check says nothing of it."
    when = {
        "cascade": "while the upper half of the network forgets",
        "independent": "when one part of the upper half forgets at a time",
    }[order]
    turned = signed and signs < _TURNED
    size = f"rank correlation {_two(kept)}"
    if kept < _OTHER:
        return (
            f"{label} becomes another map {when} ({size}): it depends on what those layers "
            "have learned, as an explanation must."
        )
    if kept < _SAME:
        also = f", and its signs are others ({_two(signs)})" if turned else ""
        rest = "" if turned else " Part of it comes from the image or from the layers below."
        return f"{label} changes {when} ({size}{also}).{rest}"
    drawn = (
        f" An edge detector, which knows no network, has {_two(edges)} with the same map."
        if edges >= _EDGY
        else ""
    )
    if turned:
        return (
            f"{label} marks the same places {when} ({size}), but with other signs "
            f"({_two(signs)}): believe its signs rather than its outlines.{drawn}"
        )
    return (
        f"{label} stays nearly the same map {when} ({size}): it tells little of what those "
        f"layers have learned.{drawn}"
    )


def _two(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")
