"""What a data set is: its description, its images, and how a part of it is drawn."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Source:
    """An opened split of a data set, before any image of it is read.

    Attributes
    ----------
    labels : ndarray, shape (N,), int64
        Index of each image's class.
    ids : tuple of str
        One stable name an image.
    classes : tuple of str
        Class names, in order of label.
    read : callable
        ``read(indices)`` with int64 indices of any number gives the images as
        :class:`ImageSet` holds them.
    """

    labels: np.ndarray
    ids: tuple[str, ...]
    classes: tuple[str, ...]
    read: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class DatasetSpec:
    """One row of the registry of data sets.

    Attributes
    ----------
    name : str
        Key in the registry.
    label : str
        Name for people.
    classes : tuple of str
        Class names in order of label; empty where the images decide.
    summary : str
        One sentence on what is in it.
    licence : str
        Terms of use, in a few words.
    source : str
        Who made it and how it came here.
    homepage : str
        Where to read more; empty for the user's own images.
    kind : str
        ``"bundled"`` (ships), ``"download"`` (after :func:`xai.datasets.fetch`)
        or ``"folder"`` (the user's zip).
    splits : tuple of str
        Names that ``load(split=...)`` takes.
    sizes : tuple of int
        Number of images of each split, in the same order.
    download_bytes : int
        Size of the download; 0 where there is none.
    channels : int
        1 for grey, 3 for RGB.
    image_size : tuple of int or None
        Height and width in pixels; None where they differ between images.
    open : callable
        ``open(spec, split)`` gives the :class:`Source`.
    """

    name: str
    label: str
    classes: tuple[str, ...]
    summary: str
    licence: str
    source: str
    homepage: str
    kind: str
    splits: tuple[str, ...]
    sizes: tuple[int, ...]
    download_bytes: int
    channels: int
    image_size: tuple[int, int] | None
    open: Callable[[DatasetSpec, str], Source]


def signature_of(name: str, classes: Sequence[str], ids: Sequence[str], labels: np.ndarray) -> str:
    """Return what :attr:`ImageSet.signature` is for a set, without its images."""
    said = json.dumps([name, classes, ids, labels.tolist()])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images with their true classes; nothing in it can be written to.

    Attributes
    ----------
    images : ndarray
        uint8 of shape (N, H, W, C) where all are of one size, else an object
        array of shape (N,) with one uint8 (H, W, C) array an item; C is 1 for
        grey and 3 for RGB. Either way ``images[i]`` is the i-th image.
    labels : ndarray, shape (N,), int64
        Index of each image's class in ``classes``.
    classes : tuple of str
        Class names.
    ids : tuple of str
        One name an image. It never depends on how many images were asked for,
        nor on the seed.
    name, split : str
        Where the images come from.
    notes : tuple of str
        What the reader should be told, one sentence each.
    held_out : int
        Of a set of both splits: so many images at its beginning are the test
        split, which no bundled model was trained on. 0 where there is no such order.

    Raises
    ------
    ValueError
        If images, labels and ids differ in number, or an id occurs twice.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    name: str = "images"
    split: str = "test"
    notes: tuple[str, ...] = ()
    held_out: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.images, np.ndarray):
            object.__setattr__(self, "images", pack(self.images))
        object.__setattr__(self, "labels", np.asarray(self.labels, dtype=np.int64))
        counts = (len(self.images), len(self.labels), len(self.ids))
        if len(set(counts)) != 1:
            raise ValueError(f"image set: expected as many images, labels and ids; got {counts}")
        if len(self._places) != len(self.ids):
            raise ValueError(f"image set: expected {len(self.ids)} different ids")
        for array in (self.images, self.labels):
            array.setflags(write=False)
        if self.images.dtype == object:
            for image in self.images:
                image.setflags(write=False)

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, id: object) -> bool:
        """Tell whether an image of this set is called ``id``."""
        return id in self._places

    @functools.cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.ids)}

    @functools.cached_property
    def signature(self) -> str:
        """Short text (16 hex digits) that stands for exactly these images.

        Made of the set's name, its classes, and each image's id and label in their
        order. An id belongs to one picture for good, so pixels need not be read.
        """
        return signature_of(self.name, self.classes, self.ids, self.labels)

    def index(self, id: str) -> int:
        """Return the position of the image called ``id``.

        Raises
        ------
        ValueError
            If no image of this set has that id.
        """
        place = self._places.get(id)
        if place is None:
            raise ValueError(f"image: {id!r} is not among these {len(self)} images of {self.name}")
        return place

    def labels_in(self, classes: Sequence[str]) -> np.ndarray:
        """Return each image's class as another list of classes counts it.

        Parameters
        ----------
        classes : sequence of str
            Such as a model's; of a name that comes twice the first place counts.

        Returns
        -------
        ndarray, shape (N,), int64
            Places in ``classes``; -1 where the class is not among them.
        """
        place = {name: index for index, name in reversed(list(enumerate(classes)))}
        return np.array([place.get(name, -1) for name in self.classes], np.int64)[self.labels]

    def subset(self, indices: Sequence[int] | np.ndarray) -> ImageSet:
        """Return the images at ``indices``, in that order.

        Parameters
        ----------
        indices : sequence of int, or boolean mask of shape (N,)
            Positions to keep; none may occur twice.

        Raises
        ------
        IndexError
            If a position is out of range.
        """
        chosen = np.arange(len(self))[np.asarray(indices, dtype=_index_type(indices))]
        held_out = int((chosen < self.held_out).sum())
        if (chosen[:held_out] >= self.held_out).any():
            held_out = 0
        return ImageSet(
            images=self.images[chosen],
            labels=self.labels[chosen],
            classes=self.classes,
            ids=tuple(self.ids[place] for place in chosen),
            name=self.name,
            split=self.split,
            notes=self.notes,
            held_out=held_out,
        )


def _index_type(indices: Sequence[int] | np.ndarray) -> type | None:
    # An empty list would become a float array, which cannot index.
    return np.int64 if len(indices) == 0 else None


def pack(images: Sequence[np.ndarray]) -> np.ndarray:
    """Return images as :class:`ImageSet` holds them: one array, or an object array.

    Parameters
    ----------
    images : sequence of ndarray, uint8, shape (H, W, C) each
        H and W may differ between them.
    """
    if len({image.shape for image in images}) == 1:
        return np.stack(images)
    packed = np.empty(len(images), dtype=object)
    for place, image in enumerate(images):
        packed[place] = image
    return packed


def draw(labels: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return the positions of a stratified sample without replacement.

    Parameters
    ----------
    labels : ndarray, shape (N,), int
        Class of each image.
    n : int
        How many to draw, at least 1; more than there are gives all of them.
    seed : int
        Equal seeds give equal samples.

    Returns
    -------
    ndarray, shape (min(n, N),), int64
        Positions, classes mixed.

    Raises
    ------
    ValueError
        If ``n`` is below 1.

    Notes
    -----
    Each class is shuffled, and its r-th image is given the number
    ``(r + u) / size`` with one random u in [0, 1) for the class. The n images of
    smallest number are drawn, so a class of share p gets n p images up to rounding,
    and the sample of n is the beginning of the sample of n + 1.
    """
    if n < 1:
        raise ValueError(f"n: expected at least 1 image, got {n}")
    generator = np.random.default_rng(seed)
    number = np.empty(len(labels))
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        ranks = generator.permutation(len(places))
        number[places] = (ranks + generator.random()) / len(places)
    return np.argsort(number, kind="stable")[:n]
