"""How far the layers of a network tell changed images from a clean one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from xai.models.doors import checked_model
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel


@dataclass(frozen=True, eq=False)
class Divergence:
    """The way of M images away from a clean one, through the pixels and L - 1 layers.

    Nothing in it can be written to. NaN where there is no such number; ``notes`` say why.

    Attributes
    ----------
    model : str
        Its name.
    digest : str
        SHA-256 of the clean image.
    layers : tuple of str or None
        L names in the order of the columns; the first is None, the pixels.
    relative : ndarray, shape (M, L), float64, at least 0
        Length of the change, as a share of the length of the clean activations: 0 is no
        change, 1 a change as large as all that was there.
    cosine : ndarray, shape (M, L), float64, in [0, 2]
        One minus the cosine of the angle between clean and changed activations: 0 is the
        same direction, 1 a right angle, 2 the opposite.
    notes : tuple of str
        Sentences on layers that were left out or have gaps.
    """

    model: str
    digest: str
    layers: tuple[str | None, ...]
    relative: np.ndarray
    cosine: np.ndarray
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for array in (self.relative, self.cosine):
            array.setflags(write=False)

    @cached_property
    def angle(self) -> np.ndarray:
        """The angle between clean and changed activations, (M, L) float64, in degrees."""
        # The cosine of a small angle is nearly 1; the sine of its half keeps the digits.
        found = np.degrees(2 * np.arcsin(np.sqrt(self.cosine / 2)))
        found.setflags(write=False)
        return found

    def ratio(self, image: int, others: Sequence[int]) -> np.ndarray:
        """Return how many times as far one image is as others are.

        Parameters
        ----------
        image : int
            Row of the image.
        others : sequence of int
            Rows of what it is compared with, at least one.

        Returns
        -------
        ndarray, shape (L,), float64
            Relative distance of the image by the median of the others. NaN where a number
            is missing or nothing moved, infinite where only the image moved.

        Raises
        ------
        ValueError
            If there is no other, or a row is not there.
        """
        if not len(others):
            raise ValueError("others: expected at least one row, got none")
        self.check(image, *others)
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.relative[image] / np.median(self.relative[list(others)], axis=0)

    def check(self, *rows: int) -> None:
        """Raise a ValueError unless there is an image at each of the rows."""
        count = len(self.relative)
        for row in rows:
            if not 0 <= row < count:
                raise ValueError(f"rows: expected 0 to {count - 1}, got {row}")

    def among(self, layers: Sequence[str | None]) -> Divergence:
        """Return the pixels and some of the layers, in the order of the network.

        Parameters
        ----------
        layers : sequence of str or None
            Names; those that were not measured are passed over.
        """
        places = [
            0,
            *(place for place in range(1, len(self.layers)) if self.layers[place] in layers),
        ]
        return replace(
            self,
            layers=tuple(self.layers[place] for place in places),
            relative=self.relative[:, places],
            cosine=self.cosine[:, places],
        )


def divergence(
    model: LoadedModel,
    image: np.ndarray,
    others: np.ndarray,
    layers: Sequence[str] | None = None,
    *,
    progress: Progress | None = None,
) -> Divergence:
    """Measure how far each layer tells changed images from a clean one.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    image : ndarray, shape (C, H, W), in [0, 1]
        The clean image; see ``model.prepare``.
    others : ndarray, shape (M, C, H, W) or (C, H, W), in [0, 1]
        What became of it: attacked, noisy, blurred.
    layers : sequence of str, optional
        Dotted module paths, in forward order; None is every layer of ``model.layers`` that
        gives one array an image. The pixels come before them in any case.
    progress : callable, optional
        ``progress(done, total, message)`` in images; may raise.

    Raises
    ------
    TypeError
        If ``model`` is not a loaded model, an image no array, or ``layers`` no sequence of
        names.
    ValueError
        If an image does not fit the model, there is no other image, or a layer that was
        asked for is not there or does not give one array an image.

    Notes
    -----
    With a the clean and b the changed activations of a layer, as vectors: the relative
    distance is ``|b - a| / |a|``; the length of a takes the layer's own scale out of it, so
    that layers can be compared. The cosine distance ``1 - a.b / (|a| |b|)`` is taken by the
    law of cosines, as ``(|b - a|^2 - (|b| - |a|)^2) / (2 |a| |b|)``, which keeps the digits
    of small angles. Each layer is reduced to the three lengths as soon as it has run; no
    activation is kept. Pixels are those in [0, 1], before the normalization. A module that
    is called twice counts at its last call.
    """
    from xai.activations.lengths import measure

    return measure(checked_model(model), image, others, layers, progress)
