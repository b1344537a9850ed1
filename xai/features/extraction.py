"""One pass of a network over images: averaged answers of any number of layers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from xai.datasets.batches import batches, count
from xai.datasets.spec import ImageSet
from xai.features.pooling import dimensions, pixel_cells, pixels, pool
from xai.hooks import recording
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Numbers that the images of one pass may hold: four photographs, or many digits.
_PASS = 4 * 3 * 224 * 224
_MOST = 64
#: Where the answers of the whole network are kept: no layer has an empty name.
_LOGITS = ""


@dataclass(frozen=True, eq=False)
class Extraction:
    """What one pass over the images gave.

    Attributes
    ----------
    values : dict of str or None to ndarray
        (N, D) float32 for each layer; None stands for the pixels.
    logits : ndarray, shape (N, K), float32
        The network's answers.
    left_out : dict of str to str
        Layers that have no values, and why, as a part of a sentence.
    """

    values: dict[str | None, np.ndarray]
    logits: np.ndarray
    left_out: dict[str, str] = dataclasses.field(default_factory=dict)


def extract(
    model: LoadedModel,
    images: ImageSet | np.ndarray,
    layers: Sequence[str | None],
    *,
    grid: int = 4,
    skip: bool = False,
    progress: Progress | None = None,
) -> Extraction:
    """Return averaged answers of several layers from one pass over the images.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    images : ImageSet or ndarray, shape (N, C, H, W)
        At least one.
    layers : sequence of str or None
        None stands for the pixels.
    grid : int
        Most values a side of a feature map.
    skip : bool
        Whether a layer that does not give one array an image is left out; else
        it is refused.
    progress : callable, optional
        In images; may raise.

    Returns
    -------
    Extraction
        Memory beside it is that of one pass: maps are averaged as they appear.

    Raises
    ------
    TypeError
        If ``images`` is neither an image set nor an array.
    ValueError
        If an image, a layer or ``grid`` does not fit.
    """
    if isinstance(grid, bool) or not isinstance(grid, int | np.integer) or grid < 1:
        raise ValueError(f"grid: expected a whole number of at least 1, got {grid!r}")
    total, done = count(images), 0
    found, left_out = shapes(model, images, layers)
    if left_out and not skip:
        name, reason = next(iter(left_out.items()))
        raise ValueError(f"layer: {name} {reason}")
    sizes: dict[str | None, int] = {None: pixel_count(model)} if None in layers else {}
    sizes |= {name: dimensions(shape, int(grid)) for name, shape in found.items() if name}
    net = model.private()
    norms = _norms(model, net, sizes)
    table = _Table(total, int(grid), {**sizes, _LOGITS: dimensions(found[_LOGITS], 1)})
    seen = [name for name in sizes if name is not None and name not in norms]
    with torch.no_grad(), recording(net, seen, table.take):
        for batch in batches(model, images, _size(model)):
            table.begin(done, len(batch))
            if None in sizes:
                table.write(None, pixels(batch))
            table.write(_LOGITS, net(model.normalize(batch)).flatten(1))
            done += len(batch)
            if progress is not None:
                progress(done, total, f"Features of image {done} of {total}")
    for place, norm in norms.items():
        table.derive(place, norm)
    values = {name: table.rows[name] for name in layers if name in sizes}
    return Extraction(values, table.rows[_LOGITS], left_out)


def shapes(
    model: LoadedModel, images: ImageSet | np.ndarray, layers: Sequence[str | None]
) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    """Find out what layers give for an image, by showing the network the first one.

    Returns
    -------
    dict of str to tuple of int
        Shape of each layer's output without the batch axis; that of the
        network's answer under the empty name.
    dict of str to str
        Layers that do not give one array an image, and why.

    Raises
    ------
    ValueError
        If the model has no such layer, or the image does not fit it.
    """
    names = [name for name in dict.fromkeys(layers) if name is not None]
    seen: dict[str, set[tuple[int, ...] | None]] = {name: set() for name in names}
    first = next(batches(model, images, _size(model)))[:1]
    # Of two equal images, so that an axis of length two is that of the images.
    pair = model.normalize(torch.cat([first, first]))

    def look(name: str, output: Any) -> None:
        whole = isinstance(output, Tensor) and output.dim() > 1 and len(output) == len(pair)
        seen[name].add(tuple(output.shape[1:]) if whole else None)

    net = model.private()
    with torch.no_grad(), recording(net, names, look):
        answer = net(pair)
    found = {_LOGITS: tuple(answer.shape[1:])}
    left_out: dict[str, str] = {}
    for name, kinds in seen.items():
        shape = next(iter(kinds), None)
        if not kinds:
            left_out[name] = "has no output: the forward pass does not reach it"
        elif shape is None or None in kinds:
            left_out[name] = "does not give one array an image"
        elif len(kinds) > 1:
            left_out[name] = "gives arrays of several sizes"
        elif 0 in shape:
            left_out[name] = "gives nothing"
        else:
            found[name] = shape
    return found, left_out


def _size(model: LoadedModel) -> int:
    return max(1, min(_MOST, _PASS // int(np.prod(model.input_shape))))


def pixel_count(model: LoadedModel) -> int:
    """Return how many numbers describe the pixels of an image."""
    channels, height, width = model.input_shape
    return channels * pixel_cells(height) * pixel_cells(width)


@dataclass(frozen=True, eq=False)
class _Norm:
    """A batch norm, which multiplies and shifts each channel of another layer's output."""

    source: str
    scale: np.ndarray
    shift: np.ndarray


