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
    if spec.bundled:
        return net
    from xai.models.explicit import explicit

    return explicit(net)


def with_state(spec: ModelSpec, state: dict[str, Tensor], device: str | None = None) -> LoadedModel:
    """Make a loaded model of a spec and a state dict.

    Raises
    ------
    ValueError
        If names or shapes do not fit the architecture; the first few are listed.
    """
    net = build(spec)
    expected = net.state_dict()
    missing = [name for name in expected if name not in state]
    surplus = [name for name in state if name not in expected]
    wrong = [n for n in expected if n in state and state[n].shape != expected[n].shape]
    for what, names in (("misses", missing), ("has unknown", surplus), ("has other shapes", wrong)):
        if names:
            listing = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
            raise ValueError(
                f"weights: the file does not fit {spec.label}: it {what} {len(names)} of "
                f"{len(expected)} tensors ({listing})"
            )
    net.load_state_dict(state, assign=True)
    return LoadedModel(spec, net, choose_device(device))


def load_spec(spec: ModelSpec, *, device: str | None = None) -> LoadedModel:
    """Load the network of a spec with its own weights.

    Raises
    ------
    ValueError
        If the weights are missing, damaged or not fetched yet.
    """
    state = weights.bundled_state(spec)
    return with_state(spec, state, device)


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
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device: expected one such as 'cpu', got {device!r}") from error
    return device
