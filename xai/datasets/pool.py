"""All images of a data set in one pool, the test split first, and samples of it."""

from __future__ import annotations

import dataclasses

import numpy as np

from xai.datasets.registry import DATASETS
from xai.datasets.spec import ImageSet, Source, draw
from xai.types import find

#: Most images of a set of photographs: at 160 pixels a side they take about 200 MB.
MOST_PHOTOGRAPHS = 2_000


def load_all(name: str, *, most: int = 10_000) -> ImageSet:
    """Load the test split of a data set, followed by its training images.

    Parameters
    ----------
    name : str
        A key of ``DATASETS``.
    most : int
        Most images. The test split goes first; then training images are drawn,
        stratified and always the same ones. Sets whose images differ in size
        (photographs) are large: they give at most :data:`MOST_PHOTOGRAPHS` images,
        of their test split alone.

    Returns
    -------
    ImageSet
        ``held_out`` says how many images at its beginning are the test split;
        ``split`` is ``"all"``, or ``"test"`` if no training image is in it.

    Raises
    ------
    TypeError
        If ``most`` is not a whole number.
    ValueError
        If there is no such data set, ``most`` is below 1, or the data set is the
        user's own folder.
    NotFetched
        If the data set has to be downloaded first.
    """
    spec = find(DATASETS, name, "data set")
    if isinstance(most, bool) or not isinstance(most, int | np.integer):
        raise TypeError(f"most: expected a whole number, got {most!r}")
    if most < 1:
        raise ValueError(f"most: expected at least 1 image, got {most}")
    photographs = spec.image_size is None
    most = min(int(most), MOST_PHOTOGRAPHS) if photographs else int(most)
    test = spec.open(spec, "test")
    first = _part(test, most)
    room = most - len(first)
    if room == 0 or photographs or "train" not in spec.splits:
        return _joined(name, [(test, first)])
    train = spec.open(spec, "train")
    return _joined(name, [(test, first), (train, _part(train, room))])


def _part(source: Source, most: int) -> np.ndarray:
    """Return the positions of at most so many images, in the source's own order."""
    if len(source.ids) <= most:
        return np.arange(len(source.ids))
    return np.sort(draw(source.labels, most, 0))


def _joined(name: str, parts: list[tuple[Source, np.ndarray]]) -> ImageSet:
    read = [source.read(chosen) for source, chosen in parts]
    return ImageSet(
        images=read[0] if len(read) == 1 else np.concatenate(read),
        labels=np.concatenate([source.labels[chosen] for source, chosen in parts]),
        classes=parts[0][0].classes,
        ids=tuple(source.ids[place] for source, chosen in parts for place in chosen),
        name=name,
        split="test" if len(parts) == 1 else "all",
        held_out=len(parts[0][1]),
    )


def pool_sample(pool: ImageSet, n: int, seed: int = 0) -> ImageSet:
    """Draw a stratified sample that takes test images as long as there are any.

    Parameters
    ----------
    pool : ImageSet
        Such as :func:`load_all` gives; of a set without ``held_out`` any image
        may be drawn.
    n : int
        How many; more than there are gives all, in mixed order.
    seed : int
        Equal seeds give equal samples, and the sample of n is the beginning of
        the sample of n + 1.

    Returns
    -------
    ImageSet
        Up to ``pool.held_out`` images it is a sample of the test split and
        nothing else; a larger one holds all of that first, then training images.

    Raises
    ------
    TypeError
        If ``n`` is not a whole number.
    ValueError
        If ``n`` is below 1.
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer):
        raise TypeError(f"n: expected a whole number, got {n!r}")
    first = pool.held_out or len(pool)
    chosen = draw(pool.labels[:first], int(n), seed)
    if n > first and first < len(pool):
        rest = first + draw(pool.labels[first:], int(n) - first, seed)
        chosen = np.concatenate([chosen, rest])
    found = pool.subset(chosen)
    if pool.split == "all" and len(chosen) <= pool.held_out:
        return dataclasses.replace(found, split="test")
    return found