def _norms(
    model: LoadedModel, net: nn.Module, sizes: dict[str | None, int]
) -> dict[str | None, _Norm]:
    """Return the batch norms whose rows follow from those of the layer before them.

    The average of a shifted map is the shifted average, so every third map of a
    network need not be read.
    """
    found: dict[str | None, _Norm] = {}
    pairs = model.norm_pairs if len(sizes) > 1 else ()
    for source, name in pairs:
        if source in sizes and name in sizes:
            norm: Any = net.get_submodule(name)
            scale = (norm.running_var.double() + norm.eps).rsqrt()
            shift = torch.zeros_like(scale)
            if norm.affine:
                scale, shift = scale * norm.weight.double(), norm.bias.double()
            shift = shift - norm.running_mean.double() * scale
            found[name] = _Norm(source, scale.float().cpu().numpy(), shift.float().cpu().numpy())
    return found


class _Table:
    """The rows of all layers, filled batch by batch while the network runs.

    All lie in one piece of memory that is taken at once. Between the passes, the
    many pieces would keep the memory of the maps from being used again.
    """

    def __init__(self, total: int, grid: int, sizes: dict[str | None, int]) -> None:
        self.rows: dict[str | None, np.ndarray] = {}
        self._places: dict[str | None, Tensor] = {}
        self._grid = grid
        self._at = slice(0)
        memory = np.empty(total * sum(sizes.values()), np.float32)
        start = 0
        for name, size in sizes.items():
            self.rows[name] = memory[start : start + total * size].reshape(total, size)
            self._places[name] = torch.from_numpy(self.rows[name])
            start += total * size

    def begin(self, start: int, size: int) -> None:
        """Say which images come now."""
        self._at = slice(start, start + size)

    def take(self, name: str, output: Any) -> None:
        """Average a layer's output into its rows and keep nothing else of it.

        At once, since a later step may work in place.
        """
        pool(output, self._grid, self._places[name][self._at])

    def write(self, name: str | None, values: Tensor) -> None:
        """Copy the rows of the batch."""
        self._places[name][self._at].copy_(values)

    def derive(self, name: str | None, norm: _Norm) -> None:
        """Fill in the rows of a batch norm."""
        source, target = self.rows[norm.source], self.rows[name]
        cells = source.shape[1] // len(norm.scale)
        np.multiply(source, np.repeat(norm.scale, cells), out=target)
        target += np.repeat(norm.shift, cells)
