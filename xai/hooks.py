"""The private alias of a network and the recording of its activations.

Sessions share one network. A forward pass and ``torch.autograd.grad`` leave it
alone; whatever registers a hook, swaps a module or lets zennit modify a weight
works on an alias, which costs milliseconds and no memory.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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
    modules = dict(net.named_modules())
    if not name or name not in modules:
        names = [known for known in modules if known]
        near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.3) or names[:3]
        raise ValueError(f"layer: expected a layer such as {', '.join(near)}; got {name!r}")
    return modules[name]


def swap(net: nn.Module, name: str, module: nn.Module) -> None:
    """Put ``module`` in the place of the module at a dotted path of an alias."""
    parent, _, child = name.rpartition(".")
    setattr(net.get_submodule(parent), child, module)


@contextmanager
def recording(
    net: nn.Module, names: Iterable[str], take: Callable[[str, Any], Any] | None = None
) -> Iterator[dict[str, Any]]:
    """Record the outputs of layers while the block runs.

    Parameters
    ----------
    net : nn.Module
        An alias, never the shared network: another thread's pass would end up
        in the record.
    names : iterable of str
        Dotted module paths.
    take : callable, optional
        ``take(name, output)`` gives what is recorded in place of a layer's
        output, at once, before the next layer runs. What it raises ends the pass.

    Yields
    ------
    dict of str to Tensor
        Filled by each forward pass: the last output of each layer, attached to
        the graph if there is one; or what ``take`` made of it.

    Raises
    ------
    ValueError
        If the network lacks one of the layers.
    """
    outputs: dict[str, Any] = {}
    modules = {name: submodule(net, name) for name in names}
    handles = []

    def keep(name: str) -> Any:
        def hook(module: nn.Module, args: Any, output: Tensor) -> None:
            outputs[name] = output if take is None else take(name, output)

        return hook

    try:
        for name, module in modules.items():
            handles.append(module.register_forward_hook(keep(name)))
        yield outputs
    finally:
        for handle in handles:
            handle.remove()
