"""From a model's traced steps to its graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from xai.network.graph import TITLES, ModelGraph, Node, collected, with_depths

if TYPE_CHECKING:
    from xai.models import LoadedModel
    from xai.models.computation import Step


def trace(model: LoadedModel) -> ModelGraph:
    """Return the graph of a model's real computation, every step a node.

    Parameters
    ----------
    model : LoadedModel

    Raises
    ------
    TypeError
        If ``model`` is not a loaded model.
    ValueError
        If the forward pass cannot be traced, with the tracer's reason.

    Notes
    -----
    Residual, dense and inception connections are edges like all others; see
    :attr:`ModelGraph.shortcuts` for which is which. A module that is used twice
    is two nodes of the same path.
    """
    if not hasattr(model, "steps") or not hasattr(model, "net"):
        raise TypeError(f"model: expected a loaded model, got {type(model).__name__}")
    steps: tuple[Step, ...] = model.steps
    kinds = _kinds(model.net)
    containers = {path: kind for path, kind in kinds.items() if _holds_others(path, kinds)}
    edges = tuple((source, step.name) for step in steps for source in dict.fromkeys(step.inputs))
    bare = ModelGraph(model.spec.name, (), (), MappingProxyType(containers))
    places = _module_paths(steps)
    modules = dict(model.net.named_modules())
    pickable = {layer.name for layer in model.layers}
    nodes = []
    for step in steps:
        node = _node(step, bare, places[step.name], modules.get(step.module))
        layer = step.module if step.module in pickable else ""
        nodes.append(dataclasses.replace(node, layer=layer))
    return dataclasses.replace(bare, nodes=with_depths(nodes, edges), edges=edges)


def _kinds(net: Any) -> dict[str, str]:
    """Return the class of every module by path; of a rewritten network the original's."""
    kinds = {path: type(module).__name__ for path, module in net.named_modules() if path}
    return {**kinds, **getattr(net, "kinds", {})}


def _holds_others(path: str, kinds: Mapping[str, str]) -> bool:
    return any(other.startswith(f"{path}.") for other in kinds)


def _module_paths(steps: tuple[Step, ...]) -> dict[str, str]:
    """Return a path for every step; a bare function lies where its neighbours meet."""
    paths = {step.name: step.module for step in steps}
    targets = collected((source, step.name) for step in steps for source in step.inputs)
    for step in steps:
        if not step.module and step.inputs:
            near = [*step.inputs, *targets.get(step.name, ())]
            paths[step.name] = _common([paths[name] for name in near]) + step.name
    return paths


def _common(paths: list[str]) -> str:
    """Return the container that all paths share, with a trailing dot, or ``""``."""
    split = [path.split(".")[:-1] for path in paths]
    shared = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "".join(f"{part}." for part in shared)


def _node(step: Step, graph: ModelGraph, path: str, module: Any) -> Node:
    blocks = graph.blocks(path)
    return Node(
        name=step.name,
        label=TITLES.get(step.kind, step.kind),
        kind=step.kind,
        module=step.module,
        layer="",
        shape=step.shape,
        parameters=step.parameters,
        macs=step.macs,
        receptive_field=step.receptive_field,
        group=blocks[-1] if blocks else "",
        detail=_detail(module),
        members=(step.name,),
    )


def _detail(module: Any) -> str:
    """Say kernel, stride, dilation and groups in a few words."""
    kernel = getattr(module, "kernel_size", None)
    if kernel is None:
        return ""
    words = [_sides(kernel)]
    for name, plain in (("stride", 1), ("dilation", 1)):
        value = getattr(module, name, plain)
        if value not in (plain, (plain, plain)):
            words.append(f"{name} {value if isinstance(value, int) else _sides(value, short=True)}")
    groups = getattr(module, "groups", 1)
    if groups > 1:
        each = groups == module.in_channels
        words.append("each channel by itself" if each else f"{groups} groups")
    return ", ".join(words)


def _sides(value: int | tuple[int, ...], *, short: bool = False) -> str:
    sides = (value, value) if isinstance(value, int) else value
    if short and len(set(sides)) == 1:
        return str(sides[0])
    return " × ".join(str(side) for side in sides)
