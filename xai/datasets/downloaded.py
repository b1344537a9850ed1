"""The data sets that torchvision knows: what to download, and how to read it.

torchvision's classes are the source of truth for addresses, checksums and file
formats. It is imported when a function here is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xai.datasets.spec import DatasetSpec, Source, pack
from xai.downloads import NotFetched, megabytes
from xai.store import cache_root


@dataclass(frozen=True)
class Archive:
    """One file to download.

    Attributes
    ----------
    url : str
        Where it is published.
    md5 : str
        Its checksum.
    path : str
        Where torchvision looks for it, relative to the data set's folder.
    """

    url: str
    md5: str
    path: str


@dataclass(frozen=True)
class Recipe:
    """How torchvision's class of one data set is fed and read.

    Attributes
    ----------
    archives : callable
        ``archives()`` lists what to download.
    make : callable
        ``make(root, split, download)`` builds torchvision's object; ``download``
        lets it check and unpack the archives that lie under ``root``.
    source : callable
        ``source(spec, split, made)`` turns that object into a :class:`Source`.
    """

    archives: Callable[[], tuple[Archive, ...]]
    make: Callable[[Path, str, bool], Any]
    source: Callable[[DatasetSpec, str, Any], Source]


def place(name: str) -> Path:
    """Return the folder of the downloaded data set ``name``, whether or not it is there."""
    return cache_root() / "datasets" / name


def open_fetched(spec: DatasetSpec, split: str) -> Source:
    """Open a split of a data set that was downloaded before.

    Raises
    ------
    NotFetched
        If it was not, or if files of it are damaged or gone.
    """
    if not place(spec.name).is_dir():
        size = megabytes(spec.download_bytes)
        raise NotFetched(
            f"{spec.label} has to be downloaded first ({size}): on request in the app, or"
            f' by xai.datasets.fetch("{spec.name}").'
        )
    recipe = RECIPES[spec.name]
    with _damage_means_fetch(spec):
        source = recipe.source(spec, split, recipe.make(place(spec.name), split, False))

    def read(indices: np.ndarray) -> np.ndarray:
        with _damage_means_fetch(spec):
            return source.read(indices)

    return Source(labels=source.labels, ids=source.ids, classes=source.classes, read=read)


@contextmanager
def _damage_means_fetch(spec: DatasetSpec) -> Iterator[None]:
    # What torchvision's readers raise where a file is missing, cut off or of another format.
    damage = (OSError, RuntimeError, ValueError, AssertionError, EOFError, LookupError)
    try:
        yield
    except damage as error:
        raise NotFetched(
            f"The downloaded files of {spec.label} are damaged or incomplete. Download them again:"
            f' on request in the app, or by xai.datasets.fetch("{spec.name}").'
        ) from error


# ---------------------------------------------------------------------- arrays
def _fashion_archives() -> tuple[Archive, ...]:
    from torchvision.datasets import FashionMNIST

    place = FashionMNIST.mirrors[0]
    return tuple(
        Archive(place + name, md5, f"FashionMNIST/raw/{name}")
        for name, md5 in FashionMNIST.resources
    )


def _fashion(root: Path, split: str, download: bool) -> Any:
    from torchvision.datasets import FashionMNIST

    return FashionMNIST(root, train=split == "train", download=download)


def _cifar_archives() -> tuple[Archive, ...]:
    from torchvision.datasets import CIFAR10

    return (Archive(CIFAR10.url, CIFAR10.tgz_md5, CIFAR10.filename),)


def _cifar(root: Path, split: str, download: bool) -> Any:
    from torchvision.datasets import CIFAR10

    return CIFAR10(root, train=split == "train", download=download)


def _arrays(spec: DatasetSpec, split: str, made: Any) -> Source:
    """Read a data set that torchvision holds as one array."""
    pixels = np.asarray(made.data, dtype=np.uint8)
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    return Source(
        labels=np.asarray(made.targets, dtype=np.int64),
        ids=tuple(f"{spec.name}-{split}-{index:05d}" for index in range(len(pixels))),
        classes=spec.classes,
        read=lambda indices: pixels[indices],
    )


# --------------------------------------------------------------------- folders
def _imagenette_class() -> Any:
    from torchvision.datasets import Imagenette

    return Imagenette


def _imagewoof_class() -> Any:
    from xai.datasets.imagewoof import Imagewoof

    return Imagewoof


def _folder_recipe(find: Callable[[], Any]) -> Recipe:
    """Return the recipe of a data set of Imagenette's form, its short side 160 pixels."""

    def archives() -> tuple[Archive, ...]:
        url, md5 = find()._ARCHIVES["160px"]
        return (Archive(url, md5, Path(url).name),)

    def make(root: Path, split: str, download: bool) -> Any:
        part = "val" if split == "test" else split
        return find()(root, split=part, size="160px", download=download)

    return Recipe(archives, make, _files)


def _files(spec: DatasetSpec, split: str, made: Any) -> Source:
    """Read a data set that torchvision holds as a list of files."""
    if len(made.wnids) != len(spec.classes):
        raise ValueError(f"expected {len(spec.classes)} class folders, got {len(made.wnids)}")
    files = [Path(file) for file, _ in made._samples]

    def read(indices: np.ndarray) -> np.ndarray:
        from xai.images import decode

        return pack([decode(files[index].read_bytes()).pixels for index in indices])

    return Source(
        labels=np.array([label for _, label in made._samples], dtype=np.int64),
        ids=tuple(f"{spec.name}-{split}-{file.stem}" for file in files),
        classes=spec.classes,
        read=read,
    )


#: How each downloaded data set is fed and read.
RECIPES: dict[str, Recipe] = {
    "fashion-mnist": Recipe(_fashion_archives, _fashion, _arrays),
    "cifar10": Recipe(_cifar_archives, _cifar, _arrays),
    "imagenette": _folder_recipe(_imagenette_class),
    "imagewoof": _folder_recipe(_imagewoof_class),
}
