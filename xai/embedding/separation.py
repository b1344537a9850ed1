"""How well each layer separates the classes, judged on images that were held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.datasets.spec import ImageSet, draw
from xai.features.components import check
from xai.features.gathering import MOST_BYTES
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel

_GRIDS = (4, 2, 1)
#: Fewest images of each class in either part.
_FEWEST = 2


@dataclass(frozen=True, eq=False)
class Separability:
    """How often the class of a new image can be read from each layer.

    Attributes
    ----------
    layers : tuple of str or None
        In forward order; None stands for the pixels.
    dims : ndarray, shape (L,), int64
        Numbers an image in each of them, after averaging.
    knn : ndarray, shape (L,), float32
        Share of held-out images whose class is that of most of their nearest
        neighbours among the others, in [0, 1].
    probe : ndarray, shape (L,), float32
        Share of held-out images that a linear classifier names right, in [0, 1].
    chance : float
        Share of held-out images of their commonest class: what always naming it gives.
    k : int
        Neighbours that vote.
    train, test : int
        Images learnt from, and held out.
    grid : int
        Feature maps were averaged to at most this many values a side.
    model, dataset : str
        Names of what was looked at.
    notes : tuple of str
        What the reader should be told, one sentence each.
    """

    layers: tuple[str | None, ...]
    dims: np.ndarray
    knn: np.ndarray
    probe: np.ndarray
    chance: float
    k: int
    train: int
    test: int
    grid: int
    model: str
    dataset: str
    notes: tuple[str, ...]


def separability(
    model: LoadedModel,
    images: ImageSet,
    layers: Sequence[str | None] | None = None,
    *,
    k: int = 10,
    held_out: float = 0.3,
    seed: int = 0,
    progress: Progress | None = None,
) -> Separability:
    """Judge how well each layer separates the classes, on images that were held out.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    images : ImageSet
        At least two classes with four images each.
    layers : sequence of str or None, optional
        None stands for the pixels. By default the pixels and every layer of
        ``model.layers``.
    k : int
        Neighbours that vote; at most as many as there are images to learn from.
    held_out : float
        Share of each class that is held out, but at least two images in either part.
    seed : int
        Draws the held-out images.
    progress : callable, optional
        ``progress(done, total, message)``, during the pass and while each layer is
        judged; may raise.

    Returns
    -------
    Separability
        A layer that does not tell the images apart is left out, and it is said.

    Raises
    ------
    TypeError
        If ``images`` is no image set.
    ValueError
        If there is one class, or one with fewer than four images; if a name or a
        number does not fit.

    Notes
    -----
    One pass of the network serves all layers. Feature maps are averaged to the
    finest grid of 4, 2 or 1 values a side at which all answers together stay under
    320 MB; where even 1 is too much, a sample of the images is taken. Each layer is
    judged in its own averaged space by a vote of the k nearest neighbours, and by
    multinomial logistic regression on at most 64 whitened principal components of
    the standardised columns, fitted on the learning part alone.

    References
    ----------
    G. Alain, Y. Bengio: Understanding intermediate layers using linear classifier
    probes, 2016, arXiv 1610.01644.
    """
    from xai.features.extraction import extract, shapes

    _check(images, k, held_out, seed)
    wanted = _wanted(model, layers)
    # Before the network runs, so that a class of too few images is said at once.
    _split(images, held_out, seed)
    found, left_out = shapes(model, images, wanted)
    images, grid, notes = _fitting(model, images, wanted, found, seed)
    parts = _split(images, held_out, seed)
    # One scale for both halves of the work, so that the bar never goes back.
    half, total = len(images), 2 * len(images)

    def report(done: int, count: int, message: str) -> None:
        if progress is not None:
            progress(done, total, message)

    values = extract(model, images, wanted, grid=grid, skip=True, progress=report).values
    labels = np.unique(images.labels, return_inverse=True)[1]
    rows = []
    for place, (name, raw) in enumerate(values.items()):
        shown = "pixels" if name is None else name
        message = f"Layer {place + 1} of {len(values)}: {shown}"
        say = partial(report, half + place * half // len(values), total, message)
        say()
        judged = _judged(raw, labels, parts, int(k), say)
        if isinstance(judged, str):
            left_out[shown] = judged
        else:
            rows.append((name, raw.shape[1], *judged))
    if not rows:
        raise ValueError("Separability: no layer tells these images apart.")
    report(total, total, "Layers judged")
    names, dims, votes, probes = zip(*rows, strict=True)
    train, test = parts
    return Separability(
        layers=names,
        dims=np.array(dims, np.int64),
        knn=np.array(votes, np.float32),
        probe=np.array(probes, np.float32),
        chance=float(np.bincount(labels[test]).max() / len(test)),
        k=min(int(k), len(train)),
        train=len(train),
        test=len(test),
        grid=grid,
        model=model.spec.name,
        dataset=f"{images.name}/{images.split}",
        notes=(*notes, *(f"{name} was left out ({why})." for name, why in left_out.items())),
    )


def _judged(
    raw: np.ndarray,
    labels: np.ndarray,
    parts: tuple[np.ndarray, np.ndarray],
    k: int,
    say: Callable[[], None],
) -> tuple[float, float] | str:
    """Return how often the neighbours and the probe are right, or why nobody can tell."""
    from xai.embedding.probe import linear_probe, neighbour_vote

    train, test = raw[parts[0]], raw[parts[1]]
    try:
        check(raw, "all")
        check(train, "all")
    except ValueError as error:
        return str(error).removeprefix("all: ").partition(",")[0]
    known, true = labels[parts[0]], labels[parts[1]]

    def go_on(done: int, count: int, message: str) -> None:
        # The bar counts layers: within one of them it stands, but can be stopped.
        say()

    answers = (
        neighbour_vote(train, known, test, min(k, len(train)), progress=go_on),
        linear_probe(train, known, test, progress=go_on),
    )
    return float((answers[0] == true).mean()), float((answers[1] == true).mean())


def _check(images: Any, k: Any, held_out: Any, seed: Any) -> None:
    if not isinstance(images, ImageSet):
        raise TypeError(f"images: expected an image set, got {type(images).__name__}")
    for name, value, least in (("k", k, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"{name}: expected a whole number of at least {least}, got {value!r}")
    if not isinstance(held_out, float) or not 0 < held_out < 1:
        raise ValueError(f"held_out: expected a share between 0 and 1, got {held_out!r}")


def _wanted(model: LoadedModel, layers: Sequence[str | None] | None) -> tuple[str | None, ...]:
    if layers is None:
        return (None, *(layer.name for layer in model.layers))
    if isinstance(layers, str) or not layers:
        raise ValueError(f"layers: expected a list of names, or None for all; got {layers!r}")
    return tuple(dict.fromkeys(layers))


def _fitting(
    model: LoadedModel,
    images: ImageSet,
    wanted: tuple[str | None, ...],
    found: dict[str, tuple[int, ...]],
    seed: int,
) -> tuple[ImageSet, int, tuple[str, ...]]:
    """Return the images and the finest grid that keep all answers within :data:`MOST_BYTES`."""
    from xai.features.extraction import pixel_count
    from xai.features.pooling import dimensions

    fixed = pixel_count(model) if None in wanted else 0
    sizes = [fixed + sum(dimensions(shape, grid) for shape in found.values()) for grid in _GRIDS]
    for grid, size in zip(_GRIDS, sizes, strict=True):
        if 4 * size * len(images) <= MOST_BYTES:
            return images, grid, ()
    room = max(1, MOST_BYTES // (4 * sizes[-1]))
    note = f"{room:,} of the {len(images):,} images were used, to keep memory bounded."
    chosen = images.subset(np.sort(draw(images.labels, room, seed)))
    return chosen, _GRIDS[-1], (note,)


def _split(images: ImageSet, held_out: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions to learn from and those held out, each class in its share.

    Raises
    ------
    ValueError
        If there is one class, or one has fewer than two images in either part.
    """
    generator = np.random.default_rng(seed)
    classes = np.unique(images.labels)
    if len(classes) < 2:
        raise ValueError(
            "Separability needs images of at least 2 classes; these are all of one class."
        )
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for label in classes:
        places = generator.permutation(np.flatnonzero(images.labels == label))
        if len(places) < 2 * _FEWEST:
            raise ValueError(
                f"Separability needs at least {2 * _FEWEST} images of each class, half of them "
                f"to learn from; {images.classes[label]} has {len(places)} here. Take more images."
            )
        count = round(held_out * len(places))
        count = min(max(count, _FEWEST), len(places) - _FEWEST)
        parts.append((places[count:], places[:count]))
    train, test = (np.sort(np.concatenate(side)) for side in zip(*parts, strict=True))
    return train, test
