"""Explanations that a check makes again, and whether they belong to its image and model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from xai import images
from xai.attribution import run
from xai.attribution.explanation import check_model, whole
from xai.attribution.result import Attribution
from xai.models.loaded import LoadedModel
from xai.types import Progress

#: What one explanation counts for in the progress of a check.
PARTS = 100


def checked(model: LoadedModel, image: np.ndarray, found: Sequence[Any]) -> Tensor:
    """Return the image as a batch of one, if the explanations are of it and of the model.

    Parameters
    ----------
    model : LoadedModel
    image : ndarray, shape (C, H, W), float32, in [0, 1]
    found : sequence of Attribution
        At least one.

    Returns
    -------
    Tensor, shape (1, C, H, W)

    Raises
    ------
    TypeError
        If something is of the wrong kind.
    ValueError
        If there is no explanation, or one is of another image or model.
    """
    check_model(model)
    x = model.single(image).detach()
    if isinstance(found, Attribution) or not isinstance(found, Sequence):
        raise TypeError(f"found: expected a sequence, got {type(found).__name__}")
    if not found:
        raise ValueError("found: expected at least one explanation, got none")
    digest = images.digest(x[0].cpu().numpy())
    for one in found:
        if not isinstance(one, Attribution):
            raise TypeError(f"found: expected Attributions, got {type(one).__name__}")
        if one.model != model.spec.name:
            raise ValueError(f"found: expected maps of {model.spec.name}, got one of {one.model}")
        if one.digest != digest:
            raise ValueError("found: expected maps of this image, got one of another image")
    return x


def again(
    model: LoadedModel,
    image: np.ndarray,
    found: Attribution,
    progress: Progress | None = None,
    turn: tuple[int, int] = (0, 1),
) -> Attribution:
    """Make an explanation again, of another image or of a changed model.

    Parameters
    ----------
    model : LoadedModel
    image : ndarray, shape (C, H, W), float32
    found : Attribution
        Its method, parameters, classes and seed are taken.
    progress : callable, optional
        Hears of :data:`PARTS` steps for each explanation. May raise.
    turn : tuple of int
        Which explanation of how many this is, from 0.

    Raises
    ------
    TypeError, ValueError
        As :func:`xai.attribution.run`.
    """

    def inner(done: int, total: int, message: str) -> None:
        if progress is not None:
            part = PARTS * turn[0] + PARTS * done // max(1, total)
            progress(part, PARTS * turn[1], message)

    return run(
        model,
        image,
        found.method,
        target=found.target,
        contrast=found.contrast,
        params=found.params,
        seed=found.seed,
        progress=inner,
    )


def between(value: Any, low: int, high: int, what: str) -> int:
    """Return a whole number of a range; ``what`` names it in the message.

    Raises
    ------
    TypeError, ValueError
    """
    number = whole(value, what)
    if not low <= number <= high:
        raise ValueError(f"{what}: expected {low} to {high}, got {number}")
    return number


def real(value: Any, low: float, high: float, what: str) -> float:
    """Return a number of a range; ``what`` names it in the message.

    Raises
    ------
    TypeError, ValueError
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{what}: expected a number, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{what}: expected {low:g} to {high:g}, got {value}")
    return float(value)
