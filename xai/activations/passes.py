"""The images of a pass, batch by batch, and what layers look like before it begins."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from xai.datasets.spec import ImageSet
from xai.hooks import recording
from xai.models.computation import tensors

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Numbers that the images of one pass may hold: four photographs, or many digits.
#: Larger passes are slower, since the allocator gives big blocks back each time.
_PASS = 4 * 3 * 224 * 224
_MOST = 256


@dataclass(frozen=True)
class Form:
    """What a layer gives for one image.

    Attributes
    ----------
    shape : tuple of int
        Without the batch axis, at its last call.
    calls : int
        How often a forward pass calls it.
    """

    shape: tuple[int, ...]
    calls: int

    @functools.cached_property
    def units(self) -> int:
        """Channels of a map; else each number is a unit."""
        return self.shape[0] if len(self.shape) == 3 else math.prod(self.shape)

    @functools.cached_property
    def positions(self) -> int:
        """Numbers a unit."""
        return math.prod(self.shape) // self.units


def pass_size(model: LoadedModel) -> int:
    """Return how many images one pass should take."""
    return max(1, min(_MOST, _PASS // math.prod(model.input_shape)))


def names_of(layers: Any) -> tuple[str, ...]:
    """Return names of layers, each once.

    Raises
    ------
    TypeError
        If they are no sequence of names.
    ValueError
        If there is none.
    """
    if isinstance(layers, str) or not isinstance(layers, Sequence):
        raise TypeError(f"layers: expected a list of names, got {type(layers).__name__}")
    names = tuple(dict.fromkeys(layers))
    if not names:
        raise ValueError("layers: expected at least one name, got none")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"layers: expected names, got {type(name).__name__}")
    return names


def first_tensor(output: Any) -> Tensor | None:
    """Return a layer's output, of several the first tensor; None if it gives none."""
    return output if isinstance(output, Tensor) else next(tensors(output), None)


def forms(
    model: LoadedModel, net: nn.Module, images: ImageSet | np.ndarray, names: Sequence[str]
) -> tuple[dict[str, Form], dict[str, str]]:
    """Find out what layers give for an image, by showing the network the first one.

    Parameters
    ----------
    net : nn.Module
        An alias of the model's network.

    Returns
    -------
    dict of str to Form
    dict of str to str
        Layers that do not give one array an image, and why, as a part of a sentence.

    Raises
    ------
    ValueError
        If the model has no such layer, or the image does not fit it.
    """
    image = images[0] if isinstance(images, np.ndarray) else model.prepare(images.images[0])
    first = model.tensor(image)
    # Of two equal images, so that an axis of length two is that of the images.
    pair = model.normalize(torch.cat([first, first]))
    seen: dict[str, list[tuple[int, ...] | None]] = {name: [] for name in names}

    def look(name: str, output: Any) -> None:
        held = first_tensor(output)
        whole = held is not None and held.dim() > 1 and len(held) == len(pair)
        seen[name].append(tuple(held.shape[1:]) if whole and held is not None else None)

    with torch.no_grad(), recording(net, names, look):
        net(pair)
    found: dict[str, Form] = {}
    left_out: dict[str, str] = {}
    for name, shapes in seen.items():
        shape = shapes[-1] if shapes else None
        if not shapes:
            left_out[name] = "has no output; the forward pass does not reach it"
        elif shape is None:
            left_out[name] = "does not give one array an image"
        elif 0 in shape:
            left_out[name] = "gives nothing"
        else:
            found[name] = Form(shape, len(shapes))
    return found, left_out
