"""The registry of data sets, and how to load one.

Importing this package reads nothing; torchvision and Pillow are imported when a
data set that needs them is opened.
"""

from __future__ import annotations

import numpy as np

from xai.datasets import downloaded
from xai.datasets.folder import load_folder
from xai.datasets.pool import load_all, pool_sample
from xai.datasets.registry import DATASETS
from xai.datasets.spec import DatasetSpec, ImageSet, draw
from xai.downloads import DownloadError, NotFetched
from xai.types import Progress, find

__all__ = [
    "DATASETS",
    "DatasetSpec",
    "DownloadError",
    "ImageSet",
    "NotFetched",
    "draw",
    "fetch",
    "is_ready",
    "load",
    "load_all",
    "load_folder",
    "pool_sample",
]


def load(name: str, *, n: int | None = None, seed: int = 0, split: str = "test") -> ImageSet:
    """Load a data set, or a stratified sample of it.

    Parameters
    ----------
    name : str
        A key of :data:`DATASETS`.
    n : int or None
        How many images to draw, stratified and without replacement, in mixed
        order; the first k of them are what ``n=k`` gives. More than there are gives
        all. None gives the whole split in its own order.
    seed : int
        Decides which images are drawn.
    split : str
        ``"train"`` or ``"test"``, where the data set has both.

    Raises
    ------
    TypeError
        If ``n`` or ``seed`` is not a whole number.
    ValueError
        If there is no such data set or split, ``n`` is below 1, ``seed`` is
        negative, or the data set is the user's own folder.
    NotFetched
        If the data set has to be downloaded first.
    """
    spec = find(DATASETS, name, "data set")
    if split not in spec.splits:
        listing = ", ".join(spec.splits) or "none to load"
        raise ValueError(f"split of {name}: expected {listing}; got {split!r}")
    if n is not None and _whole(n, "n") < 1:
        raise ValueError(f"n: expected at least 1 image, got {n}")
    if _whole(seed, "seed") < 0:
        raise ValueError(f"seed: expected 0 or more, got {seed}")
    source = spec.open(spec, split)
    chosen = np.arange(len(source.ids)) if n is None else draw(source.labels, n, seed)
    return ImageSet(
        images=source.read(chosen),
        labels=source.labels[chosen],
        classes=source.classes,
        ids=tuple(source.ids[place] for place in chosen),
        name=name,
        split=split,
    )


def is_ready(name: str) -> bool:
    """Tell whether :func:`load` needs no download and no upload first.

    Raises
    ------
    ValueError
        If there is no such data set.
    """
    spec = find(DATASETS, name, "data set")
    if spec.kind == "download":
        return downloaded.place(name).is_dir()
    return bool(spec.kind == "bundled")


def fetch(name: str, *, progress: Progress | None = None) -> None:
    """Download a data set into the cache, verified; one that lies ready is left alone.

    Parameters
    ----------
    name : str
        A key of :data:`DATASETS` whose kind is ``"download"``.
    progress : callable, optional
        ``progress(done, total, message)``, in bytes. What it raises stops the
        download, and nothing of it is kept.

    Raises
    ------
    ValueError
        If the data set is not one to download.
    DownloadError
        If there is no network, a checksum is wrong or the disk refuses: a
        ``ValueError`` too, in a sentence for the reader.
    """
    spec = find(DATASETS, name, "data set")
    if spec.kind != "download":
        listing = ", ".join(key for key, row in DATASETS.items() if row.kind == "download")
        raise ValueError(f"download: expected one of {listing}; got {name!r}")
    from xai.datasets import fetching

    fetching.fetch(spec, progress)


def _whole(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{what}: expected a whole number, got {value!r}")
    return int(value)
