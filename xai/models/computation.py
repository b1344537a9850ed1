"""What a network computes, step by step: shapes, costs and receptive fields.

The network is traced once with torch.fx and run on the meta device, where
tensors have shapes but no numbers, so this costs no memory and few milliseconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from xai.hooks import alias
from xai.models.nets import Concat, Sum
from xai.types import Layer

#: Modules that change nothing a user could look at.
SILENT = (nn.Dropout, nn.Identity, nn.Flatten, nn.ZeroPad2d)


@dataclass(frozen=True)
class Step:
    """One node of the computation.

    Attributes
    ----------
    name : str
        Unique name of the node.
    module : str
        Dotted path of the module, or ``""`` for a bare function.
    kind : str
        Class of the module or name of the function.
    inputs : tuple of str
        Names of the nodes whose outputs it takes.
    shape : tuple of int
        Output shape without the batch axis.
    parameters, macs : int
        Trainable numbers; multiply-accumulates for one image.
    receptive_field, jump : int
        Side length of the input square one output sees, and the distance in
        input pixels between the squares of two neighbours.
    extent : int
        Positions along one side that a following dense layer would join.
    """

    name: str
    module: str
    kind: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    parameters: int
    macs: int
    receptive_field: int
    jump: int
    extent: int


#: torch.fx replaces ``nn.Module.__call__`` of the whole process while it traces.
_TRACING = threading.Lock()


class Leaves(fx.Tracer):
    """Trace into everything but torch's own layers, Sum and Concat.

    Notes
    -----
    While a trace runs, the forward passes of all other threads come through
    its :meth:`call_module`; they are let past. Two traces at once would leave
    the process patched, so they queue.
    """

    def trace(self, root: Any, concrete_args: dict[str, Any] | None = None) -> fx.Graph:
        """Trace a network, one thread at a time."""
        with _TRACING:
            self._owner = threading.get_ident()
            return super().trace(root, concrete_args)

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        """Record a call of the traced network; leave other threads' calls alone."""
        if threading.get_ident() != self._owner:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """Record an attribute of the traced network; leave other threads' alone."""
        if threading.get_ident() != self._owner:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Treat additions and joins as single steps."""
        return isinstance(m, Sum | Concat) or super().is_leaf_module(m, module_qualified_name)


def steps(net: nn.Module, input_shape: tuple[int, int, int]) -> tuple[Step, ...]:
    """List the steps of a network's forward pass in order.

    Parameters
    ----------
    net : nn.Module
        In eval mode; it is not touched.
    input_shape : (C, H, W)
        Shape of one image.

    Raises
    ------
    ValueError
        If the forward pass cannot be traced, with the tracer's reason.

    Notes
    -----
    The receptive field is the theoretical one: it may exceed the image, since
    padding counts. Multiply-accumulates are those of convolutions and dense
    layers; normalisation and activation are not counted.
    """
    private = alias(net).to("meta").eval()
    try:
        graph = Leaves().trace(private)
    except Exception as error:
        raise ValueError(f"network: the forward pass cannot be traced ({error})") from error
    return tuple(_Walker(fx.GraphModule(private, graph)).walk(input_shape))


class _Walker(fx.Interpreter):
    """Run a graph on the meta device and keep the books."""

    def walk(self, input_shape: tuple[int, int, int]) -> list[Step]:
        self.found: dict[str, Step] = {}
        with torch.no_grad():
            self.run(torch.empty((1, *input_shape), device="meta"))
        return list(self.found.values())

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        if n.op != "output" and isinstance(result, Tensor):
            self.found[n.name] = self._step(n, result)
        return result

    def _step(self, node: fx.Node, result: Tensor) -> Step:
        sources = [self.found[i.name] for i in node.all_input_nodes if i.name in self.found]
        shape = tuple(int(side) for side in result.shape[1:])
        module = self.module.get_submodule(str(node.target)) if node.op == "call_module" else None
        field, jump, extent = _field(module, sources, shape)
        if node.op == "placeholder":
            kind = "input"
        elif module is not None:
            kind = type(module).__name__
        else:
            kind = getattr(node.target, "__name__", str(node.target))
        own = list(module.parameters(recurse=False)) if module is not None else []
        return Step(
            name=node.name,
            module=str(node.target) if module is not None else "",
            kind=kind,
            inputs=tuple(source.name for source in sources),
            shape=shape,
            parameters=sum(parameter.numel() for parameter in own),
            macs=_macs(module, shape),
            receptive_field=field,
            jump=jump,
            extent=extent,
        )


def _macs(module: nn.Module | None, shape: tuple[int, ...]) -> int:
    if isinstance(module, nn.Conv2d):
        outputs = shape[0] * shape[1] * shape[2]
        return outputs * module.weight[0].numel()
    if isinstance(module, nn.Linear):
        return module.in_features * module.out_features
    return 0


def _field(
    module: nn.Module | None, sources: list[Step], shape: tuple[int, ...]
) -> tuple[int, int, int]:
    """Return receptive field, jump and extent of a step's output."""
    if not sources:
        return 1, 1, shape[-1] if len(shape) == 3 else 1
    field = max(source.receptive_field for source in sources)
    jump = max(source.jump for source in sources)
    extent = shape[-1] if len(shape) == 3 else max(source.extent for source in sources)
    if isinstance(module, nn.Linear):
        return field + (sources[0].extent - 1) * jump, jump, 1
    kernel, stride = _window(module, sources[0].shape, shape)
    return field + (kernel - 1) * jump, jump * stride, extent


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _window(
    module: nn.Module | None, before: tuple[int, ...], after: tuple[int, ...]
) -> tuple[int, int]:
    """Return kernel and stride of a step, along the longer side of its kernel."""
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        stride = max(1, before[-1] // after[-1])
        return before[-1] - (after[-1] - 1) * stride, stride
    if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        kernel = max(_pair(module.kernel_size))
        dilation = max(_pair(getattr(module, "dilation", 1)))
        return (kernel - 1) * dilation + 1, max(_pair(module.stride))
    return 1, 1


def layers(found: tuple[Step, ...]) -> tuple[Layer, ...]:
    """Return the steps that a user would pick as layers, in forward order.

    Dropout, flattening, padding and bare functions are left out.
    """
    silent = {kind.__name__ for kind in SILENT}
    return tuple(
        Layer(
            name=step.module,
            kind=step.kind,
            shape=step.shape,
            parameters=step.parameters,
            macs=step.macs,
            receptive_field=step.receptive_field,
        )
        for step in found
        if step.module and step.kind not in silent
    )


def consumers(found: tuple[Step, ...]) -> Callable[[str], int]:
    """Return a function that counts how many steps take a step's output."""
    counts: dict[str, int] = {}
    for step in found:
        for name in step.inputs:
            counts[name] = counts.get(name, 0) + 1
    return lambda name: counts.get(name, 0)
