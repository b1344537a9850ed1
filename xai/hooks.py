"""The private alias of a network and the recording of its activations.

Sessions share one network. A forward pass and ``torch.autograd.grad`` leave it
alone; whatever registers a hook, swaps a module or lets zennit modify a weight
works on an alias, which costs milliseconds and no memory.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
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


class EnoughError(Exception):
    """Raised by what takes a recording: nobody needs the rest of the forward pass."""


def forward(net: nn.Module, x: Tensor) -> None:
    """Run an alias on ``x``, to the end or until a recording has :class:`EnoughError`."""
    with suppress(EnoughError):
        net(x)


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


@contextmanager
def listening(
    net: nn.Module,
    names: Iterable[str],
    take: Callable[[str, tuple[Any, ...], Any], None],
) -> Iterator[None]:
    """Hear what layers are given and what they make of it while the block runs.

    Parameters
    ----------
    net : nn.Module
        An alias, never the shared network.
    names : iterable of str
        Dotted module paths.
    take : callable
        ``take(name, inputs, output)`` after each call of a layer, before the next layer
        runs. ``inputs`` are its arguments, those by name behind those by place. All
        tensors are copies: the inputs from before the call and the output from right
        behind it, so that nothing that works in place can have changed them. What it
        raises ends the pass.

    Raises
    ------
    ValueError
        If the network lacks one of the layers.
    """
    modules = {name: submodule(net, name) for name in names}
    handles = []

    def ears(name: str) -> tuple[Any, Any]:
        # A module may be called again before its first call is over.
        open_calls: list[tuple[Any, ...]] = []

        def before(module: nn.Module, args: Any, kwargs: Any) -> None:
            open_calls.append(_copied((*args, *kwargs.values())))

        def after(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            take(name, open_calls.pop(), _copied(output))

        return before, after

    try:
        for name, module in modules.items():
            before, after = ears(name)
            handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
            handles.append(module.register_forward_hook(after, with_kwargs=True))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _copied(value: Any) -> Any:
    """Copy the tensors in an argument or an output."""
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, list | tuple):
        return tuple(_copied(item) for item in value)
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return value
