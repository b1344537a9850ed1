"""What a network computes, step by step: shapes, costs and receptive fields.

The network is traced once with torch.fx and run on the meta device, where
tensors have shapes but no numbers, so this costs no memory and few milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx, nn

from xai.hooks import alias
from xai.models.sights import PIXEL, Sight, sight_of
from xai.models.tracer import Leaves, UntraceableError, problem
from xai.models.windows import POINT, Window, function_window, module_window
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
        Dotted path of the module, or ``""`` for a bare function. A module that
        is called twice is two steps of one path.
    kind : str
        Class of the module or name of the function.
    inputs : tuple of str
        Names of the nodes whose outputs it takes.
    shape : tuple of int
        Output shape without the batch axis; of several outputs the first tensor's.
    parameters, macs : int
        Trainable numbers; multiply-accumulates for one image.
    sight : Sight
        How much of the image one output sees.
    window : Window
        Which positions of its inputs one position reads.
    outputs : int
        How many tensors it gives.
    owner : str
        Path of the module that is called, or in whose forward pass a bare function
        stands; ``""`` for the network's own. Of an outline, only of modules.
    role : str
        ``"conv"`` or ``"dense"`` for what the literature counts as a layer, also of a
        class made of torch's own; else ``""``.
    """

    name: str
    module: str
    kind: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    parameters: int
    macs: int
    sight: Sight = PIXEL
    window: Window = POINT
    outputs: int = 1
    owner: str = ""
    role: str = ""

    @property
    def receptive_field(self) -> int:
        """Longer side of what one output sees, in input pixels; 0 where nobody can say."""
        return max(self.sight.field)


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
    UntraceableError
        A ValueError: the forward pass cannot be traced, or not without numbers.
        :func:`xai.models.outline.outline` then lists the modules that are called.

    Notes
    -----
    The receptive field is the theoretical one: it may exceed the image, since
    padding counts. Multiply-accumulates are those of convolutions and dense
    layers; normalisation and activation are not counted.
    """
    private = alias(net).to("meta").eval()
    tracer = Leaves()
    try:
        graph = tracer.trace(private)
    except Exception as error:
        raise UntraceableError(problem(private, tracer.stopped, error)) from error
    walker = _Walker(fx.GraphModule(private, graph))
    try:
        return tuple(walker.walk(input_shape))
    except Exception as error:
        stopped = private.get_submodule(walker.stopped)
        raise UntraceableError(problem(private, stopped, error)) from error


def tensors(value: Any) -> Iterator[Tensor]:
    """Yield the tensors in a module's output or a function's arguments, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from tensors(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors(item)


class _Walker(fx.Interpreter):
    """Run a graph on the meta device and keep the books."""

    #: Path of the module that could not be run.
    stopped = ""

    def walk(self, input_shape: tuple[int, int, int]) -> list[Step]:
        self.found: dict[str, Step] = {}
        with torch.no_grad():
            self.run(torch.empty((1, *input_shape), device="meta"))
        return list(self.found.values())

    def run_node(self, n: fx.Node) -> Any:
        try:
            result = super().run_node(n)
        except Exception:
            self.stopped = _owner(n)
            raise
        outputs = list(tensors(result))
        if n.op != "output" and outputs:
            self.found[n.name] = self._step(n, outputs)
        return result

    def _step(self, node: fx.Node, outputs: list[Tensor]) -> Step:
        sources = [self.found[i.name] for i in node.all_input_nodes if i.name in self.found]
        # Numbers of the network's own, such as a scale for each channel, are no maps.
        maps = [i.name for i in node.all_input_nodes if i.op != "get_attr"]
        before = [source.shape for source in sources if source.name in maps]
        shape = tuple(int(side) for side in outputs[0].shape[1:])
        module = self.module.get_submodule(str(node.target)) if node.op == "call_module" else None
        if module is not None:
            kind, window = type(module).__name__, module_window(module, before, shape)
        elif node.op == "placeholder":
            kind, window = "input", POINT
        else:
            # A number of the network's own goes by its name, without the path before it.
            kind = getattr(node.target, "__name__", str(node.target).rpartition(".")[2])
            window = function_window(kind, *self.fetch_args_kwargs_from_env(node), before, shape)
        step = made_step(node.name, module, kind, sources, shape, window)
        path = str(node.target) if module is not None else ""
        return replace(step, module=path, outputs=len(outputs), owner=_owner(node))


def _owner(node: fx.Node) -> str:
    """Return the path of the module that a node is, or whose forward pass it stands in."""
    if node.op == "call_module":
        return str(node.target)
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    inner = stack[-1] if stack else ""
    return str(inner[0] if isinstance(inner, tuple) else inner)


def made_step(
    name: str,
    module: nn.Module | None,
    kind: str,
    sources: Sequence[Step],
    shape: tuple[int, ...],
    window: Window,
) -> Step:
    """Make a step, with costs and receptive field worked out from what it takes."""
    own = list(module.parameters()) if module is not None else []
    before = sources[0].shape if sources else ()
    return Step(
        name=name,
        module="",
        kind=kind,
        inputs=tuple(source.name for source in sources),
        shape=shape,
        parameters=sum(parameter.numel() for parameter in own),
        macs=_macs(module, shape),
        sight=sight_of(window, [source.sight for source in sources], before, shape),
        window=window,
        role=_role(module),
    )


def _role(module: nn.Module | None) -> str:
    if isinstance(module, nn.Conv2d):
        return "conv"
    return "dense" if isinstance(module, nn.Linear) else ""


def _macs(module: nn.Module | None, shape: tuple[int, ...]) -> int:
    if isinstance(module, nn.Conv2d):
        return math.prod(shape) * module.weight[0].numel()
    if isinstance(module, nn.Linear):
        return math.prod(shape) * module.in_features
    return 0


def layers(found: tuple[Step, ...]) -> tuple[Layer, ...]:
    """Return the steps that a user would pick as layers, in forward order.

    Dropout, flattening, padding and bare functions are left out, and modules
    with several outputs, of which nobody could say which one is meant.

    Notes
    -----
    A module that is called several times is one layer: its place, shape and
    receptive field are those of the last call, as a recording's output is; its
    parameters count once, and its multiply-accumulates are those of all calls.
    """
    silent = {kind.__name__ for kind in SILENT}
    last: dict[str, Step] = {}
    macs: dict[str, int] = {}
    for step in found:
        if step.module and step.kind not in silent:
            last.pop(step.module, None)
            last[step.module] = step
            macs[step.module] = macs.get(step.module, 0) + step.macs
    return tuple(
        Layer(
            name=step.module,
            kind=step.kind,
            shape=step.shape,
            parameters=step.parameters,
            macs=macs[step.module],
            receptive_field=step.receptive_field,
        )
        for step in last.values()
        if step.outputs == 1
    )


def consumers(found: tuple[Step, ...]) -> Callable[[str], int]:
    """Return a function that counts how many steps take a step's output."""
    counts: dict[str, int] = {}
    for step in found:
        for name in step.inputs:
            counts[name] = counts.get(name, 0) + 1
    return lambda name: counts.get(name, 0)
