"""Image sets as resources, and the small pictures that are shown of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from xai import datasets, images
from xai.figures import sprites

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.images import DecodedImage

#: Photographs held of a large data set.
_MOST = 1000
#: Thumbnails up to this many keep all their shades.
_FEW = 2000
#: Images of a data set that its map can show.
_POOL = 10_000


@st.cache_resource(max_entries=6, show_spinner=False)
def image_set(name: str, split: str) -> ImageSet:
    """Return a split of a data set, shared by all sessions; of the largest a sample."""
    spec = datasets.DATASETS[name]
    many = spec.kind == "download" and spec.image_size is None
    return datasets.load(name, split=split, n=_MOST if many else None)


@st.cache_resource(max_entries=4, show_spinner=False)
def pool(name: str) -> ImageSet:
    """Return all images of a data set that a map can show, those held out first."""
    return datasets.load_all(name, most=_POOL)


@st.cache_resource(max_entries=8, show_spinner=False)
def sample(signature: str, n: int, _pool: ImageSet) -> ImageSet:
    """Return a stratified sample of a pool; ``signature`` is the pool's."""
    return datasets.pool_sample(_pool, n)


@st.cache_resource(max_entries=6, show_spinner=False)
def contact_sheet(signature: str, side: int, _images: ImageSet) -> tuple[bytes, int]:
    """Return thumbnails of all images as one WebP, and its number of columns."""
    sheet = sprites.thumbnails(_images.images, side=side)
    if _images.images[0].shape[2] == 3:
        return sheet.webp(60), sheet.columns
    # Lossy files of thin strokes are both larger and worse than a few shades of grey.
    return sheet.webp(None, levels=256 if sheet.count <= _FEW else 8), sheet.columns


@st.cache_resource(max_entries=4, show_spinner="Unpacking the zip…")
def folder(digest: str, _data: bytes, name: str) -> ImageSet:
    """Return the images of an uploaded zip."""
    return datasets.load_folder(_data, name=name)


@st.cache_resource(max_entries=3, show_spinner=False)
def decoded(digest: str, name: str, _data: bytes) -> DecodedImage:
    """Return an uploaded picture, decoded."""
    return images.decode(_data, name=name)


@st.cache_data(max_entries=16, show_spinner=False)
def preview(digest: str, side: int, _pixels: np.ndarray) -> np.ndarray:
    """Return a picture scaled down to what a page shows, or as it is if it is small."""
    height, width = _pixels.shape[:2]
    share = side / max(height, width)
    if share >= 1:
        return _pixels
    return images.resize(_pixels, (max(1, round(height * share)), max(1, round(width * share))))


@st.cache_data(max_entries=64, show_spinner=False)
def gallery(key: str, places: tuple[int, ...], side: int, _images: ImageSet) -> tuple[bytes, int]:
    """Return the thumbnails of some images as one PNG, and its number of columns.

    ``key`` names the image set: its name, split or digest.
    """
    sheet = sprites.thumbnails([_images.images[place] for place in places], side=side)
    return images.encode_png(sheet.pixels), sheet.columns


@st.cache_resource(max_entries=64, show_spinner=False)
def reel(digest: str, quality: int | None, _frames: np.ndarray) -> tuple[bytes, int]:
    """Return frames of one size as one WebP, and its number of columns.

    ``digest`` is that of the frames; ``quality`` as for :meth:`Sprite.webp`.
    """
    sheet = sprites.sprite(_frames)
    return sheet.webp(quality), sheet.columns


@st.cache_data(max_entries=256, show_spinner=False)
def knob_picture(name: str, value: float, side: int) -> bytes:
    """Return the picture of what a regulariser does, as PNG; ``side`` is that of the images."""
    from xai.figures import knob_pictures

    return knob_pictures.knob_picture(name, value, side)
