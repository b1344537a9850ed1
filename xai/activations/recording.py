"""Forward passes through an alias, with the outputs of chosen layers kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from xai.hooks import recording
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Numbers that the images of one pass may hold: four photographs, or many digits.
#: Larger passes are slower, since the allocator gives big blocks back each time.
_PASS = 4 * 3 * 224 * 224
_MOST = 64


def record(
    model: LoadedModel,
    images: np.ndarray,
    layers: Sequence[str],
    *,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """Record what layers give for images; see :func:`xai.activations.capture`."""
    names = _names(layers)
    if not isinstance(images, np.ndarray):
        raise TypeError(f"images: expected an array, got {type(images).__name__}")
    batch = images[None] if images.ndim == 3 else images
    if not len(batch):
        raise ValueError("images: expected at least one, got none")
    net = model.private()
    module: Any
    for module in net.modules():
        # An activation that works in place would overwrite the output recorded before it.
        if getattr(module, "inplace", False):
            module.inplace = False
    size = max(1, min(_MOST, _PASS // max(1, batch[0].size)))
    found: dict[str, np.ndarray] = {}
    with torch.no_grad(), recording(net, names) as outputs:
        for start in range(0, len(batch), size):
            outputs.clear()
            net(model.normalize(model.tensor(batch[start : start + size])))
            for name in names:
                part = _array(name, outputs.get(name), min(size, len(batch) - start))
                if name not in found:
                    found[name] = np.empty((len(batch), *part.shape[1:]), np.float32)
                found[name][start : start + size] = part
            if progress is not None:
                done = min(start + size, len(batch))
                progress(done, len(batch), f"Activations of image {done} of {len(batch)}")
    return found


def _names(layers: Any) -> tuple[str, ...]:
    if isinstance(layers, str) or not isinstance(layers, Sequence):
        raise TypeError(f"layers: expected a list of names, got {type(layers).__name__}")
    names = tuple(dict.fromkeys(layers))
    if not names:
        raise ValueError("layers: expected at least one name, got none")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"layers: expected names, got {type(name).__name__}")
    return names


def _array(name: str, output: Any, count: int) -> np.ndarray:
    """Return one layer's output as (count, C, H, W) or (count, D)."""
    if output is None:
        raise ValueError(f"layer: {name} has no output; the forward pass does not reach it")
    if not isinstance(output, Tensor) or output.dim() < 2 or len(output) != count:
        got = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise ValueError(f"layer: expected one array an image from {name}, got {got}")
    values = output.detach().to("cpu", torch.float32)
    return (values if values.dim() in (2, 4) else values.flatten(1)).numpy()
