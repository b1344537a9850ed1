"""Forward passes through an alias, with the outputs of chosen layers kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from xai.activations.passes import first_tensor, names_of, pass_size
from xai.hooks import EnoughError, forward, recording
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel


def record(
    model: LoadedModel,
    images: np.ndarray,
    layers: Sequence[str],
    *,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """Record what layers give for images; see :func:`xai.activations.capture`."""
    names = names_of(layers)
    if not isinstance(images, np.ndarray):
        raise TypeError(f"images: expected an array, got {type(images).__name__}")
    batch = images[None] if images.ndim == 3 else images
    if not len(batch):
        raise ValueError("images: expected at least one, got none")
    net = model.private()
    size = pass_size(model)
    last = _last(model, names)
    found: dict[str, np.ndarray] = {}

    def take(name: str, output: Any) -> tuple[Any, Tensor | None]:
        if name != last:
            return _copied(name, output)
        outputs[name] = _copied(name, output)
        raise EnoughError

    with torch.no_grad(), recording(net, names, take) as outputs:
        for start in range(0, len(batch), size):
            outputs.clear()
            forward(net, model.normalize(model.tensor(batch[start : start + size])))
            for name in names:
                part = _array(name, outputs.pop(name, None), min(size, len(batch) - start))
                if len(part) == len(batch):
                    found[name] = part
                    continue
                if name not in found:
                    found[name] = np.empty((len(batch), *part.shape[1:]), np.float32)
                found[name][start : start + size] = part
            if progress is not None:
                done = min(start + size, len(batch))
                progress(done, len(batch), f"Activations of image {done} of {len(batch)}")
    return found


def _last(model: LoadedModel, names: tuple[str, ...]) -> str:
    """Return the layer behind which nothing is wanted, or ``""`` if that is not known.

    A network that cannot be traced may go on otherwise for each image, and what is inside
    of another module has no step of its own.
    """
    called = [step.module for step in model.steps if step.module in names]
    if model.problem or sorted(called) != sorted(names):
        return ""
    return called[-1]


def _copied(name: str, output: Any) -> tuple[Any, Tensor | None]:
    """Return what a layer gave, as a word for messages, and a copy of its first tensor.

    At once: a later step that works in place, be it an activation or ``x += y``, would
    overwrite it.
    """
    held = first_tensor(output)
    if held is None:
        return type(output).__name__, None
    return tuple(held.shape), held.detach().to("cpu", torch.float32, copy=True)


def _array(name: str, output: tuple[Any, Tensor | None] | None, count: int) -> np.ndarray:
    """Return one layer's output as (count, C, H, W) or (count, D)."""
    if output is None:
        raise ValueError(f"layer: {name} has no output; the forward pass does not reach it")
    got, values = output
    if values is None or values.dim() < 2 or len(values) != count:
        raise ValueError(f"layer: expected one array an image from {name}, got {got}")
    # In the usual order of memory, which a network need not keep to.
    return (values if values.dim() in (2, 4) else values.flatten(1)).contiguous().numpy()
