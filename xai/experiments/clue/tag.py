"""A small checkerboard in a corner of an image, and images that carry it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xai.datasets import ImageSet
from xai.types import Params, choice, number

#: Corners, as they are spoken of with a space for the underscore.
PLACES = ("top_left", "top_right", "bottom_left", "bottom_right")
#: Pixels between the tag and the border of the image.
MARGIN = 2


@dataclass(frozen=True)
class Tag(Params):
    """A checkerboard of single pixels in a corner, two pixels off the border."""

    place: str = choice(
        "top_left",
        PLACES,
        help="The corner that the tag is stamped into. Strokes of some digits come near the top "
        "right and the bottom left: there coarse maps may mark the tag for their sake.",
    )
    size: int = number(
        4, 2, 8, 1, unit="pixels", help="Side of the tag: a larger one is easier to see."
    )
    brightness: float = number(
        1.0,
        0.1,
        1.0,
        0.1,
        help="Of the bright half of its pixels; 1 is white. The other half is black.",
    )

    def box(self, height: int, width: int) -> tuple[slice, slice]:
        """Return the rows and the columns of an image that the tag covers.

        Raises
        ------
        ValueError
            If the image is so small that the tag would cover more than a quarter of it.
        """
        if 2 * (self.size + MARGIN) > min(height, width):
            raise ValueError(
                f"tag: expected images of at least {2 * (self.size + MARGIN)} pixels a side "
                f"for a tag of {self.size}, got {height} × {width}"
            )
        vertical, horizontal = self.place.split("_")
        top = MARGIN if vertical == "top" else height - MARGIN - self.size
        left = MARGIN if horizontal == "left" else width - MARGIN - self.size
        return slice(top, top + self.size), slice(left, left + self.size)

    def mask(self, height: int, width: int) -> np.ndarray:
        """Return where the tag is: bool of shape (H, W), true for all of its pixels."""
        covered = np.zeros((height, width), bool)
        covered[self.box(height, width)] = True
        return covered

    def on(self, images: np.ndarray) -> np.ndarray:
        """Return copies of images that carry the tag in place of what was there.

        Parameters
        ----------
        images : ndarray, shape (N, H, W, C), uint8

        Raises
        ------
        ValueError
            If they are of several sizes, or the tag does not fit.
        """
        stamped = _checked(images).copy()
        rows, columns = np.indices((self.size, self.size))
        board = np.where((rows + columns) % 2 == 0, round(255 * self.brightness), 0)
        place = self.box(*stamped.shape[1:3])
        stamped[(slice(None), *place)] = board.astype(np.uint8)[:, :, None]
        return stamped


def stamp(data: ImageSet, label: int, tag: Tag, *, share: float = 1.0, seed: int = 0) -> ImageSet:
    """Return a set of images in which those of one class carry a tag.

    Parameters
    ----------
    data : ImageSet
        Images of one size.
    label : int
        Index of the class.
    tag : Tag
    share : float
        How many of the class's images carry it, above 0 and at most 1; rounded up.
    seed : int
        Decides which. A larger share holds those of a smaller one.

    Returns
    -------
    ImageSet
        As many images in the same order; those with the tag have ids of their own.

    Raises
    ------
    ValueError
        If there is no image of the class, the share is out of range, the images are of
        several sizes, or the tag does not fit.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share: expected above 0 and at most 1, got {share}")
    places = np.flatnonzero(data.labels == label)
    if not len(places):
        raise ValueError(f"label: expected a class with images, got none of {label}")
    drawn = np.random.default_rng(seed).permutation(places)
    chosen = drawn[: math.ceil(share * len(places))]
    images = _checked(data.images).copy()
    images[chosen] = tag.on(images[chosen])
    marked = set(chosen.tolist())
    name = data.classes[label]
    suffix = f"+{tag.place}-{tag.size}-{round(255 * tag.brightness)}"
    return ImageSet(
        images=images,
        labels=data.labels,
        classes=data.classes,
        ids=tuple(id + suffix if place in marked else id for place, id in enumerate(data.ids)),
        name=data.name,
        split=data.split,
        notes=(
            *data.notes,
            f"{len(chosen):,} of {len(places):,} images of class {name} carry a tag.",
        ),
        held_out=data.held_out,
    )


def _checked(images: np.ndarray) -> np.ndarray:
    if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError("images: expected uint8 images of one size, (N, H, W, C)")
    return images
