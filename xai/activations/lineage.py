"""Where the numbers of a layer come from: the layers before it, by the computation's steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from xai.activations.windows import POINTWISE
from xai.hooks import submodule

if TYPE_CHECKING:
    from xai.models import LoadedModel
    from xai.models.computation import Step

#: Steps that hand numbers on in another shape, or as they are.
_RESHAPING = ("Flatten", "flatten", "view", "reshape", "Dropout", "dropout", "Identity")


def chain(model: LoadedModel, net: nn.Module, layer: str) -> list[str]:
    """Return the layers behind each other that end with ``layer``, by path.

    All but the first change each number by itself. What the first does may be unknown.
    """
    steps: dict[str, Step] = {step.name: step for step in model.steps}
    last = _last(model, layer)
    found = [layer]
    while last is not None and len(last.inputs) == 1:
        if not isinstance(submodule(net, last.module), POINTWISE):
            break
        last = steps[last.inputs[0]]
        # A module that is called twice keeps only its last call: it cannot be followed.
        if not last.module or calls(model, last.module) > 1 or model.problem:
            break
        found.insert(0, last.module)
    return found


def calls(model: LoadedModel, layer: str) -> int:
    """Return how often a forward pass is known to call a layer."""
    return sum(step.module == layer for step in model.steps)


def sources(model: LoadedModel, layer: str) -> tuple[str, ...]:
    """Return the layers that ``layer`` reads; a bare function has its own name."""
    last = _last(model, layer)
    if last is None or model.problem:
        return ()
    steps = {step.name: step for step in model.steps}
    found = []
    for name in last.inputs:
        step = steps[name]
        while (not step.module or step.kind in _RESHAPING) and len(step.inputs) == 1:
            step = steps[step.inputs[0]]
        found.append(step.module or step.kind)
    return tuple(found)


def maps(model: LoadedModel, layer: str, count: int) -> tuple[int, int, int]:
    """Return the shape of the maps that a dense layer's inputs were before they were flattened."""
    last = _last(model, layer)
    if last is not None and len(last.inputs) == 1:
        steps = {step.name: step for step in model.steps}
        step = steps[last.inputs[0]]
        while step.kind in _RESHAPING and len(step.inputs) == 1:
            step = steps[step.inputs[0]]
        if len(step.shape) == 3 and int(np.prod(step.shape)) == count:
            return step.shape[0], step.shape[1], step.shape[2]
    return count, 1, 1


def _last(model: LoadedModel, layer: str) -> Step | None:
    return next((step for step in reversed(model.steps) if step.module == layer), None)
