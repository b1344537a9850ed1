"""What work on a shared network may leave behind, which is nothing, and what stops it."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from xai.models.loaded import LoadedModel


class StopHereError(Exception):
    """What a stopper raises."""


class Stopper:
    """A progress, or a watcher of steps, that raises at its k-th call."""

    def __init__(self, at: int | None = None) -> None:
        self.calls, self.at = 0, at

    def __call__(self, *args: object) -> None:
        self.calls += 1
        if self.calls - 1 == self.at:
            raise StopHereError


def digest(net: nn.Module) -> str:
    """Return a digest of what must never change in a shared network.

    That is everything that it holds: weights, gradients, hooks, modes, kinds of modules.
    """
    found = hashlib.sha256()
    for name, value in net.state_dict().items():
        found.update(name.encode() + value.cpu().numpy().tobytes())
    for parameter in net.parameters():
        found.update(f"{parameter.grad is None} {parameter.requires_grad}".encode())
    for name, module in net.named_modules():
        hooks = [len(kept) for key, kept in vars(module).items() if key.endswith("_hooks")]
        found.update(f"{name} {type(module)} {module.training} {hooks}".encode())
    return found.hexdigest()


@contextmanager
def spotless(model: LoadedModel, *answers: Callable[[], bytes]) -> Iterator[None]:
    """Hold a block to it that it leaves no trace, whatever it raises.

    ``answers`` say what the model is asked besides, before and after.
    """

    def state() -> tuple[object, ...]:
        return (
            digest(model.net),
            *(answer() for answer in answers),
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            torch.get_rng_state().numpy().tobytes(),
            str(np.random.get_state()),  # noqa: NPY002
        )

    before = state()
    yield
    assert state() == before


def held(nbytes: int) -> int:
    """Return how many tensors are in memory whose storage is at least so large."""
    return sum(
        type(one) is torch.Tensor and one.untyped_storage().nbytes() >= nbytes
        for one in gc.get_objects()
    )
