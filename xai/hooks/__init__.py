"""The private alias of a network and the recording of its activations.

Sessions share one network. A forward pass and ``torch.autograd.grad`` leave it
alone; whatever registers a hook, swaps a module or lets zennit modify a weight
works on an alias, which costs milliseconds and no memory.
"""

from __future__ import annotations

from xai.hooks.aliases import alias, submodule, swap, swap_each, way_back
from xai.hooks.recording import (
    EnoughError,
    entering,
    forward,
    listening,
    recording,
    rooting,
    weighing,
)

__all__ = [
    "EnoughError",
    "alias",
    "entering",
    "forward",
    "listening",
    "recording",
    "rooting",
    "submodule",
    "swap",
    "swap_each",
    "way_back",
    "weighing",
]
