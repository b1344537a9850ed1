"""Thumbnails of a data set, of which one can be picked."""

from __future__ import annotations

from collections.abc import Sequence

from pages._ui import cached
from pages._ui.image_picker import image_picker
from xai.datasets import ImageSet

#: Images up to this side are shown with square pixels.
SMALL = 32
#: Sides in pixels: of a thumbnail in the sprite, and of one on the page.
_SIDE, _SHOWN = 92, 46


def gallery(
    images: ImageSet,
    places: Sequence[int],
    captions: Sequence[str],
    *,
    selected: str | None,
    key: str,
    height: int,
) -> str | None:
    """Show images in a scrolling grid; return the id of one that was just picked.

    Parameters
    ----------
    images : ImageSet
    places : sequence of int
        Which of them, in this order.
    captions : sequence of str
        What is said of each.
    selected : str or None
        The id that is ringed.
    key : str
        Streamlit's key.
    height : int
        In CSS pixels.
    """
    side = longest_side(images)
    small = side <= SMALL
    side = side if small else _SIDE
    sheet, columns = cached.gallery(images.signature, tuple(places), side, images)
    return image_picker(
        [images.ids[place] for place in places],
        sheet,
        columns=columns,
        tile=side,
        shown=_SHOWN,
        captions=captions,
        selected=selected,
        key=key,
        height=height,
        crisp=small,
    )


def longest_side(images: ImageSet) -> int:
    """Return the longest side of any image, in pixels."""
    if images.images.dtype != object:
        return max(images.images.shape[1:3])
    return max(max(image.shape[:2]) for image in images.images)
