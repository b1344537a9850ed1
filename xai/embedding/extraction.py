"""Features of images: forward passes, averaged maps, principal components."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from xai.datasets.spec import ImageSet
from xai.embedding.components import check, principal
from xai.embedding.results import Features
from xai.hooks import recording
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Pixels of larger images are averaged to at most this many a side.
PIXELS = 64
#: Numbers that the images of one pass may hold: four photographs, or many digits.
_PASS = 4 * 3 * 224 * 224
_MOST = 64


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
    share = _share(reduce)
    if isinstance(grid, bool) or not isinstance(grid, int) or grid < 1:
        raise ValueError(f"grid: expected a whole number of at least 1, got {grid!r}")
    raw = extract(model, images, [layer], grid=grid, progress=progress)[layer]
    what = "pixels" if layer is None else f"layer {layer}"
    check(raw, what)
    values, kept = raw, 1.0
    if share is not None:
        found = principal(raw, share=share)
        values, kept = found.scores.astype(np.float32), float(found.shares.sum())
        check(values, what)
    known = images if isinstance(images, ImageSet) else None
    return Features(
        values=values,
        model=model.spec.name,
        layer=layer,
        reduce=reduce,
        components=values.shape[1],
        explained_variance=min(kept, 1.0),
        raw_dim=raw.shape[1],
        ids=known.ids if known is not None else (),
        labels=known.labels if known is not None else None,
        classes=known.classes if known is not None else (),
        dataset=f"{known.name}/{known.split}" if known is not None else "",
        notes=_notes(model, layer),
    )


def extract(
    model: LoadedModel,
    images: ImageSet | np.ndarray,
    layers: Sequence[str | None],
    *,
    grid: int = 4,
    progress: Progress | None = None,
) -> dict[str | None, np.ndarray]:
    """Return averaged answers of several layers from one pass over the images.

    Parameters
    ----------
    model : LoadedModel
    images : ImageSet or ndarray, shape (N, C, H, W)
    layers : sequence of str or None
        None stands for the pixels.
    grid : int
        Most values a side of a feature map.
    progress : callable, optional

    Returns
    -------
    dict of str or None to ndarray
        (N, D) float32 each. Memory beside them is that of one pass.
    """
    names = [name for name in layers if name is not None]
    net = model.private()
    module: Any
    for module in net.modules():
        # An activation that works in place would overwrite the output recorded before it.
        if getattr(module, "inplace", False):
            module.inplace = False
    parts: dict[str | None, list[np.ndarray]] = {name: [] for name in layers}
    total, done = _count(images), 0
    with torch.no_grad(), recording(net, names) as outputs:
        for batch in _batches(model, images):
            if names:
                net(model.normalize(batch))
            for name in parts:
                source = batch if name is None else outputs.get(name)
                parts[name].append(_rows(name, source, grid))
            outputs.clear()
            done += len(batch)
            if progress is not None:
                progress(done, total, f"Features of image {done} of {total}")
    return {name: np.concatenate(rows) for name, rows in parts.items()}


def _count(images: Any) -> int:
    if not isinstance(images, ImageSet | np.ndarray):
        got = type(images).__name__
        raise TypeError(f"images: expected an image set or an array (N, C, H, W), got {got}")
    if isinstance(images, np.ndarray) and images.ndim != 4:
        raise ValueError(f"images: expected shape (N, C, H, W), got {images.shape}")
    if len(images) < 2:
        raise ValueError(f"images: expected at least 2, got {len(images)}")
    return len(images)


def _batches(model: LoadedModel, images: ImageSet | np.ndarray) -> Iterator[Tensor]:
    """Yield prepared images, as many as one pass should take."""
    size = max(1, min(_MOST, _PASS // int(np.prod(model.input_shape))))
    for start in range(0, len(images), size):
        if isinstance(images, ImageSet):
            chosen = images.images[start : start + size]
            yield model.tensor(np.stack([model.prepare(image) for image in chosen]))
        else:
            yield model.tensor(images[start : start + size])


def _rows(name: str | None, output: Any, grid: int) -> np.ndarray:
    """Return one layer's answers as (n, D) float32, maps averaged."""
    if not isinstance(output, Tensor) or output.dim() < 2:
        raise ValueError(f"layer: {name} does not give one array an image")
    if output.dim() == 4:
        sides = output.shape[2:]
        height, width = (_pixel_cells(s) if name is None else min(grid, s) for s in sides)
        if (height, width) != tuple(sides):
            output = F.adaptive_avg_pool2d(output, (height, width))
    return output.flatten(1).to("cpu", torch.float32).numpy().copy()


def _pixel_cells(side: int) -> int:
    """Return the largest number of cells up to 64 from whole equal squares, if they fit."""
    width = -(-side // PIXELS)
    return -(-side // width)


def _share(reduce: str) -> float | None:
    if reduce == "none":
        return None
    match = re.fullmatch(r"pca([1-9][0-9]?)", reduce) if isinstance(reduce, str) else None
    if match is None:
        raise ValueError(f'reduce: expected "pca1" to "pca99" or "none", got {reduce!r}')
    return int(match.group(1)) / 100


def _notes(model: LoadedModel, layer: str | None) -> tuple[str, ...]:
    height, width = model.spec.input_size
    cells = (_pixel_cells(height), _pixel_cells(width))
    if layer is not None or cells == (height, width):
        return ()
    return (f"Pixels were averaged to {cells[0]} × {cells[1]}.",)
