"""The pass behind the strongest images: the best so far are kept, channel by channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from xai.activations.passes import Form, first_tensor, forms, pass_size
from xai.activations.strongest import Strongest
from xai.datasets.batches import batches, count
from xai.datasets.spec import ImageSet
from xai.hooks import EnoughError, forward, recording
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel


def find_peaks(
    model: LoadedModel,
    images: ImageSet | np.ndarray,
    layer: str,
    k: int,
    progress: Progress | None,
) -> Strongest:
    """Find the strongest images of each channel; see :func:`xai.activations.strongest`."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"k: expected a whole number of at least 1, got {k!r}")
    if not isinstance(layer, str):
        raise TypeError(f"layer: expected a name, got {type(layer).__name__}")
    total, done = count(images), 0
    net = model.private()
    found, left_out = forms(model, net, images, [layer])
    if left_out:
        raise ValueError(f"layer: {layer} {left_out[layer]}")
    form = found[layer]
    best = _Best(form, min(int(k), total))
    seen: list[tuple[Tensor, Tensor]] = []

    def take(name: str, output: Any) -> None:
        seen[:] = [_maxima(first_tensor(output), form, name)]
        if form.calls == 1:
            raise EnoughError

    with torch.no_grad(), recording(net, [layer], take):
        for batch in batches(model, images, pass_size(model)):
            seen.clear()
            forward(net, model.normalize(batch))
            if not seen:
                raise ValueError(f"layer: {layer} has no output for image {done}")
            best.add(*seen[0], start=done)
            done += len(batch)
            if progress is not None:
                progress(done, total, f"Activations of image {done} of {total}")
    dataset = images.name if isinstance(images, ImageSet) else ""
    return best.result(model.spec.name, dataset, layer, total)


def _maxima(held: Tensor | None, form: Form, name: str) -> tuple[Tensor, Tensor]:
    """Return each channel's maximum and its first position, (C, N) both, on the CPU."""
    if held is None or tuple(held.shape[1:]) != form.shape:
        raise ValueError(f"layer: expected arrays of one size from {name}, got several")
    maps = held.to(torch.float32).reshape(len(held), form.units, form.positions)
    values, places = maps.max(2)
    if not bool(torch.isfinite(values).all()):
        maps = torch.where(torch.isfinite(maps), maps, -torch.inf)
        values, places = maps.max(2)
    return values.T.cpu(), places.T.cpu()


class _Best:
    """The best k images of each channel so far."""

    def __init__(self, form: Form, k: int) -> None:
        self._form, self._k = form, k
        self._values = torch.full((form.units, k), -torch.inf)
        self._index = torch.full((form.units, k), -1)
        self._places = torch.full((form.units, k), -1)

    def add(self, values: Tensor, places: Tensor, *, start: int) -> None:
        """Let a batch compete, whose first image is number ``start``."""
        numbers = torch.arange(start, start + values.shape[1]).expand_as(places)
        # Stable, and earlier images stand first: of equals, the earlier stays ahead.
        both = torch.cat([self._values, values], 1)
        held, order = both.sort(stable=True, dim=1, descending=True)
        order = order[:, : self._k]
        self._values = held[:, : self._k]
        self._index = torch.cat([self._index, numbers], 1).gather(1, order)
        self._places = torch.cat([self._places, places], 1).gather(1, order)

    def result(self, model: str, dataset: str, layer: str, total: int) -> Strongest:
        """Return what was found."""
        values = self._values.numpy().copy()
        none = np.isneginf(values)
        values[none] = np.nan
        index, places = self._index.numpy().copy(), self._places.numpy()
        width = self._form.shape[2] if len(self._form.shape) == 3 else 1
        row, column = np.divmod(places, width)
        for array in (index, row, column):
            array[none] = -1
        return Strongest(model, dataset, layer, total, index, values, row, column)
