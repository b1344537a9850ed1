"""Layers that forget what they learned, on an alias of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from xai.hooks import submodule

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Steps that a large network's layers are gathered to, and the most that can be asked for.
STEPS, MOST_STEPS = 12, 24


def reset(net: nn.Module, names: tuple[str, ...], seed: int) -> None:
    """Give layers of an alias weights as before training.

    Parameters
    ----------
    net : nn.Module
        An alias: its parameters are bound anew, and no tensor is written to.
    names : tuple of str
        Dotted module paths.
    seed : int
        A layer gets the same numbers whichever layers are reset with it.

    Notes
    -----
    Weights of convolutions and dense layers are drawn from N(0, 2 / fan-in), as He et
    al. initialise them, so that activations stay about as large as they were; biases are
    0; a norm does nothing (scale 1, shift 0, running mean 0 and variance 1).
    """
    for name in names:
        # Numbers of a layer's own, from its name: the order of the steps must not matter.
        generator = np.random.default_rng([seed, *name.encode()])
        for module in submodule(net, name).modules():
            _reset_one(module, generator)


def _reset_one(module: nn.Module, generator: np.random.Generator) -> None:
    for name, value in list(module.named_parameters(recurse=False)):
        setattr(module, name, nn.Parameter(_drawn(name, value, generator), requires_grad=False))
    for name, buffer in list(module.named_buffers(recurse=False)):
        if name == "running_mean":
            module.running_mean = torch.zeros_like(buffer)
        elif name == "running_var":
            module.running_var = torch.ones_like(buffer)


def _drawn(name: str, value: Tensor, generator: np.random.Generator) -> Tensor:
    if value.dim() < 2:
        return torch.ones_like(value) if name == "weight" else torch.zeros_like(value)
    spread = np.float32((2 / value[0].numel()) ** 0.5)
    drawn = generator.standard_normal(tuple(value.shape), dtype=np.float32)
    drawn *= spread
    return torch.from_numpy(drawn).to(value)


def stages(model: LoadedModel, steps: int = STEPS) -> tuple[tuple[str, ...], ...]:
    """Return the layers with weights in the order of the cascade, gathered to a few steps.

    Parameters
    ----------
    model : LoadedModel
    steps : int
        The most that there may be.

    Returns
    -------
    tuple of tuple of str
        From the output down; in each step the names in forward order.

    Notes
    -----
    A norm goes with the layer before it. If there are more layers than steps, those of
    one block (a common beginning of their names) go together; if the blocks of no depth
    make a useful number of steps, neighbours are joined, first those next to the image.
    """
    units: list[tuple[str, ...]] = []
    for layer in model.layers:
        if layer.parameters:
            if "Norm" in layer.kind and units:
                units[-1] += (layer.name,)
            else:
                units.append((layer.name,))
    if len(units) > steps:
        units = _gathered(units, steps)
    return tuple(reversed(units))


def _gathered(units: list[tuple[str, ...]], steps: int) -> list[tuple[str, ...]]:
    deepest = max(name.count(".") for (name, *_) in units)
    blocks = units
    for depth in range(deepest, 0, -1):
        coarser = _by_prefix(units, depth)
        if len(coarser) < steps / 2:
            break
        blocks = coarser
        if len(blocks) <= steps:
            return blocks
    # The larger parts come first: next to the output each layer matters by itself.
    parts = np.array_split(np.arange(len(blocks)), steps)
    return [sum((blocks[place] for place in part), ()) for part in parts]


def _by_prefix(units: list[tuple[str, ...]], depth: int) -> list[tuple[str, ...]]:
    """Join neighbours whose names begin with the same ``depth`` parts."""
    found: list[tuple[str, ...]] = []
    before = None
    for unit in units:
        prefix = unit[0].split(".")[:depth]
        if prefix == before:
            found[-1] += unit
        else:
            found.append(unit)
        before = prefix
    return found
