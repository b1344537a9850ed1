"""Units set to 0 for good, in weights of one's own."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from xai.models.loaded import LoadedModel
from xai.training.pruning.producers import Producer, producer


def pruned(model: LoadedModel, units: Mapping[str, Sequence[int] | np.ndarray]) -> LoadedModel:
    """Return a model with units masked; see :func:`xai.training.pruning.prune`."""
    if not isinstance(units, Mapping):
        raise TypeError(f"units: expected numbers by layer, got {type(units).__name__}")
    makers = {layer: producer(model, layer) for layer in units}
    chosen = {layer: _checked(layer, units[layer], makers[layer]) for layer in units}
    net = masked(model.private(), makers, chosen)
    other = model.over(net)
    checksum = hashlib.sha256(content(net)).hexdigest()
    digest = hashlib.sha256(f"{model.spec.name} {checksum}".encode()).hexdigest()
    # A channel may be named at its activation and at its pooling.
    gone = {(makers[layer].module, unit) for layer, places in chosen.items() for unit in places}
    count = len(gone)
    other.spec = dataclasses.replace(
        model.spec,
        name=f"own-{digest[:16]}",
        label=f"{model.spec.label}, {count:,} {'unit' if count == 1 else 'units'} masked",
        weights="",
        sha256=checksum,
        download_bytes=0,
    )
    return other


def masked(
    net: nn.Module, makers: Mapping[str, Producer], units: Mapping[str, Sequence[int]]
) -> nn.Module:
    """Bind weights anew in which units are 0.

    Parameters
    ----------
    net : nn.Module
        An alias; no tensor is written to.
    makers : mapping of str to Producer
        What makes the units, by layer.
    units : mapping of str to sequence of int
        Of these layers, in range.
    """
    for layer, places in units.items():
        if not len(places):
            continue
        maker = makers[layer]
        _bind(net.get_submodule(maker.module), places)
        for name in maker.norms:
            norm: Any = net.get_submodule(name)
            _bind(norm, places)
            if not norm.affine:
                # It has no scale to set to 0: what comes in is 0, so its mean has to be.
                norm.running_mean = _without(norm.running_mean, places)
    return net


def _bind(module: Any, places: Sequence[int]) -> None:
    for name in ("weight", "bias"):
        held = getattr(module, name)
        if held is not None:
            setattr(module, name, nn.Parameter(_without(held, places), requires_grad=False))


def _without(held: torch.Tensor, places: Sequence[int]) -> torch.Tensor:
    other = held.detach().clone()
    other[torch.as_tensor(np.array(places, np.int64), device=other.device)] = 0
    return other


def _checked(layer: str, units: Any, maker: Producer) -> tuple[int, ...]:
    """Return units as ascending whole numbers, each once."""
    places = np.asarray(units if isinstance(units, np.ndarray) else list(units))
    if places.ndim != 1 or (len(places) and not np.issubdtype(places.dtype, np.integer)):
        raise TypeError(f"units: expected whole numbers for {layer}, got {units!r}")
    wrong = places[(places < 0) | (places >= maker.units)]
    if len(wrong):
        raise ValueError(
            f"units: expected 0 to {maker.units - 1} for {layer}, which has {maker.units}; "
            f"got {wrong[0]}"
        )
    return tuple(int(place) for place in np.unique(places))


def content(net: nn.Module) -> bytes:
    """Return the weights of a network as a ``.safetensors`` file."""
    from safetensors.torch import save

    return save({name: value.cpu().contiguous() for name, value in net.state_dict().items()})
