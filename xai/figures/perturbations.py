"""What an attack adds to an image, amplified until it is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai.figures import heatmaps
from xai.figures.pictures import picture
from xai.figures.summary import check_finite
from xai.figures.wording import number, round_factor

# From mid grey it is as far to black as to white.
_MIDDLE = 0.5
# Of a float32 in [0, 1]: an attack of 0.05 may come as 0.05000001.
_EXACT = float(np.finfo(np.float32).eps)


@dataclass(frozen=True, eq=False)
class Perturbation:
    """A perturbation as pictures.

    Attributes
    ----------
    signed : ndarray, shape (H, W, 3), uint8
        The mean over the colours: blue where the attack made the image darker, white where it
        left it, red where it made it brighter.
    colours : ndarray, shape (H, W, 3), uint8, or None
        The perturbation in its own colours, amplified around mid grey. None for a grey image.
    factor : float
        How many times both are amplified: 1, 2 or 5 times a power of ten.
    scale : float
        The change, of an image in [0, 1], that has the full colour in ``signed`` and reaches
        black or white in ``colours``: 0.5 / factor.
    largest : float
        The largest change of a number of the image; 0 if there is none.
    """

    signed: np.ndarray
    colours: np.ndarray | None
    factor: float
    scale: float
    largest: float

    @property
    def words(self) -> str:
        """How much it is amplified, in words."""
        if not self.largest:
            return "no change at all"
        if self.factor == 1:
            return "as large as it is"
        return f"amplified × {number(self.factor) if self.factor < 1 else f'{self.factor:,.0f}'}"


def perturbation(delta: np.ndarray) -> Perturbation:
    """Make a perturbation visible.

    Parameters
    ----------
    delta : ndarray, shape (C, H, W)
        Attacked minus clean image, in [-1, 1]; C is 1 or 3.

    Returns
    -------
    Perturbation

    Raises
    ------
    ValueError
        If it has another shape, holds NaN or infinity, or leaves [-1, 1].

    Notes
    -----
    The factor is the largest round one with which nothing is cut, so that the strongest change
    reaches 40 to 100 % of the full colour, and equal factors mean equal scales. Of a
    perturbation above 0.5 this is 0.5: it is weakened. A perturbation of zeros is shown as it
    is, in white and mid grey.
    """
    delta = np.asarray(delta, np.float64)
    if delta.ndim != 3 or delta.shape[0] not in (1, 3) or delta.size == 0:
        raise ValueError(f"delta: expected shape (C, H, W) with C 1 or 3, got {delta.shape}")
    check_finite(delta)
    largest = float(np.abs(delta).max())
    if largest > 1 + _EXACT:
        raise ValueError(f"delta: expected values in [-1, 1], got {largest:.3g}")
    # What is not larger than rounding is not blown up to a picture.
    factor = round_factor(_MIDDLE / (largest - _EXACT)) if largest > 2 * _EXACT else 1.0
    scale = _MIDDLE / factor
    return Perturbation(
        signed=heatmaps.signed(delta.mean(axis=0), scale),
        colours=picture(_MIDDLE + factor * delta) if len(delta) == 3 else None,
        factor=factor,
        scale=scale,
        largest=largest,
    )
