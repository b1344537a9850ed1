"""The private alias of a network, and what may be changed in it."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from torch import Tensor, nn


def alias(net: nn.Module) -> nn.Module:
    """Copy a network's modules over the same storage.

    The copy has modules, ``Parameter`` objects, buffers and hooks of its own;
    only the numbers are shared. Rebinding ``alias.conv.weight`` or writing
    ``alias.conv.weight.data = …`` is therefore private; writing *into* the
    tensor (``weight.data.mul_``) is not, and nobody may.

    Parameters
    ----------
    net : nn.Module
        Any module whose parameters and buffers are plain tensors.
    """
    memo: dict[int, Any] = {
        id(parameter): nn.Parameter(parameter.data, requires_grad=False)
        for parameter in net.parameters()
    }
    memo.update({id(buffer): buffer.detach() for buffer in net.buffers()})
    return copy.deepcopy(net, memo)


def submodule(net: nn.Module, name: str) -> nn.Module:
    """Return the module at a dotted path.

    Raises
    ------
    ValueError
        If the network has no such module; the nearest names are listed.
    """
    if isinstance(name, str) and name:
        # A walk over all modules for each of a hundred names would take longer than a pass.
        with suppress(AttributeError):
            return net.get_submodule(name)
    names = [known for known, _ in net.named_modules() if known]
    near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.3) or names[:3]
    listing = f"such as {', '.join(near)}" if near else "of the network, which has none"
    raise ValueError(f"layer: expected a layer {listing}; got {name!r}")


def swap(net: nn.Module, name: str, module: nn.Module) -> None:
    """Put ``module`` in the place of the module at a dotted path of an alias."""
    parent, _, child = name.rpartition(".")
    setattr(net.get_submodule(parent), child, module)


def swap_each(
    net: nn.Module,
    kinds: tuple[type[nn.Module], ...],
    make: Callable[[nn.Module], nn.Module],
) -> None:
    """Put ``make(module)`` in the place of each module of some kinds of an alias.

    A module that is registered under several names is replaced under all of them, by one
    new module.
    """
    made: dict[int, nn.Module] = {}
    for name, module in list(net.named_modules(remove_duplicate=False)):
        if name and isinstance(module, kinds):
            if id(module) not in made:
                made[id(module)] = make(module)
            swap(net, name, made[id(module)])


def way_back(tensor: Tensor, rule: Callable[[Tensor], Tensor]) -> None:
    """Let what flows back to a tensor of an alias's pass go through a rule first.

    The rule takes the gradient at the tensor, summed over all that use it, and must not
    refer to the tensor. Without gradients nothing happens.
    """
    if tensor.requires_grad:
        tensor.register_hook(rule)
