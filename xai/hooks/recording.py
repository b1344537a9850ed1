"""What happens inside a network while it runs: outputs recorded, gradients begun or weighed."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from torch import Tensor, nn

from xai.hooks.aliases import submodule


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
def entering(
    net: nn.Module, names: Iterable[str], take: Callable[[str, Any], None]
) -> Iterator[None]:
    """Hear what layers are about to be given, attached to the graph, while the block runs.

    Parameters
    ----------
    net : nn.Module
        An alias, never the shared network.
    names : iterable of str
        Dotted module paths.
    take : callable
        ``take(name, value)`` with a layer's first argument, before each of its calls. A layer
        that works in place will change that very tensor. What it raises ends the pass.

    Raises
    ------
    ValueError
        If the network lacks one of the layers.
    """
    modules, handles = {name: submodule(net, name) for name in names}, []

    def ear(name: str) -> Any:
        def hook(module: nn.Module, args: Any, kwargs: Any) -> None:
            take(name, next(iter((*args, *kwargs.values()))))

        return hook

    try:
        for name, module in modules.items():
            handles.append(module.register_forward_pre_hook(ear(name), with_kwargs=True))
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def rooting(net: nn.Module, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Let the graph of a forward pass begin at layers, so that gradients go no deeper.

    Parameters
    ----------
    net : nn.Module
        An alias, never the shared network.
    names : iterable of str
        Dotted module paths.

    Yields
    ------
    dict of str to Tensor
        The last output of each layer, for an image that needs no gradient: a leaf, or,
        behind another of the layers, part of its graph. What is no tensor is kept too.

    Raises
    ------
    ValueError
        If the network lacks one of the layers.
    """
    outputs: dict[str, Any] = {}
    modules, handles = {name: submodule(net, name) for name in names}, []

    def root(name: str) -> Any:
        def hook(module: nn.Module, args: Any, output: Any) -> Tensor | None:
            outputs[name] = output
            if not isinstance(output, Tensor) or not output.is_floating_point():
                return None
            if not output.requires_grad:
                outputs[name] = output.detach().requires_grad_()
            # What follows may work in place, which is forbidden on a leaf.
            return outputs[name].clone()

        return hook

    try:
        for name, module in modules.items():
            handles.append(module.register_forward_hook(root(name)))
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


@contextmanager
def weighing(
    net: nn.Module,
    names: Iterable[str],
    take: Callable[[str, int, tuple[Tensor, ...], Tensor, tuple[Tensor, ...]], None],
) -> Iterator[None]:
    """Hear the gradients that come to modules and those that they hand on.

    Parameters
    ----------
    net, names
        As for :func:`listening`; other hooks may be on the network already.
    take : callable
        ``take(name, call, inputs, behind, before)`` while gradients flow back: number of
        the call, its inputs, the gradient at its output, what it alone hands to each input.
    """
    handles = []

    def put_on(name: str, module: nn.Module) -> None:
        open_calls: list[tuple[Any, ...]] = []
        calls = itertools.count()

        def before(module: nn.Module, args: Any) -> Any:
            # What others take of the same tensor must not be weighed here.
            open_calls.append(tuple(arg.view_as(arg) for arg in args))
            return open_calls[-1]

        def after(module: nn.Module, args: Any, output: Tensor) -> None:
            _weigh(output, open_calls.pop(), functools.partial(take, name, next(calls)))

        # Outside of all other hooks: what counts is what leaves the module.
        handles.append(module.register_forward_pre_hook(before, prepend=True))
        handles.append(module.register_forward_hook(after))

    try:
        for name in names:
            put_on(name, submodule(net, name))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _weigh(output: Tensor, inputs: tuple[Tensor, ...], take: Callable[..., None]) -> None:
    """Call ``take`` once the gradients at the output and at every input are there."""
    # A tensor's hook must not hold the tensor itself: nothing would free the two.
    given = tuple(one.detach() for one in inputs)
    behind: list[Tensor] = []
    before: dict[int, Tensor] = {}

    def arrived(place: int, gradient: Tensor) -> None:
        before[place] = gradient
        if len(before) == len(given):
            take(given, behind.pop(), tuple(before.pop(i) for i in sorted(before)))

    # Of a module that returns its input both are one tensor, whose hooks run in order.
    output.register_hook(behind.append)
    for place, one in enumerate(inputs):
        one.register_hook(functools.partial(arrived, place))


def _copied(value: Any) -> Any:
    """Copy the tensors in an argument or an output."""
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, list | tuple):
        return tuple(_copied(item) for item in value)
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return value
