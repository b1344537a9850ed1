"""From a row of the registry to a network that answers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import torch
from torch import nn

from xai.models import weights
from xai.models.loaded import LoadedModel

if TYPE_CHECKING:
    from torch import Tensor

    from xai.models.spec import ModelSpec


def build(spec: ModelSpec) -> nn.Module:
    """Make the network of a spec, without weights, every activation explicit.

    Parameters take no memory yet (they are on the meta device) until a state
    dict is assigned.
    """
    module, _, function = spec.builder.partition(":")
    maker = getattr(importlib.import_module(module), function)
    with torch.device("meta"):
        net = maker(**dict(spec.options)).eval()
    if not spec.rewrite:
        return net
    from xai.models.explicit import explicit

    return explicit(net)


def with_state(spec: ModelSpec, state: dict[str, Tensor], device: str | None = None) -> LoadedModel:
    """Make a loaded model of a spec and a state dict.

    Parameters
    ----------
    spec : ModelSpec
    state : dict of str to Tensor
        Its tensors become the model's, uncopied where they are float32: do not
        write to them afterwards.
    device : str, optional
        As in :func:`xai.models.load`.

    Raises
    ------
    ValueError
        If names or shapes do not fit the architecture; the first few are listed.
    """
    net = build(spec)
    weights.check_fit(state, net, spec.label)
    weights.fill(net, state)
    return LoadedModel(spec, net, choose_device(device))


def load_spec(spec: ModelSpec, *, device: str | None = None) -> LoadedModel:
    """Load the network of a spec with its own weights.

    Raises
    ------
    NotFetched
        If they have to be downloaded first.
    ValueError
        If they are missing or damaged.
    """
    device = choose_device(device)
    if spec.bundled:
        return with_state(spec, weights.bundled_state(spec), device)
    state = weights.published_state(spec)
    return with_state(spec, weights.renamed(spec, state), device)


def choose_device(device: str | None) -> str:
    """Return the device to use: the given one, else a GPU if there is one.

    Raises
    ------
    ValueError
        If the given device is unknown or not there.
    """
    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device: expected one such as 'cpu', got {device!r}") from error
    return device
