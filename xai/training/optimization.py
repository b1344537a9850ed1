"""How gradients become steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from xai.training.params import TrainingParams
from xai.training.schedules import Pace

_OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
}


def make_optimizer(net: nn.Module, params: TrainingParams) -> torch.optim.Optimizer:
    """Return the optimizer of a network's parameters; :func:`set_pace` tells it how fast."""
    make = _OPTIMIZERS[params.optimizer]
    return make(net.parameters(), lr=params.rate, weight_decay=params.decay)


def set_pace(optimizer: torch.optim.Optimizer, pace: Pace) -> None:
    """Set learning rate and momentum of the next step."""
    for group in optimizer.param_groups:
        group["lr"] = pace.rate
        if "betas" in group:
            group["betas"] = (pace.momentum, group["betas"][1])
        else:
            group["momentum"] = pace.momentum


def kept(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Return what an optimizer remembers, as ``"<parameter>/<name>"`` to tensor.

    The tensors are the optimizer's own: they change with the next step.
    """
    return {
        f"{index}/{name}": value
        for index, values in optimizer.state_dict()["state"].items()
        for name, value in values.items()
        if isinstance(value, torch.Tensor)
    }


def remember(optimizer: torch.optim.Optimizer, found: dict[str, torch.Tensor]) -> None:
    """Give an optimizer what :func:`kept` returned of one of its kind."""
    state: dict[int, dict[str, Any]] = {}
    for key, value in found.items():
        index, _, name = key.partition("/")
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
