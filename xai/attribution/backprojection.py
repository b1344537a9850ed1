"""From one unit of a layer back to the pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from xai import images
from xai.attribution.explanation import check_model, whole
from xai.attribution.requirements import first_missing
from xai.attribution.units import BACKPROJECTIONS, Backprojection
from xai.hooks import EnoughError, forward, recording
from xai.types import find

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Row and column of a unit, where it has them.
Place = tuple[int | None, int | None]


def project(
    model: LoadedModel, image: np.ndarray, layer: str, channel: int, place: Place, rule: str
) -> Backprojection:
    """Check, go forward to the unit, come back; see :func:`xai.attribution.backproject`."""
    check_model(model)
    method = find(BACKPROJECTIONS, rule, "rule")
    index = whole(channel, "channel")
    wanted = _checked_place(place)
    # A caller's no_grad or inference_mode must not reach the gradients.
    with torch.inference_mode(False), torch.enable_grad():
        leaf = model.single(image).detach()
        reason = first_missing(model, method)
        if reason:
            raise ValueError(f"{method.label} cannot be used on {model.spec.label}: {reason}")
        leaf = leaf.clone().requires_grad_()
        output = _output(method.function(model.private()), model, leaf, layer)
        unit, (row, column) = _unit(output, layer, index, wanted)
        relevance = _slope(unit, leaf, layer)
    return Backprojection(
        relevance=relevance,
        layer=layer,
        channel=index,
        row=row,
        column=column,
        value=float(unit.detach()),
        rule=rule,
        box=_box(relevance),
        model=model.spec.name,
        digest=images.digest(leaf[0].detach().cpu().numpy()),
    )


def _checked_place(place: Place) -> Place:
    row, column = place
    if row is None and column is None:
        return place
    if row is None or column is None:
        missing = "row" if row is None else "column"
        raise ValueError(f"row and column: expected both or neither, got no {missing}")
    return whole(row, "row"), whole(column, "column")


def _output(net: nn.Module, model: LoadedModel, leaf: Tensor, layer: str) -> Tensor:
    """Return the output of a layer, attached to the graph."""
    single = _called_once(model, layer)
    kept: list[Tensor] = []

    def keep(name: str, output: Any) -> None:
        if not isinstance(output, Tensor):
            raise ValueError(
                f"layer: expected one with a single output, got {layer!r} with "
                f"{type(output).__name__}; pick one inside it"
            )
        # A copy, since a layer behind that works in place would change it.
        kept[:] = [output.clone()]
        if single:
            raise EnoughError

    with recording(net, [layer], keep):
        forward(net, model.normalize(leaf))
    if not kept:
        raise ValueError(f"layer: the network never calls {layer!r} as a layer; pick one inside it")
    return kept[0]


def _called_once(model: LoadedModel, layer: str) -> bool:
    try:
        known = not model.problem
    except ValueError:
        known = False
    # What chooses its way by the image may call it again: only the whole pass shows that.
    return known and sum(step.module == layer for step in model.steps) == 1


def _unit(output: Tensor, layer: str, channel: int, place: Place) -> tuple[Tensor, Place]:
    """Return one value of a layer's output and where it is."""
    if output.dim() not in (2, 4) or len(output) != 1:
        shape = tuple(output.shape[1:])
        raise ValueError(
            f"layer: expected one with maps (C, H, W) or neurons (D,), got {layer!r} with "
            f"output {shape}"
        )
    _check_range("channel", channel, output.shape[1])
    chosen = output[0, channel]
    if output.dim() == 2:
        for what, index in zip(("row", "column"), place, strict=True):
            _check_range(what, index or 0, 1)
        found: Place = (None, None)
    elif place[0] is None or place[1] is None:
        found = divmod(int(chosen.detach().argmax()), chosen.shape[1])
        chosen = chosen[found]
    else:
        _check_range("row", place[0], chosen.shape[0])
        _check_range("column", place[1], chosen.shape[1])
        found = place
        chosen = chosen[place]
    if not bool(torch.isfinite(chosen)):
        raise ValueError(
            f"unit: expected a finite value, got {float(chosen.detach())} in channel {channel} "
            f"of {layer!r}"
        )
    return chosen, found


def _check_range(what: str, index: int, size: int) -> None:
    if not 0 <= index < size:
        raise ValueError(f"{what}: expected 0 to {size - 1}, got {index}")


def _slope(unit: Tensor, leaf: Tensor, layer: str) -> np.ndarray:
    """Return what comes back to the image, shape (C, H, W)."""
    slope = None
    if unit.requires_grad:
        (slope,) = torch.autograd.grad(unit, leaf, allow_unused=True)
    if slope is None:
        raise ValueError(f"layer: the output of {layer!r} does not depend on the image")
    relevance = np.ascontiguousarray(slope[0].cpu().numpy(), dtype=np.float32)
    if not np.isfinite(relevance).all():
        raise ValueError("backprojection: expected finite values, got NaN or infinity")
    return relevance


def _box(relevance: np.ndarray) -> tuple[int, int, int, int] | None:
    """Return top, left, bottom and right of what is not zero."""
    seen = (relevance != 0).any(axis=0)
    if not seen.any():
        return None
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
