"""Features of one layer: its answers, reduced to principal components."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

import numpy as np

from xai.datasets.batches import count
from xai.datasets.spec import ImageSet
from xai.features.components import check, principal
from xai.features.extraction import Extraction, extract
from xai.features.leading import MESSAGE
from xai.features.pooling import dimensions, pixel_cells
from xai.features.result import Features, projected
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Size of the features of all images before the reduction, in bytes. The work on them takes
#: a few times as much.
_MOST_BYTES = 160 * 2**20
#: Rows that are held in float64 at a time.
_BLOCK = 1024


def describe(
    model: LoadedModel,
    images: ImageSet | np.ndarray,
    layer: str | None,
    *,
    reduce: str,
    grid: int,
    progress: Progress | None,
) -> Features:
    """Describe each image by what a layer answers to it; see :func:`xai.embedding.features`."""
    share_of(reduce)
    if count(images) < 2:
        raise ValueError(f"images: expected at least 2, got {len(images)}")
    grid, coarser = affordable(model, layer, len(images), grid)
    found = extract(model, images, [layer], grid=grid, progress=progress)
    return described(
        model, images, layer, found, reduce=reduce, grid=grid, notes=coarser, progress=progress
    )


def described(
    model: LoadedModel,
    images: ImageSet | np.ndarray,
    layer: str | None,
    found: Extraction,
    *,
    reduce: str,
    grid: int,
    notes: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> Features:
    """Make features of a layer's answers, which a pass of the network has given.

    Parameters
    ----------
    model, images, layer, reduce, progress
        As :func:`xai.embedding.features` takes them.
    found : Extraction
        Of these images, the layer among others.
    grid : int
        As it was extracted.
    notes : tuple of str
        What is to be said of the extraction.

    Raises
    ------
    ValueError
        If ``reduce`` is unknown, the answers hold NaN or infinity, or all images
        get the same answer.
    """
    share = share_of(reduce)
    what = "pixels" if layer is None else f"layer {layer}"
    check(found.values[layer], what)
    features = answered(model, images, layer, found, grid=grid, notes=notes)
    return features if share is None else _reduced(features, reduce, share, what, progress)


def answered(
    model: LoadedModel,
    images: ImageSet | np.ndarray,
    layer: str | None,
    found: Extraction,
    *,
    grid: int,
    notes: tuple[str, ...] = (),
) -> Features:
    """Return a layer's answers as they are, even where all are the same.

    Parameters
    ----------
    model, images, layer, found, grid, notes
        As :func:`described` takes them.
    """
    raw = found.values[layer]
    known = images if isinstance(images, ImageSet) else None
    predicted, confidence, said = predictions(found.logits)
    return Features(
        values=raw,
        model=model.spec.name,
        layer=layer,
        components=raw.shape[1],
        raw_dim=raw.shape[1],
        ids=known.ids if known is not None else (),
        labels=known.labels if known is not None else None,
        classes=known.classes if known is not None else (),
        dataset=f"{known.name}/{known.split}" if known is not None else "",
        notes=(*_notes(model, layer), *notes, *said),
        predicted=predicted,
        confidence=confidence,
        model_classes=model.classes,
        grid=int(grid),
    )


def _reduced(
    features: Features, reduce: str, share: float, what: str, progress: Progress | None
) -> Features:
    """Keep the principal components that hold a share of the variance."""
    raw = features.values
    found = principal(raw, share=share, progress=progress)
    mean = raw.mean(axis=0, dtype=np.float64)
    basis = directions(raw, mean, found.scores, progress=progress).astype(np.float32)
    # Taken through the same product as images that come later, so that a known one
    # among them lands where it is.
    values = projected(raw, mean.astype(np.float32), basis)
    check(values, what)
    held = min(float(found.shares.sum()), 1.0)
    notes = features.notes
    if held < share:
        notes += (
            f"The first {values.shape[1]:,} components hold {100 * held:.0f} % of the variance; "
            "more were not searched for.",
        )
    return dataclasses.replace(
        features,
        values=values,
        reduce=reduce,
        components=values.shape[1],
        explained_variance=held,
        notes=notes,
        mean=mean.astype(np.float32),
        basis=basis,
    )


def directions(
    raw: np.ndarray,
    mean: np.ndarray,
    scores: np.ndarray,
    *,
    progress: Progress | None = None,
) -> np.ndarray:
    """Return the orthonormal directions (D, k) along which the scores were measured.

    With centred rows X and scores X V of uncorrelated columns, V is X' scores
    divided by the squares of the scores' lengths.
    """
    scaled = scores / np.abs(scores).max(axis=0)
    found = np.zeros((raw.shape[1], scores.shape[1]))
    for start in range(0, len(raw), _BLOCK):
        if progress is not None:
            progress(0, 0, MESSAGE)
        block = raw[start : start + _BLOCK] - mean
        found += block.T @ scaled[start : start + _BLOCK]
    # Two steps, since squares of 1e-200 would vanish.
    found /= np.abs(found).max(axis=0)
    return found / np.linalg.norm(found, axis=0)


def predictions(
    logits: np.ndarray,
) -> tuple[np.ndarray | None, np.ndarray | None, tuple[str, ...]]:
    """Return the most probable class of each image, its probability, and what is to be said.

    Parameters
    ----------
    logits : ndarray, shape (N, K), float32
        Where one is not finite there are no predictions, and it is said.
    """
    broken = int((~np.isfinite(logits).all(axis=1)).sum())
    if broken:
        note = f"The network's answer to {broken} of {len(logits)} images holds NaN or infinity."
        return None, None, (note,)
    best = logits.argmax(axis=1)
    below = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    # The largest becomes exp(0) = 1, so its probability is 1 over the sum.
    confidence = 1.0 / np.exp(below).sum(axis=1)
    return best.astype(np.int64), confidence.astype(np.float32), ()


def share_of(reduce: str) -> float | None:
    """Return the share of the variance that a reduction keeps; None if it keeps all.

    Raises
    ------
    ValueError
        If ``reduce`` is unknown.
    """
    if reduce == "none":
        return None
    match = re.fullmatch(r"pca([1-9][0-9]?)", reduce) if isinstance(reduce, str) else None
    if match is None:
        raise ValueError(f'reduce: expected "pca1" to "pca99" or "none", got {reduce!r}')
    return int(match.group(1)) / 100


def affordable(
    model: LoadedModel, layer: str | None, number: int, grid: int
) -> tuple[int, tuple[str, ...]]:
    """Return the finest grid up to ``grid`` whose features fit into memory, and what to say."""
    shape = next((item.shape for item in model.layers if item.name == layer), ())
    if len(shape) != 3 or not isinstance(grid, int) or grid < 2:
        return grid, ()
    finest = min(grid, max(shape[1:]))
    fitting = (
        cells
        for cells in range(finest, 1, -1)
        if number * dimensions(shape, cells) * 4 <= _MOST_BYTES
    )
    cells = next(fitting, 1)
    if cells == finest:
        return grid, ()
    note = (
        f"Maps were averaged to {cells} × {cells}: {grid} × {grid} of {number:,} images "
        "would take too much memory."
    )
    return cells, (note,)


def _notes(model: LoadedModel, layer: str | None) -> tuple[str, ...]:
    height, width = model.spec.input_size
    cells = (pixel_cells(height), pixel_cells(width))
    if layer is not None or cells == (height, width):
        return ()
    return (f"Pixels were averaged to {cells[0]} × {cells[1]}.",)
