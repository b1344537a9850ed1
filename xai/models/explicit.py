"""Networks of other people, made explicit: every activation a module of its own.

torchvision's networks apply one ReLU module several times, work in place, and
add, join and pool with bare functions. A hook sees the wrong call, guided
backpropagation and relevance rules see none. Here torch.fx rewrites the
forward pass, once, at load; names of parameters and outputs stay the same.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from xai.models.computation import Leaves
from xai.models.nets import Concat, Sum

_ADDITIONS = (operator.add, operator.iadd, torch.add)
_ADDITION_METHODS = ("add", "add_")


class Explicit(nn.Module):
    """A network whose forward pass was rewritten.

    An ordinary module, unlike the ``fx.GraphModule`` that it is made of:
    copying that one compiles its forward pass anew and keeps the source for
    as long as the process lives.

    Attributes
    ----------
    kinds : dict of str to str
        Classes of the original's containers by path (``"layer1.0" ->
        "Bottleneck"``); the network itself is ``""``.
    """

    def __init__(self, rewritten: fx.GraphModule, kinds: dict[str, str]) -> None:
        super().__init__()
        self.kinds = kinds
        self._pass = type(rewritten).forward
        for name, child in rewritten.named_children():
            self.add_module(name, child)

    def forward(self, x: Tensor) -> Tensor:
        """Compute what the original computes."""
        return self._pass(self, x)


def explicit(net: nn.Module) -> Explicit:
    """Rewrite a network so that each activation, sum and join is its own module.

    Parameters
    ----------
    net : nn.Module
        In eval mode. Its modules are used, not copied: do not use it further.

    Returns
    -------
    Explicit
        Computes the same; nothing in place, no module called twice.

    Raises
    ------
    ValueError
        If the forward pass cannot be traced.
    """
    kinds = {name: type(module).__name__ for name, module in net.named_modules()}
    try:
        graph = Leaves().trace(net)
    except Exception as error:
        raise ValueError(f"network: the forward pass cannot be traced ({error})") from error
    rewritten = fx.GraphModule(net, graph, type(net).__name__)
    used: set[str] = set()
    for node in list(rewritten.graph.nodes):
        if node.op == "call_module":
            _own_module(rewritten, node, used)
        elif node.op in ("call_function", "call_method"):
            _function_to_module(rewritten, node, used)
    rewritten.graph.eliminate_dead_code()
    rewritten.graph.lint()
    rewritten.recompile()
    module: Any
    for module in rewritten.modules():
        if getattr(module, "inplace", False):
            module.inplace = False
    return Explicit(rewritten, kinds).eval()


def _own_module(net: fx.GraphModule, node: fx.Node, used: set[str]) -> None:
    """Give the second and later calls of a module a copy of their own."""
    target = str(node.target)
    if target not in used:
        used.add(target)
        return
    module = net.get_submodule(target)
    if any(True for _ in module.parameters()):
        # Shared weights are meant (a Siamese branch); only stateless modules are copied.
        return
    _place(net, node, target, copy.deepcopy(module), used, node.args)


def _function_to_module(net: fx.GraphModule, node: fx.Node, used: set[str]) -> None:
    made = _module_for(node)
    if made is None:
        return
    name, module, args = made
    path = _scope(node)
    _place(net, node, f"{path}.{name}" if path else name, module, used, args)


def _module_for(node: fx.Node) -> tuple[str, nn.Module, tuple[Any, ...]] | None:
    """Return name, module and arguments that say the same as a function call."""
    function, args = node.target, node.args
    is_sum = function in (_ADDITIONS if node.op == "call_function" else _ADDITION_METHODS)
    if is_sum and len(args) == 2 and all(isinstance(arg, fx.Node) for arg in args):
        return "add", Sum(), args
    if function in (torch.cat, torch.concat) and isinstance(args[0], list | tuple):
        dim: Any = args[1] if len(args) > 1 else node.kwargs.get("dim", 0)
        return "concat", Concat(int(dim)), tuple(args[0])
    makers: dict[Any, Callable[[], nn.Module]] = {
        F.relu: nn.ReLU,
        torch.relu: nn.ReLU,
        F.relu6: nn.ReLU6,
    }
    if function in makers:
        return "relu", makers[function](), args[:1]
    if function is F.adaptive_avg_pool2d:
        size: Any = args[1] if len(args) > 1 else node.kwargs["output_size"]
        return "pool", nn.AdaptiveAvgPool2d(size), args[:1]
    if function is F.dropout:
        return "dropout", nn.Identity(), args[:1]
    return None


def _scope(node: fx.Node) -> str:
    """Return the dotted path of the module whose forward contains the node."""
    stack = node.meta.get("nn_module_stack") or {}
    paths = [entry[0] if isinstance(entry, tuple) else entry for entry in stack.values()]
    return str(paths[-1]) if paths else ""


def _place(
    net: fx.GraphModule,
    node: fx.Node,
    wanted: str,
    module: nn.Module,
    used: set[str],
    args: tuple[Any, ...],
) -> None:
    """Add a module under a free name and let the node call it."""
    known = {name for name, _ in net.named_modules()}
    name, count = wanted, 1
    while name in known or name in used:
        count += 1
        name = f"{wanted}_{count}"
    net.add_submodule(name, module)
    used.add(name)
    with net.graph.inserting_before(node):
        fresh = net.graph.call_module(name, args)
    fresh.meta = dict(node.meta)
    node.replace_all_uses_with(fresh)
    net.graph.erase_node(node)
