"""What an explanation is: a signed map with all that is needed to repeat it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from xai.attribution.methods import METHODS
from xai.types import Params

if TYPE_CHECKING:
    from torch import Tensor

    from xai.attribution.aim import Aim


@dataclass(frozen=True, eq=False)
class Attribution:
    """How much each input value speaks for (or against) one class.

    Attributes
    ----------
    relevance : ndarray, shape (C, H, W) or (1, H, W), float32, read-only
        At the input's size, signed and unscaled. One channel for maps that
        know no colour (the CAM family).
    method : str
        Key of :data:`xai.attribution.METHODS`.
    params : Params
        Every parameter, defaults included.
    target : int
        Index of the explained class.
    logit : float
        The model's score of that class, before the softmax.
    diagnostics : dict of str to float
        ``sum``, ``min``, ``max`` of the relevance and ``seconds`` for every
        method; more by method, see its function.
    seed : int
        Of the method's own random numbers.
    model : str
        Name of the model's spec.
    digest : str
        SHA-256 of the explained image, in hexadecimal.
    contrast : int or None
        Index of the class whose score was taken off; None if it was one class alone.
    contrast_logit : float or None
        The model's score of that class.
    """

    relevance: np.ndarray
    method: str
    params: Params
    target: int
    logit: float
    diagnostics: dict[str, float]
    seed: int
    model: str
    digest: str
    contrast: int | None = None
    contrast_logit: float | None = None

    @property
    def score(self) -> float:
        """The explained number: the logit, or the difference of the two."""
        return self.logit - (self.contrast_logit or 0.0)

    @property
    def signed(self) -> bool:
        """Whether values below 0 carry meaning: those of a contrast by RISE do, too."""
        return METHODS[self.method].signed or bool((self.relevance < 0).any())

    def __post_init__(self) -> None:
        self.relevance.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Finding:
    """What one method hands to :func:`xai.attribution.run`, which adds the rest.

    Attributes
    ----------
    relevance : ndarray, shape (C, H, W) or (1, H, W), float32
    aim : Aim
        What was explained, settled.
    logits : Tensor, shape (1, K)
        All scores of the image, detached.
    diagnostics : dict of str to float
        What only the method knows.
    """

    relevance: np.ndarray
    aim: Aim
    logits: Tensor
    diagnostics: dict[str, float] = field(default_factory=dict)
