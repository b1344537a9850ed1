"""Dropout that draws from a generator of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from xai.hooks import swap


class SeededDropout(nn.Dropout):
    """Dropout whose masks depend on a seed alone.

    torch's own takes no generator and draws from the process's, which other threads draw
    from as well. With the process's generator seeded alike, both give the same masks.

    Parameters
    ----------
    p : float
        Share of values that are set to zero.
    generator : torch.Generator
    """

    def __init__(self, p: float, generator: torch.Generator) -> None:
        super().__init__(p)
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        """Set values to zero and scale the others up, in training."""
        if not self.training:
            return x
        kept = torch.empty_like(x).bernoulli_(1 - self.p, generator=self.generator)
        return x * kept.div_(1 - self.p)


@contextmanager
def seeded_dropout(net: nn.Module, generator: torch.Generator) -> Iterator[None]:
    """Let each dropout of a network draw from a generator, and put the old ones back."""
    plain = {name: part for name, part in net.named_modules() if type(part) is nn.Dropout}
    for name, part in plain.items():
        swap(net, name, SeededDropout(part.p, generator))
    try:
        yield
    finally:
        for name, part in plain.items():
            swap(net, name, part.train(net.training))
