"""All layers of a network for one image, reduced to a few numbers while it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from xai.activations.passes import first_tensor, names_of
from xai.hooks import recording

if TYPE_CHECKING:
    from xai.models import LoadedModel


def means(
    model: LoadedModel, image: np.ndarray, layers: Sequence[str] | None
) -> dict[str, np.ndarray]:
    """Return mean activations of one image; see :func:`xai.activations.overview`."""
    found = _reduced(model, image, layers, lambda maps: maps.mean(1))
    return {name: values.cpu().numpy().copy() for name, values in found.items()}


def ends(
    model: LoadedModel, image: np.ndarray, layers: Sequence[str] | None
) -> tuple[float, float]:
    """Return the least and greatest activation; see :func:`xai.activations.extent`."""
    found = list(_reduced(model, image, layers, _ends).values())
    low = min((pair[0] for pair in found), default=np.inf)
    high = max((pair[1] for pair in found), default=-np.inf)
    return (low, high) if low <= high else (0.0, 0.0)


def _ends(maps: Tensor) -> tuple[float, float]:
    low, high = (float(value) for value in torch.aminmax(maps))
    if not np.isfinite([low, high]).all():
        known = maps[torch.isfinite(maps)]
        if not len(known):
            return np.inf, -np.inf
        low, high = (float(value) for value in torch.aminmax(known))
    return low, high


def _reduced(
    model: LoadedModel,
    image: np.ndarray,
    layers: Sequence[str] | None,
    reduce: Callable[[Tensor], Any],
) -> dict[str, Any]:
    """Return what ``reduce`` makes of each layer's (units, positions)."""
    batch = model.single(image)
    names = names_of([layer.name for layer in model.layers] if layers is None else layers)

    def take(name: str, output: Any) -> Any:
        held = first_tensor(output)
        if held is None or held.dim() < 2 or len(held) != 1 or not held.numel():
            return None
        units = held.shape[1] if held.dim() == 4 else held.numel()
        return reduce(held.to(torch.float32).reshape(units, -1))

    net = model.private()
    with torch.no_grad(), recording(net, names, take) as outputs:
        net(model.normalize(batch))
    missing = [name for name in names if outputs.get(name) is None]
    if missing and layers is not None:
        raise ValueError(f"layer: {missing[0]} does not give one array an image")
    return {name: outputs[name] for name in names if outputs.get(name) is not None}
