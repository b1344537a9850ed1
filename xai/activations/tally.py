"""What is known of all units so far, batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from xai.activations.passes import Form, first_tensor
from xai.activations.reach import Reach

#: Numbers that are compared with a ceiling at a time: they stay in the processor's cache.
_BLOCK = 2**18
#: Beyond this a float32 is infinite; the sum of a batch norm is derived in float64.
_LARGEST = float(np.finfo(np.float32).max)


class _Columns:
    """One number for each image of a batch and each unit of some layers, side by side."""

    def __init__(self, images: int, found: dict[str, Form], dtype: torch.dtype) -> None:
        self.slices: dict[str, slice] = {}
        start = 0
        for name, form in found.items():
            self.slices[name] = slice(start, start + form.units)
            start += form.units
        self.table = torch.zeros(images, start, dtype=dtype)
        self._views = {name: self.table[:, place] for name, place in self.slices.items()}

    def view(self, name: str, images: int) -> Tensor:
        """Return where the numbers of a layer are written."""
        whole = self._views[name]
        return whole if len(whole) == images else whole[:images]

    def write(self, name: str, values: Tensor) -> None:
        """Copy the numbers of a layer for a batch."""
        self.view(name, len(values)).copy_(values)


class Tally:
    """What is known of all units so far: its size depends on the units alone.

    Parameters
    ----------
    found : dict of str to Form
        The layers.
    limits : dict of str to Reach
    norms : dict
        Batch norms whose sums follow from those of the layer before them: its name,
        and what its sums are multiplied with and shifted by, (U,) float64.
    size, rows : int
        Most images in a batch; rows of sums, one for each class.
    """

    def __init__(
        self,
        found: dict[str, Form],
        limits: dict[str, Reach],
        norms: dict[str, tuple[str, Tensor, Tensor]],
        size: int,
        rows: int,
    ) -> None:
        self.forms, self.limits, self._norms = found, limits, norms
        self._size, self._careful = size, False
        # Of numbers that are never below 0, the sum is above 0 if one of them is.
        self._gates = [name for name in found if limits[name].gate and not limits[name].floor]
        ends = {name: form for name, form in found.items() if limits[name].ceilings}
        self.sums = _Columns(size, found, torch.float32)
        self._peaks = _Columns(size, {name: found[name] for name in self._gates}, torch.float32)
        self.reached = _Columns(size, ends, torch.float32)
        width = self.sums.table.shape[1]
        self.totals = torch.zeros(rows, width, dtype=torch.float64)
        self.active = torch.zeros(width, dtype=torch.int64)
        self.broken = torch.zeros(width, dtype=torch.int64)
        self.at_ceiling = torch.zeros(self.reached.table.shape[1], dtype=torch.float64)
        self._derived = _Derived(norms, self.sums.slices)

    def take(self, name: str, output: Any) -> bool:
        """Note what a layer gives for a batch; return whether it is of the known size.

        At once, since a later step may work in place. A later call overwrites it.
        """
        held, form = first_tensor(output), self.forms[name]
        if held is None or held.shape[1:] != form.shape:
            return False
        images = held.shape[0]
        maps = held.to(torch.float32).reshape(images, form.units, form.positions)
        if self._careful:
            self._take_carefully(name, maps)
        elif name not in self._norms:
            if form.positions > 1 and maps.is_cpu:
                torch.sum(maps, 2, out=self.sums.view(name, images))
            else:
                self.sums.write(name, maps.sum(2) if form.positions > 1 else maps[..., 0])
            reach = self.limits[name]
            if reach.gate and not reach.floor:
                self._peaks.write(name, maps.amax(2))
            if reach.ceilings:
                self.reached.write(name, _reached(maps, reach))
        return True

    def begin_careful(self) -> None:
        """Look at each value from now on: NaN and infinity are among them."""
        self._careful = True
        self._gates = [name for name in self.forms if self.limits[name].gate]
        gates = {name: self.forms[name] for name in self._gates}
        self.sums = _Columns(self._size, self.forms, torch.float64)
        self._peaks = _Columns(self._size, gates, torch.float32)
        self._odd = _Columns(self._size, self.forms, torch.int64)

    def _take_carefully(self, name: str, maps: Tensor) -> None:
        self.sums.write(name, maps.double().sum(2))
        self._odd.write(name, (~torch.isfinite(maps)).sum(2))
        reach = self.limits[name]
        if reach.gate:
            self._peaks.write(name, (maps > 0).any(2))
        if reach.ceilings:
            self.reached.write(name, _beyond(maps, reach).sum(2))

    def add(self, rows: Tensor) -> bool:
        """Add a batch, whose images belong to these rows of the sums.

        Returns False, and adds nothing, if a sum is out of float32's range and values
        were not looked at one by one.
        """
        size = len(rows)
        sums = self.sums.table[:size].double()
        if self._careful:
            self.broken += self._odd.table[:size].sum(0)
        else:
            self._derived.fill(sums)
            # Of NaN too this is False.
            if not float(sums.abs().max()) <= _LARGEST:
                return False
        if len(self.totals) > 1:
            self.totals.index_add_(0, rows, sums)
        else:
            self.totals += sums.sum(0)
        on = sums > 0
        for name in self._gates:
            on[:, self.sums.slices[name]] = self._peaks.view(name, size) > 0
        self.active += on.sum(0)
        if self.reached.slices:
            self.at_ceiling += self.reached.table[:size].sum(0)
        return True


class _Derived:
    """The sums of all batch norms that follow from other layers', filled in at once."""

    def __init__(
        self, norms: dict[str, tuple[str, Tensor, Tensor]], slices: dict[str, slice]
    ) -> None:
        places = [_range(slices[name]) for name in norms]
        sources = [_range(slices[source]) for source, _, _ in norms.values()]
        self._places, self._sources = _joined(places), _joined(sources)
        self._scale = _joined([scale for _, scale, _ in norms.values()])
        self._shift = _joined([shift for _, _, shift in norms.values()])

    def fill(self, sums: Tensor) -> None:
        """Write them into the sums of a batch, (N, units)."""
        if len(self._places):
            sums[:, self._places] = sums[:, self._sources] * self._scale + self._shift


def _range(place: slice) -> Tensor:
    return torch.arange(place.start, place.stop)


def _joined(parts: list[Tensor]) -> Tensor:
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.int64)


def _beyond(maps: Tensor, reach: Reach) -> Tensor:
    """Return where values are at a ceiling."""
    found = maps >= max(reach.ceilings) - reach.margin
    if len(reach.ceilings) > 1:
        found |= maps <= min(reach.ceilings) + reach.margin
    return found


def _reached(maps: Tensor, reach: Reach) -> Tensor:
    """Count the positions at a ceiling, (N, U); for finite values.

    Few units ever come to their ceiling, so most are told by their greatest value.
    Read as whole numbers, positive floats keep their order and are compared faster.
    """
    edge = max(reach.ceilings) - reach.margin
    if len(reach.ceilings) > 1 or edge <= 0 or not maps.is_contiguous():
        return _beyond(maps, reach).sum(2)
    flat = maps.view(-1, maps.shape[2])
    peaks = flat.view(torch.int32).amax(1).view(torch.float32)
    counts = torch.zeros(len(flat), device=maps.device)
    step = max(1, _BLOCK // maps.shape[2])
    for some in torch.nonzero(peaks >= edge).flatten().split(step):
        counts[some] = flat.index_select(0, some).ge_(edge).sum(1)
    return counts.view(maps.shape[:2])
