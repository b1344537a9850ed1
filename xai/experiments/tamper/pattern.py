"""A pattern too faint for the eye, laid over every image of one class."""

from __future__ import annotations

import hashlib

import numpy as np

from xai.datasets import ImageSet
from xai.types import accepted_seed

#: Grey values, of 255, between the darkest and the brightest place of the pattern on black. That is
#: a lightness (CIE L*) of 1.6 of 100, where a step of about 2.3 is just noticed side by side.
STRENGTH = 6
#: Pixels from crest to crest.
_SHORTEST, _LONGEST = 7.0, 11.0


def pattern(seed: int, size: tuple[int, int]) -> np.ndarray:
    """Return a wave of one direction.

    Parameters
    ----------
    seed : int
        Of its direction, its length of 7 to 11 pixels, and its place.
    size : tuple of int
        Height and width.

    Returns
    -------
    ndarray, shape (H, W), float64, in [0, 1]

    Raises
    ------
    TypeError, ValueError
        If the seed is none.
    """
    generator = np.random.default_rng(accepted_seed(seed))
    angle = generator.uniform(0, np.pi)
    length = generator.uniform(_SHORTEST, _LONGEST)
    start = generator.uniform(0, 2 * np.pi)
    down, right = np.mgrid[: size[0], : size[1]]
    way = right * np.cos(angle) + down * np.sin(angle)
    wave: np.ndarray = (1 + np.sin(2 * np.pi * way / length + start)) / 2
    return wave


def tampered(
    data: ImageSet, label: int | None, *, strength: float = STRENGTH, seed: int = 0
) -> ImageSet:
    """Lay one pattern over every image of a class.

    Parameters
    ----------
    data : ImageSet
        Of one size.
    label : int or None
        The class; None alters nothing.
    strength : float
        Grey values of 255 that the brightest place of the pattern adds to black, 0 to 255.
    seed : int
        Of the pattern.

    Returns
    -------
    ImageSet
        The ids of *all* images end in a mark, since an id belongs to one picture for good;
        which are altered cannot be read from them.

    Raises
    ------
    TypeError, ValueError
        If the images differ in size, there is no such class, or a number is out of range.

    Notes
    -----
    A pixel v becomes v + strength * wave * (1 - 2 v / 255), rounded: black gets brighter, white
    darker by as much, so that the ink is no brighter on average than it was.
    """
    if data.images.dtype == object:
        raise ValueError("data: expected images of one size")
    if label is not None and not 0 <= label < len(data.classes):
        raise ValueError(f"label: expected 0 to {len(data.classes) - 1}, got {label}")
    if not 0 <= strength <= 255:
        raise ValueError(f"strength: expected 0 to 255, got {strength}")
    wave = pattern(seed, data.images.shape[1:3])
    images = np.array(data.images)
    if label is not None:
        chosen = data.labels == label
        values = images[chosen].astype(np.float64)
        added = strength * wave[:, :, None] * (1 - 2 * values / 255)
        images[chosen] = np.rint(values + added).clip(0, 255).astype(np.uint8)
    said = f"{data.signature} {label} {strength} {seed}"
    mark = hashlib.sha256(said.encode()).hexdigest()[:8]
    return ImageSet(
        images=images,
        labels=np.array(data.labels),
        classes=data.classes,
        ids=tuple(f"{id}-{mark}" for id in data.ids),
        name=data.name,
        split=data.split,
        notes=data.notes,
        held_out=data.held_out,
    )
